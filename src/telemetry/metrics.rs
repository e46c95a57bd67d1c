//! The numbers for Prometheus: what is counted while the site runs, and how it is written down.
//!
//! What only has to be looked at when somebody asks, such as the size of files, comes with the question
//! (`pages/metrics.rs`). Labels are few on purpose: an address counts under its template, and all addresses that are
//! none of ours count under one name.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::{
    EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, prometheus_text,
};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::error::{Context, Result};

mod process;

/// The type under which Prometheus reads the text.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;
/// What counts for all methods that are none of these.
const OTHER: &str = "other";
/// The methods that count by their names.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT",
];
/// The template of addresses that are none of ours, and of requests that nobody could read.
const UNKNOWN: &str = "unknown";
/// Upper ends of the times that requests take, in seconds: pages take about a millisecond, sign-ins half a second.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// What became of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// It succeeded.
    Ok,
    /// Name or password was wrong.
    Refused,
    /// It came too soon after others that failed.
    HeldBack,
}

/// What is looked at when somebody asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The bytes of the database's file.
    pub database: u64,
    /// The bytes of the write-ahead log beside it.
    pub write_ahead_log: u64,
    /// How long ago the newest backup was made, if there is one.
    pub newest_backup: Option<Duration>,
}

/// The numbers of this process.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Address, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    sign_ins: Family<Tried, Counter>,
    unknown: Template,
    since: SystemTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: Template,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Address {
    route: Template,
}

/// The template of an address, which all requests for it share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Template(Arc<str>);

impl EncodeLabelValue for Template {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        (&*self.0).encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tried {
    outcome: &'static str,
}

/// A request that is being answered; it is one less in flight once this is dropped.
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All numbers at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("oc_lettings"),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            in_flight: Gauge::default(),
            sign_ins: Family::default(),
            unknown: Template(UNKNOWN.into()),
            since: SystemTime::now(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let build = Info::new([
            ("version", env!("CARGO_PKG_VERSION")),
            ("commit", env!("OC_LETTINGS_COMMIT")),
            ("target", env!("OC_LETTINGS_TARGET")),
        ]);
        let registry = &mut self.registry;
        registry.register("build", "What is running", build);
        registry.register(
            "http_requests",
            "Requests answered, by method, template of the address and status",
            self.requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's arrival to its answer, by template of the address",
            self.durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            self.in_flight.clone(),
        );
        registry.register(
            "sign_ins",
            "Sign-ins, by outcome: ok, refused, held_back",
            self.sign_ins.clone(),
        );
        // An alarm needs the zero before the first one.
        for outcome in [SignIn::Ok, SignIn::Refused, SignIn::HeldBack] {
            let _ = self.sign_ins.get_or_create(&outcome.into());
        }
    }

    /// A request begins to be answered.
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A request was answered. However many methods and addresses are tried, they count under few names.
    pub fn answered(&self, method: &str, route: Option<&Arc<str>>, status: u16, took: Duration) {
        let method = METHODS.into_iter().find(|known| *known == method);
        let method = method.unwrap_or(OTHER);
        let route = route.map_or_else(|| self.unknown.clone(), |route| Template(Arc::clone(route)));
        let address = Address {
            route: route.clone(),
        };
        self.durations
            .get_or_create(&address)
            .observe(took.as_secs_f64());
        let answered = Answered {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&answered).inc();
    }

    /// Somebody was told something before a request of theirs could be read. How long that took says nothing of pages.
    pub fn refused(&self, status: u16) {
        let refused = Answered {
            method: OTHER,
            route: self.unknown.clone(),
            status,
        };
        self.requests.get_or_create(&refused).inc();
    }

    /// Somebody tried to sign in.
    pub fn signed_in(&self, outcome: SignIn) {
        self.sign_ins.get_or_create(&outcome.into()).inc();
    }

    /// Everything in Prometheus' text form.
    pub fn text(&self, seen: &Seen) -> Result<String> {
        let mut text = String::with_capacity(16 * 1024);
        prometheus_text::encode(&mut text, &self.registry)
            .and_then(|()| prometheus_text::encode(&mut text, &self.looked_at(seen)))
            .context("write the metrics")?;
        Ok(text)
    }

    /// What is not counted but looked at. There is no number for what cannot be seen.
    fn looked_at(&self, seen: &Seen) -> Registry {
        let mut registry = Registry::default();
        let mut gauge = |name: &str, help: &str, value: Option<f64>| {
            if let Some(value) = value {
                let gauge: Gauge<f64, AtomicU64> = Gauge::default();
                gauge.set(value);
                registry.register(name, help, gauge);
            }
        };
        gauge(
            "oc_lettings_database_bytes",
            "Size of the database's file",
            Some(float(seen.database)),
        );
        gauge(
            "oc_lettings_database_wal_bytes",
            "Size of the write-ahead log beside the database",
            Some(float(seen.write_ahead_log)),
        );
        gauge(
            "oc_lettings_backup_age_seconds",
            "Age of the newest backup that the server made by itself",
            seen.newest_backup.map(|age| age.as_secs_f64()),
        );
        let since = self.since.duration_since(UNIX_EPOCH).ok();
        gauge(
            "process_start_time_seconds",
            "Start of the process in seconds since 1970",
            since.map(|since| since.as_secs_f64()),
        );
        gauge(
            "process_resident_memory_bytes",
            "Memory of the process that is resident",
            process::resident_memory().map(float),
        );
        gauge(
            "process_open_fds",
            "Open file descriptors of the process",
            process::open_files().map(float),
        );
        gauge(
            "process_max_fds",
            "File descriptors that the process may open",
            process::most_files().map(float),
        );
        registry
    }
}

impl From<SignIn> for Tried {
    fn from(outcome: SignIn) -> Self {
        let outcome = match outcome {
            SignIn::Ok => "ok",
            SignIn::Refused => "refused",
            SignIn::HeldBack => "held_back",
        };
        Self { outcome }
    }
}

/// Prometheus knows no other numbers; beyond 2^53 bytes the last digits do not matter.
#[expect(
    clippy::cast_precision_loss,
    reason = "nothing here comes near 2^53, and a gauge would not suffer from it"
)]
fn float(number: u64) -> f64 {
    number as f64
}
