//! The folder in which a copy is made: there, cleared of what makers of copies left that were killed, and with room.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::db::file::{self, Size};
use crate::db::obstacle::unwritable;
use crate::digest;
use crate::error::{Context, Error, Result};

/// What stays free beside a copy, so that the site can go on writing.
const RESERVE: u64 = 8 * 1024 * 1024;
/// What the name of an unfinished copy ends in.
const ENDING: &str = ".making";

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

impl Place {
    /// Makes the folder, clears remains away, and refuses before anything is written what would fill the disk.
    pub(super) fn prepare(&self, size: Size) -> Result<()> {
        file::make_folder(&self.folder).map_err(|error| self.unwritable(&error))?;
        sweep(&self.folder, &self.stem);
        require_room(&self.folder, size)
    }

    /// A name for an unfinished copy, which nobody takes for a backup's.
    pub(super) fn unfinished(&self) -> Result<PathBuf> {
        let random = digest::random::<8>()?;
        Ok(self.folder.join(format!(".{}-{random}{ENDING}", self.stem)))
    }

    /// Whom the folder belongs to.
    pub(super) fn owner(&self) -> Result<Metadata> {
        fs::metadata(&self.folder).context(format!("look at {}", self.folder.display()))
    }

    /// Why nothing can be written in the folder.
    pub(super) fn unwritable(&self, error: &io::Error) -> Error {
        unwritable(&self.folder, error, self.otherwise)
    }
}

/// Removes what makers of copies left in the folder that were killed.
fn sweep(folder: &Path, stem: &str) {
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
