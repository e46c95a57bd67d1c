//! What leaves the process to be read by its operators: log lines and, when a DSN is set, Sentry events.
//!
//! A line is written once, where a failure is handled; an error line is also the Sentry event, so that the two can't
//! disagree. The request in which code runs is known here through its task, so that no caller has to hand it down.
//! What an event may hold is decided in `telemetry/scrub.rs`. No model and no page is known here.

use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::time::Duration;

use log::kv::{self, Key, Value, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record};
use rocket::tokio::task_local;
use sentry::protocol::{Event, Exception, Request};
use sentry::transports::UreqHttpTransportOptions;
use sentry::types::Dsn;
use sentry::{Transport, TransportFactory, TransportOptions};
use serde_json::{Map, Value as Json};

use crate::config::Config;
use crate::config::value::LogFormat;

pub mod scrub;

/// The log target of panics, which carry a stack trace to Sentry.
const PANIC: &str = "oc_lettings::panic";

/// What is known of a request while it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The request's id: ours, or the one that a trusted proxy gave.
    pub request_id: String,
    /// The method as it was asked.
    pub method: String,
    /// The path without its query, secrets in it masked.
    pub path: String,
}

task_local! {
    static REQUEST: Arc<Facts>;
}

/// Runs a future as part of a request: what it logs and what it breaks names the request.
pub async fn during<F: Future>(facts: Arc<Facts>, future: F) -> F::Output {
    REQUEST.scope(facts, future).await
}

/// Takes the current request along into a future that may outlive its answer.
pub fn along<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let facts = REQUEST.try_with(Arc::clone).ok();
    async move {
        match facts {
            Some(facts) => REQUEST.scope(facts, future).await,
            None => future.await,
        }
    }
}

/// Takes the current request along to another thread.
pub fn carried<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let facts = REQUEST.try_with(Arc::clone).ok();
    move || match facts {
        Some(facts) => REQUEST.sync_scope(facts, work),
        None => work(),
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

/// How long the end waits for events that are not sent yet.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long sending one event may take. The end waits for the one that is on its way, whatever Sentry's own limit
/// for the end is, and by default that is for ever.
const SENDING: Duration = Duration::from_secs(5);

/// Keeps Sentry alive; dropping it sends what is waiting, for a few seconds at most.
#[must_use]
pub struct Telemetry {
    _sentry: sentry::ClientInitGuard,
}

/// Starts the log, the panic hook and Sentry. A DSN that cannot be parsed is a warning: it must not stop the site.
pub fn start(config: &Config, output: Output) -> Telemetry {
    let (level, format) = match output {
        Output::Server => (config.log_level.0, config.log_format),
        Output::Command => (LevelFilter::Warn, LogFormat::Text),
    };
    // A second start, as in tests, keeps the first logger.
    if log::set_boxed_logger(Box::new(Lines {
        level,
        format,
        output,
    }))
    .is_ok()
    {
        log::set_max_level(level);
        std::panic::set_hook(Box::new(log_panic));
    }
    let dsn = match config
        .sentry
        .dsn
        .as_ref()
        .map(|dsn| dsn.reveal().parse::<Dsn>())
    {
        Some(Ok(dsn)) => Some(dsn),
        Some(Err(error)) => {
            log::warn!(
                "SENTRY_DSN cannot be parsed ({error}): errors are only logged; copy the DSN from the project's settings"
            );
            None
        }
        None => None,
    };
    Telemetry {
        _sentry: sentry::init(options(config, dsn)),
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

/// Sentry's client: nothing personal, no default integrations, only what this module hands it.
pub fn options(config: &Config, dsn: Option<Dsn>) -> sentry::ClientOptions {
    let mut options = sentry::ClientOptions::default();
    options.dsn = dsn;
    options.release = Some(release().into());
    options.environment = Some(config.sentry.environment.clone().into());
    options.default_integrations = false;
    options.send_default_pii = false;
    options.shutdown_timeout = FAREWELL;
    options.transport = Some(Arc::new(Bounded));
    options.before_send = Some(Arc::new(|event| Some(scrub::event(event))));
    options
}

/// Makes Sentry's own transport with a limit of time.
struct Bounded;

impl TransportFactory for Bounded {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(SENDING))
            .build()
            .new_agent();
        let options = UreqHttpTransportOptions::from(options).with_agent(agent);
        Arc::new(options.build())
    }
}

/// The event that says the pipe works, for `check --sentry`.
pub fn test_event(config: &Config) -> Event<'static> {
    scrub::event(Event {
        message: Some("oc-lettings check --sentry: a test event, nothing is wrong".to_owned()),
        level: sentry::Level::Info,
        release: Some(release().into()),
        environment: Some(config.sentry.environment.clone().into()),
        ..Event::default()
    })
}

/// The log's one implementation.
struct Lines {
    level: LevelFilter,
    format: LogFormat,
    output: Output,
}

impl Log for Lines {
    /// Libraries speak only to developers: Rocket's own lines say in five what ours say in one.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What Rocket's attributes write into our code goes to `<module>::_`.
        let ours =
            metadata.target().starts_with("oc_lettings") && !metadata.target().ends_with("::_");
        metadata.level() <= self.level && (ours || self.level >= LevelFilter::Debug)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let fields = fields(record);
        let line = match self.format {
            LogFormat::Json => json_line(record, &fields),
            LogFormat::Text => text_line(record, &fields),
        };
        // A log that cannot be written has nowhere to complain.
        let _ = match self.output {
            Output::Server => std::io::stdout().lock().write_all(line.as_bytes()),
            Output::Command => std::io::stderr().lock().write_all(line.as_bytes()),
        };
        if record.level() == Level::Error && record.target().starts_with("oc_lettings") {
            report(record, &fields);
        }
    }

    fn flush(&self) {
        let _ = std::io::stdout().flush();
    }
}

