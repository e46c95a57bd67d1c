//! A long action on its way: where it is, and when it has ended, where to go on.
//!
//! Whoever started it sees it and nobody else; after an action that has ended all sessions, whoever knows its name. The
//! page looks again by itself where scripts run, and by a link.

use maud::{Markup, html};
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, routes};

use crate::error::{Error, Result};
use crate::ui::Number;
use crate::ui::office::{self, Office};
use crate::web::cookies::Jar;
use crate::web::jobs::{Begun, Jobs, Progress, Stage};
use crate::web::keys::Keys;
use crate::web::signed::{self, Desk};

pub(super) fn routes() -> Vec<Route> {
    routes![show]
}

#[get("/admin/jobs/<job>")]
async fn show(
    job: &str,
    desk: Option<Desk<'_>>,
    jar: Jar<'_>,
    keys: &Keys,
    jobs: &State<Jobs>,
) -> Result<Either<Markup, Redirect>> {
    let account = desk.as_ref().map(|desk| desk.account.id);
    let (title, progress) = match jobs.look(job, account).await {
        Some(Stage::Running(title, progress)) => (title, progress),
        Some(Stage::Ended(outcome)) => {
            let end = Begun::Ended(outcome?);
            let way = end.way(|message| signed::say(jar, keys, message));
            return Ok(Either::Right(way));
        }
        None if account.is_none() => return Err(Error::SignIn),
        None => return Err(Error::NotFound),
    };
    let office = match &desk {
        Some(desk) => desk.office(&title),
        None => Office::bare(&title, ""),
    };
    Ok(Either::Left(office::page(
        &office,
        show_html(&title, &progress),
    )))
}

fn show_html(title: &str, progress: &Progress) -> Markup {
    let (done, total) = progress.so_far();
    html! {
        h1 { (title) }
        p #done {
            @if total == 0 { "Counting what there is to do." }
            @else { (Number(done)) " of " (Number(total)) " done." }
        }
        progress.job aria-labelledby="done" max=[(total > 0).then_some(total)] value=[(total > 0).then_some(done)] data-again="1000" {}
        p { "It goes on if you leave this page. Nothing of it counts before all of it is done." }
        p.actions { a.button.quiet href="" { "Look again" } }
    }
}
