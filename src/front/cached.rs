//! Pages that are kept, answered before Rocket is entered; and the one request of many that has Rocket make one.
//!
//! What a page is and which may be kept is not known here (`web/cache.rs`). Whatever this cannot answer goes to Rocket:
//! another method, a foreign host, an address that is not one of a page that is kept.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::Bytes;
use hyper::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue, IF_NONE_MATCH};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use rocket::futures::FutureExt;
use rocket::futures::future::BoxFuture;
use rocket::http::Method as RocketMethod;
use rocket::local::asynchronous::Client;
use rocket::tokio::runtime::Handle;

use super::exchange::{Body, body_of, handed_over, head_of};
use crate::compress::Encoding;
use crate::config::Config;
use crate::db::Db;
use crate::telemetry::metrics::{InFlight, Metrics};
use crate::web::addresses::Addresses;
use crate::web::answered::{Answered, Untold};
use crate::web::asked::{Asked, Believed, Said};
use crate::web::cache::page::{self, Page};
use crate::web::cache::{Cache, Key};
use crate::web::notices::Notices;
use crate::web::{conditional, encoding, errors, gate};

/// What is to be done about a request.
pub(super) enum Looked {
    /// It is answered.
    Answered(Response<Body>),
    /// Its page is one that is kept, and not there.
    Missing(Box<Wanted>),
    /// It is not for such a page.
    Other,
}

/// A request for a page that is not there yet.
pub(super) struct Wanted {
    asked: Asked,
    absent: Absent,
    headers: HeaderMap,
    peer: SocketAddr,
    _in_flight: InFlight,
}

/// A page that is one that is kept, and not there.
struct Absent {
    route: Arc<str>,
    /// The address with what matters of its query.
    target: String,
    key: Key,
    /// What was current when it was asked for.
    version: u64,
}

/// What came of making a page.
enum Made {
    Page(Arc<Page>),
    /// An answer that is only this visitor's.
    Other(Response<Bytes>),
}

/// A request, and where its page is looked for.
struct Search<'a> {
    believed: Believed<'a>,
    found: Result<Arc<Page>, Absent>,
}

/// Looks whether a request without a body is for a page that is kept, and answers it at once if the page is there.
pub(super) fn look(parts: &Parts, target: &str, peer: SocketAddr, client: &Client) -> Looked {
    let Some(method) = method_of(parts.method.as_str()) else {
        return Looked::Other;
    };
    let said = |name: &'static str| lines(&parts.headers, name);
    let Some(Search { believed, found }) = search(method, target, peer, &said, client) else {
        return Looked::Other;
    };
    let rocket = client.rocket();
    let (Some(metrics), notices) = (rocket.state::<Arc<Metrics>>(), rocket.state::<Notices>())
    else {
        return Looked::Other;
    };
    match found {
        Ok(page) if is_for_programs(&page, &said) => Looked::Other,
        Ok(page) => {
            let reply = Reply::of(page, method, &said);
            Looked::Answered(reply.told(believed, metrics, notices).answer())
        }
        Err(absent) => Looked::Missing(Box::new(Wanted {
            asked: believed.kept(notices),
            absent,
            headers: parts.headers.clone(),
            peer,
            _in_flight: metrics.begin(),
        })),
    }
}

/// The page that answers a request without a body, if it is kept and there. Nothing is told of it yet.
pub(super) fn find<'a, I: Iterator<Item = &'a str>>(
    method: &str,
    target: &'a str,
    peer: SocketAddr,
    said: &impl Fn(&'static str) -> I,
    client: &Client,
) -> Option<Hit<'a>> {
    let method = method_of(method)?;
    let Search { believed, found } = search(method, target, peer, said, client)?;
    let page = found.ok().filter(|page| !is_for_programs(page, said))?;
    Some(Hit {
        reply: Reply::of(page, method, said),
        believed,
    })
}

/// A page as the answer to a request, of which nothing is told yet.
pub(super) struct Hit<'a> {
    reply: Reply,
    believed: Believed<'a>,
}

impl<'a> Hit<'a> {
    /// Tells of the answer, which is sent now.
    pub(super) fn told(self, client: &Client) -> Option<Told<'a>> {
        let rocket = client.rocket();
        let metrics = rocket.state::<Arc<Metrics>>()?;
        Some(
            self.reply
                .told(self.believed, metrics, rocket.state::<Notices>()),
        )
    }
}

