//! One moment of a database, copied page by page while others go on writing.

use std::ffi::c_int;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use percent_encoding::percent_encode;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::place::Place;
use super::unfinished::Unfinished;
use crate::db::file::Size;
use crate::db::{URI, open};
use crate::error::{Context, Error, Result};

/// Pages that are copied before the disk is given them and somebody may have us give up: a megabyte. With more, a
/// commit could find the disk busy with our pages when it wants its own few written.
const STEP: c_int = 256;

/// How others tell a copy to be given up.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// For a copy that nobody gives up.
    pub(super) fn never() -> Self {
        Self::default()
    }

    /// Asks for it.
    pub(super) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked for.
    pub(super) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends a copy that somebody asked to be given up.
    pub(super) fn heed(&self) -> Result<()> {
        if self.asked() {
            return Err(Error::Refused("the copy was given up".to_owned()));
        }
        Ok(())
    }
}

/// Copies what the connection sees now into a file of the folder: one file, which can be opened where nothing can be
/// written.
///
/// All of it is read in one transaction. SQLite would begin again whenever another connection wrote between two steps
/// that have none in common (sqlite.org/backup.html), so that beside constant writes a copy would never end. Writers do
/// not wait for a reader; but the write-ahead log cannot start over until it is done, therefore only the copying
/// happens within, and no check.
pub(super) fn copy(source: &Connection, place: &Place, stop: &Stop) -> Result<Unfinished> {
    let seen = source.unchecked_transaction()?;
    // The transaction begins with its first read.
    seen.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))
        .map_err(|error| crate::db::file::explain_on(&seen, error))?;
    let size = seen.query_row(
        "select page_count * page_size from pragma_page_count, pragma_page_size",
        [],
        |row| row.get(0),
    )?;
    let copy = Unfinished::begin(place, Size(size))?;
    let mut target = open_unlocked(copy.path())?;
    // No journal: a copy that is not finished is thrown away. And what is written is given to the disk here.
    target.execute_batch("pragma journal_mode = off; pragma synchronous = off;")?;
    let doing = format!("copy the database into {}", place.folder.display());
    let pages = Backup::new(&seen, &mut target).context(doing.as_str())?;
    loop {
        match pages.step(STEP).context(doing.as_str())? {
            StepResult::Done => break,
            StepResult::More => {}
            // Nobody else has the copy, and reading waits for nobody.
            other => return Err(Error::internal(format!("{doing}: {other:?}"))),
        }
        stop.heed()?;
        copy.give_to_disk()?;
    }
    drop(pages);
    drop(target);
    copy.needs_no_log()?;
    Ok(copy)
}

/// Opens the copy without SQLite's locks: its maker holds one of another kind, and on network file systems, where
/// copies may well lie, the two would be the same.
fn open_unlocked(path: &Path) -> Result<Connection> {
    let name = format!(
        "file:{}?nolock=1",
        percent_encode(path.as_os_str().as_bytes(), URI)
    );
    let mode = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
    open(path, &name, mode)
}
