//! The history of one row: when, who, from where, what.

use maud::{Markup, html};
use rocket::{Route, State, get, routes};

use super::{Named, demand};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::history::{self, Entry};
use crate::models::row;
use crate::paging::{Paging, Wish};
use crate::schema::{Action, Model};
use crate::ui::Counted;
use crate::ui::office::{self, Moment};
use crate::ui::pager::pager;
use crate::web::guards::Query as Parameters;
use crate::web::signed::Desk;

/// Entries on a page, as in Django.
const PER_PAGE: u64 = 100;

pub(super) fn routes() -> Vec<Route> {
    routes![index]
}

#[get("/admin/<_>/<_>/<id>/history")]
async fn index(
    id: i64,
    desk: Desk<'_>,
    named: Named,
    parameters: Parameters,
    db: &State<Db>,
) -> Result<Markup> {
    let model = named.0;
    demand(desk.author(), Action::View, model)?;
    let newest_first = parameters.first("order") == Some("newest");
    let wished = match parameters.first("p").map(Wish::parse) {
        Some(Wish::Page(page)) => page,
        _ => 1,
    };
    let (label, paging, entries) = db
        .read_long(move |conn| {
            let label = row::label(conn, model, id)?.ok_or(Error::NotFound)?;
            let paging = Paging::new(wished, history::count_of_row(conn, model, id)?, PER_PAGE);
            let (limit, offset) = paging.forward();
            Ok((
                label,
                paging,
                history::of_row(conn, model, id, newest_first, limit, offset)?,
            ))
        })
        .await?;
    let title = format!("Change history: {label}");
    let mut office = desk.office(&title);
    office.crumbs.push((model.url(), model.title.to_owned()));
    office.crumbs.push((model.change_url(id), label));
    Ok(office::page(
        &office,
        index_html(&title, model, id, newest_first, paging, &entries),
    ))
}

fn index_html(
    title: &str,
    model: &Model,
    id: i64,
    newest_first: bool,
    paging: Paging,
    entries: &[Entry],
) -> Markup {
    let base = format!("{}{id}/history/", model.url());
    let page_url = |page: u64| {
        format!(
            "{base}?order={}&p={page}",
            if newest_first { "newest" } else { "oldest" }
        )
    };
    html! {
        h1 { (title) }
        @if entries.is_empty() {
            p.empty { "This object doesn’t have a change history. It probably wasn’t added via this admin site." }
        } @else {
            p {
                @if newest_first { a href=(base) { "Oldest first" } } @else { a href={ (base) "?order=newest" } { "Newest first" } }
            }
            div.scroll {
                table.rows {
                    thead { tr { th scope="col" { "Date/time" } th scope="col" { "User" } th scope="col" { "From" } th scope="col" { "Action" } } }
                    tbody {
                        @for entry in entries {
                            tr {
                                th scope="row" data-label="Date/time" { (Moment(&entry.at)) }
                                td data-label="User" { (entry.author()) }
                                td data-label="From" { (if entry.client.is_empty() { "-" } else { &entry.client }) }
                                td data-label="Action" { (action_html(entry)) }
                            }
                        }
                    }
                }
            }
            (pager(paging, &page_url))
            p.position { (Counted(paging.total, "entry", "entries")) }
        }
    }
}

/// `Added.`, `Changed Number and City.` with old and new, `No fields changed.`, or the entry's own sentence.
pub(super) fn action_html(entry: &Entry) -> Markup {
    if let Some(sentence) = &entry.sentence {
        return html! { (sentence) };
    }
    let names: Vec<&str> = entry
        .changes
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    let listed = match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    html! {
        @match entry.action.as_str() {
            "add" => "Added.",
            "delete" => "Deleted.",
            _ if names.is_empty() => "No fields changed.",
            _ => { "Changed " (listed) "." },
        }
        @if entry.changes.iter().any(|change| change.old.is_some()) {
            ul.changes {
                @for change in &entry.changes {
                    @if let (Some(old), Some(new)) = (&change.old, &change.new) {
                        li { (change.field) ": " del { (shown(old)) } " → " ins { (shown(new)) } }
                    }
                }
            }
        }
    }
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "(empty)" } else { text }
}
