//! One request from hyper to Rocket, one answer back.
//!
//! Rocket's local client takes bodies whole, so they are bounded before; it reads no raw `Cookie` header, so cookies
//! are handed over one by one; a header that is no UTF-8 is dropped, as Rocket's own server does.

use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes};
use hyper::header::{CONTENT_LENGTH, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rocket::futures::future;
use rocket::http::{Cookie, Header, Status};
use rocket::local::asynchronous::{Client, LocalRequest, LocalResponse};
use rocket::tokio::io::{AsyncRead, AsyncReadExt};
use rocket::tokio::sync::{Semaphore, oneshot};
use rocket::tokio::time::timeout;

use super::body::{Arriving, TooSlow};
use super::cached::{self, Looked};
use super::flights::Flights;
use super::spool;
use crate::config::Config;
use crate::config::proxies::{TrustedProxies, network};
use crate::telemetry::metrics::Metrics;
use crate::web::asked;
use crate::web::refused::Refused;
use crate::web::uploads::HANDED_OVER;

/// The largest body that is taken: far more than any form of ours has.
const BODY: usize = 1024 * 1024;
/// How long a client may take to send its body.
const SENDING: Duration = Duration::from_secs(30);
/// How long a client may take over a piece of a large answer, beside what its connection's clock asks of it.
const READING: Duration = Duration::from_secs(30);
/// Bodies up to this size are taken from anyone at any time: every form of ours fits.
const SMALL: u64 = 16 * 1024;
/// So many larger bodies are in memory at once; more wait for their turn.
static LARGE_BODIES: Semaphore = Semaphore::const_new(16);
/// And for so long.
const WAITING: Duration = Duration::from_secs(10);
/// So many of them may be one client's, who may take as long as `SENDING` over each.
const LARGE_OF_A_CLIENT: usize = 4;
static LARGE_BY_CLIENT: LazyLock<Arc<Flights>> = LazyLock::new(Arc::default);
/// Larger answers are handed to hyper in pieces of this size, so that they are not in memory twice.
const PIECE: usize = 64 * 1024;
/// What some clients leave in a target although RFC 3986 wants it encoded. Rocket would refuse the request before the
/// site sees it, and so without its headers and its line in the log.
const UNENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The body of an answer: whole, or in pieces.
pub(super) type Body = Either<Full<Bytes>, Channel<Bytes, io::Error>>;

/// Answers one request: at once where nothing has to be waited for, as mostly.
pub(super) fn answer(
    request: Request<Arriving>,
    peer: SocketAddr,
    client: &Arc<Client>,
) -> future::Either<Response<Body>, impl Future<Output = Response<Body>> + Send + use<>> {
    let (mut parts, body) = request.into_parts();
    believe_target(&mut parts);
    let mut wanted = None;
    if body.is_end_stream()
        && let Some(target) = target_of(&parts)
    {
        match cached::look(
            parts.method.as_str(),
            &target,
            peer,
            &|| all(&parts.headers),
            client,
        ) {
            Looked::Found(hit) => return future::Either::Left(hit.told(client).answer()),
            Looked::Missing(page) => wanted = Some(page),
            Looked::Other => {}
        }
    }
    let client = Arc::clone(client);
    future::Either::Right(async move {
        if let Some(wanted) = wanted
            && let Some(told) = cached::answer(*wanted, Arc::clone(&client)).await
        {
            return told.answer();
        }
        answer_by_rocket(parts, body, peer, client).await
    })
}

/// Has Rocket answer.
async fn answer_by_rocket(
    parts: Parts,
    body: Arriving,
    peer: SocketAddr,
    client: Arc<Client>,
) -> Response<Body> {
    // HTTP's methods are case-sensitive (RFC 9110, section 9.1). Rocket would take `head` for HEAD and send no body,
    // hyper would not, and the client wait for one.
    let Some(method) = method_of(&parts) else {
        drop(body);
        return refuse(client, parts, peer, StatusCode::NOT_IMPLEMENTED).await;
    };
    let Some(target) = target_of(&parts).map(Cow::into_owned) else {
        drop(body);
        return refuse(client, parts, peer, StatusCode::BAD_REQUEST).await;
    };
    if spool::is_for(&parts.method, &parts.headers) {
        let name = spool::take(&client, &target, &parts, peer, body).await;
        return dispatch(client, method, target, parts, peer, Bytes::new(), name).await;
    }
    match read(body, &parts.headers, peer, &client).await {
        Ok(body) => dispatch(client, method, target, parts, peer, body, None).await,
        Err(status) => refuse(client, parts, peer, status).await,
    }
}

/// Lets the site say that a request is not taken.
pub(super) async fn refuse(
    client: Arc<Client>,
    parts: Parts,
    peer: SocketAddr,
    status: StatusCode,
) -> Response<Body> {
    let refused = Refused {
        status: Status::new(status.as_u16()),
        // An invented one may have any length.
        method: parts.method.as_str().chars().take(32).collect(),
    };
    // A method that Rocket does not know travels as another; the site knows better.
    let method = method_of(&parts).unwrap_or(rocket::http::Method::Get);
    let target = target_of(&parts).map_or_else(|| "/".to_owned(), Cow::into_owned);
    let (sender, receiver) = oneshot::channel();
    let site = Arc::clone(&client);
    rocket::tokio::spawn(async move {
        let local = handed_over(client.req(method, target), &parts.headers, peer);
        refused.keep(local.inner());
        deliver(
            Box::pin(local.dispatch()).await,
            parts.method == Method::HEAD,
            sender,
        )
        .await;
    });
    received(receiver, &site).await
}

/// The host in a target counts, whatever the header says (RFC 9112, section 3.2.2); none or two of them stay what they are.
fn believe_target(parts: &mut Parts) {
    let Some(authority) = parts.uri.authority() else {
        return;
    };
    if parts.headers.get_all(HOST).iter().count() == 1
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(HOST, host);
    }
}

