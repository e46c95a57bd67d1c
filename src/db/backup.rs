//! Copies of the database: where they lie, why each was made, and making, listing and clearing them away.
//!
//! A copy is one file that shows one moment, whatever is written meanwhile. It is made under another name
//! (`backup/unfinished.rs`), from one snapshot (`backup/snapshot.rs`), checked (`backup/contents.rs`), and only then
//! named (`backup/name.rs`). The server's own are made by `backup/schedule.rs`, those before a change of the schema by
//! `backup/migration.rs`; `backup/restore.rs` puts one back.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::Db;
use super::file::{self, Size};
use crate::config::Config;
use crate::error::{Context, Error, Result};
use contents::Depth;
use place::Place;
use snapshot::Stop;
use unfinished::Unfinished;

pub mod contents;
mod migration;
mod name;
mod place;
pub mod restore;
pub mod schedule;
mod snapshot;
mod unfinished;

/// The copies of one database: where they lie, and what the server makes and keeps of them.
#[derive(Debug, Clone)]
pub struct Backups {
    database: PathBuf,
    folder: PathBuf,
    keep: usize,
    every: Option<Duration>,
}

/// A copy that is finished and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The file.
    pub path: PathBuf,
    /// Why it was made.
    pub reason: Reason,
    /// The moment that it shows, to the second.
    pub at: Timestamp,
    /// How large it is.
    pub size: Size,
}

/// Why a copy was made; its name says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// By the running server, each `BACKUP_EVERY`.
    Scheduled,
    /// Because somebody asked for it.
    Manual,
    /// Because the schema was about to change from one version to another.
    BeforeMigration {
        /// The version in the copy.
        from: u32,
        /// The version that was to be reached.
        to: u32,
    },
    /// Because all rows were about to be replaced by those of another site.
    BeforeReplace,
    /// Because another copy was about to take the database's place.
    BeforeRestore,
}

impl Backups {
    /// The copies of the configured database, as the configuration wants them.
    pub fn of(config: &Config) -> Self {
        Self {
            database: config.database.clone(),
            folder: config.backup.dir.clone(),
            keep: config.backup.keep.try_into().unwrap_or(usize::MAX),
            every: config.backup.every,
        }
    }

    /// Copies in a folder, of a database that nobody configured; none is made on a schedule.
    pub fn in_folder(database: &Path, folder: &Path) -> Self {
        Self {
            database: database.to_owned(),
            folder: folder.to_owned(),
            keep: usize::MAX,
            every: None,
        }
    }

    /// The same beside it.
    pub fn beside(database: &Path) -> Self {
        Self::in_folder(database, &file::folder(database))
    }

    /// The database that they are copies of.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// The folder that they lie in; it may not be there yet.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How old the newest scheduled one may become; nothing where the server makes none.
    pub fn every(&self) -> Option<Duration> {
        self.every
    }

