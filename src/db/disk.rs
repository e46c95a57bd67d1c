//! The disk that the file is on: where it is mounted, whether it takes anything more.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Less than this is as good as nothing: SQLite needs room for its log's index before it needs any for rows.
const NOTHING: u64 = 64 * 1024;

/// A disk, as far as it can be asked.
#[derive(Debug)]
pub(super) struct Disk {
    /// Where it is mounted.
    mount: PathBuf,
    /// Bytes that we may still use; nothing when it does not say.
    free: Option<u64>,
    /// Whether it takes no writes at all.
    pub(super) is_read_only: bool,
}

impl Disk {
    /// The one that holds the file, or the folder where it will be.
    pub(super) fn of(path: &Path) -> Self {
        let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let there = place.ancestors().find(|place| place.exists());
        let there = there.unwrap_or(Path::new("/")).canonicalize();
        let there = there.unwrap_or_else(|_| PathBuf::from("/"));
        let asked = statvfs(&there).ok();
        Self {
            free: asked.as_ref().map(|disk| disk.f_bavail * disk.f_frsize),
            is_read_only: asked
                .is_some_and(|disk| disk.f_flag.contains(StatVfsMountFlags::RDONLY)),
            mount: mount_of(&there),
        }
    }

    /// What to tell whoever runs the site when there is no room left for the file.
    pub(super) fn is_full(&self, path: &Path) -> String {
        let free = self.free.unwrap_or_default() / 1024;
        format!(
            "{} cannot grow, the disk at {} is full ({free} KiB free): free some space there, or make it larger",
            path.display(),
            self.mount.display()
        )
    }

    /// What to tell when reading or writing the file failed.
    pub(super) fn has_failed(&self, path: &Path, error: impl fmt::Display) -> String {
        let (shown, mount) = (path.display(), self.mount.display());
        if self.is_read_only {
            return format!(
                "{shown} cannot be written, the disk at {mount} is mounted read-only: see the system's log for why, and mount it for writing"
            );
        }
        if self.free.is_some_and(|free| free < NOTHING) {
            return self.is_full(path);
        }
        format!(
            "{shown} cannot be read or written ({error}): see the system's log for what the disk at {mount} has to say"
        )
    }
}

/// The highest folder on the same device.
fn mount_of(place: &Path) -> PathBuf {
    let device = |place: &Path| place.metadata().map(|metadata| metadata.dev()).ok();
    let own = device(place);
    let same = place.ancestors().take_while(|above| device(above) == own);
    same.last().unwrap_or(place).to_owned()
}
