//! Where settings come from, and which source wins: defaults, Render, the file, the environment.
//!
//! The text of each setting and its source come out; what the text means is decided in `config.rs`. Figment does the
//! merging and remembers the sources, on text only: its own guessing would turn a password of digits into a number.

use std::fmt;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::Environment;
use crate::error::{Error, Result};

/// Each setting, in the order of the documentation. The file's keys are these in lower case.
pub const NAMES: &[&str] = &[
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "SITE_URL",
    "PORT",
    "BIND",
    "DATABASE",
    "SENTRY_DSN",
    "SENTRY_ENVIRONMENT",
    "SENTRY_TRACES_SAMPLE_RATE",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "ADMIN_USERNAME",
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
    "CONTACT_EMAIL",
    "METRICS_TOKEN",
    "TRUSTED_PROXIES",
    "BACKUP_DIR",
    "BACKUP_KEEP",
    "BACKUP_EVERY",
    "CACHE_MB",
];

/// Settings that are never shown, and that may come from a file of their own by `NAME_FILE`.
pub const SECRETS: &[&str] = &[
    "SECRET_KEY",
    "SENTRY_DSN",
    "ADMIN_PASSWORD",
    "METRICS_TOKEN",
];

/// Lists, which the file may also write as arrays.
const LISTS: &[&str] = &["ALLOWED_HOSTS", "TRUSTED_PROXIES"];

const DEFAULTS: &[(&str, &str)] = &[
    ("DEBUG", "false"),
    ("ALLOWED_HOSTS", "localhost,.localhost,127.0.0.1,[::1]"),
    ("PORT", "8000"),
    ("DATABASE", "data/oc-lettings.sqlite3"),
    ("SENTRY_TRACES_SAMPLE_RATE", "0"),
    ("LOG_LEVEL", "info"),
    ("BACKUP_KEEP", "7"),
    ("BACKUP_EVERY", "24h"),
    ("CACHE_MB", "16"),
];

/// Where a value comes from, as `config` shows it and as refusals name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// Render's own variables imply it.
    Render,
    /// Made at first start and kept in the database.
    Generated,
    /// The configuration file.
    File(PathBuf),
    /// A variable.
    Env(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Render => f.write_str("render"),
            Self::Generated => f.write_str("generated"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "env {name}"),
        }
    }
}

/// The merged texts, not yet understood.
pub struct Raw {
    figment: Figment,
    file: Option<PathBuf>,
}

/// The process's environment. A value that is no UTF-8 is refused only where a setting would read it.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub fn environment() -> Result<Environment> {
    let mut environment = Environment::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) => {
                environment.insert(name, value);
            }
            Err(_) if is_ours(&name) => {
                return Err(Error::Refused(format!(
                    "{name} (env {name}) is not valid UTF-8, expected plain text"
                )));
            }
            Err(_) => {}
        }
    }
    Ok(environment)
}

fn is_ours(name: &str) -> bool {
    NAMES.contains(&name)
        || SECRETS
            .iter()
            .any(|secret| name.strip_suffix("_FILE") == Some(secret))
}

impl Raw {
    /// Reads all sources; the file is `oc-lettings.toml` in `folder`, or the one that `OC_LETTINGS_CONFIG` names.
    pub fn gather(environment: &Environment, folder: &Path) -> Result<Self> {
        let file = file_path(environment, folder)?;
        let mut figment = Figment::from(Layer::new(
            "default",
            DEFAULTS.iter().map(|&(name, text)| (name, text.to_owned())),
        ))
        .merge(Layer::new("render", render(environment)));
        if let Some(path) = &file {
            figment = figment.merge(Layer::new("file", file_texts(path)?));
        }
        let figment = figment
            .merge(Layer::new("env", variables(environment)))
            .merge(Layer::new("env file", variable_files(environment)?));
        Ok(Self { figment, file })
    }

    /// The setting in its type, or nothing when no source sets it.
    pub fn optional<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        parse(&text).map(Some).map_err(|expected| {
            // A wrong secret is not repeated: the line may end in a log.
            let shown = if SECRETS.contains(&name) {
                "the value".to_owned()
            } else {
                format!("{text:?}")
            };
            Error::Refused(format!(
                "{name} ({}): {shown} cannot be used, expected {expected}",
                self.source(name)
            ))
        })
    }

    /// The setting in its type; it has a default.
    pub fn require<T>(&self, name: &str, parse: fn(&str) -> Result<T, &'static str>) -> Result<T> {
        self.optional(name, parse)?
            .ok_or_else(|| Error::internal(format!("{name} has no default")))
    }

    /// Where the setting's value comes from.
    pub fn source(&self, name: &str) -> Source {
        let layer = self
            .figment
            .find_metadata(&name.to_ascii_lowercase())
            .map(|metadata| metadata.name.as_ref());
        match layer {
            Some("env") => Source::Env(name.to_owned()),
            Some("env file") => Source::Env(format!("{name}_FILE")),
            Some("file") => Source::File(self.file.clone().unwrap_or_default()),
            Some("render") => Source::Render,
            _ => Source::Default,
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.figment
            .find_value(&name.to_ascii_lowercase())
            .ok()?
            .into_string()
    }
}

