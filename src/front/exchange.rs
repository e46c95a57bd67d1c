//! One request from hyper to Rocket, one answer back.
//!
//! Rocket's local client takes bodies whole, so they are bounded before; it reads no raw `Cookie` header, so cookies
//! are handed over one by one; a header that is no UTF-8 is dropped, as Rocket's own server does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rocket::http::{Cookie, Header};
use rocket::local::asynchronous::{Client, LocalRequest, LocalResponse};
use rocket::tokio::io::AsyncReadExt;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::timeout;

use super::spool;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::scrub;
use crate::web::answered::Answered;
use crate::web::asked::Asked;
use crate::web::uploads::HANDED_OVER;

/// The largest body that is taken: far more than any form of ours has.
const BODY: usize = 1024 * 1024;
/// How long a client may take to send its body.
const SENDING: Duration = Duration::from_secs(30);
/// How long a client may leave a piece of an answer unread before the answer is given up.
const READING: Duration = Duration::from_secs(30);
/// Bodies up to this size are taken from anyone at any time: every form of ours fits.
const SMALL: u64 = 16 * 1024;
/// So many larger bodies are in memory at once; more wait for their turn.
static LARGE_BODIES: Semaphore = Semaphore::const_new(16);
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

type Body = Either<Full<Bytes>, Channel<Bytes, io::Error>>;

/// Answers one request.
pub(super) async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    client: Arc<Client>,
) -> Response<Body> {
    let since = Instant::now();
    let (parts, body) = request.into_parts();
    let turned_away = |status, words: &'static str| {
        told(&client, &parts, peer, since, status, words.len());
        plain(status, words)
    };
    // HTTP's methods are case-sensitive (RFC 9110, section 9.1). Rocket would take `head` for HEAD and send no body,
    // hyper would not, and the client wait for one.
    let method = parts.method.as_str().parse::<rocket::http::Method>().ok();
    let Some(method) = method.filter(|method| method.as_str() == parts.method.as_str()) else {
        return turned_away(
            StatusCode::NOT_IMPLEMENTED,
            "This method is not known here.\n",
        );
    };
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    if !target.starts_with('/') {
        return turned_away(StatusCode::BAD_REQUEST, "This is no address of a page.\n");
    }
    let target = encoded(target);
    if spool::is_for(&parts.method, &parts.headers) {
        let name = spool::take(&client, &target, &parts, peer, body).await;
        return dispatch(client, method, target, parts, peer, Bytes::new(), name).await;
    }
    let body = match read(body).await {
        Ok(body) => body,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            return turned_away(
                StatusCode::PAYLOAD_TOO_LARGE,
                "What was sent is larger than we can take.\n",
            );
        }
        Err(status) => return turned_away(status, "The body of the request could not be read.\n"),
    };
    dispatch(client, method, target, parts, peer, body, None).await
}

/// Tells of a request that Rocket cannot be handed. Who sends it is read as the site would read it.
fn told(
    client: &Client,
    parts: &Parts,
    peer: SocketAddr,
    since: Instant,
    status: StatusCode,
    bytes: usize,
) {
    let local = handed_over(client.get("/"), &parts.headers, peer);
    let asked = Asked::of(local.inner());
    let answered = Answered {
        request_id: &asked.facts.request_id,
        method: parts.method.as_str(),
        path: &scrub::path(parts.uri.path()),
        route: None,
        status: status.as_u16(),
        took: since.elapsed(),
        bytes,
        client: asked.client,
    };
    if let Some(metrics) = client.rocket().state::<Arc<Metrics>>() {
        answered.told(None, metrics);
    }
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
    let (sender, receiver) = rocket::tokio::sync::oneshot::channel();
    rocket::tokio::spawn(async move {
        let mut local = handed_over(client.req(method, target), &parts.headers, peer).body(body);
        if let Some(name) = &spooled {
            local.add_header(Header::new(HANDED_OVER, name.clone()));
        }
        let answer = local.dispatch().await;
        deliver(answer, parts.method == Method::HEAD, sender).await;
        if let Some(name) = &spooled {
            spool::let_go(&client, name);
        }
    });
    receiver
        .await
        .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong.\n"))
}

/// The same target as RFC 3986 writes it.
fn encoded(target: &str) -> String {
    utf8_percent_encode(target, UNENCODED).to_string()
}

async fn read(body: Incoming) -> Result<Bytes, StatusCode> {
    // One that announces too much is not waited for.
    if body.size_hint().lower() > BODY as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let is_small = body.size_hint().upper().is_some_and(|size| size <= SMALL);
    let whole = async {
        let _place = if is_small {
            None
        } else {
            LARGE_BODIES.acquire().await.ok()
        };
        Limited::new(body, BODY).collect().await
    };
    let Ok(whole) = timeout(SENDING, whole).await else {
        return Err(StatusCode::REQUEST_TIMEOUT);
    };
    match whole {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

pub(super) fn handed_over<'c>(
    mut local: LocalRequest<'c>,
    headers: &HeaderMap,
    peer: SocketAddr,
) -> LocalRequest<'c> {
    local = local.remote(peer);
    for (name, value) in headers {
        // What only we may say.
        if name == HANDED_OVER {
            continue;
        }
        let Ok(value) = std::str::from_utf8(value.as_bytes()) else {
            continue;
        };
        if name == "cookie" {
            for cookie in value
                .split(';')
                .filter_map(|pair| Cookie::parse_encoded(pair.trim().to_owned()).ok())
            {
                local = local.cookie(cookie);
            }
        }
        local.add_header(Header::new(name.as_str().to_owned(), value.to_owned()));
    }
    local
}

async fn deliver(
    answer: LocalResponse<'_>,
    head: bool,
    sender: rocket::tokio::sync::oneshot::Sender<Response<Body>>,
) {
    let mut response = Response::builder().status(answer.status().code);
    for header in answer.headers().iter() {
        response = response.header(header.name.as_str(), header.value.as_ref());
    }
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

async fn stream(mut answer: LocalResponse<'_>, mut pieces: Sender<Bytes, io::Error>) {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        match (&mut answer)
            .take(PIECE as u64)
            .read_to_end(&mut piece)
            .await
        {
            Ok(0) => return,
            Ok(_) => match timeout(READING, pieces.send_data(Bytes::from(piece))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                // What made the answer may hold a place that others wait for.
                Err(_) => {
                    pieces.abort(io::ErrorKind::TimedOut.into());
                    return;
                }
            },
            Err(error) => {
                // The client sees the connection break instead of an answer that only looks whole.
                pieces.abort(error);
                return;
            }
        }
    }
}

fn finished(response: hyper::http::response::Builder, body: Body) -> Response<Body> {
    response.body(body).unwrap_or_else(|error| {
        log::error!("a header of an answer is not one HTTP allows: {error}");
        plain(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong.\n")
    })
}

/// An answer without the site's frame, for requests that never reach the site.
fn plain(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::from(words)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        "content-type",
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response.headers_mut().insert(
        "x-content-type-options",
        HeaderValue::from_static("nosniff"),
    );
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
            let target = encoded(&format!("/{rest}"));
            prop_assert!(Origin::parse(&target).is_ok(), "{target}");
        }
    }
}
