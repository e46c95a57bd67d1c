//! The log: one line per event, for people as text or for programs as JSON, always in one line.
//!
//! The keys of JSON stand in one order: `ts level msg`, then the request's `request_id method path` where there is one,
//! then the line's own. An error line is also handed to Sentry, any other is noted for what may follow in its request.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use log::kv::{self, Key, Value, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record};
use serde::Serialize;

use super::reporter;
use super::request::Facts;
use super::writer::Writer;
use crate::clock;
use crate::config::value::LogFormat;

/// The log's one implementation.
pub(super) struct Lines {
    /// Whether libraries speak as well: only to developers, for Rocket's lines hold whole addresses, tokens and queries
    /// included, and say in five what ours say in one.
    pub(super) libraries: bool,
    pub(super) level: LevelFilter,
    pub(super) format: LogFormat,
    /// Where lines go; without one to standard error, at once.
    pub(super) writer: Option<Writer>,
}

/// A thread that writes lines of this form to standard output.
pub(super) fn writer(format: LogFormat) -> io::Result<Writer> {
    Writer::start(move |count| {
        let fields = [("dropped", count)];
        written(
            format,
            &Record::builder()
                .level(Level::Warn)
                .key_values(&fields)
                .args(format_args!(
                    "{count} lines of the log were dropped: standard output took them too slowly"
                ))
                .build(),
            None,
        )
    })
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.level && (is_ours(metadata.target()) || self.libraries)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let facts = super::current();
        let facts = facts.as_deref();
        let line = written(self.format, record, facts);
        match &self.writer {
            Some(writer) => writer.take(&line),
            // A log that cannot be written has nowhere to complain.
            None => drop(io::stderr().lock().write_all(&line)),
        }
        if is_ours(record.target()) {
            note(record, facts);
        }
    }

    fn flush(&self) {
        if let Some(writer) = &self.writer {
            writer.flush();
        }
    }
}

/// What Rocket's attributes write into our code goes to `<module>::_`.
fn is_ours(target: &str) -> bool {
    target.starts_with("oc_lettings") && !target.ends_with("::_")
}

/// An error is reported; anything else may explain the error that follows it in the same request.
fn note(record: &Record<'_>, facts: Option<&Facts>) {
    let is_error = record.level() == Level::Error;
    if let Some(facts) = facts
        && is_error
    {
        facts.note_error();
    }
    if !is_error && facts.is_none() {
        return;
    }
    let Some(reporter) = reporter::current() else {
        return;
    };
    if is_error {
        reporter.report(record, facts);
    }
    if let Some(facts) = facts {
        facts.note(reporter::crumb(record));
    }
}

fn written(format: LogFormat, record: &Record<'_>, facts: Option<&Facts>) -> Vec<u8> {
    match format {
        LogFormat::Json => json(record, facts),
        LogFormat::Text => text(record, facts),
    }
}

/// One line of JSON with its end. The keys are ours, and plain words; so only values are put by `serde_json`.
fn json(record: &Record<'_>, facts: Option<&Facts>) -> Vec<u8> {
    let mut line = Vec::with_capacity(512);
    line.extend_from_slice(b"{\"ts\":\"");
    line.extend_from_slice(clock::now().as_bytes());
    line.extend_from_slice(b"\",\"level\":\"");
    line.extend_from_slice(level(record.level()).as_bytes());
    line.extend_from_slice(b"\",\"msg\":");
    // Texts and numbers can be written, and memory takes them.
    let _ = match record.args().as_str() {
        Some(text) => serde_json::to_writer(&mut line, text),
        None => serde_json::to_writer(&mut line, &record.args().to_string()),
    };
    each(record, facts, |key, value| {
        line.extend_from_slice(b",\"");
        line.extend_from_slice(key.as_bytes());
        line.extend_from_slice(b"\":");
        let _ = serde_json::to_writer(&mut line, &value);
    });
    line.extend_from_slice(b"}\n");
    line
}