/// One source: texts by lower-case name, under the name by which `Raw::source` knows it again.
struct Layer {
    name: &'static str,
    texts: Vec<(&'static str, String)>,
}

impl Layer {
    fn new(name: &'static str, texts: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self {
            name,
            texts: texts.into_iter().collect(),
        }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let dict: Dict = self
            .texts
            .iter()
            .map(|(name, text)| (name.to_ascii_lowercase(), Value::from(text.as_str())))
            .collect();
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

/// What Render says about itself (its documentation of environment variables).
fn render(environment: &Environment) -> Vec<(&'static str, String)> {
    let mut texts = Vec::new();
    if environment
        .get("RENDER")
        .is_some_and(|value| value == "true")
    {
        texts.push(("TRUSTED_PROXIES", "render".to_owned()));
    }
    if let Some(url) = environment
        .get("RENDER_EXTERNAL_URL")
        .filter(|url| !url.is_empty())
    {
        texts.push(("SITE_URL", url.clone()));
    }
    texts
}

fn file_path(environment: &Environment, folder: &Path) -> Result<Option<PathBuf>> {
    match environment
        .get("OC_LETTINGS_CONFIG")
        .filter(|path| !path.is_empty())
    {
        Some(path) if Path::new(path).is_file() => Ok(Some(PathBuf::from(path))),
        Some(path) => Err(Error::Refused(format!(
            "OC_LETTINGS_CONFIG (env OC_LETTINGS_CONFIG): {path:?} is not a file, expected the path of a TOML file"
        ))),
        None => Ok(Some(folder.join("oc-lettings.toml")).filter(|path| path.is_file())),
    }
}

/// The file's values as text; a key we do not know is refused, because it is most often a spelling mistake.
fn file_texts(path: &Path) -> Result<Vec<(&'static str, String)>> {
    let dict: Dict = Figment::from(Toml::file_exact(path))
        .extract()
        .map_err(|error| {
            let words = error
                .to_string()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            Error::Refused(format!(
                "{} cannot be read as TOML: {words}",
                path.display()
            ))
        })?;
    let mut texts = Vec::new();
    for (key, value) in dict {
        let Some(name) = NAMES.iter().find(|name| name.to_ascii_lowercase() == key) else {
            return Err(Error::Refused(format!(
                "{key} (file {}) is no setting, expected one of {}",
                path.display(),
                NAMES.join(", ").to_ascii_lowercase()
            )));
        };
        let text = scalar_or_list(name, &value).ok_or_else(|| {
            let expected = if LISTS.contains(name) {
                "text or an array of texts"
            } else {
                "one plain value"
            };
            Error::Refused(format!(
                "{name} (file {}) cannot be used, expected {expected}",
                path.display()
            ))
        })?;
        if !text.is_empty() {
            texts.push((*name, text));
        }
    }
    Ok(texts)
}

fn scalar_or_list(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Bool(_, value) => Some(value.to_string()),
        Value::Num(_, number) => number
            .to_i128()
            .map(|number| number.to_string())
            .or_else(|| number.to_u128().map(|number| number.to_string()))
            .or_else(|| number.to_f64().map(|number| number.to_string())),
        Value::Array(_, items) if LISTS.contains(&name) => items
            .iter()
            .map(Value::as_str)
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join(",")),
        _ => None,
    }
}

/// An empty variable counts as not set, as `docker run -e NAME=` and Render's form leave them.
fn variables(environment: &Environment) -> Vec<(&'static str, String)> {
    NAMES
        .iter()
        .filter_map(|name| {
            environment
                .get(*name)
                .filter(|text| !text.is_empty())
                .map(|text| (*name, text.clone()))
        })
        .collect()
}

fn variable_files(environment: &Environment) -> Result<Vec<(&'static str, String)>> {
    let mut texts = Vec::new();
    for name in SECRETS {
        let variable = format!("{name}_FILE");
        let Some(path) = environment.get(&variable).filter(|path| !path.is_empty()) else {
            continue;
        };
        if environment.get(*name).is_some_and(|text| !text.is_empty()) {
            return Err(Error::Refused(format!(
                "{name} (env {name}) and {variable} (env {variable}) are both set, expected one of them"
            )));
        }
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::Refused(format!(
                "{variable} (env {variable}): {path} cannot be read ({error}), expected a text file"
            ))
        })?;
        let text = text.strip_suffix('\n').map_or(text.as_str(), |text| {
            text.strip_suffix('\r').unwrap_or(text)
        });
        if !text.is_empty() {
            texts.push((*name, text.to_owned()));
        }
    }
    Ok(texts)
}
