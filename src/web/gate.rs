//! What is answered before any route is tried: a foreign host, an address without its slash, a method it lacks.
//!
//! A fairing of Rocket 0.5 cannot answer, only rewrite; so the verdict is kept with the request, which is then led to
//! the one route that carries verdicts out. No page is known here: the words are in `errors.rs`.

use std::time::Duration;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::uri::Origin;
use rocket::http::{Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Build, Data, Request, Response, Rocket, async_trait};

use super::addresses::{Addresses, Found};
use super::asked::Asked;
use super::errors::{self, Allow};
use super::refused::Refused;
use super::seldom::Seldom;
use super::watch::CHECKS;
use crate::config::Config;
use crate::telemetry;

/// Where verdicts are carried out. Asked for directly it is an address like any unknown one.
const PATH: &str = "/_verdict";

/// Refused hosts are worth a line a minute, not one a request.
static FOREIGN_HOSTS: Seldom = Seldom::every(Duration::from_mins(1));

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It goes on to its route.
    Pass,
    /// An error page.
    Error(Status),
    /// The same address with a slash; the method is kept unless it only reads.
    Slash(String),
    /// `OPTIONS` is answered here, with these methods.
    Options(String),
    /// The address exists, the method does not, these do.
    Method(String),
}

/// Judges every request. It reads the site's addresses when all routes are mounted.
pub struct Gate;

#[async_trait]
impl Fairing for Gate {
    fn info(&self) -> Info {
        Info {
            name: "hosts, slashes and methods",
            kind: Kind::Ignite | Kind::Request,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        let addresses = Addresses::of(rocket.routes());
        let methods = [
            Method::Get,
            Method::Put,
            Method::Post,
            Method::Delete,
            Method::Options,
            Method::Head,
            Method::Trace,
            Method::Connect,
            Method::Patch,
        ];
        let routes: Vec<Route> = methods
            .into_iter()
            .map(|method| Route::new(method, PATH, CarryOut))
            .collect();
        Ok(rocket.manage(addresses).mount("/", routes))
    }

    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        restore_method(request, data).await;
        let verdict = judge(request);
        if verdict != Verdict::Pass {
            request.set_uri(Origin::path_only(PATH));
        }
        request.local_cache(|| verdict);
    }
}

/// Rocket 0.5 takes the method from a form that begins with `_method`. No form of ours does, and a post that passed
/// for something else would pass what is asked of posts; so it is a post again.
async fn restore_method(request: &mut Request<'_>, data: &mut Data<'_>) {
    const FIELD: &[u8] = b"_method";
    let is_form = request.content_type().is_some_and(|kind| kind.is_form());
    if is_form && data.peek(FIELD.len()).await.starts_with(FIELD) {
        request.set_method(Method::Post);
    }
}

fn judge(request: &Request<'_>) -> Verdict {
    let rocket = request.rocket();
    let (Some(config), Some(addresses)) = (rocket.state::<Config>(), rocket.state::<Addresses>())
    else {
        return Verdict::Error(Status::InternalServerError);
    };
    // Read first: a verdict changes the address.
    let asked = Asked::of(request);
    if let Some(refused) = Refused::of(request) {
        return Verdict::Error(refused.status);
    }
    let path = request.uri().path().as_str();
    let found = addresses.find(path);
    // A health check knows only an IP address.
    let any_host = CHECKS.contains(&path) && found != Found::Nothing;
    if !any_host && !host_is_ours(asked.host.as_deref(), config) {
        telemetry::within(&asked.facts, || warn_of_foreign_host(asked));
        return Verdict::Error(Status::BadRequest);
    }
    match found {
        Found::Nothing => Verdict::Error(Status::NotFound),
        Found::WithoutSlash => Verdict::Slash(with_slash(&asked.target)),
        Found::Methods(methods) => {
            let answered = methods.contains(&asked.method)
                || asked.method == Method::Head && methods.contains(&Method::Get);
            match asked.method {
                Method::Options => Verdict::Options(allow(methods)),
                _ if answered => Verdict::Pass,
                _ => Verdict::Method(allow(methods)),
            }
        }
    }
}

/// A missing, doubled or impossible host is nobody's, even where every name is allowed (RFC 9112, section 3.2).
pub fn host_is_ours(host: Option<&str>, config: &Config) -> bool {
    host.is_some_and(|host| config.allowed_hosts.allow(host))
}

fn warn_of_foreign_host(asked: &Asked) {
    if let Some(skipped) = FOREIGN_HOSTS.now() {
        let host = asked.authority.as_deref().unwrap_or("");
        let host: String = host.chars().take(100).collect();
        log::warn!(
            host = host.as_str(), skipped;
            "refused a request for a host that is not ours; if it is, add it to ALLOWED_HOSTS"
        );
    }
}

fn with_slash(target: &str) -> String {
    match target.split_once('?') {
        Some((path, query)) => format!("{path}/?{query}"),
        None => format!("{target}/"),
    }
}

fn allow(methods: &[Method]) -> String {
    let mut names = vec!["OPTIONS"];
    for method in methods {
        names.push(method.as_str());
        if *method == Method::Get {
            names.push("HEAD");
        }
    }
    names.sort_unstable();
    names.join(", ")
}

/// The handler of the one route that carries verdicts out.
#[derive(Clone)]
struct CarryOut;

#[async_trait]
impl Handler for CarryOut {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        match request.local_cache(|| Verdict::Error(Status::NotFound)) {
            Verdict::Pass => Outcome::Error(Status::NotFound),
            Verdict::Error(status) => Outcome::Error(*status),
            Verdict::Slash(target) => {
                let reads = matches!(Asked::of(request).method, Method::Get | Method::Head);
                let status = if reads {
                    Status::MovedPermanently
                } else {
                    Status::PermanentRedirect
                };
                Outcome::Success(
                    Response::build()
                        .status(status)
                        .raw_header("Location", target.clone())
                        .finalize(),
                )
            }
            Verdict::Options(allow) => Outcome::Success(
                Response::build()
                    .status(Status::NoContent)
                    .raw_header("Allow", allow.clone())
                    .finalize(),
            ),
            Verdict::Method(allow) => {
                errors::remember(request, Allow(allow.clone()));
                Outcome::Error(Status::MethodNotAllowed)
            }
        }
    }
}
