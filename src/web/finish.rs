//! What every answer gets on its way out: tags, compression, headers, its line in the log, and its place in the numbers.
//!
//! The decisions are made in `conditional.rs`, `encoding.rs` and `headers.rs`, the telling is done in `answered.rs`; here
//! they meet one response.

use std::io::Cursor;
use std::sync::Arc;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Method, Status};
use rocket::tokio::io::empty;
use rocket::tokio::task::spawn_blocking;
use rocket::{Data, Request, Response, async_trait};

use super::asked::Asked;
use super::{answered, conditional, encoding, headers};
use crate::compress::{Encoding, LARGE};
use crate::digest;
use crate::telemetry::{self, metrics::Metrics};

/// Finishes every answer.
pub struct Finish {
    metrics: Arc<Metrics>,
}

impl Finish {
    /// Counts every answer here.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics }
    }
}

#[async_trait]
impl Fairing for Finish {
    fn info(&self) -> Info {
        Info {
            name: "tags, compression, headers, log, numbers",
            kind: Kind::Request | Kind::Response,
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        // It goes with the request, however that ends.
        request.local_cache(|| self.metrics.begin());
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
            let packed = pack(request, asked, response);
            telemetry::during(Arc::clone(&asked.facts), packed).await;
        }
        response.set_raw_header("X-Request-Id", asked.facts.request_id.clone());
        answered::told(request, response, &self.metrics);
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
    let encoding = encoding::accepted(request);
    response.adjoin_raw_header("Vary", "Accept-Encoding");
    if response.status() == Status::Ok && matches!(asked.method, Method::Get | Method::Head) {
        let etag = conditional::etag(&digest::tag(&bytes), encoding);
        let fresh = conditional::has_already(request, &etag);
        response.set_raw_header("ETag", etag);
        if fresh {
            response.set_status(Status::NotModified);
            response.remove_header("Content-Type");
            // Its length would be that of the page it stands for, and never the nothing that is left here (RFC 9110,
            // section 8.6); so it says none.
            response.set_streamed_body(empty());
            return;
        }
    }
    let packed = if bytes.len() > LARGE && encoding != Encoding::Identity {
        spawn_blocking(move || encoding.pack(bytes))
            .await
            .unwrap_or_default()
    } else {
        encoding.pack(bytes)
    };
    if let Some(name) = encoding.name() {
        response.set_raw_header("Content-Encoding", name);
    }
    response.set_sized_body(packed.len(), Cursor::new(packed));
}
