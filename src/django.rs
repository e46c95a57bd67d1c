//! Moving in: a Django site's SQLite database is taken over in one transaction, losing nothing.
//!
//! [`Source::open`] reads the file, [`import`] writes its rows and gives a [`report::Report`], which commands print and
//! pages draw. The file is read in `django/read.rs`, a row becomes ours in `django/map.rs` and is written in
//! `django/write.rs`. No command line and no page is known here.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction};

use crate::db::Db;
use crate::db::backup::{Backups, Reason};
use crate::error::{Error, Result};
use crate::models::user::account;
use crate::models::{search, setting};
use crate::password::{self, Verdict};

mod find;
mod local;
mod log;
mod map;
mod moment;
mod read;
pub mod report;
mod rights;
mod wanted;
mod write;

use read::Tables;
use report::{Outcome, Report};
use write::Writing;

/// The password of the administrator in the old site's repository, for everybody to read.
const PUBLISHED: &str = "Abc1234!";
/// How long superusers' passwords are compared with it: each costs up to a second and more.
const PATIENCE: Duration = Duration::from_secs(10);

/// How an import is to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four switches, of which any may be on with any other"
)]
pub struct Options {
    /// Do everything and take it back.
    pub dry_run: bool,
    /// Leave out rows that cannot be taken, instead of taking none.
    pub skip_bad: bool,
    /// Remove all rows that are here first.
    pub replace: bool,
    /// Publish e-mail addresses on profiles, as the old site did.
    pub show_emails: bool,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The table that is read.
    pub table: &'a str,
    /// Rows of it that are done.
    pub done: u64,
    /// Rows of it.
    pub of: u64,
}

/// A Django site's database, open in one snapshot and looked through.
#[derive(Debug)]
pub struct Source(Tables);

/// What is to be known before an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is nothing in the way.
    Free,
    /// The same rows were imported before, at this moment.
    Known(String),
    /// There are rows here, in numbers, which only a replacement may touch.
    Filled(String),
}

impl Source {
    /// Opens a file read-only and reads it once. Where SQLite could read it only by repairing it, a copy is read, made for
    /// a moment in the `scratch` folder.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self> {
        Tables::open(path, scratch).map(Self)
    }

    /// How the database stands to this file.
    pub fn standing(&self, conn: &Connection) -> Result<Standing> {
        match setting::imported(conn)? {
            Some((digest, at)) if digest == self.0.digest => Ok(Standing::Known(at)),
            _ => Ok(local::filled(conn)?.map_or(Standing::Free, Standing::Filled)),
        }
    }
}

/// Takes over a site's rows in one transaction, or says in the report why not. Where rows are replaced, a copy of the
/// database as it was is made among `backups` first.
pub fn import(
    db: &Db,
    backups: &Backups,
    source: &Source,
    options: Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report> {
    let (mut report, superusers) = db.write_much(|tx| {
        let taken_over = take_over(tx, source, options, progress)?;
        let (mut report, superusers) = taken_over;
        if let (Outcome::Imported, Some(replaced)) = (&report.outcome, &mut report.replaced) {
            // Readers see the last commit, which is what goes when this one is made: nothing can come between the two,
            // and an import that is refused leaves no backup behind.
            replaced.backup = Some(backups.make(db, Reason::BeforeReplace)?.path);
        }
        Ok((report, superusers))
    })?;
    if report.outcome == Outcome::Refused {
        return Ok(report);
    }
    // Each comparison takes up to a second; nobody has to wait for it to write.
    let since = Instant::now();
    for (username, stored) in superusers {
        if since.elapsed() > PATIENCE {
            report.untried += 1;
        } else if password::verify(PUBLISHED, &stored) != Verdict::Mismatch {
            report.published.push(username);
        }
    }
    Ok(report)
}

/// The names and hashes of all who may do everything.
type Superusers = Vec<(String, String)>;

fn take_over(
    tx: &Transaction<'_>,
    source: &Source,
    options: Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Report, Superusers)> {
    let mut report = Report::of(&source.0);
    let indexes;
    match source.standing(tx)? {
        Standing::Known(at) => {
            report.outcome = Outcome::Known(at);
            return Ok((report, Vec::new()));
        }
        Standing::Filled(rows) if !options.replace => {
            return Err(Error::Refused(format!(
                "the database has {rows} already: pass --replace to have everything in it replaced (a backup is made first), or set DATABASE to a new file"
            )));
        }
        standing => {
            tx.execute_batch("savepoint import")?;
            indexes = search::rest(tx)?;
            if standing != Standing::Free {
                report.replaced = Some(local::clear(tx)?);
            }
        }
    }
    let (mut report, superusers) = write_all(tx, &source.0, report, options, progress)?;
    report.outcome = match (
        report.faults.is_empty() || options.skip_bad,
        options.dry_run,
    ) {
        (false, _) => Outcome::Refused,
        (true, true) => Outcome::Rehearsed,
        (true, false) => Outcome::Imported,
    };
    if report.outcome == Outcome::Imported {
        indexes.go_on(tx, &mut |done, of| {
            let table = "search index";
            progress(Progress { table, done, of });
        })?;
    } else {
        tx.execute_batch("rollback to import")?;
    }
    tx.execute_batch("release import")?;
    Ok((report, superusers))
}

fn write_all(
    tx: &Transaction<'_>,
    tables: &Tables,
    report: Report,
    options: Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Report, Superusers)> {
    let local = local::step_aside(tx, tables.highest_id(&wanted::USERS))?;
    let mut writing = Writing::new(tx, tables, report, options.show_emails, progress);
    writing.groups()?;
    writing.users()?;
    if let Some(local) = local {
        let (id, administrator) = local.settle(tx)?;
        local.move_history(tx, id, tables.highest_id(&wanted::LOG))?;
        writing.report.administrator = Some(administrator);
    }
    writing.memberships()?;
    writing.permissions()?;
    writing.addresses()?;
    writing.lettings()?;
    writing.profiles()?;
    writing.history()?;
    writing.keep_ids()?;
    setting::set_imported(tx, &tables.digest, &writing.now)?;
    let mut report = writing.report;
    let superusers = account::superusers(tx)?;
    report.has_administrator = superusers
        .iter()
        .any(|(_, stored)| password::is_usable(stored));
    Ok((report, superusers))
}
