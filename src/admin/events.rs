//! The history of everything, for superusers: who did what to which row, with a search.

use maud::{Markup, html};
use rocket::{Route, State, get, routes};

use super::history::action_html;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::history::{self, COMPARED, Entry};
use crate::paging::{Paging, Wish};
use crate::schema::Models;
use crate::schema::search::Search;
use crate::ui::office::{self, Moment};
use crate::ui::pager::pager;
use crate::ui::{Counted, Number};
use crate::web::guards::Query as Parameters;
use crate::web::signed::Desk;

/// Entries on a page.
const PER_PAGE: u64 = 100;

pub(super) fn routes() -> Vec<Route> {
    routes![index]
}

#[get("/admin/history")]
async fn index(desk: Desk<'_>, parameters: Parameters, db: &State<Db>) -> Result<Markup> {
    if !desk.author().is_superuser {
        return Err(Error::Forbidden(
            "Only superusers may see the history of everything.".to_owned(),
        ));
    }
    let search = parameters
        .first("q")
        .unwrap_or("")
        .replace('\0', "")
        .trim()
        .to_owned();
    let newest_first = parameters.first("order") != Some("oldest");
    let wished = match parameters.first("p").map(Wish::parse) {
        Some(Wish::Page(page)) => page,
        _ => 1,
    };
    let words = Search::read(&search);
    let (paging, entries) = db
        .read_long(move |conn| {
            let paging = Paging::new(wished, history::count_all(conn, &words)?, PER_PAGE);
            let entries = history::all(conn, &words, newest_first, paging.window())?;
            Ok((paging, entries))
        })
        .await?;
    let office = desk.office("History");
    Ok(office::page(
        &office,
        index_html(&search, newest_first, paging, &entries, desk.models),
    ))
}

fn index_html(
    search: &str,
    newest_first: bool,
    paging: Paging,
    entries: &[Entry],
    models: Models,
) -> Markup {
    let query: String = form_urlencoded::byte_serialize(search.as_bytes()).collect();
    let is_bounded = Search::read(search).has_short_words();
    let order = if newest_first { "newest" } else { "oldest" };
    let turned = if newest_first {
        ("oldest", "Oldest first")
    } else {
        ("newest", "Newest first")
    };
    html! {
        h1 { "History" }
        form.search method="get" action="/admin/history/" role="search" {
            label for="q" { "Search names of rows, people and addresses" }
            input id="q" name="q" type="search" value=(search) autocomplete="off";
            input type="hidden" name="order" value=(order);
            button.button.quiet { "Search" }
        }
        p { a href={ "/admin/history/?q=" (query) "&order=" (turned.0) } { (turned.1) } }
        @if entries.is_empty() {
            p.empty {
                @if search.is_empty() { "Nothing has happened yet." }
                @else { "Nothing matches. " a href="/admin/history/" { "Show everything" } }
            }
        } @else {
            div.scroll {
                table.rows {
                    thead { tr { th scope="col" { "Date/time" } th scope="col" { "User" } th scope="col" { "From" } th scope="col" { "What" } th scope="col" { "Action" } } }
                    tbody { @for entry in entries { (entry_html(entry, models)) } }
                }
            }
            (pager(paging, &|page| format!("/admin/history/?q={query}&order={order}&p={page}")))
        }
        p.position {
            (Counted(paging.total, "entry", "entries"))
            @if is_bounded { ". A word of one or two characters is looked for in the newest " (Number(COMPARED.into())) " entries." }
        }
    }
}

fn entry_html(entry: &Entry, models: Models) -> Markup {
    let model = models.named(&entry.model.0, &entry.model.1);
    html! {
        tr {
            th scope="row" data-label="Date/time" { (Moment(&entry.at)) }
            td data-label="User" { (entry.author()) }
            td data-label="From" { (if entry.client.is_empty() { "-" } else { &entry.client }) }
            td data-label="What" {
                (model.map_or(entry.model.1.as_str(), |model| model.singular)) " "
                @match (model, entry.row_id.parse::<i64>()) {
                    (Some(model), Ok(id)) if entry.action != "delete" => a href={ (model.url()) (id) "/history/" } { (entry.label) },
                    _ => { (entry.label) },
                }
            }
            td data-label="Action" { (action_html(entry)) }
        }
    }
}
