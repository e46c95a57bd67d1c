//! Pages that are kept, answered before Rocket is entered; and the one request of many that has Rocket make one.
//!
//! What a page is and which may be kept is not known here (`web/cache.rs`). Whatever this cannot answer goes to Rocket:
//! another method, a foreign host, an address that is not one of a page that is kept.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AsHeaderName, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    HeaderMap, HeaderValue, IF_NONE_MATCH, STRICT_TRANSPORT_SECURITY,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use rocket::http::Method as RocketMethod;
use rocket::local::asynchronous::Client;

use super::exchange::{Body, body_of, handed_over, head_of};
use crate::compress::Encoding;
use crate::config::Config;
use crate::db::Db;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::request::Facts;
use crate::web::addresses::Addresses;
use crate::web::answered::{Answered, Untold};
use crate::web::asked::{Asked, Said};
use crate::web::cache::page::{self, Page, REQUEST_ID};
use crate::web::cache::{Cache, Key};
use crate::web::notices::Notices;
use crate::web::{conditional, encoding, errors, gate, headers};

/// A request for a page that is kept.
struct Wanted {
    asked: Asked,
    route: Arc<str>,
    /// The address with what matters of its query.
    target: String,
    key: Key,
    headers: HeaderMap,
    peer: SocketAddr,
}

/// What came of making a page.
enum Made {
    Page(Arc<Page>),
    /// An answer that is only this visitor's.
    Other(Response<Bytes>),
}

/// Answers a request without a body, if it is for a page that is kept.
pub(super) async fn answer(
    parts: &Parts,
    target: &str,
    peer: SocketAddr,
    client: &Arc<Client>,
) -> Option<Response<Body>> {
    let method = match parts.method {
        Method::GET => RocketMethod::Get,
        Method::HEAD => RocketMethod::Head,
        _ => return None,
    };
    let rocket = client.rocket();
    let (cache, db) = (rocket.state::<Cache>()?, rocket.state::<Db>()?);
    let config = rocket.state::<Config>()?;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let (kept, route) = cache.kept(rocket.state::<Addresses>()?, path)?;
    let said = Said::by(method, target, Some(peer.ip()), |name| {
        lines(&parts.headers, name)
    });
    let asked = Asked::new(&said, config, rocket.state::<Notices>());
    if !gate::host_is_ours(&asked, config) {
        return None;
    }
    let metrics = rocket.state::<Arc<Metrics>>()?;
    let _in_flight = metrics.begin();
    let form = encoding::accepted(lines(&parts.headers, ACCEPT_ENCODING));
    let origin = match config.site_url {
        Some(_) => String::new(),
        None => asked.origin(config),
    };
    let target = kept.target(path, query);
    let key = Key::new(origin, &target, form);
    // What is found must not be older than what was current when the request came.
    let version = db.version();
    let found = cache.find(&key, version);
    let is_found = found.is_some();
    let page = if let Some(page) = found {
        page
    } else {
        let wanted = Wanted {
            asked: asked.clone(),
            route: Arc::clone(route),
            target: target.into_owned(),
            key,
            headers: parts.headers.clone(),
            peer,
        };
        match make(client, wanted, version).await? {
            Made::Page(page) => page,
            Made::Other(answer) => {
                let answer = respond(method, answer);
                tell(&answer, &asked, route, Some(&*asked.facts), metrics);
                return Some(answer);
            }
        }
    };
    let mut accept = lines(&parts.headers, ACCEPT);
    if page.says_nothing() && accept.next().is_some_and(errors::prefers_json) {
        return None;
    }
    let answer = serve(&page, method, &asked, &parts.headers);
    // Whoever had it made has notes of that.
    let notes = (!is_found).then_some(&*asked.facts);
    tell(&answer, &asked, route, notes, metrics);
    Some(answer)
}

/// Tells what became of a request.
fn tell(
    answer: &Response<Body>,
    asked: &Asked,
    route: &Arc<str>,
    notes: Option<&Facts>,
    metrics: &Metrics,
) {
    let length = answer.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let answered = Answered {
        request_id: &asked.facts.request_id,
        method: &asked.facts.method,
        path: &asked.facts.path,
        route: Some(route),
        status: answer.status().as_u16(),
        took: asked.since.elapsed(),
        bytes: length
            .filter(|_| asked.method != RocketMethod::Head)
            .unwrap_or_default(),
        client: asked.client,
    };
    answered.told(notes, metrics);
}

