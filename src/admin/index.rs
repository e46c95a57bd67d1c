//! The first page of the admin, and that of one app: the models one may see, and what one did last.

use maud::{Markup, html};
use rocket::{Route, State, get, routes};

use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::history::{self, Entry};
use crate::schema::{Action, Author, Model, Models};
use crate::ui::office::{self, Moment};
use crate::web::signed::Desk;

/// How many of one's own actions are shown, as in Django.
const RECENT: i64 = 10;

pub(super) fn routes() -> Vec<Route> {
    routes![index, app]
}

#[get("/admin")]
fn index(desk: Desk<'_>, db: &State<Db>) -> Result<Markup> {
    let entries = db.read(|conn| history::of_user(conn, desk.account.id, RECENT))?;
    let mut office = desk.office("Site administration");
    office.crumbs.clear();
    Ok(office::page(
        &office,
        index_html(
            "Site administration",
            &visible(&desk, None),
            desk.author(),
            Some((&entries, desk.models)),
        ),
    ))
}

#[get("/admin/<app>")]
fn app(app: &str, desk: Desk<'_>) -> Result<Markup> {
    let models = visible(&desk, Some(app));
    let title = models.first().ok_or(Error::NotFound)?.app_title;
    Ok(office::page(
        &desk.office(title),
        index_html(title, &models, desk.author(), None),
    ))
}

/// The models of which the author may do anything, by app.
fn visible(desk: &Desk<'_>, app: Option<&str>) -> Vec<&'static Model> {
    let of_app = |model: &&Model| app.is_none_or(|app| model.app == app);
    desk.models
        .registered()
        .filter(|model| desk.author().may_any(model))
        .filter(of_app)
        .collect()
}

fn index_html(
    title: &str,
    models: &[&'static Model],
    author: &Author,
    recent: Option<(&[Entry], Models)>,
) -> Markup {
    html! {
        h1 { (title) }
        @if models.is_empty() { p.empty { "You don’t have permission to view or edit anything." } }
        div.columns {
            div {
                @for app in models.chunk_by(|one, other| one.app == other.app) {
                    section.app {
                        h2 { a href={ "/admin/" (app[0].app) "/" } { (app[0].app_title) } }
                        ul.models { @for model in app { li { (entry_html(model, author)) } } }
                    }
                }
            }
            @if let Some((entries, models)) = recent { section {
                    h2 { "My recent actions" }
                    (recent_html(entries, models))
                    @if author.is_superuser { p { a href="/admin/history/" { "History of everything" } } }
                } }
        }
    }
}

fn entry_html(model: &Model, author: &Author) -> Markup {
    html! {
        strong {
            @if author.may(Action::View, model) { a href=(model.url()) { (model.title) } } @else { (model.title) }
        }
        span.tools {
            @if author.may(Action::Add, model) { a href={ (model.url()) "add/" } { "Add" span.vh { " " (model.singular) } } }
            @if author.may(Action::Change, model) { a href=(model.url()) { "Change" span.vh { " " (model.plural) } } }
            @else if author.may(Action::View, model) { a href=(model.url()) { "View" span.vh { " " (model.plural) } } }
        }
    }
}

fn recent_html(entries: &[Entry], models: Models) -> Markup {
    html! {
        @if entries.is_empty() { p.empty { "None available." } } @else {
            ul.recent {
                @for entry in entries {
                    @let model = models.named(&entry.model.0, &entry.model.1);
                    li {
                        (match entry.action.as_str() { "add" => "Added: ", "delete" => "Deleted: ", _ => "Changed: " })
                        @match (model, entry.row_id.parse::<i64>()) {
                            (Some(model), Ok(id)) if entry.action != "delete" => a href=(model.change_url(id)) { (entry.label) },
                            _ => { (entry.label) },
                        }
                        " " span.muted { (entry.model.1) ", " (Moment(&entry.at)) }
                    }
                }
            }
        }
    }
}