/// The line's own fields, and those of the request it is written in.
fn fields(record: &Record<'_>) -> Map<String, Json> {
    let mut collected = Collected(Map::new());
    // Collecting into a map cannot fail.
    let _ = record.key_values().visit(&mut collected);
    let mut fields = collected.0;
    let _ = REQUEST.try_with(|facts| {
        let known = [
            ("request_id", &facts.request_id),
            ("method", &facts.method),
            ("path", &facts.path),
        ];
        for (key, text) in known {
            fields
                .entry(key)
                .or_insert_with(|| Json::from(text.as_str()));
        }
    });
    fields
}

struct Collected(Map<String, Json>);

impl<'kvs> VisitSource<'kvs> for Collected {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let json = if let Some(number) = value.to_u64() {
            Json::from(number)
        } else if let Some(number) = value.to_i64() {
            Json::from(number)
        } else if let Some(number) = value.to_f64() {
            Json::from(number)
        } else if let Some(flag) = value.to_bool() {
            Json::from(flag)
        } else {
            Json::from(value.to_string())
        };
        self.0.insert(key.to_string(), json);
        Ok(())
    }
}

fn json_line(record: &Record<'_>, fields: &Map<String, Json>) -> String {
    let mut line = Map::new();
    line.insert("ts".to_owned(), Json::from(crate::clock::now()));
    line.insert(
        "level".to_owned(),
        Json::from(record.level().as_str().to_ascii_lowercase()),
    );
    line.insert("msg".to_owned(), Json::from(record.args().to_string()));
    for (key, value) in fields {
        line.entry(key).or_insert_with(|| value.clone());
    }
    format!("{}\n", Json::Object(line))
}

fn text_line(record: &Record<'_>, fields: &Map<String, Json>) -> String {
    let mut line = format!(
        "{} {:5} {}",
        crate::clock::now(),
        record.level(),
        one_line(&record.args().to_string())
    );
    for (key, value) in fields {
        let written = match value {
            Json::String(text) => write!(line, " {key}={}", one_line(text)),
            other => write!(line, " {key}={other}"),
        };
        written.expect("a String takes any text");
    }
    line.push('\n');
    line
}

/// A log line is one line, whatever a visitor sent: control characters are written as escapes.
fn one_line(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.chars()
            .flat_map(|c| {
                if c.is_control() {
                    c.escape_default().collect()
                } else {
                    vec![c]
                }
            })
            .collect()
    } else {
        text.to_owned()
    }
}

fn report(record: &Record<'_>, fields: &Map<String, Json>) {
    let hub = sentry::Hub::main();
    if !hub.client().is_some_and(|client| client.is_enabled()) {
        return;
    }
    hub.capture_event(event_of(record, fields));
}

fn event_of(record: &Record<'_>, fields: &Map<String, Json>) -> Event<'static> {
    let text = |key: &str| fields.get(key).and_then(Json::as_str).map(str::to_owned);
    let mut event = Event {
        level: sentry::Level::Error,
        logger: Some(record.target().to_owned()),
        ..Event::default()
    };
    if let Some(id) = text("request_id") {
        // Our own ids are UUIDs, so that the reference on the page finds the event too.
        if let Ok(uuid) = id.parse() {
            event.event_id = uuid;
        }
        event.tags.insert("request_id".to_owned(), id);
        event.request = Some(Request {
            method: text("method"),
            ..Request::default()
        });
        event.transaction = text("path");
    }
    if record.target() == PANIC {
        event.exception.values.push(Exception {
            ty: "panic".to_owned(),
            value: Some(record.args().to_string()),
            stacktrace: sentry::integrations::backtrace::current_stacktrace(),
            ..Exception::default()
        });
    } else {
        event.message = Some(record.args().to_string());
    }
    event
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_whatever_it_says() {
        assert_eq!(one_line("a\r\nb\u{1b}[31m"), "a\\r\\nb\\u{1b}[31m");
        let record = Record::builder()
            .args(format_args!("x\ny"))
            .level(Level::Warn)
            .build();
        assert_eq!(text_line(&record, &Map::new()).lines().count(), 1);
        assert_eq!(json_line(&record, &Map::new()).lines().count(), 1);
    }

    #[test]
    fn an_error_event_carries_the_request_and_finds_itself_by_the_reference() {
        let mut fields = Map::new();
        fields.insert(
            "request_id".into(),
            Json::from("0123456789abcdef0123456789abcdef"),
        );
        fields.insert("method".into(), Json::from("GET"));
        fields.insert("path".into(), Json::from("/lettings/"));
        let record = Record::builder()
            .args(format_args!("it broke"))
            .level(Level::Error)
            .target("oc_lettings::web")
            .build();
        let event = event_of(&record, &fields);
        assert_eq!(
            event.event_id.to_string().replace('-', ""),
            "0123456789abcdef0123456789abcdef"
        );
        assert_eq!(event.transaction.as_deref(), Some("/lettings/"));
        assert_eq!(event.request.unwrap().method.as_deref(), Some("GET"));
        assert_eq!(event.message.as_deref(), Some("it broke"));
    }
}
