//! Signing in and out, and changing one's own password.
//!
//! Guessing is slow on purpose: waits grow by account and by client, every refusal takes the same time whether the
//! account exists or not, and only a few hashes are computed at once. The counters are in `web/throttle.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use maud::{Markup, html};
use rocket::http::{Header, Status};
use rocket::response::{Redirect, Responder};
use rocket::time::Duration as Age;
use rocket::tokio::time::sleep;
use rocket::{Either, Route, State, get, post, routes};
use unicode_normalization::UnicodeNormalization;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::history::{self, Change, Event};
use crate::models::user::account::{self, Credentials};
use crate::models::{session, user};
use crate::password::{self, Verdict, validate};
use crate::schema::draft::{Errors, Fields, REQUIRED};
use crate::telemetry::metrics::{Metrics, SignIn};
use crate::ui::form;
use crate::ui::office::{self, Level, Message, Office, Token};
use crate::web::cookies::{Jar, SESSION, SIGN_IN};
use crate::web::guards::{Browser, Query};
use crate::web::hashing::Hashing;
use crate::web::keys::Keys;
use crate::web::posted::{self, Posted};
use crate::web::signed::{COOKIE_AGE, Desk};
use crate::web::throttle::Throttle;

/// A refused sign-in never answers earlier, whatever it cost: imported hashes take from 0.02 to 0.34 seconds.
const FLOOR: Duration = Duration::from_millis(500);
/// How long the form may stand before it is sent.
const FORM_AGE: Age = Age::hours(2);
const REFUSED: &str = "Please enter the correct username and password for a staff account. Note that both fields may be case-sensitive.";

/// The addresses of this page.
pub fn routes() -> Vec<Route> {
    routes![new, create, delete, edit, update]
}

type Answer = Result<Either<(Status, Markup), Redirect>>;

