//! Sentry's client of this process: what is told to it, and under which names.
//!
//! There is one, as there is one log; without a DSN there is none, and whoever asks finds that out at once. An event is
//! made of an error line and of nothing else, so that the two cannot disagree. What may leave is decided in
//! `telemetry/scrub.rs`, how it leaves in `telemetry/outbox.rs`.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use log::Record;
use sentry::Level;
use sentry::integrations::backtrace::current_stacktrace;
use sentry::protocol::{
    Breadcrumb, DynamicSamplingContext, Envelope, EnvelopeHeaders, Event, Exception, Mechanism,
    Request, Stacktrace, Url,
};
use sentry::types::Dsn;

use super::health::{Health, Outcome};
use super::outbox::Outbox;
use super::request::Facts;
use super::traces::Trace;
use super::{PANIC, scrub};
use crate::config::Config;

/// How long the end waits for what is not sent yet.
const FAREWELL: Duration = Duration::from_secs(2);

static REPORTER: RwLock<Option<Arc<Reporter>>> = RwLock::new(None);

pub(super) struct Reporter {
    client: Arc<sentry::Client>,
    rate: f32,
    origin: Option<Url>,
    health: Health,
}

/// From here on this process reports there.
pub(super) fn start(config: &Config, dsn: Dsn) {
    let reporter = Reporter {
        client: Arc::new(sentry::Client::with_options(options(config, dsn))),
        rate: config.sentry.traces_sample_rate,
        origin: origin(config),
        health: Health::default(),
    };
    *REPORTER.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(reporter));
}

/// Sends what is waiting, for a moment, and reports no more.
pub(super) fn stop() {
    let reporter = REPORTER
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(reporter) = reporter {
        reporter.tell_health();
        reporter.client.close(Some(FAREWELL));
    }
}

pub(super) fn current() -> Option<Arc<Reporter>> {
    REPORTER
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Throws the dice for a request: whether it is traced.
pub(super) fn draw() -> Option<Trace> {
    let reporter = REPORTER.read().unwrap_or_else(PoisonError::into_inner);
    reporter.as_ref()?.draw()
}

/// A request was answered: it counts for the health of the release, and is told where it is traced.
pub fn answered(facts: &Facts, status: u16, took: Duration) {
    let Some(reporter) = current() else {
        return;
    };
    reporter.health.count(Outcome::of(status, facts.errors()));
    if let Some(trace) = facts.trace() {
        reporter.tell_trace(trace, facts, status, took);
    }
}

/// A request was answered before any handler was asked: the same, but that nothing can have been noted. What is known of
/// it is asked for only where it is traced, which needs the template of its address.
pub fn answered_at_once(
    status: u16,
    took: Duration,
    route: Option<&Arc<str>>,
    facts: impl FnOnce() -> Facts,
) {
    let Some(reporter) = current() else {
        return;
    };
    reporter.health.count(Outcome::of(status, 0));
    if let Some(route) = route
        && let Some(trace) = reporter.draw()
    {
        let facts = facts();
        facts.enter(route, false);
        reporter.tell_trace(&trace, &facts, status, took);
    }
}

/// Tells how requests went since the last time; the server does it once a minute, and at its end.
pub fn tell_health() {
    if let Some(reporter) = current() {
        reporter.tell_health();
    }
}

/// How this binary names itself to Sentry: `oc-lettings@<version>+<commit>`.
pub fn release() -> String {
    format!(
        "oc-lettings@{}+{}",
        env!("CARGO_PKG_VERSION"),
        env!("OC_LETTINGS_COMMIT")
    )
}

/// The event that says the pipe works, for `check --sentry`.
pub fn test_event(config: &Config) -> Event<'static> {
    scrub::event(Event {
        message: Some("oc-lettings check --sentry: a test event, nothing is wrong".to_owned()),
        level: Level::Info,
        release: Some(release().into()),
        environment: Some(config.sentry.environment.clone().into()),
        ..Event::default()
    })
}

/// Sentry's client: nothing personal, no default integrations, only what is handed to it.
fn options(config: &Config, dsn: Dsn) -> sentry::ClientOptions {
    let mut options = sentry::ClientOptions::default();
    options.dsn = Some(dsn);
    options.release = Some(release().into());
    options.environment = Some(config.sentry.environment.clone().into());
    options.default_integrations = false;
    options.send_default_pii = false;
    options.shutdown_timeout = FAREWELL;
    options.transport = Some(Arc::new(Outbox));
    options.before_send = Some(Arc::new(|event| Some(scrub::event(event))));
    options
}

