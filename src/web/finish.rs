//! What every answer gets on its way out: tags, compression, headers, and its line in the log.
//!
//! The decisions are made in `conditional.rs`, `encoding.rs` and `headers.rs`; here they meet one response.

use std::io::Cursor;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Method, Status};
use rocket::{Request, Response, async_trait};

use super::asked::Asked;
use super::cache::Filling;
use super::{conditional, encoding, headers};
use crate::digest;

/// Finishes every answer.
pub struct Finish;

#[async_trait]
impl Fairing for Finish {
    fn info(&self) -> Info {
        Info {
            name: "tags, compression, headers, log",
            kind: Kind::Response,
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let asked = Asked::of(request);
        headers::secure(response, asked.https);
        if asked.target.starts_with("/admin") {
            response.set_raw_header("Cache-Control", "no-store");
            response.set_raw_header("X-Robots-Tag", "noindex");
        } else if !response.headers().contains("Cache-Control") {
            response.set_raw_header("Cache-Control", "no-cache");
        }
        if !response.headers().contains("ETag")
            && response.body().preset_size().is_some()
            && is_text(response)
        {
            pack(request, asked, response).await;
        }
        response.set_raw_header("X-Request-Id", asked.facts.request_id.clone());
        // Who fills the cache answers with what was made, and says so.
        if !Filling::is(request) {
            let route = request.route().map(|route| route.uri.as_str());
            let size = response.body().preset_size();
            log_line(asked, route, response.status().code, size);
        }
    }
}

fn is_text(response: &Response<'_>) -> bool {
    response.content_type().is_some_and(|kind| {
        kind.top() == "text"
            || matches!(
                kind.sub().as_str(),
                "json" | "xml" | "javascript" | "svg+xml"
            )
    })
}

/// Answers 304 where the client has the bytes, else puts them into the form it likes best.
async fn pack<'r>(request: &'r Request<'_>, asked: &Asked, response: &mut Response<'r>) {
    let Ok(bytes) = response.body_mut().to_bytes().await else {
        // A body in memory can be read; a body that cannot be is sent as an empty one by Rocket.
        return;
    };
    let encoding = encoding::accepted(request.headers().get("accept-encoding"));
    response.adjoin_raw_header("Vary", "Accept-Encoding");
    if response.status() == Status::Ok && matches!(asked.method, Method::Get | Method::Head) {
        let etag = conditional::etag(&digest::tag(&bytes), encoding);
        let fresh = conditional::has_already(request.headers().get("if-none-match"), &etag);
        response.set_raw_header("ETag", etag);
        if fresh {
            response.set_status(Status::NotModified);
            response.remove_header("Content-Type");
            return;
        }
    }
    let packed = encoding::packed(encoding, bytes).await;
    if let Some(name) = encoding.name() {
        response.set_raw_header("Content-Encoding", name);
    }
    response.set_sized_body(packed.len(), Cursor::new(packed));
}

/// One line per request, with the route that answered it, the status, and the size of the body where that is known.
/// Health checks come every few seconds and say nothing new, so they are for `debug`.
pub fn log_line(asked: &Asked, route: Option<&str>, status: u16, size: Option<usize>) {
    let level = match asked.facts.path.as_str() {
        "/healthz" | "/readyz" | "/up" | "/metrics" => log::Level::Debug,
        _ => log::Level::Info,
    };
    if !log::log_enabled!(level) {
        return;
    }
    let sent = !matches!(status, 204 | 304) && asked.method != Method::Head;
    let bytes = size.filter(|_| sent).unwrap_or_default();
    let ms = asked.since.elapsed().as_secs_f64() * 1000.0;
    let ms = (ms * 1000.0).round() / 1000.0;
    let route = route.filter(|route| !route.starts_with("/_")).unwrap_or("");
    let client = asked
        .client
        .map(|client| client.to_string())
        .unwrap_or_default();
    let facts = &asked.facts;
    let (method, path) = (facts.method.as_str(), facts.path.as_str());
    log::log!(
        level,
        request_id = facts.request_id.as_str(), method, path, route, status, ms, bytes, client = client.as_str();
        "{method} {path} {status}"
    );
}
