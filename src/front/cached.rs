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
use hyper::{Response, StatusCode};
use rocket::futures::FutureExt;
use rocket::futures::future::BoxFuture;
use rocket::http::{Header, Method as RocketMethod};
use rocket::local::asynchronous::Client;
use rocket::tokio::io::AsyncReadExt;
use rocket::tokio::runtime::Handle;

use super::exchange::{Body, body_of, header_of};
use crate::compress::Encoding;
use crate::config::Config;
use crate::db::Db;
use crate::telemetry::metrics::{InFlight, Metrics};
use crate::web::addresses::Addresses;
use crate::web::answered::{Answered, Untold};
use crate::web::asked::{Asked, Believed, Said};
use crate::web::cache::page::Page;
use crate::web::cache::{Cache, Key};
use crate::web::finish::Raw;
use crate::web::notices::Notices;
use crate::web::{conditional, encoding, errors, gate};

/// What there is for a request.
pub(super) enum Looked<'a> {
    /// Its page.
    Found(Hit<'a>),
    /// Its page is one that is kept, and not there.
    Missing(Box<Wanted>),
    /// It is not for such a page.
    Other,
}

/// A page as the answer to a request, of which nothing is told yet.
pub(super) struct Hit<'a> {
    reply: Reply,
    believed: Believed<'a>,
}

/// A request for a page that is not there yet.
pub(super) struct Wanted {
    asked: Asked,
    absent: Absent,
    /// What Rocket is told of it.
    headers: Vec<Header<'static>>,
    /// The tags of what the visitor has.
    known: Vec<String>,
    prefers_json: bool,
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
struct Made {
    page: Arc<Page>,
    /// Or it is an answer that is only this visitor's.
    is_for_everybody: bool,
}

/// A request, and what there is of its page.
struct Search<'a> {
    believed: Believed<'a>,
    found: Result<Arc<Page>, Absent>,
}

/// Looks for the page that a request without a body asks for. `headers` gives all of its headers, each with its name in
/// whatever letters; those that are no UTF-8 are none, as to Rocket's own server.
pub(super) fn look<'a, I: Iterator<Item = (&'a str, &'a [u8])>>(
    method: &str,
    target: &'a str,
    peer: SocketAddr,
    headers: &impl Fn() -> I,
    client: &Client,
) -> Looked<'a> {
    looked(method, target, peer, headers, client).unwrap_or(Looked::Other)
}

fn looked<'a, I: Iterator<Item = (&'a str, &'a [u8])>>(
    method: &str,
    target: &'a str,
    peer: SocketAddr,
    headers: &impl Fn() -> I,
    client: &Client,
) -> Option<Looked<'a>> {
    let method = match method {
        "GET" => RocketMethod::Get,
        "HEAD" => RocketMethod::Head,
        _ => return None,
    };
    let said = |name: &'static str| lines(headers(), name);
    let Search { believed, found } = search(method, target, peer, &said, client)?;
    let prefers_json = || said("accept").next().is_some_and(errors::prefers_json);
    Some(match found {
        // That there is nothing is told to programs in their own way.
        Ok(page) if page.says_nothing() && prefers_json() => Looked::Other,
        Ok(page) => Looked::Found(Hit {
            reply: Reply::of(page, method, said("if-none-match")),
            believed,
        }),
        Err(absent) => {
            let rocket = client.rocket();
            Looked::Missing(Box::new(Wanted {
                absent,
                headers: headers().filter_map(handed_on).collect(),
                known: said("if-none-match").map(str::to_owned).collect(),
                prefers_json: prefers_json(),
                peer,
                _in_flight: rocket.state::<Arc<Metrics>>()?.begin(),
                asked: believed.kept(rocket.state::<Notices>()),
            }))
        }
    })
}

/// What Rocket is told of a request whose page is to be kept: nothing of who asks, and to whom nothing has to be sent.
fn handed_on((name, value): (&str, &[u8])) -> Option<Header<'static>> {
    const VISITORS_OWN: [&str; 3] = ["accept-encoding", "cookie", "if-none-match"];
    let is_own = |own: &&str| name.eq_ignore_ascii_case(own);
    if VISITORS_OWN.iter().any(is_own) {
        return None;
    }
    header_of(name, value)
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
    let key_of = |target: &str| cache.key(believed.own_origin(config), target, form);
    // What is found must not be older than what was current when the request came.
    let version = db.version();
    // Of a page that is there under this very address nobody has to know whose route it is.
    let own_key = query.is_none().then(|| key_of(path));
    let own_page = own_key.as_ref().and_then(|key| cache.find(key, version));
    let found = if let Some(page) = own_page {
        Ok(page)
    } else {
        let (kept, route) = cache.kept(rocket.state::<Addresses>()?, path)?;
        let target = kept.target(path, query);
        let (key, page) = if let Some(key) = own_key {
            (key, None)
        } else {
            let key = key_of(&target);
            let page = cache.find(&key, version);
            (key, page)
        };
        page.ok_or_else(|| Absent {
            route: Arc::clone(route),
            target: target.into_owned(),
            key,
            version,
        })
    };
    Some(Search { believed, found })
}

impl<'a> Hit<'a> {
    /// Tells of the answer, which is sent now.
    pub(super) fn told(self, client: &Client) -> Told<'a> {
        let Self { reply, believed } = self;
        let rocket = client.rocket();
        believed.warn(rocket.state::<Notices>());
        if let Some(metrics) = rocket.state::<Arc<Metrics>>() {
            Answered {
                request_id: &believed.request_id,
                method: believed.method_name,
                path: &believed.path,
                route: Some(&reply.page.route),
                status: reply.status().as_u16(),
                took: believed.since.elapsed(),
                bytes: reply.length(),
                client: believed.client,
            }
            .told(None, metrics);
        }
        Told {
            reply,
            request_id: believed.request_id,
            https: believed.https,
        }
    }
}

