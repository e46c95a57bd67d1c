//! From an error to a page: the only place that knows status codes.
//!
//! An [`Error`] leaves the visitor's words with the request, reports what is ours to the log, and names a status; the
//! catcher draws every status in the site's frame, so that Rocket's own refusals and panics look like ours.

use maud::{Markup, html};
use rocket::http::{ContentType, Method, Status};
use rocket::response::{self, Redirect, Responder};
use rocket::{Catcher, Either, Request, Response, catch, catchers};

use super::asked::Asked;
use super::signed::Desk;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::schema::{Action, Model};
use crate::ui::{self, Frame, office};

/// The methods that an address has, for `Allow`.
#[derive(Debug, Clone)]
pub struct Allow(pub String);

/// How a program may show who it is, for `WWW-Authenticate`.
#[derive(Debug, Clone, Copy)]
pub struct Challenge(pub &'static str);

/// What the visitor reads instead of a status' usual words.
#[derive(Debug, Clone)]
struct Words(String);

/// What broke, shown on the page in development only.
#[derive(Debug, Clone)]
struct Shown(String);

/// Keeps a detail with the request for the page that the catcher draws.
pub fn remember<T: Send + Sync + 'static>(request: &Request<'_>, detail: T) {
    request.local_cache(|| Some(detail));
}

/// What the visitor reads on the page of the status that follows.
pub fn say(request: &Request<'_>, words: &str) {
    remember(request, Words(words.to_owned()));
}

/// Where nothing could be written, the cause goes to the log and the words into the form that comes back with what was
/// typed, under this status; any other error is passed on.
pub fn not_saved(error: Error) -> Result<(Status, &'static str)> {
    match error {
        Error::NotSaved(words, cause) => {
            log::error!("{cause}");
            Ok((Status::ServiceUnavailable, words))
        }
        other => Err(other),
    }
}

/// The catchers of the whole site.
pub fn catchers() -> Vec<Catcher> {
    catchers![unreadable, sign_in, every]
}

/// The catchers below `/admin`.
pub fn office_catchers() -> Vec<Catcher> {
    catchers![sign_in, in_office]
}

impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(match self {
            Self::NotFound => Status::NotFound,
            Self::SignIn => Status::Unauthorized,
            Self::Busy => Status::ServiceUnavailable,
            Self::Forbidden(words) => {
                log::info!("forbidden: {words}");
                remember(request, Words(words));
                Status::Forbidden
            }
            Self::Refused(words) => {
                log::info!("refused: {words}");
                remember(request, Words(words));
                Status::Conflict
            }
            Self::NotSaved(words, cause) => {
                log::error!("{cause}");
                remember(request, Words(words.to_owned()));
                Status::ServiceUnavailable
            }
            Self::Internal(cause) => {
                log::error!("{cause}");
                remember(request, Shown(cause.to_string()));
                Status::InternalServerError
            }
        })
    }
}

/// Rocket 0.5 says 422 where a part of the path is not of its type; to the visitor there is simply nothing there.
#[catch(422)]
fn unreadable(_: &Request<'_>) -> ErrorPage {
    ErrorPage(Status::NotFound)
}

/// Whoever has to sign in first is led there, and back afterwards; a program is told what it lacks.
#[catch(401)]
fn sign_in(request: &Request<'_>) -> Either<Redirect, ErrorPage> {
    if request.local_cache(|| None::<Challenge>).is_some() {
        return Either::Right(ErrorPage(Status::Unauthorized));
    }
    let asked = Asked::of(request);
    let next = if matches!(asked.method, Method::Get | Method::Head) {
        asked.target.as_str()
    } else {
        "/admin/"
    };
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    Either::Left(Redirect::to(format!("/admin/login/?next={next}")))
}

/// An error in the admin is drawn with its frame for those who are signed in to it.
/// Rocket's 422 is an address that does not exist here too; a form that is refused is no error and not drawn here.
#[catch(default)]
async fn in_office<'r>(status: Status, request: &'r Request<'_>) -> OfficeError<'r> {
    let status = if status == Status::UnprocessableEntity {
        Status::NotFound
    } else {
        status
    };
    OfficeError(status, request.guard::<Desk<'r>>().await.succeeded())
}

/// What the gate has stopped comes here from all over the site, for it has turned the address into one of its own.
#[catch(default)]
async fn every<'r>(status: Status, request: &'r Request<'_>) -> OfficeError<'r> {
    let in_office =
        matches!(status.code, 404 | 405) && Asked::of(request).facts.path.starts_with("/admin/");
    let desk = if in_office {
        request.guard::<Desk<'r>>().await.succeeded()
    } else {
        None
    };
    OfficeError(status, desk)
}

struct OfficeError<'r>(Status, Option<Desk<'r>>);

impl<'r> Responder<'r, 'static> for OfficeError<'r> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Ok(answer(self.0, request, self.1.as_ref()))
    }
}

/// A status as a page in the site's frame, or as JSON for programs.
struct ErrorPage(Status);

impl<'r> Responder<'r, 'static> for ErrorPage {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Ok(answer(self.0, request, None))
    }
}

