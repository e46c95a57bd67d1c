//! A copy while it is being made: its owner's alone, under a name that nobody takes for a backup's.
//!
//! It vanishes unless it is kept. Its maker holds a lock on it, so that what was left behind by one that was killed
//! can be told from what another is at just now.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::place::Place;
use crate::db::file::{self, Size};
use crate::error::{Context, Result};

/// How much is compared at a time.
const PIECE: usize = 64 * 1024;

/// A file that becomes a copy when it is kept.
pub(super) struct Unfinished {
    path: PathBuf,
    file: File,
    begun: Timestamp,
    kept: bool,
}

impl Unfinished {
    /// Begins a copy of this size.
    pub(super) fn begin(place: &Place, size: Size) -> Result<Self> {
        let begun = now_in_seconds();
        place.prepare(size)?;
        loop {
            let path = place.unfinished()?;
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map_err(|error| place.unwritable(&error))?;
            let copy = Self {
                path,
                file,
                begun,
                kept: false,
            };
            if copy.claim()? {
                copy.belong_to(&place.owner()?)?;
                return Ok(copy);
            }
        }
    }

    /// Locks the file. Another process may have taken it for remains in the moment before, and removed it.
    fn claim(&self) -> Result<bool> {
        let doing = || format!("look at {}", self.path.display());
        // Where there are no locks, nobody can take it for remains either.
        let locked = !matches!(self.file.try_lock(), Err(TryLockError::WouldBlock));
        let metadata = self.file.metadata().context(doing())?;
        Ok(locked && metadata.nlink() > 0)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The second in which it was begun, whose state it shows.
    pub(super) fn begun(&self) -> Timestamp {
        self.begun
    }

    /// Fills it with the bytes of another file.
    pub(super) fn fill(&mut self, mut from: &File) -> Result<()> {
        io::copy(&mut from, &mut self.file)
            .map(|_| ())
            .context(format!("write {}", self.path.display()))
    }

    /// Has the disk write what was written until now.
    pub(super) fn give_to_disk(&self) -> Result<()> {
        self.file
            .sync_data()
            .context(format!("write {}", self.path.display()))
    }

    /// Says in the file's head that no write-ahead log goes with it, whatever the database says of itself: a reader
    /// would otherwise want to make one beside it (sqlite.org/fileformat2.html, "File format version numbers").
    pub(super) fn needs_no_log(&self) -> Result<()> {
        self.file
            .write_all_at(&[1, 1], 18)
            .context(format!("write {}", self.path.display()))
    }

    /// Makes it somebody else's, where we may: what an administrator makes, the server must be able to open.
    pub(super) fn belong_to(&self, owner: &fs::Metadata) -> Result<()> {
        if !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        fchown(&self.file, Some(owner.uid()), Some(owner.gid()))
            .context(format!("change the owner of {}", self.path.display()))
    }

    /// Whether a file holds the same bytes.
    pub(super) fn is_the_same_as(&self, path: &Path) -> Result<bool> {
        let doing = || format!("compare {} with the database", path.display());
        let mut other = File::open(path).context(doing())?;
        let length = other.metadata().context(doing())?.len();
        if length != self.file.metadata().context(doing())?.len() {
            return Ok(false);
        }
        let (mut ours, mut theirs) = (vec![0; PIECE], vec![0; PIECE]);
        let mut at = 0;
        while at < length {
            let piece = usize::try_from(length - at).unwrap_or(PIECE).min(PIECE);
            other.read_exact(&mut theirs[..piece]).context(doing())?;
            self.file
                .read_exact_at(&mut ours[..piece], at)
                .context(doing())?;
            if ours[..piece] != theirs[..piece] {
                return Ok(false);
            }
            at += piece as u64;
        }
        Ok(true)
    }

    /// Gives it its name once it is on the disk; tells whether that name was free.
    pub(super) fn keep_as(&mut self, path: &Path) -> Result<bool> {
        self.settle(path, |from, to| {
            match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
                Ok(()) => Ok(true),
                Err(Errno::EXIST) => Ok(false),
                // Some file systems cannot look and rename in one step.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                    let is_free = to.symlink_metadata().is_err();
                    if is_free {
                        fs::rename(from, to)?;
                    }
                    Ok(is_free)
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    /// Puts it in the place of the file of that name, in one step.
    pub(super) fn replace(&mut self, path: &Path) -> Result<()> {
        self.settle(path, |from, to| fs::rename(from, to).map(|()| true))
            .map(|_| ())
    }

    /// Gives all of it to the disk, renames it, and gives the folder to the disk: after a power cut it is there whole
    /// under its name, or not at all.
    fn settle(
        &mut self,
        path: &Path,
        rename: impl FnOnce(&Path, &Path) -> io::Result<bool>,
    ) -> Result<bool> {
        let doing = || format!("write {}", path.display());
        self.file.sync_all().context(doing())?;
        self.kept = rename(&self.path, path).context(doing())?;
        if self.kept {
            give_folder_to_disk(&file::folder(path)).context(doing())?;
        }
        Ok(self.kept)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed when the next copy is begun.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn give_folder_to_disk(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some file systems have nothing to write for a folder.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

fn now_in_seconds() -> Timestamp {
    let whole = TimestampRound::new()
        .smallest(Unit::Second)
        .mode(RoundMode::Trunc);
    Timestamp::now()
        .round(whole)
        .expect("seconds divide a day evenly")
}