/// The methods by which pages are asked for.
fn method_of(name: &str) -> Option<RocketMethod> {
    match name {
        "GET" => Some(RocketMethod::Get),
        "HEAD" => Some(RocketMethod::Head),
        _ => None,
    }
}

/// Looks for the page of a request; nothing if it is not for one that is kept. `said` gives the lines of a header.
fn search<'a, I: Iterator<Item = &'a str>>(
    method: RocketMethod,
    target: &'a str,
    peer: SocketAddr,
    said: &impl Fn(&'static str) -> I,
    client: &Client,
) -> Option<Search<'a>> {
    let rocket = client.rocket();
    let (cache, db) = (rocket.state::<Cache>()?, rocket.state::<Db>()?);
    let config = rocket.state::<Config>()?;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let believed = Said::by(method, target, Some(peer.ip()), said).believed(config);
    if !gate::host_is_ours(believed.host.as_deref(), config) {
        return None;
    }
    let form = encoding::accepted(said("accept-encoding"));
    let key_of = |target: &str| Key::new(believed.own_origin(config), target, form);
    // What is found must not be older than what was current when the request came.
    let version = db.version();
    // Of a page that is there under this very address nobody has to know whose route it is.
    let found = match query {
        None => cache.find(&key_of(path), version),
        Some(_) => None,
    };
    let found = if let Some(page) = found {
        Ok(page)
    } else {
        let (kept, route) = cache.kept(rocket.state::<Addresses>()?, path)?;
        let target = kept.target(path, query);
        let key = key_of(&target);
        cache.find(&key, version).ok_or_else(|| Absent {
            route: Arc::clone(route),
            target: target.into_owned(),
            key,
            version,
        })
    };
    Some(Search { believed, found })
}

/// Answers a request with these headers for a page that is not there.
pub(super) async fn answer(
    wanted: Wanted,
    headers: &HeaderMap,
    client: &Arc<Client>,
) -> Option<Response<Body>> {
    let metrics = client.rocket().state::<Arc<Metrics>>()?;
    let asked = wanted.asked.clone();
    let route = Arc::clone(&wanted.absent.route);
    let said = |name: &'static str| lines(headers, name);
    let tell = |status: StatusCode, bytes: usize| {
        // Whoever had it made has notes of that.
        Answered::of(&asked, Some(&route), status.as_u16(), bytes)
            .told(Some(&*asked.facts), metrics);
    };
    match make(client, wanted).await? {
        Made::Page(page) if is_for_programs(&page, &said) => None,
        Made::Page(page) => {
            let reply = Reply::of(page, asked.method, &said);
            tell(reply.status(), reply.length());
            let told = Told {
                reply,
                request_id: asked.facts.request_id.as_str().into(),
                https: asked.https,
            };
            Some(told.answer())
        }
        Made::Other(answer) => {
            let is_bodiless = asked.method == RocketMethod::Head;
            let sent = if is_bodiless { 0 } else { answer.body().len() };
            tell(answer.status(), sent);
            Some(alone(answer, is_bodiless))
        }
    }
}

/// Whether the page says that there is nothing, and the visitor wants to hear it as a program does.
fn is_for_programs<'a, I: Iterator<Item = &'a str>>(
    page: &Page,
    said: &impl Fn(&'static str) -> I,
) -> bool {
    page.says_nothing() && said("accept").next().is_some_and(errors::prefers_json)
}

/// Makes a page or waits for who makes it. Who has waited in vain is answered by Rocket itself, so that what cannot be
/// kept is not made one after the other.
async fn make(client: &Arc<Client>, wanted: Wanted) -> Option<Made> {
    let Absent { key, version, .. } = &wanted.absent;
    let cache = client.rocket().state::<Cache>()?;
    let turns = cache.turn(key);
    let (turn, has_waited) = match Arc::clone(&turns).try_lock_owned() {
        Ok(turn) => (turn, false),
        Err(_) => (turns.lock_owned().await, true),
    };
    if let Some(page) = cache.find(key, *version) {
        return Some(Made::Page(page));
    }
    let plain_key = key.in_form(Encoding::Identity);
    if has_waited && cache.find(&plain_key, *version).is_none() {
        return None;
    }
    let client = Arc::clone(client);
    let filled = AssertUnwindSafe(async move {
        let _turn = turn;
        fill(&client, wanted).await
    });
    // A panic was told of where it happened, and Rocket may answer better alone.
    Finished(Some(Box::pin(filled.catch_unwind()))).await.ok()?
}

/// Work that is finished for the others when the visitor for whom it was begun leaves. Until then it is done where the
/// visitor waits: to hand it to a task of its own takes as long as to read the database.
struct Finished<T: Send + 'static>(Option<BoxFuture<'static, T>>);

