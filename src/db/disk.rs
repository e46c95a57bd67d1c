//! The disk that the file is on: where it is mounted, whether it takes anything more.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};
use rustix::process::geteuid;

/// What the index of a log takes before there is a row in it, and a page: less is as good as nothing.
const LOG_INDEX: u64 = 36 * 1024;
/// What a new database takes, with room to spare.
const SCHEMA: u64 = 1024 * 1024;

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
            free: asked.as_ref().and_then(free),
            is_read_only: asked.is_some_and(|disk| disk.f_flag.contains(StatVfsMountFlags::RDONLY)),
            mount: mount_of(&there),
        }
    }

    /// Whether nothing can be added to what is on it.
    pub(super) fn has_no_room(&self) -> bool {
        self.has_less_than(LOG_INDEX)
    }

    /// Whether a new database would not fit.
    pub(super) fn has_no_room_for_schema(&self) -> bool {
        self.has_less_than(SCHEMA)
    }

    fn has_less_than(&self, bytes: u64) -> bool {
        self.free.is_some_and(|free| free < bytes)
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
        if self.has_no_room() {
            return self.is_full(path);
        }
        format!(
            "{shown} cannot be read or written ({error}): see the system's log for what the disk at {mount} has to say"
        )
    }
}

/// Root may use what is kept back from others; and what has no size at all does not tell.
fn free(disk: &StatVfs) -> Option<u64> {
    let blocks = if geteuid().is_root() {
        disk.f_bfree
    } else {
        disk.f_bavail
    };
    (disk.f_blocks > 0).then(|| blocks.saturating_mul(disk.f_frsize))
}

/// The highest folder on the same device.
fn mount_of(place: &Path) -> PathBuf {
    let device = |place: &Path| place.metadata().map(|metadata| metadata.dev()).ok();
    let own = device(place);
    let same = place.ancestors().take_while(|above| device(above) == own);
    same.last().unwrap_or(place).to_owned()
}
