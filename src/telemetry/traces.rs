//! How long requests take, for Sentry: one transaction for each request that the dice chose.
//!
//! Whether a request is traced is decided here alone, by `SENTRY_TRACES_SAMPLE_RATE`. A `sentry-trace` header is not
//! read: it would let visitors decide what we measure and pay for. The dice are thrown before anything is made, since
//! Sentry's own `start_transaction` makes everything first and then forgets it.

use std::time::{Duration, SystemTime};

use sentry::protocol::{Request, Span, SpanId, SpanStatus, TraceContext, TraceId, Transaction};

use super::request::Facts;

/// A request that is traced: under which ids what is measured in it belongs together.
#[derive(Debug)]
pub(super) struct Trace {
    id: TraceId,
    root: SpanId,
    /// The rate at which the dice were thrown, from which Sentry reckons how many requests this one stands for.
    pub(super) rate: f32,
}

impl Trace {
    pub(super) fn begin(rate: f32) -> Self {
        Self {
            id: TraceId::default(),
            root: SpanId::default(),
            rate,
        }
    }

    pub(super) fn id(&self) -> TraceId {
        self.id
    }

    /// Something that began then and has just ended.
    pub(super) fn span(&self, name: &'static str, since: SystemTime) -> Span {
        Span {
            trace_id: self.id,
            parent_span_id: Some(self.root),
            op: Some("db".to_owned()),
            description: Some(name.to_owned()),
            start_timestamp: since,
            timestamp: Some(SystemTime::now()),
            ..Span::default()
        }
    }

    /// Where an event or a transaction of this request belongs.
    pub(super) fn context(&self) -> TraceContext {
        TraceContext {
            trace_id: self.id,
            span_id: self.root,
            op: Some("http.server".to_owned()),
            ..TraceContext::default()
        }
    }

    /// The whole request, which has just been answered.
    pub(super) fn transaction(
        &self,
        facts: &Facts,
        request: Request,
        status: u16,
        took: Duration,
    ) -> Transaction<'static> {
        let now = SystemTime::now();
        let mut context = self.context();
        context.status = Some(meaning(status));
        context
            .data
            .insert("http.response.status_code".to_owned(), status.into());
        let mut transaction = Transaction {
            name: facts.route().map(|route| route.to_string()),
            request: Some(request),
            start_timestamp: now.checked_sub(took).unwrap_or(now),
            timestamp: Some(now),
            spans: facts.take_spans(),
            ..Transaction::default()
        };
        transaction
            .tags
            .insert("request_id".to_owned(), facts.request_id.clone());
        transaction
            .contexts
            .insert("trace".to_owned(), context.into());
        transaction
    }
}

/// A status of HTTP in the words of traces (develop.sentry.dev, "Span Status").
fn meaning(status: u16) -> SpanStatus {
    match status {
        ..400 => SpanStatus::Ok,
        401 => SpanStatus::Unauthenticated,
        403 => SpanStatus::PermissionDenied,
        404 => SpanStatus::NotFound,
        409 => SpanStatus::AlreadyExists,
        429 => SpanStatus::ResourceExhausted,
        400..=499 => SpanStatus::InvalidArgument,
        501 => SpanStatus::Unimplemented,
        503 => SpanStatus::Unavailable,
        504 => SpanStatus::DeadlineExceeded,
        _ => SpanStatus::InternalError,
    }
}