/// What becomes of a sign-in.
#[derive(Responder)]
enum Outcome {
    Refused((Status, Markup)),
    HeldBack((Status, Markup), Header<'static>),
    Done(Redirect),
}

#[get("/admin/login")]
fn new(query: Query, request: Browser<'_>, keys: &Keys) -> Answer {
    let signed = request.signed();
    if signed.is_some_and(|signed| signed.account.is_staff) {
        return Ok(Either::Right(Redirect::to("/admin/")));
    }
    let form = Form {
        token: form_token(request.jar, keys)?,
        username: "",
        next: query.first("next").unwrap_or(""),
        // Somebody without staff status has a session and may want another account.
        signed_in_as: signed.map(|signed| signed.account.author.username.as_str()),
        errors: Errors::default(),
    };
    Ok(Either::Left((Status::Ok, new_html(&form))))
}

#[post("/admin/login", data = "<posted>")]
async fn create(
    request: Browser<'_>,
    keys: &Keys,
    db: &State<Db>,
    throttle: &State<Throttle>,
    hashing: &State<Hashing>,
    metrics: &State<Arc<Metrics>>,
    posted: Posted,
) -> Result<Outcome> {
    let since = Instant::now();
    let Posted(fields) = posted;
    let username: String = fields
        .first("username")
        .unwrap_or("")
        .trim()
        .nfkc()
        .collect();
    let page = |errors: Errors, status: Status| -> Result<(Status, Markup)> {
        let next = fields.first("next").unwrap_or("");
        let form = Form {
            token: form_token(request.jar, keys)?,
            username: &username,
            next,
            signed_in_as: None,
            errors,
        };
        Ok((status, new_html(&form)))
    };
    let refused = |errors: Errors| page(errors, Status::UnprocessableEntity).map(Outcome::Refused);
    let errors = incomplete(&fields, &username);
    if !errors.is_empty() {
        return refused(errors);
    }
    let client = request.asked.client;
    if let Err(wait) = throttle.attempt(&username, client, Instant::now()) {
        let seconds = wait.as_secs() + 1;
        log::info!("a sign-in was held back for {seconds} s");
        metrics.signed_in(SignIn::HeldBack);
        let words = format!(
            "Too many attempts. Please wait {} and try again.",
            if seconds == 1 {
                "1 second".to_owned()
            } else {
                format!("{seconds} seconds")
            }
        );
        let page = page(Errors::one("", words), Status::TooManyRequests)?;
        let retry_after = Header::new("Retry-After", seconds.to_string());
        return Ok(Outcome::HeldBack(page, retry_after));
    }
    let known = db.read(|conn| account::credentials(conn, &username))?;
    let verdict = compare(
        known.clone(),
        fields.first("password").unwrap_or("").to_owned(),
        hashing,
    )
    .await
    .inspect_err(|_| throttle.withdrawn(&username, client))?;
    let (Some(known), Verdict::Match { outdated }) = (
        known.filter(|known| known.is_active && known.is_staff),
        verdict,
    ) else {
        sleep(FLOOR.saturating_sub(since.elapsed())).await;
        log::info!("a sign-in was refused");
        metrics.signed_in(SignIn::Refused);
        return refused(Errors::one("", REFUSED));
    };
    throttle.succeeded(&username, client);
    let fresh = if outdated {
        let plain = fields.first("password").unwrap_or("").to_owned();
        Some(hashing.hash(plain).await?)
    } else {
        None
    };
    begin(&request, db, known.id, fresh).await?;
    metrics.signed_in(SignIn::Ok);
    let next = fields
        .first("next")
        .filter(|next| is_ours(next))
        .unwrap_or("/admin/")
        .to_owned();
    Ok(Outcome::Done(Redirect::to(next)))
}

/// A new session, whatever cookie came along: none that somebody else could have set lives on.
pub(super) async fn begin(
    request: &Browser<'_>,
    db: &Db,
    user_id: i64,
    fresh_hash: Option<String>,
) -> Result<()> {
    let token = session::new_token()?;
    let old = request.jar.get(SESSION).map(str::to_owned);
    let client = request
        .asked
        .client
        .map(|client| client.to_string())
        .unwrap_or_default();
    let (kept, user_agent) = (token.clone(), request.user_agent.to_owned());
    db.write(move |tx| {
        if let Some(old) = old {
            session::delete(tx, &old)?;
        }
        if let Some(hash) = fresh_hash {
            account::set_password(tx, user_id, &hash)?;
        }
        account::signed_in(tx, user_id)?;
        session::create(tx, &kept, user_id, &client, &user_agent)
    })
    .await?;
    request.jar.set(SESSION, token, Some(COOKIE_AGE));
    request.jar.remove(SIGN_IN);
    Ok(())
}

#[post("/admin/logout", data = "<_posted>")]
async fn delete(_posted: Posted, jar: Jar<'_>, db: &State<Db>) -> Result<Redirect> {
    if let Some(token) = jar.get(SESSION).map(str::to_owned) {
        db.write(move |tx| session::delete(tx, &token)).await?;
    }
    jar.remove(SESSION);
    Ok(Redirect::to("/admin/login/"))
}

#[get("/admin/password_change")]
fn edit(desk: Desk<'_>) -> Markup {
    edit_html(&desk.office("Password change"), &Errors::default())
}

#[post("/admin/password_change", data = "<posted>")]
async fn update(
    desk: Desk<'_>,
    jar: Jar<'_>,
    db: &State<Db>,
    hashing: &State<Hashing>,
    posted: Posted,
) -> Answer {
    let Posted(fields) = posted;
    let refused = |errors: Errors| {
        let mut office = desk.office("Password change");
        office.has_errors = true;
        Ok(Either::Left((
            Status::UnprocessableEntity,
            edit_html(&office, &errors),
        )))
    };
    let username = desk.author().username.clone();
    let known = db.read(|conn| account::credentials(conn, &username))?;
    let old = fields.first("old_password").unwrap_or("").to_owned();
    let mut errors = Errors::default();
    if old.is_empty() {
        errors.add("old_password", REQUIRED);
    } else if compare(known, old, hashing).await? == Verdict::Mismatch {
        errors.add(
            "old_password",
            "Your old password was entered incorrectly. Please enter it again.",
        );
    }
    let (first, second) = (
        fields.first("new_password1").unwrap_or(""),
        fields.first("new_password2").unwrap_or(""),
    );
    for (name, value) in [("new_password1", first), ("new_password2", second)] {
        if value.is_empty() {
            errors.add(name, REQUIRED);
        }
    }
    if !first.is_empty() && !second.is_empty() {
        if first == second {
            let account = desk.account;
            let person = validate::Person {
                username: &username,
                first_name: &account.first_name,
                last_name: &account.last_name,
                email: &account.email,
            };
            errors.add_all("new_password2", validate::complaints(first, &person));
        } else {
            errors.add("new_password2", "The two password fields didn’t match.");
        }
    }
    if !errors.is_empty() {
        return refused(errors);
    }
    let plain = first.to_owned();
    let hash = hashing.hash(plain).await?;
    let (author, id, old_token, new_token) = (
        desk.author().clone(),
        desk.account.id,
        desk.session.to_owned(),
        session::new_token()?,
    );
    let renewed = new_token.clone();
    db.write(move |tx| {
        account::set_password(tx, id, &hash)?;
        session::delete_others(tx, id, Some(&old_token))?;
        session::renew(tx, &old_token, &renewed)?;
        history::record(
            tx,
            &author,
            &user::MODEL,
            Event::Changed,
            (id, &author.username),
            &[Change::hidden("Password")],
        )
    })
    .await?;
    jar.set(SESSION, new_token, Some(COOKIE_AGE));
    desk.say(Message::plain(
        Level::Success,
        "Your password was changed. All your other sessions have ended.",
    ));
    Ok(Either::Right(Redirect::to("/admin/")))
}

/// Compares where there is room for it; an unknown account costs what a known one does.
async fn compare(known: Option<Credentials>, plain: String, hashing: &Hashing) -> Result<Verdict> {
    let stored = known
        .map(|known| known.password)
        .filter(|stored| password::is_usable(stored));
    let memory = stored.as_deref().map_or(0, password::memory_kib);
    let work = move || {
        if let Some(stored) = stored {
            return password::verify(&plain, &stored);
        }
        password::spend();
        Verdict::Mismatch
    };
    hashing.run(memory, work).await.map_err(|_| Error::Busy)
}

fn incomplete(fields: &Fields, username: &str) -> Errors {
    let mut errors = Errors::default();
    if username.is_empty() {
        errors.add("username", REQUIRED);
    }
    match fields.first("password") {
        None | Some("") => errors.add("password", REQUIRED),
        Some(password) if password.contains('\0') => {
            errors.add("password", "Null characters are not allowed.");
        }
        Some(password) if password.len() > validate::LONGEST => errors.add("", REFUSED),
        Some(_) => {}
    }
    if username.contains('\0') {
        errors.add("username", "Null characters are not allowed.");
    }
    errors
}

/// Only a path of this very site is gone on to: no other host, no scheme, nothing that a browser would read as one.
fn is_ours(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && rocket::http::uri::Origin::parse(next).is_ok()
}

/// The token of the form, tied to a cookie that lives as long as the form may stand.
pub(super) fn form_token(jar: Jar<'_>, keys: &Keys) -> Result<String> {
    // Several tabs share the cookie, so a form that is open already keeps its token.
    let known = jar
        .get(SIGN_IN)
        .filter(|value| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let value = known.map_or_else(session::new_token, |value| Ok(value.to_owned()))?;
    let token = posted::token(keys, &value);
    jar.set(SIGN_IN, value, Some(FORM_AGE));
    Ok(token)
}

struct Form<'a> {
    token: String,
    username: &'a str,
    next: &'a str,
    signed_in_as: Option<&'a str>,
    errors: Errors,
}

fn new_html(form: &Form<'_>) -> Markup {
    let office = Office {
        has_errors: !form.errors.is_empty(),
        ..Office::bare("Log in", &form.token)
    };
    let content = html! {
        div.narrow {
            h1 { "Log in" }
            @if let Some(name) = form.signed_in_as {
                p.message.warn { "You are authenticated as " (name) ", but are not authorized to access this page. Would you like to login to a different account?" }
            }
            (form::plain_summary(&form.errors, &[("username", "Username"), ("password", "Password")]))
            form.edit method="post" action="/admin/login/" novalidate {
                (Token(&form.token))
                input type="hidden" name="next" value=(form.next);
                (form::plain_input("username", "Username", "text", "username", form.username, &form.errors))
                (form::plain_input("password", "Password", "password", "current-password", "", &form.errors))
                div.buttons { button.button { "Log in" } }
            }
        }
    };
    office::page(&office, content)
}

fn edit_html(office: &Office<'_>, errors: &Errors) -> Markup {
    let labels = [
        ("old_password", "Old password"),
        ("new_password1", "New password"),
        ("new_password2", "New password confirmation"),
    ];
    let content = html! {
        div.narrow {
            h1 { (office.title) }
            (form::plain_summary(errors, &labels))
            p { "Enter your old password, and then the new one twice so that it has no typing mistake. Your other sessions end." }
            form.edit method="post" novalidate {
                (Token(office.token))
                (form::plain_input("old_password", "Old password", "password", "current-password", "", errors))
                (form::plain_input("new_password1", "New password", "password", "new-password", "", errors))
                (form::plain_input("new_password2", "New password confirmation", "password", "new-password", "", errors))
                div.buttons { button.button { "Change my password" } }
            }
        }
    };
    office::page(office, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        for next in ["/admin/", "/admin/lettings/letting/?q=a%20b", "/"] {
            assert!(is_ours(next), "{next}");
        }
        for next in [
            "",
            "admin/",
            "//evil.example",
            "https://evil.example/",
            "/\\evil.example",
            "/ x",
            "/\n",
            "javascript:alert(1)",
            "/\u{2028}",
        ] {
            assert!(!is_ours(next), "{next:?}");
        }
    }
}
