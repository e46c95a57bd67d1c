//! The command line: which commands there are, and the ways into a database that they share.
//!
//! One file per command in `cli/`. Names are Django's where the job is Django's. What a command found goes to standard
//! output; a failure is one line on standard error. No SQL and no HTML is built here.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::db::backup::Backups;
use crate::db::{self, Db, migrate};
use crate::error::{Error, Result};
use crate::models::{self, permission, setting};
use crate::telemetry::{self, Output};

mod backup;
mod check;
mod config;
mod createsuperuser;
mod demo;
mod dumpdata;
mod first;
mod healthcheck;
mod import_django;
mod loaddata;
mod migrations;
mod progress;
mod restore;
mod serve;
mod systemd;
mod version;

/// Orange County Lettings: the whole site as one executable.
#[derive(Debug, Parser)]
#[command(name = "oc-lettings", version = version::short(), arg_required_else_help = false)]
#[command(
    after_help = "Example:\n  DEBUG=true oc-lettings        serve on http://127.0.0.1:8000 with demo rows\n\nSettings are variables or lines of oc-lettings.toml; `oc-lettings config` shows each with its source."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open or create the database, migrate it and serve the site (the default)
    #[command(after_help = "Example:\n  PORT=9000 oc-lettings serve")]
    Serve,
    /// Bring the database's schema up to date without serving
    #[command(after_help = "Example:\n  oc-lettings migrate --check && echo up to date")]
    Migrate(migrations::Migrate),
    /// List migrations, applied `[X]` and pending `[ ]`
    #[command(after_help = "Example:\n  oc-lettings showmigrations")]
    Showmigrations,
    /// Read the configuration and the database and name what should be mended
    #[command(after_help = "Example:\n  oc-lettings check --deploy")]
    Check(check::Check),
    /// Show the configuration in effect: name, value, source
    #[command(after_help = "Example:\n  oc-lettings config --json")]
    Config(config::Show),
    /// Make an administrator
    #[command(
        after_help = "Example:\n  ADMIN_USERNAME=ada ADMIN_PASSWORD_FILE=/run/secrets/ada oc-lettings createsuperuser --noinput"
    )]
    Createsuperuser(createsuperuser::CreateSuperuser),
    /// Set the password of an account and end its sessions
    #[command(after_help = "Example:\n  oc-lettings changepassword ada --stdin < new-password")]
    Changepassword(createsuperuser::ChangePassword),
    /// Drop expired sessions; the server does it by itself once a day
    #[command(after_help = "Example:\n  oc-lettings clearsessions")]
    Clearsessions,
    /// Copy the database, also while the server runs
    #[command(after_help = "Example:\n  oc-lettings backup /mnt/safe/before-the-move.sqlite3")]
    Backup(backup::Backup),
    /// Put a backup in the database's place, checked first; the old one is kept
    #[command(
        after_help = "Example:\n  oc-lettings restore data/oc-lettings-20261122T073105Z-scheduled.sqlite3"
    )]
    Restore(restore::Restore),
    /// Load demo rows into a database without addresses, lettings and profiles
    #[command(after_help = "Example:\n  DATABASE=/tmp/demo.sqlite3 oc-lettings demo")]
    Demo,
    /// Write all rows as a fixture of Django's: JSON, on standard output
    #[command(after_help = "Example:\n  oc-lettings dumpdata --with-passwords --output site.json")]
    Dumpdata(dumpdata::DumpData),
    /// Put in the rows of a fixture, from here or from Django, by primary key: all or none
    #[command(
        after_help = "Example:\n  oc-lettings loaddata site.json --dry-run && oc-lettings loaddata site.json"
    )]
    Loaddata(loaddata::LoadData),
    /// Move in from a Django site: take over its SQLite database
    #[command(
        after_help = "Example:\n  oc-lettings import-django --dry-run /srv/django/db.sqlite3     show what would come\n  oc-lettings import-django /srv/django/db.sqlite3"
    )]
    ImportDjango(import_django::ImportDjango),
    /// Ask the server on $PORT whether it is ready: exit 0 if so, else 1
    #[command(after_help = "Example:\n  PORT=8000 oc-lettings healthcheck")]
    Healthcheck,
    /// Print a hardened systemd unit for this executable and the configuration in effect
    #[command(
        after_help = "Example:\n  SITE_URL=https://www.example.com oc-lettings systemd | sudo tee /etc/systemd/system/oc-lettings.service"
    )]
    Systemd,
    /// Show version, commit, target and SQLite's version
    #[command(after_help = "Example:\n  oc-lettings version --json")]
    Version(version::Version),
}

/// Runs the command line: exit 0, 1 (failed) or 2 (usage).
pub fn main() -> ExitCode {
    match run(Arguments::parse().command.unwrap_or(Command::Serve)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("oc-lettings: {}", error.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    if let Command::Version(version) = command {
        return version.run();
    }
    let config = Config::load()?;
    let output = if matches!(command, Command::Serve) {
        Output::Server
    } else {
        Output::Command
    };
    let telemetry = telemetry::start(&config, output);
    let code = match command {
        Command::Serve => serve::run(config),
        Command::Migrate(migrate) => migrate.run(&config),
        Command::Showmigrations => migrations::show(&config),
        Command::Check(check) => check.run(&config),
        Command::Config(show) => show.run(&config),
        Command::Createsuperuser(create) => create.run(&config),
        Command::Changepassword(change) => change.run(&config),
        Command::Clearsessions => createsuperuser::clear_sessions(&config),
        Command::Backup(backup) => backup.run(&config),
        Command::Restore(restore) => restore.run(&config),
        Command::Demo => demo::run(&config),
        Command::Dumpdata(dump) => dump.run(&config),
        Command::Loaddata(load) => load.run(&config),
        Command::ImportDjango(import) => import.run(&config),
        Command::Healthcheck => healthcheck::run(&config),
        Command::Systemd => systemd::run(&config),
        Command::Version(version) => version.run(),
    };
    drop(telemetry);
    code
}

/// The way in of commands that write: open or create, migrate, and see to it that there is a signing key.
fn open(config: &Config) -> Result<(Db, migrate::Report)> {
    let (db, report) = Db::open_and_migrate_with(&Backups::of(config), &migrate::all())?;
    db.write_now(|tx| {
        if config.secret_key.is_none() {
            setting::secret_key(tx)?;
        }
        permission::bring_up_to_date(tx, models::ALL)
    })?;
    Ok((db, report))
}

/// The way in of commands that must not change a schema: the database as it is, which has to be up to date.
fn open_as_it_is(config: &Config) -> Result<Db> {
    let conn = db::inspect(&config.database)?;
    migrate::refuse_unfit(&Backups::of(config), &conn)?;
    if migrate::known(&conn)?
        .iter()
        .any(|migration| !migration.applied)
    {
        return Err(Error::Refused(format!(
            "{} has pending migrations: run `oc-lettings migrate` first",
            config.database.display()
        )));
    }
    drop(conn);
    Db::open(&config.database)
}

/// Prints a line of a command's result; a reader that went away, as `head` does, ends the command quietly.
fn say(line: impl std::fmt::Display) -> Result<()> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Refused(
            format!("cannot write to standard output: {error}"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together_and_each_level_has_an_example() {
        let mut command = Arguments::command();
        command.build();
        command.clone().debug_assert();
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            assert!(
                sub.get_after_help()
                    .is_some_and(|help| help.to_string().contains("Example:")),
                "{}",
                sub.get_name()
            );
        }
    }
}