/// Makes a page or waits for who makes it. Who has waited in vain is answered by Rocket itself, so that what cannot be
/// kept is not made one after the other.
async fn make(client: &Arc<Client>, wanted: Wanted, version: u64) -> Option<Made> {
    let cache = client.rocket().state::<Cache>()?;
    let turns = cache.turn(&wanted.key);
    let (turn, has_waited) = match Arc::clone(&turns).try_lock_owned() {
        Ok(turn) => (turn, false),
        Err(_) => (turns.lock_owned().await, true),
    };
    if let Some(page) = cache.find(&wanted.key, version) {
        return Some(Made::Page(page));
    }
    let plain_key = wanted.key.in_form(Encoding::Identity);
    if has_waited && cache.find(&plain_key, version).is_none() {
        return None;
    }
    // In a task of its own, so that it is finished for the others when this visitor leaves.
    let client = Arc::clone(client);
    let made = rocket::tokio::spawn(async move {
        let _turn = turn;
        fill(&client, wanted, version).await
    });
    made.await.ok()?
}

/// Has the page made in its identity form, unless that is at hand, and puts it into the form that is wanted.
async fn fill(client: &Client, wanted: Wanted, version: u64) -> Option<Made> {
    let cache = client.rocket().state::<Cache>()?;
    let key = wanted.key.clone();
    let plain_key = key.in_form(Encoding::Identity);
    let plain = match cache.find(&plain_key, version) {
        Some(page) => page,
        None => match ask(client, wanted).await? {
            Made::Page(page) => {
                cache.keep(plain_key, Arc::clone(&page));
                page
            }
            other @ Made::Other(..) => return Some(other),
        },
    };
    if key.form() == Encoding::Identity {
        return Some(Made::Page(plain));
    }
    let page = Arc::new(plain.packed(key.form()).await);
    cache.keep(key, Arc::clone(&page));
    Some(Made::Page(page))
}

/// Asks Rocket as the visitor did, but for a whole page in its identity form.
async fn ask(client: &Client, wanted: Wanted) -> Option<Made> {
    // Before anything is read: a write that is acknowledged from here on makes this page an old one.
    let version = client.rocket().state::<Db>()?.version();
    let mut headers = wanted.headers;
    headers.remove(ACCEPT_ENCODING);
    headers.remove(IF_NONE_MATCH);
    let request = client.req(RocketMethod::Get, wanted.target);
    let request = handed_over(request, &headers, wanted.peer);
    request.inner().local_cache(|| wanted.asked);
    errors::remember(request.inner(), Untold);
    let answer = request.dispatch().await;
    let head = head_of(&answer);
    let body = if answer.body().is_none() {
        Vec::new()
    } else {
        answer.into_bytes().await?
    };
    let answer = head.body(Bytes::from(body)).ok()?;
    Some(if page::is_for_everybody(&answer) {
        Made::Page(Arc::new(Page::of(version, wanted.route, answer)))
    } else {
        Made::Other(answer)
    })
}

/// A page as the answer to one request.
fn serve(page: &Page, method: RocketMethod, asked: &Asked, said: &HeaderMap) -> Response<Body> {
    let mut answer = Response::new(page.body.clone());
    *answer.status_mut() = page.status;
    *answer.headers_mut() = page.headers.clone();
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&asked.facts.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if asked.https {
        let promise = HeaderValue::from_static(headers::TRANSPORT);
        headers.insert(STRICT_TRANSPORT_SECURITY, promise);
    }
    let has_already = page
        .etag()
        .is_some_and(|etag| conditional::has_already(lines(said, IF_NONE_MATCH), etag));
    if has_already {
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_ENCODING);
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    respond(method, answer)
}

/// An answer with a body where there may be one.
fn respond(method: RocketMethod, answer: Response<Bytes>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let is_bodiless = head.status == StatusCode::NOT_MODIFIED;
    // Of an answer without a body, such as one that leads elsewhere, hyper says so itself, and not to HEAD.
    if !is_bodiless && !body.is_empty() {
        let length = HeaderValue::from(body.len());
        head.headers.insert(CONTENT_LENGTH, length);
    }
    let body = if is_bodiless || method == RocketMethod::Head {
        Bytes::new()
    } else {
        body
    };
    Response::from_parts(head, body_of(body))
}

/// The lines of a header that Rocket would see.
fn lines(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter();
    lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok())
}
