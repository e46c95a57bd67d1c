//! The site's data as a whole, for superusers: its backups, and moving in from a file.
//!
//! Copying and putting back is in `db/backup.rs`, what becomes of a file that was sent in `moving.rs`.

use jiff::Timestamp;
use maud::{Markup, html};
use rocket::http::{ContentType, Status};
use rocket::response::{self, Redirect, Responder};
use rocket::tokio::fs::File;
use rocket::tokio::task::spawn_blocking;
use rocket::{Either, Request, Response, Route, State, get, post, routes};

use crate::db::Db;
use crate::db::backup::{Backup, Backups, Reason};
use crate::error::{Context, Error, Result};
use crate::models::history;
use crate::moving::{Moving, page};
use crate::schema::draft::Errors;
use crate::telemetry;
use crate::ui::office::{self, Level, Message, Moment, Token};
use crate::web::jobs::{End, Jobs};
use crate::web::posted::Posted;
use crate::web::signed::Desk;
use crate::web::uploads::{TakesFiles, Upload};

/// The page that all of this is found on.
const HERE: &str = "/admin/data/";
/// Below it, the files that were sent.
const FILES: &str = "/admin/data/file/";

pub(super) fn routes() -> Vec<Route> {
    routes![index, look, make, download, seen, take]
}

#[get("/admin/data")]
async fn index(desk: Desk<'_>, moving: &State<Moving>) -> Result<TakesFiles> {
    demand(&desk)?;
    let backups = moving.backups().clone();
    let all = listed(backups.clone()).await?;
    let office = desk.office("Data");
    let html = index_html(&all, &backups, &desk.token);
    Ok(TakesFiles(office::page(&office, html)))
}

/// Takes a file in and looks at it.
#[post("/admin/data", data = "<upload>")]
async fn look(
    desk: Desk<'_>,
    moving: &State<Moving>,
    jobs: &State<Jobs>,
    db: &State<Db>,
    upload: Upload,
) -> Result<Redirect> {
    demand(&desk)?;
    let Some(file) = upload.file else {
        desk.say(Message::plain(Level::Warning, "Choose a file first."));
        return Ok(Redirect::to(HERE));
    };
    let begun = moving.look(jobs, db, &owner(&desk), file, FILES).await?;
    Ok(begun.way(|message| desk.say(message)))
}

/// Makes a backup now.
#[post("/admin/data/backup", rank = 9, data = "<posted>")]
async fn make(
    desk: Desk<'_>,
    moving: &State<Moving>,
    jobs: &State<Jobs>,
    db: &State<Db>,
    posted: Posted,
) -> Result<Redirect> {
    demand(&desk)?;
    let Posted(_) = posted;
    let (backups, db, author) = (
        moving.backups().clone(),
        db.inner().clone(),
        desk.author().clone(),
    );
    let work = |_| async move {
        let make = telemetry::carried(move || {
            let made = backups.make(&db, Reason::Manual)?;
            let name = name_of(&made);
            db.write_now(|tx| history::note(tx, &author, ABOUT, &name, "Made."))?;
            Ok::<_, Error>((name, made.size))
        });
        let (name, size) = spawn_blocking(make).await.context("make a backup")??;
        Ok(End {
            message: Message {
                level: Level::Success,
                words: "The backup ".to_owned(),
                object: Some((name, None)),
                rest: format!(" was made and checked: {size}."),
            },
            next: HERE.to_owned(),
        })
    };
    let begun = jobs
        .start(Some(desk.account.id), "Making a backup", work)
        .await?;
    Ok(begun.way(|message| desk.say(message)))
}

/// What the history says entries about backups are about.
const ABOUT: (&str, &str) = ("data", "backup");

/// A backup on its way to somebody's disk.
struct Download {
    file: File,
    name: String,
}

impl<'r> Responder<'r, 'static> for Download {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Response::build_from(self.file.respond_to(request)?)
            .header(ContentType::new("application", "vnd.sqlite3"))
            .raw_header(
                "Content-Disposition",
                format!("attachment; filename=\"{}\"", self.name),
            )
            .ok()
    }
}

/// It holds everything there is to know of everybody, so that each time is written down.
#[get("/admin/data/backup/<name>", rank = 9)]
async fn download(
    name: &str,
    desk: Desk<'_>,
    moving: &State<Moving>,
    db: &State<Db>,
) -> Result<Download> {
    demand(&desk)?;
    let all = listed(moving.backups().clone()).await?;
    let backup = all
        .into_iter()
        .find(|backup| name_of(backup) == name)
        .ok_or(Error::NotFound)?;
    let file = File::open(&backup.path)
        .await
        .context(format!("read {}", backup.path.display()))?;
    let (author, name) = (desk.author().clone(), name.to_owned());
    let label = name.clone();
    db.write(move |tx| history::note(tx, &author, ABOUT, &label, "Downloaded."))
        .await?;
    Ok(Download { file, name })
}

