//! `oc-lettings check`: what should be mended, each with its cure.
//!
//! Nothing is changed. Errors make the command fail, warnings do not; `--deploy` adds what only matters in production.
//! What takes more than a question is in `cli/check/`: each row against today's rules, the clock, keys, proxies.

use std::fmt;
use std::process::ExitCode;

use clap::Args;
use rusqlite::Connection;
use sentry::types::Dsn;

use crate::config::Config;
use crate::db::backup::Backups;
use crate::db::file::Lasting;
use crate::db::{self, Db, migrate};
use crate::error::{Error, Result};
use crate::models::user::account;
use crate::password::{self, Verdict};
use crate::telemetry::post::Post;
use crate::telemetry::reporter;

mod backups;
mod clock;
mod keys;
mod proxies;
mod rows;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Also check what only matters in production
    #[arg(long)]
    deploy: bool,
    /// Send a test event to Sentry and wait until it was accepted
    #[arg(long)]
    sentry: bool,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Warning,
    Error,
}

/// Something to mend.
#[derive(Debug)]
struct Finding {
    weight: Weight,
    what: String,
    cure: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Warning => "warning",
            Weight::Error => "error",
        };
        write!(f, "{weight}: {}; {}", self.what, self.cure)
    }
}

impl Check {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        let mut findings = Vec::new();
        settings(config, &mut findings);
        if self.deploy {
            production(config, &mut findings);
        }
        if let Err(refusal) = database(config, self.deploy, &mut findings) {
            findings.push(error(refusal.to_string(), "nothing else in it was checked"));
        }
        backups::check(config, self.deploy, &mut findings)?;
        for finding in &findings {
            super::say(finding)?;
        }
        let errors = findings
            .iter()
            .filter(|finding| finding.weight == Weight::Error)
            .count();
        super::say(format_args!(
            "{errors} errors, {} warnings",
            findings.len() - errors
        ))?;
        if self.sentry {
            super::say(send_test_event(config)?)?;
        }
        Ok(if errors == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn error(what: impl Into<String>, cure: impl Into<String>) -> Finding {
    Finding {
        weight: Weight::Error,
        what: what.into(),
        cure: cure.into(),
    }
}

fn warning(what: impl Into<String>, cure: impl Into<String>) -> Finding {
    Finding {
        weight: Weight::Warning,
        what: what.into(),
        cure: cure.into(),
    }
}

fn settings(config: &Config, findings: &mut Vec<Finding>) {
    if let Some(dsn) = &config.sentry.dsn
        && let Err(problem) = dsn.reveal().parse::<Dsn>()
    {
        findings.push(error(
            format!("SENTRY_DSN cannot be parsed ({problem})"),
            "copy the DSN from the project's settings in Sentry",
        ));
    }
    keys::given(config, findings);
    if config.debug && (config.on_render || !config.listen.ip().is_loopback()) {
        findings.push(error(
            format!("DEBUG is on and the site listens on {}", config.listen.ip()),
            "unset DEBUG wherever others can reach the site",
        ));
    }
}

fn production(config: &Config, findings: &mut Vec<Finding>) {
    if config.debug {
        findings.push(error("DEBUG is on", "unset DEBUG in production"));
    }
    if config.allowed_hosts.allow_all() {
        findings.push(warning(
            "ALLOWED_HOSTS allows every host",
            "list the names under which visitors know the site",
        ));
    } else if !config.allowed_hosts.to_string().split(',').any(is_public) {
        findings.push(error(
            "ALLOWED_HOSTS has only loopback names",
            "set SITE_URL, or list the public names in ALLOWED_HOSTS",
        ));
    }
    match &config.site_url {
        None => findings.push(warning(
            "SITE_URL is not set",
            "set it to the public origin, such as https://www.example.com",
        )),
        Some(url) if !url.to_string().starts_with("https://") => {
            findings.push(warning(
                format!("SITE_URL is {url}, without TLS"),
                "put a proxy with TLS before the site and use https://",
            ));
        }
        Some(_) => {}
    }
    proxies::judge(config, findings);
    if config.sentry.dsn.is_none() {
        findings.push(warning(
            "SENTRY_DSN is not set: errors are only logged",
            "set it to be told about errors",
        ));
    }
    if config.contact_email.is_none() {
        findings.push(warning(
            "CONTACT_EMAIL is not set: visitors cannot write and there is no security.txt",
            "set it to an address that is read",
        ));
    }
}

fn is_public(host: &str) -> bool {
    !matches!(host, "localhost" | ".localhost" | "127.0.0.1" | "[::1]")
}

fn database(config: &Config, deploy: bool, findings: &mut Vec<Finding>) -> Result<()> {
    let shown = config.database.display();
    if !config.database.exists() {
        let finding = if deploy { error } else { warning };
        findings.push(finding(
            format!("{shown} does not exist"),
            "start the server once, or run `oc-lettings migrate`",
        ));
        return Ok(());
    }
    let lasting = Lasting::of(&config.database);
    if let Some(cure) = lasting.cure() {
        findings.push(warning(format!("{shown} is {}", lasting.words()), cure));
    }
    let conn = db::inspect(&config.database)?;
    migrate::refuse_unfit(&Backups::of(config), &conn)?;
    let pending = migrate::known(&conn)?
        .iter()
        .filter(|migration| !migration.applied)
        .count();
    if pending > 0 {
        findings.push(warning(
            format!("{shown} has {pending} pending migrations"),
            "start the server, or run `oc-lettings migrate`",
        ));
    }
    if pending == 0 {
        accounts(&conn, deploy, findings)?;
        keys::kept(config, &conn, findings)?;
    }
    let is_whole = contents(&conn, findings)?;
    if pending == 0 && is_whole {
        let newest = rows::look_through(&conn, findings)?;
        clock::compare(newest.as_deref(), findings);
    }
    Ok(())
}

/// The password that the demo and the replaced site's repository publish.
const PUBLISHED: &str = "Abc1234!";

/// What every superuser with the published password is told.
const PUBLISHED_CURE: &str = "change it with `oc-lettings changepassword`";

fn has_published(stored: &[String]) -> bool {
    stored
        .iter()
        .any(|stored| password::verify(PUBLISHED, stored) != Verdict::Mismatch)
}

/// Says so when rows that have just come in brought the published password along.
pub(super) fn warn_of_published_password(db: &Db) -> Result<()> {
    if has_published(&db.read(account::superuser_passwords)?) {
        super::say(format_args!(
            "warning: a superuser has the published password {PUBLISHED}; {PUBLISHED_CURE}"
        ))?;
    }
    Ok(())
}

/// Who may do everything, and with what password.
fn accounts(conn: &Connection, deploy: bool, findings: &mut Vec<Finding>) -> Result<()> {
    let stored = account::superuser_passwords(conn)?;
    if deploy && !stored.iter().any(|stored| password::is_usable(stored)) {
        findings.push(warning(
            "there is no active superuser with a usable password",
            "run `oc-lettings createsuperuser`, or set ADMIN_USERNAME and ADMIN_PASSWORD and start the server",
        ));
    }
    if has_published(&stored) {
        findings.push(error(
            format!("a superuser has the published password {PUBLISHED}"),
            PUBLISHED_CURE,
        ));
    }
    Ok(())
}

/// Whether every page and every row is as SQLite left it.
fn contents(conn: &Connection, findings: &mut Vec<Finding>) -> Result<bool> {
    let problems = db::problems(conn)?;
    let is_whole = problems.is_empty();
    for problem in problems {
        findings.push(error(
            format!("the database is damaged: {problem}"),
            "restore the newest backup with `oc-lettings restore`",
        ));
    }
    Ok(is_whole)
}

/// Posts one event by hand, since the client's own transport does not tell what became of it.
fn send_test_event(config: &Config) -> Result<String> {
    let Some(dsn) = &config.sentry.dsn else {
        return Err(Error::Refused(
            "SENTRY_DSN is not set: there is nowhere to send a test event to".to_owned(),
        ));
    };
    let dsn: Dsn = dsn.reveal().parse().map_err(|problem| {
        Error::Refused(format!("SENTRY_DSN cannot be parsed ({problem}): copy the DSN from the project's settings in Sentry"))
    })?;
    let event = reporter::test_event(config);
    let id = event.event_id;
    let host = dsn.host().to_owned();
    let answer = Post::to(&dsn).send(&event.into()).map_err(|problem| {
        Error::Refused(format!(
            "Sentry at {host} cannot be reached: {problem}; check SENTRY_DSN, and that this machine may reach it"
        ))
    })?;
    if matches!(answer.status, 200..=299) {
        return Ok(format!(
            "Sentry at {host} accepted the test event {id} for {} of {}",
            config.sentry.environment,
            reporter::release(),
        ));
    }
    let said = match answer.detail.as_str() {
        "" => String::new(),
        detail => format!(" ({detail})"),
    };
    Err(Error::Refused(format!(
        "Sentry at {host} refused the test event with status {}{said}: {}",
        answer.status,
        cure(answer.status)
    )))
}

/// What to do about a refusal.
fn cure(status: u16) -> &'static str {
    match status {
        429 => "it wants no more for now; look at the project's quota and try again later",
        500.. => "it has trouble of its own; try again later",
        _ => "copy SENTRY_DSN again from the project's settings",
    }
}
