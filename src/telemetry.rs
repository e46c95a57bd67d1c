//! What leaves the process to be read by its operators: log lines, numbers for Prometheus and, when a DSN is set, what
//! Sentry is told.
//!
//! A line is written once, where a failure is handled; an error line is also the Sentry event, so that the two can't
//! disagree. The request in which code runs is known here through its task, so that no caller has to hand it down. What
//! may leave for Sentry is decided in `telemetry/scrub.rs`. No model and no page is known here.

use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::time::SystemTime;

use log::LevelFilter;
use rocket::tokio::task_local;
use sentry::types::Dsn;

use crate::config::Config;
use crate::config::value::LogFormat;
use lines::Lines;
use request::Facts;

mod health;
mod lines;
pub mod metrics;
mod outbox;
pub mod post;
pub mod reporter;
pub mod request;
pub mod scrub;
mod traces;
mod writer;

/// The log target of panics, which carry a stack trace to Sentry.
const PANIC: &str = "oc_lettings::panic";

task_local! {
    static REQUEST: Arc<Facts>;
}

/// Runs a future as part of a request: what it logs and what it breaks names the request.
pub async fn during<F: Future>(facts: Arc<Facts>, future: F) -> F::Output {
    REQUEST.scope(facts, future).await
}

/// The same for work that waits for nothing.
pub fn within<T>(facts: &Arc<Facts>, work: impl FnOnce() -> T) -> T {
    REQUEST.sync_scope(Arc::clone(facts), work)
}

/// Takes the current request along into a future that may outlive its answer.
pub fn along<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let facts = current();
    async move {
        match facts {
            Some(facts) => REQUEST.scope(facts, future).await,
            None => future.await,
        }
    }
}

/// Takes the current request along to another thread.
pub fn carried<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let facts = current();
    move || match facts {
        Some(facts) => REQUEST.sync_scope(facts, work),
        None => work(),
    }
}

fn current() -> Option<Arc<Facts>> {
    REQUEST.try_with(Arc::clone).ok()
}

/// Something of a traced request that is being measured, until it is dropped.
#[must_use]
pub struct Running {
    facts: Arc<Facts>,
    name: &'static str,
    since: SystemTime,
}

/// Begins to measure something, if the current request is traced.
pub fn measure(name: &'static str) -> Option<Running> {
    let traced = |facts: &Arc<Facts>| facts.trace().is_some().then(|| Arc::clone(facts));
    let facts = REQUEST.try_with(traced).ok().flatten()?;
    Some(Running {
        facts,
        name,
        since: SystemTime::now(),
    })
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(trace) = self.facts.trace() {
            self.facts.note_span(trace.span(self.name, self.since));
        }
    }
}

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// `serve`: everything that the configuration asks for, on standard output.
    Server,
    /// Other commands: warnings and errors, on standard error, for people.
    Command,
}

/// Keeps Sentry alive; dropping it sends what is waiting, for a few seconds at most.
#[must_use]
pub struct Telemetry(());

/// Starts the log, the panic hook and Sentry. A DSN that cannot be parsed is a warning: it must not stop the site.
pub fn start(config: &Config, output: Output) -> Telemetry {
    let (level, format, writer) = match output {
        Output::Server => {
            let format = config.log_format;
            // Where no thread can be had, lines go to standard error.
            (config.log_level.0, format, lines::writer(format).ok())
        }
        Output::Command => (LevelFilter::Warn, LogFormat::Text, None),
    };
    // A second start, as in tests, keeps the first logger.
    if log::set_boxed_logger(Box::new(Lines {
        libraries: config.debug && level >= LevelFilter::Debug,
        level,
        format,
        writer,
    }))
    .is_ok()
    {
        log::set_max_level(level);
        std::panic::set_hook(Box::new(log_panic));
    }
    if let Some(dsn) = &config.sentry.dsn {
        match dsn.reveal().parse::<Dsn>() {
            Ok(dsn) => reporter::start(config, dsn),
            Err(error) => log::warn!(
                "SENTRY_DSN cannot be parsed ({error}): errors are only logged; copy the DSN from the project's settings"
            ),
        }
    }
    Telemetry(())
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        reporter::stop();
        log::logger().flush();
    }
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    log::error!(target: PANIC, "panicked at {place}: {message}");
    // What panics while it panics ends the process at once.
    log::logger().flush();
}
