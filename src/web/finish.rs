//! What every answer gets on its way out: tags, compression, headers, its line in the log, and its place in the numbers.
//!
//! The decisions are made in `conditional.rs`, `encoding.rs` and `headers.rs`, the telling is done in `answered.rs`; here
//! they meet one response.

use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Method, Status};
use rocket::tokio::io::{AsyncReadExt, empty};
use rocket::{Data, Request, Response, async_trait};

use super::answered::{self, Untold};
use super::asked::Asked;
use super::{conditional, encoding, headers};
use crate::compress::Encoding;
use crate::digest;
use crate::telemetry::{self, metrics::Metrics};

/// A place for the bytes of an answer, kept with the request by who asks the site for an answer to keep: the answer then
/// has its tag and says what it depends on, but no form other than its identity and nothing that every answer has.
#[derive(Debug, Default)]
pub struct Raw(Mutex<Option<Vec<u8>>>);

impl Raw {
    /// A place for the answer to this request.
    pub fn of(request: &Request<'_>) -> Arc<Self> {
        let raw = Arc::new(Self::default());
        request.local_cache(|| Some(Arc::clone(&raw)));
        raw
    }

    /// What is in it.
    pub fn take(&self) -> Option<Vec<u8>> {
        self.lock().take()
    }

    /// Nothing that panics runs behind this lock.
    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        // It goes with the request, however that ends. What nobody sent is not one more.
        if request.local_cache(|| None::<Untold>).is_none() {
            request.local_cache(|| self.metrics.begin());
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let asked = Asked::of(request);
        let raw = request.local_cache(|| None::<Arc<Raw>>).as_deref();
        if asked.target.starts_with("/admin") {
            response.set_raw_header("Cache-Control", "no-store");
            response.set_raw_header("X-Robots-Tag", "noindex");
        } else if !response.headers().contains("Cache-Control") {
            response.set_raw_header("Cache-Control", "no-cache");
        }
        if !response.headers().contains("ETag")
            && let Some(size) = response.body().preset_size()
            && is_text(response)
        {
            let packed = pack(request, asked, response, size, raw);
            telemetry::during(Arc::clone(&asked.facts), packed).await;
        }
        if raw.is_none() {
            headers::secure(response, asked.https);
            response.set_raw_header("X-Request-Id", asked.facts.request_id.clone());
        }
        answered::told(request, response, &self.metrics);
    }
}

fn is_text(response: &Response<'_>) -> bool {
    let kind = response.headers().get_one("content-type");
    let kind = kind.map(|kind| kind.split_once(';').map_or(kind, |(kind, _)| kind).trim());
    kind.and_then(|kind| kind.split_once('/'))
        .is_some_and(|(top, sub)| {
            top == "text" || matches!(sub, "json" | "xml" | "javascript" | "svg+xml")
        })
}

/// Answers 304 where the client has the bytes, else puts them into the form it likes best.
async fn pack<'r>(
    request: &'r Request<'_>,
    asked: &Asked,
    response: &mut Response<'r>,
    size: usize,
    raw: Option<&Raw>,
) {
    // With some room behind them, where their end is found.
    let mut bytes = Vec::with_capacity(size + 32);
    if response.body_mut().read_to_end(&mut bytes).await.is_err() {
        // A body in memory can be read; a body that cannot be is sent as an empty one by Rocket.
        return;
    }
    let encoding = match raw {
        None => encoding::accepted(request.headers().get("accept-encoding")),
        Some(_) => Encoding::Identity,
    };
    response.adjoin_raw_header("Vary", "Accept-Encoding");
    if response.status() == Status::Ok && matches!(asked.method, Method::Get | Method::Head) {
        let etag = conditional::etag(&digest::tag(&bytes), encoding);
        let fresh = raw.is_none()
            && conditional::has_already(request.headers().get("if-none-match"), &etag);
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
    if let Some(raw) = raw {
        *raw.lock() = Some(bytes);
        return;
    }
    let packed = encoding::packed(encoding, bytes).await;
    if let Some(name) = encoding.name() {
        response.set_raw_header("Content-Encoding", name);
    }
    response.set_sized_body(packed.len(), Cursor::new(packed));
}
