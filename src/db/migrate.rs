//! Bringing the schema up to date: which migrations there are, which are applied, and applying the rest.
//!
//! The whole run, from the question what is pending to the last check, is one `begin immediate`: two processes that
//! start at once do not both migrate, and a migration that fails leaves the file as it was. What was there before is
//! copied first (`db/backup.rs`), within the same transaction, so that nothing is written between the copy and the
//! change. The SQL is in `migrations/`, what refinery is told of the transaction in `migrate/inside.rs`.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use refinery::{Migration, Runner};
use rusqlite::Connection;

use super::backup::{Backup, Backups};
use crate::error::{Cause, Context, Error, Result};
use inside::Inside;

mod inside;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// How long a start waits for another that migrates, copy included.
const TURN: Duration = Duration::from_mins(1);

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether the file was made by this start.
    pub created: bool,
    /// What was applied, as `V4__lettings`, in order.
    pub applied: Vec<String>,
    /// The schema's version afterwards.
    pub version: u32,
    /// The copy of what was there before, where there was something to be changed.
    pub copy: Option<Backup>,
}

/// A migration that this binary knows, and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// `V4__lettings`.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// The migrations that this binary carries, in order.
pub fn all() -> Vec<Migration> {
    let mut migrations = embedded::migrations::runner().get_migrations().clone();
    migrations.sort();
    migrations
}

/// The newest schema that this binary knows.
pub fn latest() -> u32 {
    newest(&all())
}

fn newest(migrations: &[Migration]) -> u32 {
    let versions = migrations
        .iter()
        .map(|migration| number(migration.version()));
    versions.max().unwrap_or_default()
}

/// The version of a database's schema; 0 before the first migration.
pub fn version(conn: &Connection) -> Result<u32> {
    if !has_history(conn)? {
        return Ok(0);
    }
    Ok(conn.query_row(
        "select coalesce(max(version), 0) from refinery_schema_history",
        [],
        |row| row.get(0),
    )?)
}

/// Each migration of this binary, in order, with its state in the database.
pub fn known(conn: &Connection) -> Result<Vec<Known>> {
    let applied = applied(conn)?;
    Ok(all()
        .iter()
        .map(|migration| Known {
            name: migration.to_string(),
            applied: applied.contains(&number(migration.version())),
        })
        .collect())
}

