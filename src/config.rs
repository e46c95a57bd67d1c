//! The configuration: one typed value, read once at start, with the source of each setting.
//!
//! The only reader of the environment. Where values come from and which wins stands in `config/source.rs`, what a
//! value may look like in `config/value.rs`, `config/hosts.rs` and `config/proxies.rs`. Nothing here opens a
//! database or a socket.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};

pub mod hosts;
pub mod proxies;
pub mod source;
pub mod value;

use hosts::Hosts;
use proxies::TrustedProxies;
use source::{Raw, Source};
use value::{LogFormat, LogLevel, PublicOrigin, Secret};

/// The variables of the process, as text; what a test hands in instead of the real ones.
pub type Environment = BTreeMap<String, String>;

/// Everything an operator can set. Each field names its variable and default.
#[derive(Debug, Clone)]
pub struct Config {
    /// `SECRET_KEY`: signs what leaves the site and comes back. Without it one is made and kept in the database.
    pub secret_key: Option<Secret>,
    /// `DEBUG`, default `false`: development; binds loopback, shows causes, loads demo rows into a new database.
    pub debug: bool,
    /// `ALLOWED_HOSTS`, default loopback names: the names under which the site answers, with those Render and
    /// `SITE_URL` add.
    pub allowed_hosts: Hosts,
    /// `SITE_URL`, default `RENDER_EXTERNAL_URL`: the public origin that links are written with.
    pub site_url: Option<PublicOrigin>,
    /// `BIND` and `PORT`, default `0.0.0.0:8000` (`127.0.0.1` with `DEBUG`): where to listen. Port 0 is any free one.
    pub listen: SocketAddr,
    /// `DATABASE`, default `data/oc-lettings.sqlite3`: the one file.
    pub database: PathBuf,
    /// `SENTRY_*`: where errors are reported.
    pub sentry: Sentry,
    /// `LOG_LEVEL`, default `info`.
    pub log_level: LogLevel,
    /// `LOG_FORMAT`, default `text` on a terminal, else `json`.
    pub log_format: LogFormat,
    /// `ADMIN_*`: the first administrator.
    pub admin: Admin,
    /// `CONTACT_EMAIL`: shown on the home page and in `security.txt`; without it neither.
    pub contact_email: Option<String>,
    /// `METRICS_TOKEN`: opens `/metrics`; without it the address does not exist.
    pub metrics_token: Option<Secret>,
    /// `TRUSTED_PROXIES`, default `render` on Render, else none: whose word about clients is believed.
    pub trusted_proxies: TrustedProxies,
    /// `BACKUP_*`: the built-in backups.
    pub backup: Backup,
    /// `CACHE_MB`, default 16: what pages that are kept for everybody may take in memory, in MiB.
    pub cache_mb: u32,
    /// Whether this is Render (`RENDER=true`), whose defaults then apply.
    pub on_render: bool,
    shown: Vec<Shown>,
}

/// Where errors are reported.
#[derive(Debug, Clone)]
pub struct Sentry {
    /// `SENTRY_DSN`, default off. Kept as text: one that cannot be parsed must not stop the site.
    pub dsn: Option<Secret>,
    /// `SENTRY_ENVIRONMENT`, default `production` (`development` with `DEBUG`).
    pub environment: String,
    /// `SENTRY_TRACES_SAMPLE_RATE`, from 0 (the default) to 1.
    pub traces_sample_rate: f32,
}

/// The first administrator, made at launch while there is none.
#[derive(Debug, Clone)]
pub struct Admin {
    /// `ADMIN_USERNAME`.
    pub username: Option<String>,
    /// `ADMIN_EMAIL`.
    pub email: Option<String>,
    /// `ADMIN_PASSWORD`.
    pub password: Option<Secret>,
}

/// The built-in backups.
#[derive(Debug, Clone)]
pub struct Backup {
    /// `BACKUP_DIR`, default the folder of the database.
    pub dir: PathBuf,
    /// `BACKUP_KEEP`, default 7: how many of its own copies the server keeps.
    pub keep: u32,
    /// `BACKUP_EVERY`, default `24h`: how old the newest may become; `off` where copies are made by other means.
    pub every: Option<Duration>,
}

/// One line of `oc-lettings config`.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shown {
    /// The variable's name.
    pub name: &'static str,
    /// The value in effect; secrets as `set` or `not set`.
    pub value: String,
    /// Where it comes from: `default`, `env NAME`, `env NAME_FILE`, `file PATH`, `render` or `generated`.
    pub source: String,
}

impl Config {
    /// Reads the process's environment and the configuration file.
    pub fn load() -> Result<Self> {
        Self::read(&source::environment()?, Path::new(""))
    }

