//! The first page of the admin, and that of one app: the models one may see with their numbers, what everybody did last,
//! and what one did oneself.

use jiff::Timestamp;
use maud::{Markup, html};
use rocket::{Route, State, get, routes};
use rusqlite::Connection;

use super::data::age;
use super::store;
use crate::db::Db;
use crate::db::backup::Backups;
use crate::error::{Error, Result};
use crate::models::history::{self, Entry};
use crate::moving::Moving;
use crate::schema::{Action, Author, Model, Models};
use crate::ui::Number;
use crate::ui::office::{self, Moment};
use crate::web::signed::Desk;

/// How many actions a list of them shows, as in Django.
const RECENT: i64 = 10;

pub(super) fn routes() -> Vec<Route> {
    routes![index, app]
}

/// A model of which one may do something, and how many rows it has for those who may see them.
struct Listed {
    model: &'static Model,
    count: Option<u64>,
}

/// What happened last.
struct Recent {
    everybodys: Vec<Entry>,
    own: Vec<Entry>,
    models: Models,
    /// What is to be said of backups, to who may see the data as a whole.
    backup: Option<String>,
}

#[get("/admin")]
async fn index(desk: Desk<'_>, moving: &State<Moving>, db: &State<Db>) -> Result<Markup> {
    let (models, author) = (visible(&desk, None), desk.author().clone());
    let (id, all, backups) = (desk.account.id, desk.models, moving.backups().clone());
    let (listed, recent) = db
        .read_long(move |conn| {
            let seen: Vec<&Model> = models
                .iter()
                .copied()
                .filter(|model| author.may(Action::View, model))
                .collect();
            let recent = Recent {
                everybodys: history::recent(conn, &seen, RECENT)?,
                own: history::of_user(conn, id, RECENT)?,
                models: all,
                backup: author
                    .is_superuser
                    .then(|| newest_backup(&backups))
                    .transpose()?,
            };
            Ok((listed(conn, &author, models)?, recent))
        })
        .await?;
    let mut office = desk.office("Site administration");
    office.crumbs.clear();
    let html = index_html("Site administration", &listed, &desk, Some(&recent));
    Ok(office::page(&office, html))
}

#[get("/admin/<app>")]
async fn app(app: &str, desk: Desk<'_>, db: &State<Db>) -> Result<Markup> {
    let (models, author) = (visible(&desk, Some(app)), desk.author().clone());
    let title = models.first().ok_or(Error::NotFound)?.app_title;
    let listed = db
        .read_long(move |conn| listed(conn, &author, models))
        .await?;
    let html = index_html(title, &listed, &desk, None);
    Ok(office::page(&desk.office(title), html))
}

/// How old the newest backup of the server's own is.
fn newest_backup(backups: &Backups) -> Result<String> {
    Ok(match backups.newest()? {
        Some(newest) => {
            let age = age(Timestamp::now(), newest.at);
            format!("The newest backup was made {age} ago.")
        }
        None => "The server has made no backup yet.".to_owned(),
    })
}

fn listed(conn: &Connection, author: &Author, models: Vec<&'static Model>) -> Result<Vec<Listed>> {
    let listed = models.into_iter().map(|model| {
        let seen = author.may(Action::View, model);
        let count = seen.then(|| store::count(conn, model)).transpose()?;
        Ok(Listed { model, count })
    });
    listed.collect()
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

fn index_html(title: &str, listed: &[Listed], desk: &Desk<'_>, recent: Option<&Recent>) -> Markup {
    let author = desk.author();
    html! {
        h1 { (title) }
        @if listed.is_empty() { p.empty { "You don’t have permission to view or edit anything." } }
        div.columns {
            div {
                @for app in listed.chunk_by(|one, other| one.model.app == other.model.app) {
                    section.app {
                        h2 { a href={ "/admin/" (app[0].model.app) "/" } { (app[0].model.app_title) } }
                        ul.models { @for listed in app { li { (entry_html(listed, author)) } } }
                    }
                }
            }
            @if let Some(recent) = recent { (recent_html(recent, desk)) }
        }
    }
}

fn entry_html(listed: &Listed, author: &Author) -> Markup {
    let Listed { model, count } = listed;
    html! {
        strong {
            @if author.may(Action::View, model) { a href=(model.url()) { (model.title) } } @else { (model.title) }
            @if let Some(count) = count { " " span.count { (Number(*count)) } }
        }
        span.tools {
            @if author.may(Action::Add, model) { a href={ (model.url()) "add/" } { "Add" span.vh { " " (model.singular) } } }
            @if author.may(Action::Change, model) { a href=(model.url()) { "Change" span.vh { " " (model.plural) } } }
            @else if author.may(Action::View, model) { a href=(model.url()) { "View" span.vh { " " (model.plural) } } }
        }
    }
}

/// Everybody's actions where others did something too, and one's own.
fn recent_html(recent: &Recent, desk: &Desk<'_>) -> Markup {
    let others = recent
        .everybodys
        .iter()
        .any(|entry| entry.user_id != Some(desk.account.id));
    html! {
        div {
            @if others {
                section {
                    h2 { "Recent actions" }
                    (actions_html(&recent.everybodys, recent.models, true))
                }
            }
            section {
                h2 { "My recent actions" }
                (actions_html(&recent.own, recent.models, false))
                @if desk.author().is_superuser { p { a href="/admin/history/" { "History of everything" } } }
            }
            @if let Some(words) = &recent.backup {
                section {
                    h2 { "Data" }
                    p { (words) " " a href="/admin/data/" { "Backups and moving in" } }
                }
            }
        }
    }
}

fn actions_html(entries: &[Entry], models: Models, with_author: bool) -> Markup {
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
                        " " span.muted {
                            (entry.model.1) ", "
                            @if with_author { "by " (entry.author()) ", " }
                            (Moment(&entry.at))
                        }
                    }
                }
            }
        }
    }
}