fn applied(conn: &Connection) -> Result<Vec<u32>> {
    if !has_history(conn)? {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare("select version from refinery_schema_history")?;
    let versions = statement.query_map([], |row| row.get(0))?;
    Ok(versions.collect::<Result<_, _>>()?)
}

/// When the first migration was applied, which is when the database was made.
pub fn begun(conn: &Connection) -> Result<Option<Timestamp>> {
    if !has_history(conn)? {
        return Ok(None);
    }
    let applied: Option<String> = conn.query_row(
        "select min(applied_on) from refinery_schema_history",
        [],
        |row| row.get(0),
    )?;
    Ok(applied.and_then(|moment| moment.parse().ok()))
}

/// The first migration in a database's list that is not this binary's, in name, place and content.
pub fn stranger(conn: &Connection) -> Result<Option<String>> {
    let mut statement = conn
        .prepare("select version, name, checksum from refinery_schema_history order by version")?;
    let listed: Vec<(u32, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let ours = all();
    let is_ours = |(place, (version, name, checksum)): &(usize, &(u32, String, String))| {
        ours.get(*place).is_some_and(|migration| {
            number(migration.version()) == *version
                && migration.name() == name
                && migration.checksum().to_string() == *checksum
        })
    };
    let first = listed.iter().enumerate().find(|listed| !is_ours(listed));
    Ok(first.map(|(_, (version, name, _))| format!("V{version}__{name}")))
}

/// Each migration of this binary as pending, for a database that is not there yet.
pub fn all_pending() -> Vec<Known> {
    all()
        .iter()
        .map(|migration| Known {
            name: migration.to_string(),
            applied: false,
        })
        .collect()
}

/// Refuses a database that this binary must neither change nor take for its own.
pub fn refuse_unfit(backups: &Backups, conn: &Connection) -> Result<()> {
    refuse_newer(backups, conn, latest())?;
    refuse_foreign(backups.database(), conn)
}

/// A database that a newer binary has migrated: what this one would write could break it.
fn refuse_newer(backups: &Backups, conn: &Connection, latest: u32) -> Result<()> {
    let found = version(conn)?;
    if found <= latest {
        return Ok(());
    }
    let back = match backups.fitting(latest) {
        Some(copy) => format!(
            "go back with `oc-lettings restore {}` to what it was on {}",
            copy.path.display(),
            copy.at
        ),
        None => "restore a backup from before".to_owned(),
    };
    Err(Error::Refused(format!(
        "{} has schema version {found}, made by a newer oc-lettings; {} knows versions up to {latest}: start the newer one, or {back}",
        backups.database().display(),
        env!("CARGO_PKG_VERSION"),
    )))
}

/// Applies what is pending, on a connection of its own with foreign keys off (rebuilding a table would cascade).
pub(super) fn run(backups: &Backups, migrations: &[Migration], created: bool) -> Result<Report> {
    let path = backups.database();
    let latest = newest(migrations);
    let fits = |conn: &Connection| {
        refuse_newer(backups, conn, latest)?;
        refuse_foreign(path, conn)
    };
    // Before anything is changed in it, the journal's mode among that; and again when nobody else can write.
    let conn = super::connect_to_write(path, fits)?;
    conn.busy_timeout(TURN)?;
    conn.execute_batch("pragma foreign_keys = off; begin immediate;")
        .map_err(|error| super::file::explain(path, error))?;
    fits(&conn)?;
    let copy = copy_first(backups, &conn, migrations)?;
    // Where it fails, the connection is dropped with its transaction open, which rolls it back.
    let applied = apply(&conn, migrations).map_err(|error| {
        let kept = copy.as_ref().map_or_else(String::new, |copy| {
            format!(", and a copy of it is {}", copy.path.display())
        });
        Error::internal(format!(
            "migrate {}: {error}; nothing was changed{kept}",
            path.display()
        ))
    })?;
    conn.execute_batch("commit").map_err(|error| {
        let doing = format!("migrate {}; nothing was changed", path.display());
        match super::file::in_words(path, &error) {
            Some(words) => Error::internal(format!("{doing}: {words}")),
            None => Error::Internal(Cause::new(doing, error)),
        }
    })?;
    Ok(Report {
        created,
        applied,
        version: version(&conn)?,
        copy,
    })
}

/// Brings a copy up to date that nobody else has. No copy is made of it.
pub(super) fn apply_to_own(conn: &Connection) -> Result<()> {
    conn.execute_batch("pragma foreign_keys = off; begin immediate;")?;
    apply(conn, &all())?;
    conn.execute_batch("commit; pragma foreign_keys = on;")
        .context("commit the migrations")
}

/// Keeps what is there, where it is about to be changed.
fn copy_first(
    backups: &Backups,
    conn: &Connection,
    migrations: &[Migration],
) -> Result<Option<Backup>> {
    let from = version(conn)?;
    let applied = applied(conn)?;
    let is_pending = |migration: &Migration| !applied.contains(&number(migration.version()));
    if from == 0 || !migrations.iter().any(is_pending) {
        return Ok(None);
    }
    let copy = backups.before_migration(from, newest(migrations));
    copy.map(Some).map_err(|error| {
        Error::internal(format!(
            "{} is not migrated, because it cannot be copied first: {error}",
            backups.database().display()
        ))
    })
}

/// Runs what is pending in the transaction that is open, and looks whether everything still holds together.
fn apply(conn: &Connection, migrations: &[Migration]) -> Result<Vec<String>> {
    let mut inside = Inside {
        conn,
        migrations,
        failed: None,
    };
    let result = Runner::new(migrations).set_grouped(true).run(&mut inside);
    let report = result.map_err(|error| match inside.failed {
        Some(failure) => Error::internal(failure),
        None => Error::Internal(Cause::new("ask what is applied", error)),
    })?;
    let applied = report.applied_migrations();
    // Every row is looked at, which a start that has nothing to migrate does not wait for; `check` does it too.
    if !applied.is_empty() {
        refuse_broken(conn)?;
    }
    if application_id(conn)? != super::APPLICATION_ID {
        conn.pragma_update(None, "application_id", super::APPLICATION_ID)?;
    }
    Ok(applied.iter().map(ToString::to_string).collect())
}

/// Rows that a migration has left pointing at rows that are gone.
fn refuse_broken(conn: &Connection) -> Result<()> {
    let broken: i64 =
        conn.query_row("select count(*) from pragma_foreign_key_check", [], |row| {
            row.get(0)
        })?;
    if broken == 0 {
        return Ok(());
    }
    Err(Error::internal(format!(
        "{broken} rows would point at rows that do not exist"
    )))
}

/// A database with another application's mark, or with tables that are not ours, is somebody else's: nothing is added.
pub fn refuse_foreign(path: &Path, conn: &Connection) -> Result<()> {
    let mark = application_id(conn)?;
    if mark != 0 && mark != super::APPLICATION_ID {
        return Err(super::file::foreign(
            path,
            format_args!("its mark is {mark:#010x}"),
        ));
    }
    if has_history(conn)? {
        return Ok(());
    }
    let tables: i64 = conn.query_row(
        "select count(*) from sqlite_schema where type = 'table'",
        [],
        |row| row.get(0),
    )?;
    if tables == 0 {
        return Ok(());
    }
    Err(super::file::foreign(
        path,
        format_args!("{tables} tables, none of ours"),
    ))
}

/// The mark in the file's header; 0 where no application left one.
pub fn application_id(conn: &Connection) -> Result<i32> {
    conn.query_row("pragma application_id", [], |row| row.get(0))
        .map_err(|error| super::file::explain_on(conn, error))
}

fn has_history(conn: &Connection) -> Result<bool> {
    let sql = "select exists (select 1 from sqlite_schema where type = 'table' and name = 'refinery_schema_history')";
    conn.query_row(sql, [], |row| row.get(0))
        .map_err(|error| super::file::explain_on(conn, error))
}

/// Refinery's versions are signed and ours start at 1.
fn number(version: refinery::SchemaVersion) -> u32 {
    u32::try_from(version).unwrap_or_default()
}
