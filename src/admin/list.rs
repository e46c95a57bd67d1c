//! The list of a model: search, filters, sort, pages, and what can be done with ticked or with all matching rows.

use maud::{Markup, html};
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, post, routes};

use super::delete::{self, Asked};
use super::query::Query;
use super::query::facets::Facet;
use super::query::rows::{Cell, Listed, SHOW_ALL};
use super::{Named, demand};
use crate::db::Db;
use crate::error::Result;
use crate::paging::Paging;
use crate::schema::draft::Fields;
use crate::schema::{Action, Author, Filter};
use crate::ui::office::{self, Level, Message, Token};
use crate::ui::pager::pager;
use crate::ui::{Counted, Number, table};
use crate::web::guards::RawQuery;
use crate::web::jobs::Jobs;
use crate::web::posted::Posted;
use crate::web::signed::Desk;

pub(super) fn routes() -> Vec<Route> {
    routes![index, act]
}

/// Everything that a list shows.
struct Page {
    paging: Paging,
    rows: Vec<Listed>,
    total: u64,
    filters: Vec<(&'static Filter, Vec<Facet>)>,
}

#[get("/admin/<_>/<_>", rank = 11)]
async fn index(
    desk: Desk<'_>,
    named: Named,
    raw: RawQuery<'_>,
    db: &State<Db>,
) -> Result<Either<Markup, Redirect>> {
    demand(desk.author(), Action::View, named.0)?;
    let query = Query::read(named.0, raw.0);
    let asked = query.clone();
    let page = db
        .read_long(move |conn| {
            let (matching, total) = asked.counts(conn)?;
            let (paging, rows) = asked.rows(conn, matching)?;
            let facets = asked
                .model
                .list
                .filters
                .iter()
                .map(|filter| Ok((filter, asked.facets_of(conn, filter)?)));
            Ok(Page {
                paging,
                rows,
                total,
                filters: facets.collect::<Result<_>>()?,
            })
        })
        .await?;
    if page.paging.page != query.page {
        return Ok(Either::Right(Redirect::to(query.url(page.paging.page))));
    }
    let verb = if desk.author().may(Action::Change, named.0) {
        "change"
    } else {
        "view"
    };
    let title = format!("Select {} to {verb}", named.0.singular);
    Ok(Either::Left(office::page(
        &desk.office(&title),
        index_html(&title, &query, &page, desk.author(), &desk.token),
    )))
}

#[post("/admin/<_>/<_>", rank = 11, data = "<posted>")]
async fn act(
    desk: Desk<'_>,
    named: Named,
    raw: RawQuery<'_>,
    db: &State<Db>,
    jobs: &State<Jobs>,
    posted: Posted,
) -> Result<Either<Markup, Redirect>> {
    demand(desk.author(), Action::View, named.0)?;
    let Posted(fields) = posted;
    let query = Query::read(named.0, raw.0);
    let back = query.url(1);
    let warn = |words: &str| {
        desk.say(Message::plain(Level::Warning, words));
        Ok(Either::Right(Redirect::to(back.clone())))
    };
    if fields.first("action") != Some("delete_selected")
        || !desk.author().may(Action::Delete, named.0)
    {
        return warn("No action selected.");
    }
    let across = fields.first("select_across") == Some("1");
    let ticked = ticked(&fields);
    if ticked.is_empty() && !across {
        return warn(
            "Items must be selected in order to perform actions on them. No items have been changed.",
        );
    }
    let asked = Asked {
        query,
        ids: ticked,
        across,
        expected: fields.first("expected").and_then(|text| text.parse().ok()),
    };
    let confirmed = fields.first("post") == Some("yes");
    delete::many(&desk, db, jobs, asked, confirmed).await
}

/// What is no id is passed over: it is no row, so nothing happens to it.
fn ticked(fields: &Fields) -> Vec<i64> {
    fields
        .all("_selected_action")
        .filter_map(|text| text.parse().ok())
        .collect()
}

fn index_html(title: &str, query: &Query, page: &Page, author: &Author, token: &str) -> Markup {
    let model = query.model;
    let kept = query.text();
    html! {
        div.heading {
            h1 { (title) }
            p.tools {
                a.button.quiet href={ (model.url()) "export.csv" @if !kept.is_empty() { "?" (kept) } } { "CSV" span.vh { " of this list" } }
                @if author.may(Action::Add, model) { a.button href={ (model.url()) "add/" (kept_filters(&kept)) } { "Add " (model.singular) } }
            }
        }
        @if !model.list.search.is_empty() { (search_html(query, page)) }
        div.list {
            div {
                @if page.rows.is_empty() {
                    p.empty {
                        @if query.is_narrowed() { "Nothing matches. " a href=(model.url()) { "Show all " (model.plural) } }
                        @else { "There are no " (model.plural) " yet." }
                    }
                } @else { (rows_html(query, page, author, token)) }
                (pager(page.paging, &|number| query.url(number)))
                p.position {
                    (Counted(page.paging.total, model.singular, model.plural))
                    @if !query.all && page.paging.last > 1 && page.paging.total <= SHOW_ALL {
                        " " a href={ (model.url()) "?" (kept) @if !kept.is_empty() { "&" } "all=" } { "Show all" }
                    }
                }
            }
            @if !page.filters.is_empty() { (filters_html(query, page)) }
        }
    }
}

/// The way back to this very list, carried through a form.
pub(super) fn kept_filters(kept: &str) -> String {
    if kept.is_empty() {
        return String::new();
    }
    let encoded: String = form_urlencoded::byte_serialize(kept.as_bytes()).collect();
    format!("?_changelist_filters={encoded}")
}

fn search_html(query: &Query, page: &Page) -> Markup {
    html! {
        form.search method="get" action=(query.model.url()) role="search" {
            @for (name, value) in query.beside_search() { input type="hidden" name=(name) value=(value); }
            label for="q" { "Search " (query.model.plural) }
            input id="q" name="q" type="search" value=(query.search) autocomplete="off";
            button.button.quiet { "Search" }
            @if query.is_narrowed() {
                span.position { (Counted(page.paging.total, "result", "results")) " (" a href=(query.model.url()) { (Number(page.total)) " total" } ")" }
            }
        }
    }
}

fn rows_html(query: &Query, page: &Page, author: &Author, token: &str) -> Markup {
    let model = query.model;
    let kept = query.text();
    let may_delete = author.may(Action::Delete, model);
    let matching = page.paging.total;
    html! {
        form method="post" action={ (model.url()) @if !kept.is_empty() { "?" (kept) } } {
            (Token(token))
            div.scroll {
                table.rows {
                    thead {
                        tr {
                            @if may_delete { th scope="col" { label.tick { input type="checkbox" data-tick="all"; span.vh { "Select all on this page" } } } }
                            @for (place, column) in model.list.columns.iter().enumerate() {
                                @let sorted = query.sort.iter().find(|(known, _)| *known == place).map(|(_, down)| *down);
                                (table::heading(column.label, &query.sorted_by(place).url(1), sorted))
                            }
                        }
                    }
                    tbody {
                        @for row in &page.rows {
                            tr {
                                @if may_delete {
                                    td.ticks { label.tick { input type="checkbox" name="_selected_action" value=(row.id) data-tick="one"; span.vh { "Select " (row.label) } } }
                                }
                                @for (place, cell) in row.cells.iter().enumerate() { (cell_html(query, row, place, cell, &kept)) }
                            }
                        }
                    }
                }
            }
            @if may_delete {
                div.act {
                    label for="action" { "Action" }
                    select id="action" name="action" { option value="" { "---------" } option value="delete_selected" { "Delete selected " (model.plural) } }
                    @if matching > page.rows.len() as u64 {
                        label { input type="checkbox" name="select_across" value="1"; " all " (Number(matching)) " " (model.plural) " of this list" }
                    }
                    button.button.quiet { "Go" }
                }
            }
        }
    }
}

fn cell_html(query: &Query, row: &Listed, place: usize, cell: &Cell, kept: &str) -> Markup {
    let content = match cell {
        Cell::Flag(flag) => table::mark(*flag),
        Cell::Text(text) if text.trim().is_empty() => html! { span.muted { "-" } },
        Cell::Text(text) => html! { (text) },
    };
    let label = query.model.list.columns[place].label;
    html! {
        @if place == 0 { th scope="row" data-label=(label) { a href={ (query.model.change_url(row.id)) (kept_filters(kept)) } { (content) } } }
        @else { td data-label=(label) { (content) } }
    }
}

fn filters_html(query: &Query, page: &Page) -> Markup {
    let mut counted = query.clone();
    counted.facets = !query.facets;
    html! {
        aside.filters aria-labelledby="filters" {
            h2 #filters { "Filter" }
            p { a href=(counted.url(1)) { (if query.facets { "Hide counts" } else { "Show counts" }) } }
            @if !query.filters.is_empty() {
                @let cleared = Query { filters: Vec::new(), ..query.clone() };
                p { a href=(cleared.url(1)) { "✖ Clear all filters" } }
            }
            @for (filter, facets) in &page.filters {
                @let chosen = query.filters.iter().find(|(known, _)| known.name == filter.name).map(|(_, value)| value.as_str());
                @if !facets.is_empty() {
                    details open[facets.len() <= 12 || chosen.is_some()] {
                        summary { "By " (filter.label.to_lowercase()) }
                        ul {
                            li { a href=(query.with_filter(filter, None).url(1)) aria-current=[chosen.is_none().then_some("true")] { "All" } }
                            @for facet in facets {
                                li {
                                    a href=(query.with_filter(filter, Some(&facet.value)).url(1)) aria-current=[(chosen == Some(&facet.value)).then_some("true")] { (facet.label) }
                                    @if let Some(count) = facet.count { " " span.count { "(" (count) ")" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