impl<T: Send> Future for Finished<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else {
            return Poll::Pending;
        };
        let result = work.as_mut().poll(cx);
        if result.is_ready() {
            self.0 = None;
        }
        result
    }
}

impl<T: Send> Drop for Finished<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

/// Has the page made in its identity form, unless that is at hand, and puts it into the form that is wanted.
async fn fill(client: &Client, wanted: Wanted) -> Option<Made> {
    let cache = client.rocket().state::<Cache>()?;
    let (key, version) = (wanted.absent.key.clone(), wanted.absent.version);
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
    let request = client.req(RocketMethod::Get, wanted.absent.target);
    let request = handed_over(request, &headers, wanted.peer);
    request.inner().local_cache(|| wanted.asked);
    errors::remember(request.inner(), Untold);
    // What Rocket needs for it is large, and would be moved along with every task that leads here.
    let answer = Box::pin(request.dispatch()).await;
    let head = head_of(&answer);
    let body = if answer.body().is_none() {
        Vec::new()
    } else {
        answer.into_bytes().await?
    };
    let answer = head.body(Bytes::from(body)).ok()?;
    Some(if page::is_for_everybody(&answer) {
        Made::Page(Arc::new(Page::of(version, wanted.absent.route, answer)))
    } else {
        Made::Other(answer)
    })
}

/// A page as the answer to one request.
struct Reply {
    page: Arc<Page>,
    is_known: bool,
    is_bodiless: bool,
}

/// The same with what belongs to the request, once it is told of.
pub(super) struct Told<'a> {
    reply: Reply,
    request_id: Cow<'a, str>,
    https: bool,
}

impl Reply {
    fn of<'a, I: Iterator<Item = &'a str>>(
        page: Arc<Page>,
        method: RocketMethod,
        said: &impl Fn(&'static str) -> I,
    ) -> Self {
        let has_already = |etag| conditional::has_already(said("if-none-match"), etag);
        let is_known = page.etag().is_some_and(has_already);
        Self {
            page,
            is_known,
            is_bodiless: is_known || method == RocketMethod::Head,
        }
    }

    fn status(&self) -> StatusCode {
        if self.is_known {
            StatusCode::NOT_MODIFIED
        } else {
            self.page.status
        }
    }

    /// The bytes that go out as the body.
    fn length(&self) -> usize {
        if self.is_bodiless {
            0
        } else {
            self.page.body.len()
        }
    }

    /// Tells of it as the answer to this request.
    fn told<'a>(
        self,
        believed: Believed<'a>,
        metrics: &Metrics,
        notices: Option<&Notices>,
    ) -> Told<'a> {
        believed.warn(notices);
        Answered {
            request_id: &believed.request_id,
            method: believed.method_name,
            path: &believed.path,
            route: Some(&self.page.route),
            status: self.status().as_u16(),
            took: believed.since.elapsed(),
            bytes: self.length(),
            client: believed.client,
        }
        .told(None, metrics);
        Told {
            reply: self,
            request_id: believed.request_id,
            https: believed.https,
        }
    }
}

impl Told<'_> {
    /// The answer for hyper.
    fn answer(self) -> Response<Body> {
        let body = self.body();
        let Reply { page, is_known, .. } = self.reply;
        page.answer(is_known, self.request_id.into_owned(), self.https)
            .map(|()| body_of(body))
    }

    /// The head of the answer as HTTP/1.1 writes it, but for its date and its end.
    pub(super) fn write_head(&self, head: &mut Vec<u8>) {
        let Reply { page, is_known, .. } = &self.reply;
        page.write_head(*is_known, &self.request_id, self.https, head);
    }

    /// What goes out as the body.
    pub(super) fn body(&self) -> Bytes {
        if self.reply.is_bodiless {
            Bytes::new()
        } else {
            self.reply.page.body.clone()
        }
    }
}

/// An answer that is no page.
fn alone(answer: Response<Bytes>, is_bodiless: bool) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    // Of an answer without a body, such as one that leads elsewhere, hyper says so itself, and not to HEAD.
    if !body.is_empty() {
        let length = HeaderValue::from(body.len());
        head.headers.insert(CONTENT_LENGTH, length);
    }
    let body = if is_bodiless { Bytes::new() } else { body };
    Response::from_parts(head, body_of(body))
}

/// The lines of a header that Rocket would see.
pub(super) fn lines<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).into_iter();
    lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok())
}
