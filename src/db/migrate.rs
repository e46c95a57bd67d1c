//! Bringing the schema up to date: which migrations there are, which are applied, and applying the rest.
//!
//! The whole run, from the question what is pending to the last check, is one `begin immediate`: two processes that
//! start at once do not both migrate, and a migration that fails leaves the file as it was. The SQL is in `migrations/`.

use std::path::Path;

use refinery::{Migration, Runner};
use refinery_core::Migrate;
use refinery_core::traits::sync::{Query, Transaction};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{Cause, Error, Result};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether the file was made by this start.
    pub created: bool,
    /// What was applied, as `V4__lettings`, in order.
    pub applied: Vec<String>,
    /// The schema's version afterwards.
    pub version: u32,
}

/// A migration that this binary knows, and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// `V4__lettings`.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// The newest schema that this binary knows.
pub fn latest() -> u32 {
    runner()
        .get_migrations()
        .iter()
        .map(|migration| number(migration.version()))
        .max()
        .unwrap_or_default()
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
    let applied: Vec<u32> = if has_history(conn)? {
        let mut statement = conn.prepare("select version from refinery_schema_history")?;
        statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    Ok(sorted_migrations()
        .iter()
        .map(|migration| Known {
            name: migration.to_string(),
            applied: applied.contains(&number(migration.version())),
        })
        .collect())
}

/// Each migration of this binary as pending, for a database that is not there yet.
pub fn all_pending() -> Vec<Known> {
    sorted_migrations()
        .iter()
        .map(|migration| Known {
            name: migration.to_string(),
            applied: false,
        })
        .collect()
}

/// Refuses a database that this binary must neither change nor take for its own.
pub fn refuse_unfit(path: &Path, conn: &Connection) -> Result<()> {
    refuse_newer(path, conn)?;
    refuse_foreign(path, conn)
}

/// A database that a newer binary has migrated: what this one would write could break it.
fn refuse_newer(path: &Path, conn: &Connection) -> Result<()> {
    let (found, latest) = (version(conn)?, latest());
    if found <= latest {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{} has schema version {found}, made by a newer oc-lettings; {} knows versions up to {latest}: start the newer one, or restore a backup from before",
        path.display(),
        env!("CARGO_PKG_VERSION"),
    )))
}

/// Applies what is pending, on a connection of its own with foreign keys off (rebuilding a table would cascade).
pub(super) fn run(path: &Path, created: bool) -> Result<Report> {
    let had_log = super::file::write_ahead_log(path).exists();
    let conn = super::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Before anything is changed in it, the journal's mode among that; and again when nobody else can write.
    if let Err(refusal) = refuse_unfit(path, &conn) {
        // The last one to close a file empties its log into it, which is for those to do whose file it is.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, had_log)?;
        return Err(refusal);
    }
    super::keep_commits(path, &conn)?;
    conn.execute_batch("pragma foreign_keys = off; begin immediate;")
        .map_err(|error| super::file::explain(path, error))?;
    refuse_unfit(path, &conn)?;
    let mut inside = Inside {
        conn: &conn,
        failed: None,
    };
    let result = runner().set_grouped(true).run(&mut inside);
    // Where it failed, the connection is dropped with its transaction open, which rolls it back.
    let report = result.map_err(|error| {
        let doing = format!("migrate {}; nothing was changed", path.display());
        match inside.failed {
            Some(failure) => Error::internal(format!("{doing}: {failure}")),
            None => Error::Internal(Cause::new(doing, error)),
        }
    })?;
    // Every row is looked at, which a start that has nothing to migrate does not wait for; `check` does it too.
    if !report.applied_migrations().is_empty() {
        refuse_broken(path, &conn)?;
    }
    if application_id(&conn)? != super::APPLICATION_ID {
        conn.pragma_update(None, "application_id", super::APPLICATION_ID)?;
    }
    conn.execute_batch("commit").map_err(|error| {
        let doing = format!("migrate {}; nothing was changed", path.display());
        match super::file::in_words(path, &error) {
            Some(words) => Error::internal(format!("{doing}: {words}")),
            None => Error::Internal(Cause::new(doing, error)),
        }
    })?;
    Ok(Report {
        created,
        applied: report
            .applied_migrations()
            .iter()
            .map(ToString::to_string)
            .collect(),
        version: version(&conn)?,
    })
}

/// Rows that a migration has left pointing at rows that are gone.
fn refuse_broken(path: &Path, conn: &Connection) -> Result<()> {
    let broken: i64 =
        conn.query_row("select count(*) from pragma_foreign_key_check", [], |row| {
            row.get(0)
        })?;
    if broken == 0 {
        return Ok(());
    }
    Err(Error::internal(format!(
        "migrate {}: {broken} rows would point at rows that do not exist; nothing was changed",
        path.display()
    )))
}

/// A database with another application's mark, or with tables that are not ours, is somebody else's: nothing is added.
fn refuse_foreign(path: &Path, conn: &Connection) -> Result<()> {
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

fn runner() -> Runner {
    embedded::migrations::runner()
}

fn sorted_migrations() -> Vec<Migration> {
    let mut migrations = runner().get_migrations().clone();
    migrations.sort();
    migrations
}

/// Refinery's versions are signed and ours start at 1.
fn number(version: refinery::SchemaVersion) -> u32 {
    u32::try_from(version).unwrap_or_default()
}

/// A transaction that is already open, as refinery sees it: its own implementation would begin and commit by itself.
struct Inside<'conn> {
    conn: &'conn Connection,
    /// Which migration failed, and why: refinery tells only the latter, with the whole SQL.
    failed: Option<String>,
}

impl Inside<'_> {
    fn note(&mut self, query: &str, error: &rusqlite::Error) {
        let migrations = sorted_migrations();
        let failing = migrations
            .iter()
            .find(|migration| migration.sql() == Some(query));
        let cause = match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        self.failed = failing.map(|migration| format!("{migration} failed: {cause}"));
    }
}

impl Transaction for Inside<'_> {
    type Error = rusqlite::Error;

    fn execute<'a, T: Iterator<Item = &'a str>>(
        &mut self,
        queries: T,
    ) -> Result<usize, Self::Error> {
        let mut count = 0;
        for query in queries {
            self.conn
                .execute_batch(query)
                .inspect_err(|error| self.note(query, error))?;
            count += 1;
        }
        Ok(count)
    }
}

impl Query<Vec<Migration>> for Inside<'_> {
    fn query(&mut self, query: &str) -> Result<Vec<Migration>, Self::Error> {
        let mut statement = self.conn.prepare(query)?;
        statement
            .query_map([], |row| {
                let (version, name, applied_on, checksum): (_, _, String, String) =
                    (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                let applied_on = OffsetDateTime::parse(&applied_on, &Rfc3339)
                    .map_err(|error| unreadable(2, error))?;
                let checksum = checksum.parse().map_err(|error| unreadable(3, error))?;
                Ok(Migration::applied(version, name, applied_on, checksum))
            })?
            .collect()
    }
}

impl Migrate for Inside<'_> {}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}
