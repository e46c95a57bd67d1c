//! A long action on its way: where it is, and when it has ended, where to go on.
//!
//! Whoever started it sees it and nobody else. The page looks again by itself where scripts run, and by a link.

use maud::{Markup, html};
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, routes};

use crate::error::{Error, Result};
use crate::ui::Number;
use crate::ui::office;
use crate::web::jobs::{Begun, End, Jobs, Progress, Stage};
use crate::web::signed::Desk;

pub(super) fn routes() -> Vec<Route> {
    routes![show]
}

#[get("/admin/jobs/<job>")]
async fn show(job: &str, desk: Desk<'_>, jobs: &State<Jobs>) -> Result<Either<Markup, Redirect>> {
    match jobs.look(job, desk.account.id).await {
        None => Err(Error::NotFound),
        Some(Stage::Ended(outcome)) => Ok(Either::Right(ended(&desk, outcome?))),
        Some(Stage::Running(title, progress)) => {
            let office = desk.office(&title);
            Ok(Either::Left(office::page(
                &office,
                show_html(&title, &progress),
            )))
        }
    }
}

/// The way on after a start: to what it came to, or to the page that says where it is.
pub(super) fn begun(desk: &Desk<'_>, begun: Begun) -> Redirect {
    match begun {
        Begun::Ended(end) => ended(desk, end),
        Begun::Running(name) => Redirect::to(format!("/admin/jobs/{name}/")),
    }
}

fn ended(desk: &Desk<'_>, end: End) -> Redirect {
    desk.say(end.message);
    Redirect::to(end.next)
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