    /// Every copy of this database in the folder, newest first. Only what bears a name of ours counts.
    pub fn all(&self) -> Result<Vec<Backup>> {
        let doing = || format!("list the backups in {}", self.folder.display());
        let entries = match fs::read_dir(&self.folder) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(Vec::new());
            }
            entries => entries.context(doing())?,
        };
        let stem = self.stem();
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.context(doing())?;
            let name = entry.file_name();
            let Some((at, reason)) = name.to_str().and_then(|name| name::parse(&stem, name)) else {
                continue;
            };
            // A link is not what we made; and another process may be clearing away.
            if let Ok(metadata) = entry.path().symlink_metadata()
                && metadata.is_file()
            {
                found.push(Backup {
                    path: entry.path(),
                    reason,
                    at,
                    size: Size(metadata.len()),
                });
            }
        }
        found.sort_by(|one, other| (other.at, &other.path).cmp(&(one.at, &one.path)));
        Ok(found)
    }

    /// The newest copy that the server made by itself. One of tomorrow, by a clock that went wrong, does not count.
    pub fn newest(&self) -> Result<Option<Backup>> {
        let now = Timestamp::now();
        let mut all = self.all()?.into_iter();
        Ok(all.find(|backup| backup.reason == Reason::Scheduled && backup.at <= now))
    }

    /// Copies the database into the folder while others go on writing, and checks the copy.
    pub fn make(&self, db: &Db, reason: Reason) -> Result<Backup> {
        self.make_until(db, reason, &Stop::never())
    }

    /// The same as a file of the caller's choice, which must not be there yet.
    pub fn make_as(&self, db: &Db, path: &Path) -> Result<Backup> {
        refuse_taken(path)?;
        let place = Place {
            folder: file::folder(path),
            stem: self.stem(),
            otherwise: "name a file in a folder that can be written",
        };
        let mut copy = db.read(|source| self.copy(source, &place, Depth::Whole, &Stop::never()))?;
        if !copy.keep_as(path)? {
            refuse_taken(path)?;
        }
        described(path.to_owned(), Reason::Manual, copy.begun())
    }

    fn make_until(&self, db: &Db, reason: Reason, stop: &Stop) -> Result<Backup> {
        let mut copy = db.read(|source| self.copy(source, &self.place(), Depth::Whole, stop))?;
        self.finish(&mut copy, reason)
    }

    /// Removes the oldest scheduled copies, so that as many are left as are to be kept.
    fn prune(&self) -> Result<()> {
        let mut all = self.all()?;
        all.retain(|backup| backup.reason == Reason::Scheduled);
        for old in all.iter().skip(self.keep) {
            remove(&old.path)?;
        }
        Ok(())
    }

    /// One moment of the database in a file without a name, checked.
    fn copy(
        &self,
        source: &Connection,
        place: &Place,
        depth: Depth,
        stop: &Stop,
    ) -> Result<Unfinished> {
        let copy = snapshot::copy(source, place, stop)?;
        match contents::problems(copy.path(), depth, stop)?.first() {
            None => Ok(copy),
            Some(problem) => Err(Error::internal(format!(
                "{} is damaged ({problem}): no copy of it is kept; restore the newest backup",
                self.database.display()
            ))),
        }
    }

    /// Gives a copy its name in the folder: that of the moment it shows, or of the next second that is free.
    fn finish(&self, copy: &mut Unfinished, reason: Reason) -> Result<Backup> {
        let mut at = copy.begun();
        loop {
            let path = self.path_of(at, reason);
            if copy.keep_as(&path)? {
                return described(path, reason, at);
            }
            at += Duration::from_secs(1);
        }
    }

    fn place(&self) -> Place {
        Place {
            folder: self.folder.clone(),
            stem: self.stem(),
            otherwise: "set BACKUP_DIR to a folder that can be written",
        }
    }

    fn path_of(&self, at: Timestamp, reason: Reason) -> PathBuf {
        self.folder.join(name::of(&self.stem(), at, reason))
    }

    /// What the names of this database's copies begin with. A path of ours is text, since settings are.
    fn stem(&self) -> String {
        let stem = self.database.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduled => f.write_str("scheduled"),
            Self::Manual => f.write_str("manual"),
            Self::BeforeMigration { from, to } => write!(f, "before-migration-v{from}-v{to}"),
            Self::BeforeReplace => f.write_str("before-replace"),
            Self::BeforeRestore => f.write_str("before-restore"),
        }
    }
}

fn described(path: PathBuf, reason: Reason, at: Timestamp) -> Result<Backup> {
    let metadata = fs::metadata(&path).context(format!("look at {}", path.display()))?;
    Ok(Backup {
        path,
        reason,
        at,
        size: Size(metadata.len()),
    })
}

fn refuse_taken(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::Refused(format!(
            "{0} is a folder: name a file in it, such as {1}",
            path.display(),
            path.join("backup.sqlite3").display()
        )));
    }
    if path.symlink_metadata().is_ok() {
        return Err(Error::Refused(format!(
            "{} is there already and is not overwritten: name another file, or remove it",
            path.display()
        )));
    }
    Ok(())
}

/// Removes a file; one that another process has removed meanwhile is gone as well.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).context(format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
