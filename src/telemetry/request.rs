//! A request as logs and events know it, and what is noted while it is answered.
//!
//! The notes are for Sentry alone: what was logged so far and, in a request that is traced, how long the database took.
//! What becomes of them is in `telemetry/reporter.rs`; requests begin and end in `web/watch.rs` and `web/finish.rs`.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sentry::protocol::{Breadcrumb, Span};

use super::reporter;
use super::traces::Trace;

/// So many of the lines before an error go with it.
const CRUMBS: usize = 50;
/// A page that asks the database more often has shown what it is about.
const SPANS: usize = 100;

/// What is known of a request while it is answered.
#[derive(Debug)]
pub struct Facts {
    /// The request's id: ours, or the one that a trusted proxy gave.
    pub request_id: String,
    /// The method as it was asked.
    pub method: String,
    /// The path without its query, secrets in it masked.
    pub path: String,
    trace: OnceLock<Trace>,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    route: Option<Arc<str>>,
    crumbs: Vec<Breadcrumb>,
    errors: u32,
    spans: Vec<Span>,
}

impl Facts {
    /// A request that has just come in.
    pub fn new(request_id: String, method: String, path: String) -> Self {
        Self {
            request_id,
            method,
            path,
            trace: OnceLock::new(),
            noted: Mutex::default(),
        }
    }

    /// A handler takes it over, for an address with a template such as `/lettings/<id>`; from here on it may be traced.
    pub fn enter(&self, route: &Arc<str>, may_be_traced: bool) {
        // Where one handler passes a request on to the next, the last one answers it.
        let is_first = self.noted().route.replace(Arc::clone(route)).is_none();
        if is_first
            && may_be_traced
            && let Some(trace) = reporter::draw()
        {
            let _ = self.trace.set(trace);
        }
    }

    /// The template of its address, where it has one.
    pub fn route(&self) -> Option<Arc<str>> {
        self.noted().route.clone()
    }

    /// How many errors were logged in it.
    pub fn errors(&self) -> u32 {
        self.noted().errors
    }

    pub(super) fn trace(&self) -> Option<&Trace> {
        self.trace.get()
    }

    pub(super) fn note_error(&self) {
        self.noted().errors += 1;
    }

    pub(super) fn note(&self, crumb: Breadcrumb) {
        let crumbs = &mut self.noted().crumbs;
        if crumbs.len() == CRUMBS {
            crumbs.remove(0);
        }
        crumbs.push(crumb);
    }

    /// What was noted so far, oldest first.
    pub(super) fn crumbs(&self) -> Vec<Breadcrumb> {
        self.noted().crumbs.clone()
    }

    pub(super) fn note_span(&self, span: Span) {
        let spans = &mut self.noted().spans;
        if spans.len() < SPANS {
            spans.push(span);
        }
    }

    pub(super) fn take_spans(&self) -> Vec<Span> {
        std::mem::take(&mut self.noted().spans)
    }

    /// Nothing that panics runs behind the lock.
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