#[get("/admin/data/file/<case>", rank = 9)]
fn seen(case: &str, desk: Desk<'_>, moving: &State<Moving>) -> Result<Markup> {
    demand(&desk)?;
    let case = moving.case(&owner(&desk), case).ok_or(Error::NotFound)?;
    let seen = case.seen().ok_or(Error::NotFound)?;
    let mut office = desk.office("Take over");
    office.crumbs.push((HERE.to_owned(), "Data".to_owned()));
    let html = page::seen_html(seen, &desk.token, &Errors::default(), HERE);
    Ok(office::page(&office, html))
}

#[post("/admin/data/file/<case>", rank = 9, data = "<posted>")]
async fn take(
    case: &str,
    desk: Desk<'_>,
    moving: &State<Moving>,
    jobs: &State<Jobs>,
    db: &State<Db>,
    posted: Posted,
) -> Result<Either<(Status, Markup), Redirect>> {
    demand(&desk)?;
    let case = moving.case(&owner(&desk), case).ok_or(Error::NotFound)?;
    let seen = case.seen().ok_or(Error::NotFound)?;
    let choice = match page::choice(seen, &posted.0) {
        Ok(choice) => choice,
        Err(errors) => {
            let mut office = desk.office("Take over");
            office.has_errors = true;
            office.crumbs.push((HERE.to_owned(), "Data".to_owned()));
            let html = page::seen_html(seen, &desk.token, &errors, HERE);
            let page = office::page(&office, html);
            return Ok(Either::Left((Status::UnprocessableEntity, page)));
        }
    };
    let author = desk.author().clone();
    let begun = moving.take(jobs, db, case, author, choice).await?;
    Ok(Either::Right(begun.way(|message| desk.say(message))))
}

fn demand(desk: &Desk<'_>) -> Result<()> {
    if desk.author().is_superuser {
        return Ok(());
    }
    Err(Error::Forbidden(
        "Only superusers may see and move the site’s data as a whole.".to_owned(),
    ))
}

fn owner(desk: &Desk<'_>) -> String {
    desk.account.id.to_string()
}

async fn listed(backups: Backups) -> Result<Vec<Backup>> {
    spawn_blocking(move || backups.all())
        .await
        .context("list the backups")?
}

fn name_of(backup: &Backup) -> String {
    let name = backup.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn index_html(all: &[Backup], backups: &Backups, token: &str) -> Markup {
    html! {
        div.heading {
            h1 { "Data" }
            form.tools method="post" action="/admin/data/backup/" { (Token(token)) button.button { "Make a backup now" } }
        }
        section {
            h2 { "Backups" }
            p {
                "They lie in " code { (backups.folder().display()) } ". "
                @match backups.every() {
                    Some(every) => { "The server makes one by itself every " (spoken(every.as_secs())) "." },
                    None => { "The server makes none by itself: BACKUP_EVERY is off." },
                }
                " Each holds password hashes and the signing key: keep them like the database itself."
            }
            @if all.is_empty() { p.empty { "There are no backups yet." } } @else { (backups_html(all)) }
        }
        section {
            h2 { "Moving in" }
            p { "Bring the rows of another site, or put a backup back." }
            (page::file_html(token))
        }
    }
}

fn backups_html(all: &[Backup]) -> Markup {
    let now = Timestamp::now();
    html! {
        div.scroll {
            table.rows {
                thead { tr { th scope="col" { "Made" } th scope="col" { "Age" } th scope="col" { "Why" } th scope="col" { "Size" } th scope="col" { "File" } } }
                tbody {
                    @for backup in all {
                        @let name = name_of(backup);
                        tr {
                            th scope="row" data-label="Made" { (Moment(&crate::clock::written(backup.at))) }
                            td data-label="Age" { (age(now, backup.at)) }
                            td data-label="Why" { (backup.reason) }
                            td data-label="Size" { (backup.size) }
                            td data-label="File" { a href={ "/admin/data/backup/" (name) "/" } { "Download" span.vh { " " (name) } } }
                        }
                    }
                }
            }
        }
    }
}

/// How long ago a copy was made, in words.
pub(super) fn age(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    // A clock that was set back is no reason for a word of its own.
    spoken(u64::try_from(seconds).unwrap_or_default())
}

/// `5 minutes`, `3 hours`, `2 days`: the largest unit of which there are two, or one.
fn spoken(seconds: u64) -> String {
    let (count, noun) = match seconds {
        ..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_one_unit() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (61, "1 minute"),
            (86_400, "24 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(spoken(seconds), words);
        }
    }
}
