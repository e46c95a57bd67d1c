//! Reading a post: its size, where it came from, its token, and only then its fields. There is no other way to read one.
//!
//! The token in the form is signed for the session, or before there is one for the sign-in form's cookie; and when the
//! browser says which site a post comes from, it has to be this one. Only hosts are compared, since TLS may end at a
//! proxy. No right hangs on the method: every handler of a post has a guard of its own.

use rocket::data::{FromData, Outcome, ToByteUnit};
use rocket::http::Status;
use rocket::{Data, Request, async_trait};

use super::asked::Asked;
use super::cookies::{Jar, SESSION, SIGN_IN};
use super::errors;
use super::keys::Keys;
use crate::config::hosts::host_of;
use crate::schema::draft::Fields;

/// The largest form.
const SIZE: u64 = 1024;
/// The most fields of a form: rows of a long list, ticked one by one, are a few hundred.
const COUNT: usize = 5_000;
const PURPOSE: &str = "form";

/// The fields of a post that may be believed to come from one of our forms.
pub struct Posted(pub Fields);

/// The token for a form that is tied to this cookie's value.
pub fn token(keys: &Keys, cookie: &str) -> String {
    keys.sign(PURPOSE, cookie)
}

#[async_trait]
impl<'r> FromData<'r> for Posted {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        if !request.content_type().is_some_and(|kind| kind.is_form()) {
            return refuse(
                request,
                Status::UnsupportedMediaType,
                "Forms are sent as application/x-www-form-urlencoded.",
            );
        }
        let body = match data.open(SIZE.kibibytes()).into_bytes().await {
            Ok(body) if body.is_complete() => body.into_inner(),
            Ok(_) => {
                return refuse(
                    request,
                    Status::PayloadTooLarge,
                    "The form is larger than we can take.",
                );
            }
            Err(_) => return refuse(request, Status::BadRequest, "The form could not be read."),
        };
        let fields: Vec<(String, String)> = form_urlencoded::parse(&body)
            .into_owned()
            .take(COUNT + 1)
            .collect();
        if fields.len() > COUNT {
            return refuse(
                request,
                Status::BadRequest,
                "The form has more fields than any of ours.",
            );
        }
        let fields = Fields::new(fields);
        if let Some(words) = unbelievable(request, &fields) {
            return refuse(request, Status::Forbidden, words);
        }
        Outcome::Success(Self(fields))
    }
}

/// Why a post with these fields cannot be taken for one from our forms, in the visitor's words.
pub(super) fn unbelievable(request: &Request<'_>, fields: &Fields) -> Option<&'static str> {
    if is_foreign(request) {
        return Some("The form was sent from another site, so nothing was done.");
    }
    (!has_token(request, fields)).then_some(
        "The form is too old, or your browser sent no cookie with it, so nothing was done. Go back, reload the page, and send it again; what you typed is usually still there.",
    )
}

/// Leaves the words for the page of this status.
pub(super) fn refuse<'r, T: FromData<'r, Error = ()>>(
    request: &'r Request<'_>,
    status: Status,
    words: &str,
) -> Outcome<'r, T> {
    log::info!("refused a post: {words}");
    errors::say(request, words);
    Outcome::Error((status, ()))
}

/// Whether the browser itself says that another site's page sent this (Fetch Metadata; RFC 6454).
fn is_foreign(request: &Request<'_>) -> bool {
    if request
        .headers()
        .get_one("sec-fetch-site")
        .is_some_and(|site| !matches!(site, "same-origin" | "none"))
    {
        return true;
    }
    let Some(origin) = request.headers().get_one("origin") else {
        return false;
    };
    let host = origin.split_once("://").and_then(|(_, host)| host_of(host));
    host.is_none() || host.as_deref() != Asked::of(request).host.as_deref()
}

fn has_token(request: &Request<'_>, fields: &Fields) -> bool {
    let (Some(keys), Some(token)) = (request.rocket().state::<Keys>(), fields.first("form_token"))
    else {
        return false;
    };
    // The sign-in cookie stands for nobody, so its token is for the forms of those who have no session yet.
    let path = request.uri().path();
    let is_before = path == "/admin/login/" || path.starts_with("/admin/setup/");
    Jar::of(request)
        .get(if is_before { SIGN_IN } else { SESSION })
        .is_some_and(|cookie| keys.verify(PURPOSE, cookie, token))
}