fn answer(status: Status, request: &Request<'_>, desk: Option<&Desk<'_>>) -> Response<'static> {
    let reference = &Asked::of(request).facts.request_id;
    let title = title(status);
    let wants_json = request
        .headers()
        .get_one("accept")
        .is_some_and(prefers_json);
    let mut response = Response::build();
    response.status(status).raw_header("Vary", "Accept");
    if matches!(status.code, 429 | 503) {
        response.raw_header("Retry-After", "5");
    }
    if let Some(Allow(methods)) = request.local_cache(|| None::<Allow>) {
        response.raw_header("Allow", methods.clone());
    }
    if let Some(Challenge(challenge)) = request.local_cache(|| None::<Challenge>) {
        response.raw_header("WWW-Authenticate", *challenge);
    }
    if wants_json {
        let body =
            serde_json::json!({ "status": status.code, "title": title, "reference": reference })
                .to_string();
        response
            .header(ContentType::JSON)
            .sized_body(body.len(), std::io::Cursor::new(body));
    } else {
        let body = page_html(status, title, request, desk).into_string();
        response
            .header(ContentType::HTML)
            .sized_body(body.len(), std::io::Cursor::new(body));
    }
    response.finalize()
}

/// JSON when it is named and HTML is not wished for more (RFC 9110, section 12.5.1, as far as these two go).
fn prefers_json(accept: &str) -> bool {
    let weight = |wanted: &str| {
        accept
            .split(',')
            .map(|part| part.split(';').map(str::trim))
            .filter_map(|mut part| {
                let name = part.next()?;
                let q = part
                    .find_map(|parameter| parameter.strip_prefix("q="))
                    .map_or(Some(1.0), |q| q.parse::<f32>().ok());
                name.eq_ignore_ascii_case(wanted).then_some(q?)
            })
            .fold(0.0, f32::max)
    };
    let json = weight("application/json");
    json > 0.0 && json > weight("text/html")
}

fn page_html(
    status: Status,
    title: &str,
    request: &Request<'_>,
    desk: Option<&Desk<'_>>,
) -> Markup {
    let reference = &Asked::of(request).facts.request_id;
    let words = request
        .local_cache(|| None::<Words>)
        .as_ref()
        .map(|Words(words)| words.as_str());
    let shows_causes = request
        .rocket()
        .state::<Config>()
        .is_some_and(|config| config.debug && config.listen.ip().is_loopback());
    let cause = request
        .local_cache(|| None::<Shown>)
        .as_ref()
        .filter(|_| shows_causes);
    let frame = Frame {
        title,
        indexed: false,
        ..Frame::default()
    };
    let content = html! {
            div.notice {
                p.notice-status { (status.code) }
                h1 { (title) }
                p { (words.unwrap_or_else(|| advice(status))) }
                @if status.code >= 500 {
                    p { "If you write to us about it, please mention this reference: " code.reference { (reference) } }
                }
                @if let Some(Shown(cause)) = cause {
                    pre.cause { (cause) }
                }
                @match desk {
                    None => p { a.button href="/" { "Back to the home page" } },
                    Some(desk) => p.actions {
                        @let list = way_back(request, desk);
                        @if let Some(url) = &list { a.button href=(url) { "Back to the list" } }
                        a.button.quiet[list.is_some()] href="/admin/" { "Administration" }
                    },
                }
            }
    };
    match desk {
        None => ui::page(&frame, content),
        Some(desk) => office::page(&desk.office(title), content),
    }
}

/// From a page about a row to the list it belongs to, where there is one that the person may see.
fn way_back(request: &Request<'_>, desk: &Desk<'_>) -> Option<String> {
    let path = Asked::of(request).facts.path.as_str();
    desk.models
        .registered()
        .find(|model| path.starts_with(&model.url()))
        .filter(|model| desk.author().may(Action::View, model))
        .map(Model::url)
}

fn title(status: Status) -> &'static str {
    match status.code {
        400 => "Bad request",
        401 => "Please sign in",
        403 => "Not allowed",
        404 => "Page not found",
        405 => "Method not allowed",
        408 => "Request took too long",
        409 => "Not possible",
        413 => "Too large",
        414 => "Address too long",
        429 => "Too many requests",
        500 => "Something went wrong",
        503 => "Not available right now",
        _ => status.reason().unwrap_or("Something went wrong"),
    }
}

fn advice(status: Status) -> &'static str {
    match status.code {
        400 => "The request could not be understood. Please check the address and try again.",
        401 => "You need to sign in to see this page.",
        403 => "Your account may not do this.",
        404 => {
            "There is nothing at this address. It may have been moved, or the link may be mistyped."
        }
        405 => "This address cannot be used in that way.",
        413 => "What was sent is larger than we can take.",
        415 => "What was sent is not in a form that we can read.",
        429 => "That was a lot at once. Please wait a moment and try again.",
        503 => "Please try again in a moment.",
        code if code >= 500 => "Something broke on our side. It has been noted.",
        _ => "The request could not be answered.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_for_those_who_ask_for_it() {
        for accept in [
            "application/json",
            "application/json, */*;q=0.5",
            "text/html;q=0.5, Application/JSON",
            "application/json;q=0.1",
        ] {
            assert!(prefers_json(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/html",
            "text/html, application/json",
            "application/json;q=0",
            "application/json;q=x",
            "text/html,application/xhtml+xml,*/*;q=0.8",
        ] {
            assert!(!prefers_json(accept), "{accept}");
        }
    }
}
