//! The page behind the one-time link: the first administrator of a site that has none.

use maud::{Markup, html};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, post, routes};

use super::session::{begin, form_token};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::history::{self, Event};
use crate::models::user::{self, account};
use crate::password::{self, validate};
use crate::schema::Author;
use crate::schema::check;
use crate::schema::draft::{Errors, Fields, REQUIRED};
use crate::ui::form;
use crate::ui::office::{self, Office, Token};
use crate::web::guards::Browser;
use crate::web::hashing::Hashing;
use crate::web::keys::Keys;
use crate::web::posted::Posted;
use crate::web::setup::Link;

/// The address of this page.
pub fn routes() -> Vec<Route> {
    routes![new, create]
}

#[get("/admin/setup/<token>")]
fn new(
    token: &str,
    request: Browser<'_>,
    keys: &Keys,
    link: Link<'_>,
    db: &State<Db>,
) -> Result<Markup> {
    demand_open(token, &link, db)?;
    Ok(new_html(
        &form_token(request.jar, keys)?,
        &Fields::default(),
        &Errors::default(),
    ))
}

#[post("/admin/setup/<token>", data = "<posted>")]
async fn create(
    token: &str,
    request: Browser<'_>,
    keys: &Keys,
    link: Link<'_>,
    db: &State<Db>,
    hashing: &State<Hashing>,
    posted: Posted,
) -> Result<Either<(Status, Markup), Redirect>> {
    demand_open(token, &link, db)?;
    let Posted(fields) = posted;
    let errors = complaints(&fields);
    if !errors.is_empty() {
        let page = new_html(&form_token(request.jar, keys)?, &fields, &errors);
        return Ok(Either::Left((Status::UnprocessableEntity, page)));
    }
    let text = |name: &str| fields.first(name).unwrap_or("").trim().to_owned();
    let (username, email) = (
        check::username(&text("username")).unwrap_or_default(),
        text("email"),
    );
    let plain = fields.first("password1").unwrap_or("").to_owned();
    let hash = hashing.hash(plain).await?;
    let client = request.asked.client;
    let id = db
        .write(move |tx| {
            // Asked again inside the transaction: of two people with the link, one is first.
            if account::has_administrator(tx)? {
                return Err(Error::NotFound);
            }
            // Whoever has that name keeps it and their password; an account without one may become the administrator.
            let known = account::credentials(tx, &username)?;
            let is_held = match known {
                Some(known) => password::is_usable(&known.password),
                None => user::has_twin(tx, None, &username)?,
            };
            if is_held {
                return Ok(None);
            }
            let id = account::make_superuser(tx, &username, &email, &hash)?;
            let author = Author {
                id: Some(id),
                username: username.clone(),
                client,
                ..Author::command()
            };
            history::record(
                tx,
                &author,
                &user::MODEL,
                Event::Added,
                (id, &username),
                &[],
            )?;
            Ok(Some(id))
        })
        .await?;
    let Some(id) = id else {
        let errors = Errors::one("username", "A user with that username already exists.");
        let page = new_html(&form_token(request.jar, keys)?, &fields, &errors);
        return Ok(Either::Left((Status::UnprocessableEntity, page)));
    };
    link.close();
    begin(&request, db, id, None).await?;
    Ok(Either::Right(Redirect::to("/admin/")))
}

/// Goes on only while the link is good and nobody can sign in yet.
pub(super) fn demand_open(token: &str, link: &Link<'_>, db: &Db) -> Result<()> {
    if db.read(account::has_administrator)? {
        link.close();
    }
    let open = link.opens(token);
    if open { Ok(()) } else { Err(Error::NotFound) }
}

fn complaints(fields: &Fields) -> Errors {
    let text = |name: &str| fields.first(name).unwrap_or("").trim();
    let (username, email) = (text("username"), text("email"));
    let (first, second) = (
        fields.first("password1").unwrap_or(""),
        fields.first("password2").unwrap_or(""),
    );
    let mut errors = Errors::default();
    if username.is_empty() {
        errors.add("username", REQUIRED);
    } else if username.chars().count() > 150 {
        errors.add("username", "Ensure this value has at most 150 characters.");
    } else if let Err(words) = check::username(username) {
        errors.add("username", words);
    }
    if !email.is_empty() && (email.chars().count() > 254 || check::email(email).is_err()) {
        errors.add("email", "Enter a valid email address.");
    }
    if first.is_empty() {
        errors.add("password1", REQUIRED);
    } else if first != second {
        errors.add("password2", "The two password fields didn’t match.");
    } else {
        let person = validate::Person {
            username,
            first_name: "",
            last_name: "",
            email,
        };
        errors.add_all("password2", validate::complaints(first, &person));
    }
    errors
}

fn new_html(token: &str, fields: &Fields, errors: &Errors) -> Markup {
    let office = Office {
        has_errors: !errors.is_empty(),
        ..Office::bare("Set up the site", token)
    };
    let labels = [
        ("username", "Username"),
        ("email", "Email address"),
        ("password1", "Password"),
        ("password2", "Password confirmation"),
    ];
    let value = |name: &str| fields.first(name).unwrap_or("").to_owned();
    let content = html! {
        div.narrow {
            h1 { "Set up the site" }
            (form::plain_summary(errors, &labels))
            p { "This site has no administrator yet. Make the first account; this link then stops working." }
            form.edit method="post" novalidate {
                (Token(token))
                (form::plain_input("username", "Username", "text", "username", &value("username"), errors))
                (form::plain_input("email", "Email address (may be empty)", "email", "email", &value("email"), errors))
                (form::plain_input("password1", "Password", "password", "new-password", "", errors))
                (form::plain_input("password2", "Password confirmation", "password", "new-password", "", errors))
                div.buttons { button.button { "Create administrator" } }
            }
            p { "Moving in from Django, or from a backup? " a href="file/" { "Bring your data instead" } "." }
        }
    };
    office::page(&office, content)
}
