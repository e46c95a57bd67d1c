//! A new site's first act where there is no shell: bringing the old site's data, behind the one-time link.
//!
//! What the link opens is decided in `pages/setup.rs`, what becomes of a file in `moving.rs`.

use maud::{Markup, html};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, post, routes};

use super::session::form_token;
use super::setup::demand_open;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::moving::{Moving, page};
use crate::schema::Author;
use crate::schema::draft::Errors;
use crate::ui::office::{self, Office};
use crate::web::cookies::Jar;
use crate::web::guards::Browser;
use crate::web::jobs::Jobs;
use crate::web::keys::Keys;
use crate::web::posted::Posted;
use crate::web::setup::Link;
use crate::web::signed;
use crate::web::uploads::{TakesFiles, Upload};

/// Whose files these are: nobody has an account yet.
const OWNER: &str = "set-up";

/// The addresses below the link.
pub fn routes() -> Vec<Route> {
    routes![new, look, seen, take]
}

#[get("/admin/setup/<token>/file")]
fn new(
    token: &str,
    jar: Jar<'_>,
    keys: &Keys,
    link: Link<'_>,
    db: &State<Db>,
) -> Result<TakesFiles> {
    demand_open(token, &link, db)?;
    let form = form_token(jar, keys)?;
    let office = Office::bare("Bring your data", &form);
    let html = new_html(&form, &url(token));
    Ok(TakesFiles(office::page(&office, html)))
}

#[post("/admin/setup/<token>/file", data = "<upload>")]
#[expect(
    clippy::too_many_arguments,
    reason = "a handler's parameters are its guards"
)]
async fn look(
    token: &str,
    jar: Jar<'_>,
    keys: &Keys,
    link: Link<'_>,
    db: &State<Db>,
    moving: &State<Moving>,
    jobs: &State<Jobs>,
    upload: Upload,
) -> Result<Redirect> {
    demand_open(token, &link, db)?;
    let base = format!("{}file/", url(token));
    let Some(file) = upload.file else {
        return Ok(Redirect::to(base));
    };
    let begun = moving.look(jobs, db, OWNER, file, &base).await?;
    Ok(begun.way(|message| signed::say(jar, keys, message)))
}

#[get("/admin/setup/<token>/file/<case>", rank = 9)]
fn seen(
    token: &str,
    case: &str,
    jar: Jar<'_>,
    keys: &Keys,
    link: Link<'_>,
    db: &State<Db>,
    moving: &State<Moving>,
) -> Result<Markup> {
    demand_open(token, &link, db)?;
    let case = moving.case(OWNER, case).ok_or(Error::NotFound)?;
    let seen = case.seen().ok_or(Error::NotFound)?;
    let form = form_token(jar, keys)?;
    let back = format!("{}file/", url(token));
    Ok(office::page(
        &Office::bare("Take over", &form),
        html! { div.narrow { (page::seen_html(seen, &form, &Errors::default(), &back)) } },
    ))
}

#[post("/admin/setup/<token>/file/<case>", rank = 9, data = "<posted>")]
#[expect(
    clippy::too_many_arguments,
    reason = "a handler's parameters are its guards"
)]
async fn take(
    token: &str,
    case: &str,
    request: Browser<'_>,
    keys: &Keys,
    link: Link<'_>,
    db: &State<Db>,
    moving: &State<Moving>,
    jobs: &State<Jobs>,
    posted: Posted,
) -> Result<Either<(Status, Markup), Redirect>> {
    demand_open(token, &link, db)?;
    let case = moving.case(OWNER, case).ok_or(Error::NotFound)?;
    let seen = case.seen().ok_or(Error::NotFound)?;
    let choice = match page::choice(seen, &posted.0) {
        Ok(choice) => choice,
        Err(errors) => {
            let form = form_token(request.jar, keys)?;
            let back = format!("{}file/", url(token));
            let office = Office {
                has_errors: true,
                ..Office::bare("Take over", &form)
            };
            let html = html! { div.narrow { (page::seen_html(seen, &form, &errors, &back)) } };
            let page = office::page(&office, html);
            return Ok(Either::Left((Status::UnprocessableEntity, page)));
        }
    };
    let author = Author {
        client: request.asked.client,
        ..Author::command()
    };
    let begun = moving.take(jobs, db, case, author, choice).await?;
    Ok(Either::Right(begun.way(|message| {
        signed::say(request.jar, keys, message);
    })))
}

fn url(token: &str) -> String {
    format!("/admin/setup/{token}/")
}

fn new_html(form: &str, back: &str) -> Markup {
    html! {
        div.narrow {
            h1 { "Bring your data" }
            p { "This site is empty. Bring the database of your Django site, and everybody signs in with the password they have." }
            (page::file_html(form))
            p { a href=(back) { "Make a first account instead" } }
        }
    }
}
