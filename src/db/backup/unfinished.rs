//! A copy while it is being made: its owner's alone, under a name that nobody takes for a backup's.
//!
//! It vanishes unless it is kept. Its maker holds a lock on it, so that what was left behind by one that was killed
//! can be told from what another is at just now; such remains are removed when the next copy is begun.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::db::file::{self, Size};
use crate::digest;
use crate::error::{Context, Error, Result};

/// What stays free beside a copy, so that the site can go on writing.
const RESERVE: u64 = 8 * 1024 * 1024;
/// What the name of an unfinished copy ends in.
const ENDING: &str = ".making";
/// How much is compared at a time.
const PIECE: usize = 64 * 1024;

/// Where a copy is made.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder, made where it is missing.
    pub(super) folder: PathBuf,
    /// What the names of the database's copies begin with.
    pub(super) stem: String,
    /// What to do where the folder cannot be written.
    pub(super) otherwise: &'static str,
}

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
        let Place {
            folder,
            stem,
            otherwise,
        } = place;
        file::make_folder(folder).map_err(|error| file::unwritable(folder, &error, otherwise))?;
        sweep(folder, stem);
        require_room(folder, size)?;
        loop {
            let path = folder.join(format!(".{stem}-{}{ENDING}", digest::random::<8>()?));
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map_err(|error| file::unwritable(folder, &error, otherwise))?;
            let copy = Self {
                path,
                file,
                begun,
                kept: false,
            };
            if copy.claim()? {
                copy.belong_to(&fs::metadata(folder).context("look at the folder of copies")?)?;
                return Ok(copy);
            }
        }
    }

    /// Locks the file. Another process may have taken it for remains in the moment before, and removed it.
    fn claim(&self) -> Result<bool> {
        let doing = || format!("look at {}", self.path.display());
        let locked = match self.file.try_lock() {
            Ok(()) => true,
            Err(fs::TryLockError::WouldBlock) => false,
            // Where there are no locks, nobody can take it for remains either.
            Err(fs::TryLockError::Error(_)) => true,
        };
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
                Err(Errno::EXIST) => Ok(false),
                // A file system that cannot do both in one step.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP)
                    if to.symlink_metadata().is_err() =>
                {
                    fs::rename(from, to).map(|()| true)
                }
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
                Err(error) => Err(error.into()),
                Ok(()) => Ok(true),
            }
        })
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

/// Removes what makers of copies left in the folder that were killed.
pub(super) fn sweep(folder: &Path, stem: &str) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let is_ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| is_unfinished(stem, name));
        if is_file
            && is_ours
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // Another process may be quicker; and remains do no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_unfinished(stem: &str, name: &str) -> bool {
    name.strip_prefix('.')
        .and_then(|name| name.strip_prefix(stem)?.strip_prefix('-'))
        .and_then(|name| name.strip_suffix(ENDING))
        .is_some_and(|random| {
            random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

/// Refuses before anything is written what would fill the disk.
fn require_room(folder: &Path, size: Size) -> Result<()> {
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return Ok(());
    };
    let free = Size(disk.f_bavail.saturating_mul(disk.f_frsize));
    // Some file systems do not tell.
    if disk.f_blocks == 0 || free.0 >= size.0.saturating_add(RESERVE) {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{} has {free} free and a copy needs {size} besides {} for the site itself: free some space, or choose a folder on another disk (BACKUP_DIR)",
        folder.display(),
        Size(RESERVE)
    )))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_as_an_unfinished_copy_of_the_database_is_one() {
        assert!(is_unfinished("site", ".site-0123456789abcdef.making"));
        for name in [
            "site-0123456789abcdef.making",
            ".site-0123456789abcde.making",
            ".site-0123456789abcdeg.making",
            ".other-0123456789abcdef.making",
            ".site-0123456789abcdef.making.txt",
            ".site-0123456789abcdef",
            ".site.making",
        ] {
            assert!(!is_unfinished("site", name), "{name}");
        }
    }
}