/// The method, if HTTP has it and Rocket too.
fn method_of(parts: &Parts) -> Option<rocket::http::Method> {
    let name = parts.method.as_str();
    let method = name.parse::<rocket::http::Method>().ok();
    method.filter(|method| method.as_str() == name)
}

/// The address of a page that is asked for, if it is one.
fn target_of(parts: &Parts) -> Option<Cow<'_, str>> {
    let target = parts.uri.path_and_query();
    let target = target.map_or("/", |target| target.as_str());
    target.starts_with('/').then(|| encoded(target))
}

/// Hands a request to Rocket, with its body or with the name of the file that holds it.
async fn dispatch(
    client: Arc<Client>,
    method: rocket::http::Method,
    target: String,
    parts: Parts,
    peer: SocketAddr,
    body: Bytes,
    spooled: Option<String>,
) -> Response<Body> {
    // The answer may borrow from the client for as long as it is read, therefore it is made in a task that owns both.
    let (sender, receiver) = oneshot::channel();
    let site = Arc::clone(&client);
    rocket::tokio::spawn(async move {
        let mut local = handed_over(client.req(method, target), &parts.headers, peer).body(body);
        if let Some(name) = &spooled {
            local.add_header(Header::new(HANDED_OVER, name.clone()));
        }
        let answer = Box::pin(local.dispatch()).await;
        deliver(answer, parts.method == Method::HEAD, sender).await;
        if let Some(name) = &spooled {
            spool::let_go(&client, name);
        }
    });
    received(receiver, &site).await
}

/// The same target as RFC 3986 writes it.
pub(super) fn encoded(target: &str) -> Cow<'_, str> {
    utf8_percent_encode(target, UNENCODED).into()
}

async fn read(
    body: Arriving,
    headers: &HeaderMap,
    peer: SocketAddr,
    site: &Client,
) -> Result<Bytes, StatusCode> {
    // One that announces too much is not waited for.
    if body.size_hint().lower() > BODY as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let is_small = body.size_hint().upper().is_some_and(|size| size <= SMALL);
    let _place = if is_small {
        None
    } else {
        let proxies = site.rocket().state::<Config>();
        let proxies = proxies.map_or(&TrustedProxies::None, |config| &config.trusted_proxies);
        let client = client_of(peer.ip(), all(headers), proxies);
        let own = LARGE_BY_CLIENT.begin(network(client), LARGE_OF_A_CLIENT);
        let own = own.ok_or(StatusCode::TOO_MANY_REQUESTS)?;
        let place = timeout(WAITING, LARGE_BODIES.acquire()).await;
        Some((place.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?, own))
    };
    let Ok(whole) = timeout(SENDING, Limited::new(body, BODY).collect()).await else {
        return Err(StatusCode::REQUEST_TIMEOUT);
    };
    match whole {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(error) if error.is::<TooSlow>() => Err(StatusCode::REQUEST_TIMEOUT),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

/// Where a request comes from, as far as trusted proxies tell.
pub(super) fn client_of<'a>(
    peer: IpAddr,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    proxies: &TrustedProxies,
) -> IpAddr {
    let lines: Vec<&str> = cached::lines(headers, "x-forwarded-for").collect();
    proxies.client(peer.to_canonical(), &lines)
}

pub(super) fn handed_over<'c>(
    mut local: LocalRequest<'c>,
    headers: &HeaderMap,
    peer: SocketAddr,
) -> LocalRequest<'c> {
    local = local.remote(peer);
    for (name, value) in all(headers) {
        let Some(header) = header_of(name, value) else {
            continue;
        };
        if name == "cookie" {
            for cookie in header
                .value
                .split(';')
                .filter_map(|pair| Cookie::parse_encoded(pair.trim().to_owned()).ok())
            {
                local = local.cookie(cookie);
            }
        }
        local.add_header(header);
    }
    local
}

/// The headers of a request, line by line.
pub(super) fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    let lines = headers.iter();
    lines.map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// A header as Rocket is given it; nothing for one that is no UTF-8, and for what only we may say.