/// What a log line says of the way to a later error.
pub(super) fn crumb(record: &Record<'_>) -> Breadcrumb {
    Breadcrumb {
        category: Some(record.target().to_owned()),
        level: match record.level() {
            log::Level::Error => Level::Error,
            log::Level::Warn => Level::Warning,
            log::Level::Info => Level::Info,
            log::Level::Debug | log::Level::Trace => Level::Debug,
        },
        message: Some(scrub::words(&record.args().to_string())),
        ..Breadcrumb::default()
    }
}

fn panic(words: String) -> Exception {
    Exception {
        ty: "panic".to_owned(),
        value: Some(words),
        stacktrace: current_stacktrace().filter(is_telling),
        mechanism: Some(Mechanism {
            ty: "panic".to_owned(),
            handled: Some(false),
            ..Mechanism::default()
        }),
        ..Exception::default()
    }
}

/// A stack of a binary without symbols is a hundred times `<unknown>`, by which all panics would look the same.
fn is_telling(stack: &Stacktrace) -> bool {
    let mut names = stack
        .frames
        .iter()
        .filter_map(|frame| frame.function.as_deref());
    names.any(|name| name != "<unknown>")
}

/// Where addresses in events begin. What a request says of its host is not taken over.
fn origin(config: &Config) -> Option<Url> {
    let written = match &config.site_url {
        Some(url) => url.to_string(),
        None => format!("http://{}", config.listen),
    };
    written.parse().ok()
}

impl Reporter {
    /// Throws the dice, if there is anything to be won.
    fn draw(&self) -> Option<Trace> {
        let is_drawn = self.rate > 0.0 && self.client.sample_should_send(self.rate);
        is_drawn.then(|| Trace::begin(self.rate))
    }

    /// Reports an error line, with what was logged before it in its request.
    pub(super) fn report(&self, record: &Record<'_>, facts: Option<&Facts>) {
        self.client.capture_event(self.event(record, facts), None);
    }

    fn event(&self, record: &Record<'_>, facts: Option<&Facts>) -> Event<'static> {
        let words = record.args().to_string();
        let mut event = Event {
            level: Level::Error,
            logger: Some(record.target().to_owned()),
            ..Event::default()
        };
        if record.target() == PANIC {
            event.level = Level::Fatal;
            event.exception = vec![panic(words)].into();
        } else {
            event.message = Some(words);
        }
        let Some(facts) = facts else {
            return event;
        };
        // Our own ids are UUIDs, so that the reference on the page finds the event too; a second one in the same
        // request gets an id of its own.
        if facts.errors() <= 1
            && let Ok(id) = facts.request_id.parse()
        {
            event.event_id = id;
        }
        event
            .tags
            .insert("request_id".to_owned(), facts.request_id.clone());
        event.transaction = facts.route().map(|route| route.to_string());
        event.request = Some(self.request(facts));
        event.breadcrumbs = facts.crumbs().into();
        if let Some(trace) = facts.trace() {
            event
                .contexts
                .insert("trace".to_owned(), trace.context().into());
        }
        event
    }

    /// What is told of a request.
    fn request(&self, facts: &Facts) -> Request {
        let mut url = self.origin.clone();
        if let Some(url) = &mut url {
            url.set_path(&facts.path);
        }
        scrub::request(Request {
            url,
            method: Some(facts.method.clone()),
            ..Request::default()
        })
    }

    fn tell_trace(&self, trace: &Trace, facts: &Facts, status: u16, took: Duration) {
        let options = self.client.options();
        let mut transaction = trace.transaction(facts, self.request(facts), status, took);
        transaction.release.clone_from(&options.release);
        transaction.environment.clone_from(&options.environment);
        let mut sampling = DynamicSamplingContext::new()
            .with_trace_id(trace.id())
            .with_sample_rate(trace.rate)
            .with_sampled(true);
        if let Some(dsn) = self.client.dsn() {
            sampling = sampling.with_public_key(dsn.public_key().to_owned());
        }
        let headers = EnvelopeHeaders::new().with_trace(sampling);
        let mut envelope = Envelope::new().with_headers(headers);
        envelope.add_item(transaction);
        self.client.send_envelope(envelope);
    }

    fn tell_health(&self) {
        let environment = self.client.options().environment.clone();
        if let Some(told) = self.health.take(release(), environment) {
            let mut envelope = Envelope::new();
            envelope.add_item(told);
            self.client.send_envelope(envelope);
        }
    }
}
