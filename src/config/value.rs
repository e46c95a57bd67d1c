//! What a setting's text may look like: one function or type for each kind of value.
//!
//! Each returns the value or what was expected, in words that end the sentence "expected …". None of them knows the
//! name of a setting or where the text came from.

use std::fmt;
use std::io::IsTerminal;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use rocket::http::uri::Absolute;

/// Text that is never shown: neither by `Debug` nor by a derived `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("set")
    }
}

/// Any text, kept out of sight.
pub fn secret(text: &str) -> Result<Secret, &'static str> {
    Ok(Secret(text.to_owned()))
}

/// `true` or `false`, also as `1`, `0`, `yes`, `no`, `on`, `off`, in any case.
pub fn boolean(text: &str) -> Result<bool, &'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("true or false"),
    }
}

/// A TCP port; 0 lets the system choose a free one.
pub fn port(text: &str) -> Result<u16, &'static str> {
    text.trim()
        .parse()
        .map_err(|_| "a port number from 0 to 65535")
}

/// A whole number from 1 to 1,000.
pub fn count(text: &str) -> Result<u32, &'static str> {
    text.trim()
        .parse()
        .ok()
        .filter(|count| (1..=1_000).contains(count))
        .ok_or("a whole number from 1 to 1000")
}

/// An IP address to bind, without a port.
pub fn address(text: &str) -> Result<IpAddr, &'static str> {
    text.trim()
        .trim_matches(['[', ']'])
        .parse()
        .map_err(|_| "an IP address such as 0.0.0.0, 127.0.0.1 or ::")
}

/// A path; it need not exist.
pub fn path(text: &str) -> Result<PathBuf, &'static str> {
    if text.contains('\0') {
        Err("a path without NUL")
    } else {
        Ok(PathBuf::from(text))
    }
}

/// A share from 0 to 1.
pub fn rate(text: &str) -> Result<f32, &'static str> {
    text.trim()
        .parse()
        .ok()
        .filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or("a number from 0 to 1")
}

/// Text on one line with something in it.
pub fn word(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        Err("text on one line")
    } else {
        Ok(text.to_owned())
    }
}

/// An e-mail address as far as its shape tells: something, one `@`, a host.
pub fn email(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let fits = text.len() <= 254
        && text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.starts_with('.') && !host.contains('@')
        })
        && text.chars().all(|c| {
            !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '"' | ',' | ';')
        });
    if fits {
        Ok(text.to_owned())
    } else {
        Err("an e-mail address such as homes@example.com")
    }
}

/// How often something is done: a time such as `24h`, `90m` or `1h 30m`, at least a minute; or `off`, which is never.
pub fn interval(text: &str) -> Result<Option<Duration>, &'static str> {
    const EXPECTED: &str = "a time of at least a minute such as 24h, 90m or 7d, or off";
    let text = text.trim();
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    // A day has 24 hours here: nothing depends on the calendar.
    let days = text
        .strip_suffix('d')
        .and_then(|days| days.trim().parse::<i64>().ok());
    let duration = match days {
        Some(days) => days.checked_mul(24).map(SignedDuration::from_hours),
        None => text.parse::<SignedDuration>().ok(),
    };
    let duration = duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or(EXPECTED)?;
    if duration < Duration::from_mins(1) || duration > Duration::from_hours(366 * 24) {
        Err(EXPECTED)
    } else {
        Ok(Some(duration))
    }
}

/// How often something is done, as an operator would have written it.
pub fn written_interval(interval: Option<Duration>) -> String {
    let Some(interval) = interval else {
        return "off".to_owned();
    };
    let seconds = interval.as_secs();
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (hours, 0, 0) => format!("{hours}h"),
        (0, minutes, 0) => format!("{minutes}m"),
        (hours, minutes, 0) => format!("{hours}h {minutes}m"),
        _ => format!("{seconds}s"),
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLevel(pub log::LevelFilter);

impl LogLevel {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.trim().parse() {
            Ok(log::LevelFilter::Off) | Err(_) => Err("error, warn, info, debug or trace"),
            Ok(level) => Ok(Self(level)),
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.as_str().to_ascii_lowercase())
    }
}

/// In which form a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, with stable keys.
    Json,
}

impl LogFormat {
    /// `text` or `json`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.trim().to_ascii_lowercase().as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("text or json"),
        }
    }

    /// Text where a person reads along, JSON where a machine collects.
    pub fn fitting() -> Self {
        if std::io::stdout().is_terminal() {
            Self::Text
        } else {
            Self::Json
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Scheme, host and port under which visitors know the site, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOrigin {
    text: String,
    host: String,
}

impl PublicOrigin {
    /// `https://www.example.com`, with or without a slash at the end.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "an origin without a path such as https://www.example.com";
        let url = Absolute::parse(text.trim()).map_err(|_| EXPECTED)?;
        let authority = url.authority().ok_or(EXPECTED)?;
        let bare = matches!(url.path().as_str(), "" | "/")
            && url.query().is_none()
            && authority.user_info().is_none();
        if !matches!(url.scheme(), "http" | "https") || authority.host().is_empty() || !bare {
            return Err(EXPECTED);
        }
        let host = authority.host().to_ascii_lowercase();
        let port = authority
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Ok(Self {
            text: format!("{}://{host}{port}", url.scheme()),
            host,
        })
    }

    /// The host in lower case, without the port.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for PublicOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