/// Answers a request for a page that is not there. Nothing where Rocket has to answer it alone.
pub(super) async fn answer(mut wanted: Wanted, client: Arc<Client>) -> Option<Told<'static>> {
    let asked = wanted.asked.clone();
    let (known, prefers_json) = (std::mem::take(&mut wanted.known), wanted.prefers_json);
    let made = make(&client, wanted).await?;
    if made.is_for_everybody && made.page.says_nothing() && prefers_json {
        return None;
    }
    let reply = Reply::of(made.page, asked.method, known.iter().map(String::as_str));
    let (status, bytes) = (reply.status().as_u16(), reply.length());
    // Whoever had it made has notes of that.
    Answered::of(&asked, Some(&reply.page.route), status, bytes).told(
        Some(&*asked.facts),
        client.rocket().state::<Arc<Metrics>>()?,
    );
    Some(Told {
        reply,
        request_id: asked.facts.request_id.clone().into(),
        https: asked.https,
    })
}

/// Makes a page or waits for who makes it. Who has waited in vain is answered by Rocket itself, so that what cannot be
/// kept is not made one after the other.
async fn make(client: &Arc<Client>, wanted: Wanted) -> Option<Made> {
    let Absent { key, version, .. } = &wanted.absent;
    let cache = client.rocket().state::<Cache>()?;
    let turn = cache.turn(key).await;
    if turn.has_waited
        && let Some(page) = cache.find(key, *version)
    {
        return Some(Made::kept(page));
    }
    if turn.after_own {
        cache.find(&key.in_form(Encoding::Identity), *version)?;
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
    let key = wanted.absent.key.clone();
    if key.form() == Encoding::Identity {
        let made = ask(client, wanted).await?;
        if made.is_for_everybody {
            cache.keep(key, Arc::clone(&made.page));
        }
        return Some(made);
    }
    let plain_key = key.in_form(Encoding::Identity);
    let plain = match cache.find(&plain_key, wanted.absent.version) {
        Some(page) => page,
        None => match ask(client, wanted).await? {
            Made {
                page,
                is_for_everybody: true,
            } => {
                cache.keep(plain_key, Arc::clone(&page));
                page
            }
            other => return Some(other),
        },
    };
    let page = Arc::new(plain.packed(key.form()).await);
    cache.keep(key, Arc::clone(&page));
    Some(Made::kept(page))
}

impl Made {
    fn kept(page: Arc<Page>) -> Self {
        Self {
            page,
            is_for_everybody: true,
        }
    }
}

/// Asks Rocket as the visitor did, but for a whole page in its identity form.
async fn ask(client: &Client, wanted: Wanted) -> Option<Made> {
    // Before anything is read: a write that is acknowledged from here on makes this page an old one.
    let version = client.rocket().state::<Db>()?.version();
    let request = client.req(RocketMethod::Get, wanted.absent.target);
    let mut request = request.remote(wanted.peer);
    for header in wanted.headers {
        request.add_header(header);
    }
    request.inner().local_cache(|| wanted.asked);
    errors::remember(request.inner(), Untold);
    let raw = Raw::of(request.inner());
    // What Rocket needs for it is large, and would be moved along with every task that leads here.
    let mut answer = Box::pin(request.dispatch()).await;
    let body = if let Some(bytes) = raw.take() {
        bytes
    } else {
        let mut bytes = Vec::new();
        answer.read_to_end(&mut bytes).await.ok()?;
        bytes
    };
    let status = StatusCode::from_u16(answer.status().code).ok()?;
    let said = answer.headers().iter();
    let said = said.map(|header| (header.name, header.value));
    let page = Page::of(version, wanted.absent.route, status, said, body.into())?;
    Some(Made {
        is_for_everybody: page.is_for_everybody(),
        page: Arc::new(page),
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
    /// `known` are the lines that say what the visitor has.
    fn of<'a>(
        page: Arc<Page>,
        method: RocketMethod,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let has_already = |etag| conditional::has_already(known, etag);
        let is_known = page.etag().is_some_and(has_already);
        Self {
            page,
            is_known,
            is_bodiless: is_known || method == RocketMethod::Head,
        }
    }

    fn status(&self) -> StatusCode {
        self.page.status(self.is_known)
    }

    /// The bytes that go out as the body.
    fn length(&self) -> usize {
        if self.is_bodiless {
            0
        } else {
            self.page.body.len()
        }
    }
}

impl Told<'_> {
    /// The answer for hyper.
    pub(super) fn answer(self) -> Response<Body> {
        let body = self.body();
        let Reply { page, is_known, .. } = self.reply;
        page.answer(is_known, self.request_id.into_owned(), self.https)
            .map(|()| body_of(body))
    }

    /// The head of the answer as HTTP/1.1 writes it, but for the empty line at its end.
    pub(super) fn write_head(&self, head: &mut Vec<u8>) {
        let Reply { page, is_known, .. } = &self.reply;
        page.write_head(*is_known, &self.request_id, self.https, head);
        // Of an answer without a body, such as one that leads elsewhere, hyper says so itself, and not to HEAD.
        if page.body.is_empty() && !self.reply.is_bodiless {
            head.extend_from_slice(b"content-length: 0\r\n");
        }
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

/// The lines of a header that Rocket would see.
pub(super) fn lines<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    name: &'static str,
) -> impl Iterator<Item = &'a str> {
    headers
        .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
        .filter_map(|(_, value)| std::str::from_utf8(value).ok())
}