pub(super) fn header_of(name: &str, value: &[u8]) -> Option<Header<'static>> {
    let value = std::str::from_utf8(value).ok()?;
    let is_ours = name.eq_ignore_ascii_case(HANDED_OVER);
    (!is_ours).then(|| Header::new(name.to_owned(), value.to_owned()))
}

async fn deliver(answer: LocalResponse<'_>, head: bool, sender: oneshot::Sender<Response<Body>>) {
    let mut response = head_of(&answer);
    let never_has_one = matches!(answer.status().code, 204 | 304);
    let bodiless = head || never_has_one;
    let size = answer.body().preset_size();
    // The length of a 304 would be that of the page it stands for (RFC 9110, section 8.6), which is not at hand.
    if let Some(size) = size.filter(|_| !never_has_one) {
        response = response.header(CONTENT_LENGTH, HeaderValue::from(size));
    }
    if bodiless || size.is_some_and(|size| size <= PIECE) {
        let bytes = if bodiless {
            Vec::new()
        } else {
            answer.into_bytes().await.unwrap_or_default()
        };
        // A visitor who left needs no answer.
        let _ = sender.send(finished(response, Either::Left(Full::from(bytes))));
        return;
    }
    let (pieces, body) = Channel::new(1);
    if sender.send(finished(response, Either::Right(body))).is_ok() {
        stream(answer, pieces).await;
    }
}

/// Status and headers as Rocket says them.
fn head_of(answer: &LocalResponse<'_>) -> hyper::http::response::Builder {
    let mut response = Response::builder().status(answer.status().code);
    for header in answer.headers().iter() {
        response = response.header(header.name.as_str(), header.value.as_ref());
    }
    response
}

/// Bytes as a body; many of them go out piece by piece, as those of any large answer.
pub(super) fn body_of(bytes: Bytes) -> Body {
    if bytes.len() <= PIECE {
        return Either::Left(Full::from(bytes));
    }
    let (pieces, body) = Channel::new(1);
    rocket::tokio::spawn(stream(io::Cursor::new(bytes), pieces));
    Either::Right(body)
}

async fn stream(mut answer: impl AsyncRead + Unpin, pieces: Sender<Bytes, io::Error>) {
    let mut pieces = Pieces(Some(pieces));
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut answer)
            .take(PIECE as u64)
            .read_to_end(&mut piece)
            .await;
        let goes_on = match read {
            Ok(0) => return pieces.end(),
            Ok(_) => pieces.send(piece).await,
            Err(_) => false,
        };
        if !goes_on {
            return;
        }
    }
}

/// The pieces of an answer. Where they stop before its end, because it cannot be read or what makes it panics, the
/// client sees the connection break instead of an answer that only looks whole.
struct Pieces(Option<Sender<Bytes, io::Error>>);

impl Pieces {
    /// Whether somebody takes it, and in time: what makes the answer may hold a place that others wait for.
    async fn send(&mut self, piece: Vec<u8>) -> bool {
        match &mut self.0 {
            Some(pieces) => {
                let sent = timeout(READING, pieces.send_data(Bytes::from(piece))).await;
                matches!(sent, Ok(Ok(())))
            }
            None => false,
        }
    }

    fn end(&mut self) {
        self.0 = None;
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if let Some(pieces) = self.0.take() {
            pieces.abort(io::ErrorKind::BrokenPipe.into());
        }
    }
}

fn finished(response: hyper::http::response::Builder, body: Body) -> Response<Body> {
    response.body(body).unwrap_or_else(|error| {
        log::error!("a header of an answer is not one HTTP allows: {error}");
        broken()
    })
}

/// The answer of a task, or that it is lost together with its task.
async fn received(receiver: oneshot::Receiver<Response<Body>>, client: &Client) -> Response<Body> {
    receiver.await.unwrap_or_else(|_| {
        if let Some(metrics) = client.rocket().state::<Arc<Metrics>>() {
            metrics.refused(500);
        }
        broken()
    })
}

/// The answer where none came from the site, not even that it broke.
fn broken() -> Response<Body> {
    let request_id = asked::new_id();
    log::warn!(request_id = request_id.as_str(); "a request was left without an answer of the site");
    let mut response = Response::new(Either::Left(Full::from("Something went wrong.\n")));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert("x-request-id", id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rocket::http::uri::Origin;

    #[test]
    fn a_target_that_is_well_written_stays_as_it_is() {
        for target in [
            "/",
            "/profiles/zo%C3%AB/?a=b&c=%20+",
            "/a;b=c/@:!$&'()*,~?/?",
            "/%zz",
        ] {
            assert_eq!(encoded(target), target);
        }
        assert_eq!(
            encoded("/[1]/zoë?q={\"|\"}"),
            "/%5B1%5D/zo%C3%AB?q=%7B%22%7C%22%7D"
        );
    }

    proptest! {
        #[test]
        fn rocket_reads_every_target(rest in "\\PC{0,40}") {
            let rest = format!("/{rest}");
            let target = encoded(&rest);
            prop_assert!(Origin::parse(&target).is_ok(), "{target}");
        }
    }
}