/// One line of text with its end.
fn text(record: &Record<'_>, facts: Option<&Facts>) -> Vec<u8> {
    let mut line = format!("{} {:5} ", clock::now(), record.level());
    // A String takes any text.
    let _ = write!(OneLine(&mut line), "{}", record.args());
    each(record, facts, |key, value| {
        let _ = match value {
            Field::Number(number) => write!(line, " {key}={number}"),
            Field::Signed(number) => write!(line, " {key}={number}"),
            Field::Fraction(number) => write!(line, " {key}={number}"),
            Field::Flag(flag) => write!(line, " {key}={flag}"),
            Field::Text(text) => {
                write!(line, " {key}=").and_then(|()| OneLine(&mut line).write_str(&text))
            }
        };
    });
    line.push('\n');
    line.into_bytes()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}

/// A log line is one line, whatever a visitor sent: control characters are written as escapes.
struct OneLine<'a>(&'a mut String);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if c.is_control() {
                self.0.extend(c.escape_default());
            } else {
                self.0.push(c);
            }
        }
        Ok(())
    }
}

/// The value of a field.
#[derive(Serialize)]
#[serde(untagged)]
enum Field<'v> {
    Number(u64),
    Signed(i64),
    Fraction(f64),
    Flag(bool),
    Text(Cow<'v, str>),
}

impl<'v> Field<'v> {
    fn of(value: &Value<'v>) -> Self {
        if let Some(text) = value.to_borrowed_str() {
            Self::Text(text.into())
        } else if let Some(number) = value.to_u64() {
            Self::Number(number)
        } else if let Some(number) = value.to_i64() {
            Self::Signed(number)
        } else if let Some(number) = value.to_f64() {
            Self::Fraction(number)
        } else if let Some(flag) = value.to_bool() {
            Self::Flag(flag)
        } else {
            Self::Text(value.to_string().into())
        }
    }
}

/// Names the request's fields and then the line's own, which cannot speak for the request.
fn each(record: &Record<'_>, facts: Option<&Facts>, mut write: impl FnMut(&str, Field<'_>)) {
    let known = facts.map(|facts| {
        [
            ("request_id", facts.request_id.as_str()),
            ("method", facts.method.as_str()),
            ("path", facts.path.as_str()),
        ]
    });
    for (key, text) in known.into_iter().flatten() {
        write(key, Field::Text(text.into()));
    }
    let mut own = Own(|key: &str, value: Field<'_>| {
        let is_known = known.is_some_and(|known| known.iter().any(|(known, _)| *known == key));
        if !is_known {
            write(key, value);
        }
    });
    // The visitor never fails.
    let _ = record.key_values().visit(&mut own);
}

struct Own<W>(W);

impl<'kvs, W: FnMut(&str, Field<'_>)> VisitSource<'kvs> for Own<W> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        (self.0)(key.as_str(), Field::of(&value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<T>(see: impl FnOnce(&Record<'_>) -> T) -> T {
        see(&Record::builder()
            .args(format_args!("x\r\ny\u{1b}[31m"))
            .level(Level::Warn)
            .key_values(&[("path", "forged\n"), ("host", "a\nb")])
            .build())
    }

    #[test]
    fn a_line_stays_one_line_whatever_it_says() {
        let line = String::from_utf8(record(|record| text(record, None))).unwrap();
        assert!(
            line.ends_with(" WARN  x\\r\\ny\\u{1b}[31m path=forged\\n host=a\\nb\n"),
            "{line:?}"
        );
        let line = String::from_utf8(record(|record| json(record, None))).unwrap();
        let rest = line.split_once(r#","level""#).unwrap().1;
        let expected =
            r#":"warn","msg":"x\r\ny\u001b[31m","path":"forged\n","host":"a\nb"}"#.to_owned();
        assert_eq!(rest, expected + "\n");
    }

    #[test]
    fn a_line_does_not_speak_for_its_request() {
        let facts = Facts::new("id".to_owned(), "GET".to_owned(), "/".to_owned());
        let line = String::from_utf8(record(|record| json(record, Some(&facts)))).unwrap();
        assert!(
            line.contains(r#""request_id":"id","method":"GET","path":"/","host":"#),
            "{line}"
        );
        assert!(!line.contains("forged"), "{line}");
    }
}