    /// Reads a given environment and, in `folder`, `oc-lettings.toml`.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use oc_lettings::config::{Config, Environment};
    ///
    /// let environment = Environment::from([("PORT".to_owned(), "9000".to_owned())]);
    /// let config = Config::read(&environment, Path::new("/nowhere"))?;
    /// assert_eq!(config.listen.to_string(), "0.0.0.0:9000");
    /// # Ok::<(), oc_lettings::error::Error>(())
    /// ```
    pub fn read(environment: &Environment, folder: &Path) -> Result<Self> {
        let raw = Raw::gather(environment, folder)?;
        let on_render = environment
            .get("RENDER")
            .is_some_and(|value| value == "true");
        let debug = raw.require("DEBUG", value::boolean)?;
        let secret_key = raw.optional("SECRET_KEY", value::secret)?;
        check_key(secret_key.as_ref(), debug, &raw)?;
        let site_url = raw.optional("SITE_URL", PublicOrigin::parse)?;
        let mut allowed_hosts = raw.require("ALLOWED_HOSTS", Hosts::parse)?;
        allowed_hosts.add(
            environment
                .get("RENDER_EXTERNAL_HOSTNAME")
                .map(String::as_str),
        );
        allowed_hosts.add(site_url.as_ref().map(PublicOrigin::host));
        let bind = match raw.optional("BIND", value::address)? {
            Some(bind) => bind,
            None if debug => IpAddr::V4(Ipv4Addr::LOCALHOST),
            None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        let database: PathBuf = raw.require("DATABASE", value::path)?;
        let default_environment = if debug { "development" } else { "production" };
        let mut config = Self {
            listen: SocketAddr::new(bind, raw.require("PORT", value::port)?),
            sentry: Sentry {
                dsn: raw.optional("SENTRY_DSN", value::secret)?,
                environment: raw
                    .optional("SENTRY_ENVIRONMENT", value::word)?
                    .unwrap_or_else(|| default_environment.to_owned()),
                traces_sample_rate: raw.require("SENTRY_TRACES_SAMPLE_RATE", value::rate)?,
            },
            log_level: raw.require("LOG_LEVEL", LogLevel::parse)?,
            log_format: raw
                .optional("LOG_FORMAT", LogFormat::parse)?
                .unwrap_or_else(LogFormat::fitting),
            admin: Admin {
                username: raw.optional("ADMIN_USERNAME", value::word)?,
                email: raw.optional("ADMIN_EMAIL", value::email)?,
                password: raw.optional("ADMIN_PASSWORD", value::secret)?,
            },
            contact_email: raw.optional("CONTACT_EMAIL", value::email)?,
            metrics_token: raw.optional("METRICS_TOKEN", value::secret)?,
            trusted_proxies: raw
                .optional("TRUSTED_PROXIES", TrustedProxies::parse)?
                .unwrap_or_default(),
            backup: Backup {
                dir: raw
                    .optional("BACKUP_DIR", value::path)?
                    .unwrap_or_else(|| folder_of(&database)),
                keep: raw.require("BACKUP_KEEP", value::count)?,
                every: raw.require("BACKUP_EVERY", value::interval)?,
            },
            cache_mb: raw.require("CACHE_MB", value::count)?,
            secret_key,
            debug,
            allowed_hosts,
            site_url,
            database,
            on_render,
            shown: Vec::new(),
        };
        config.shown = source::NAMES
            .iter()
            .map(|name| config.show(name, raw.source(name)))
            .collect();
        Ok(config)
    }

    /// Each setting with its value in effect and its source, in the order of the documentation.
    pub fn lines(&self) -> &[Shown] {
        &self.shown
    }

    fn show(&self, name: &'static str, source: Source) -> Shown {
        let origin = self.site_url.as_ref().map(ToString::to_string);
        let (value, source) = match name {
            "SECRET_KEY" if self.secret_key.is_none() => ("set".to_owned(), Source::Generated),
            "SECRET_KEY" => (presence(self.secret_key.as_ref()), source),
            "DEBUG" => (self.debug.to_string(), source),
            "ALLOWED_HOSTS" => (self.allowed_hosts.to_string(), source),
            "SITE_URL" => (origin.unwrap_or_default(), source),
            "PORT" => (self.listen.port().to_string(), source),
            "BIND" => (self.listen.ip().to_string(), source),
            "DATABASE" => (self.database.display().to_string(), source),
            "SENTRY_DSN" => (presence(self.sentry.dsn.as_ref()), source),
            "SENTRY_ENVIRONMENT" => (self.sentry.environment.clone(), source),
            "SENTRY_TRACES_SAMPLE_RATE" => (self.sentry.traces_sample_rate.to_string(), source),
            "LOG_LEVEL" => (self.log_level.to_string(), source),
            "LOG_FORMAT" => (self.log_format.to_string(), source),
            "ADMIN_USERNAME" => (self.admin.username.clone().unwrap_or_default(), source),
            "ADMIN_EMAIL" => (self.admin.email.clone().unwrap_or_default(), source),
            "ADMIN_PASSWORD" => (presence(self.admin.password.as_ref()), source),
            "CONTACT_EMAIL" => (self.contact_email.clone().unwrap_or_default(), source),
            "METRICS_TOKEN" => (presence(self.metrics_token.as_ref()), source),
            "TRUSTED_PROXIES" => (self.trusted_proxies.to_string(), source),
            "BACKUP_DIR" => (self.backup.dir.display().to_string(), source),
            "BACKUP_KEEP" => (self.backup.keep.to_string(), source),
            "BACKUP_EVERY" => (value::written_interval(self.backup.every), source),
            "CACHE_MB" => (self.cache_mb.to_string(), source),
            other => unreachable!("{other} is in NAMES and not shown"),
        };
        Shown {
            name,
            value,
            source: source.to_string(),
        }
    }
}

fn presence(secret: Option<&Secret>) -> String {
    if secret.is_some() { "set" } else { "not set" }.to_owned()
}

fn folder_of(database: &Path) -> PathBuf {
    match database.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A short key can be guessed; development may use one all the same.
fn check_key(key: Option<&Secret>, debug: bool, raw: &Raw) -> Result<()> {
    match key {
        Some(key) if !debug && key.reveal().chars().count() < 32 => Err(Error::Refused(format!(
            "SECRET_KEY ({}) has {} characters, expected at least 32: make one with `openssl rand -base64 48`, or unset it and one is generated",
            raw.source("SECRET_KEY"),
            key.reveal().chars().count()
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
