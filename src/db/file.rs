//! The file on its disk: made with its folder, for its owner alone, and explained when it cannot be used.
//!
//! No SQL beyond opening. Each refusal is one line that names the path, who we are, what is in the way and the cure. What
//! the file says of itself is read in `db/header.rs`, what its disk says in `db/disk.rs`, and who may not use it is said in
//! `db/obstacle.rs`.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::disk::Disk;
use super::obstacle::unwritable;
use crate::error::{Cause, Error, Result};

/// How many symbolic links may lead to the file, as in Linux.
const LINKS: usize = 40;

/// What to do where the database cannot be written.
const CURE: &str = "set DATABASE to a path that can be written";

/// What visitors read when nothing could be saved.
const FULL: &str = "The disk that this site keeps its data on is full, so nothing was saved. Whoever runs the site has to make room; after that it can be sent again.";
const UNWRITABLE: &str = "This site cannot write its data just now, so nothing was saved. Whoever runs the site finds the reason in its log; after that it can be sent again.";
const LOCKED: &str = "Another program has been writing to this site's data for too long, so nothing was saved. Please send it again in a moment.";

/// Makes the file and the folders above it where they are missing. Tells whether the file is new.
pub fn prepare(path: &Path) -> Result<bool> {
    refuse_unfit(path)?;
    let path = &behind_links(path)?;
    refuse_full(path)?;
    make_folder(&folder(path)).map_err(|error| unwritable(path, &error, CURE))?;
    // It will hold password hashes and the key: nobody else's to read. SQLite gives its -wal and -shm the same mode.
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            match OpenOptions::new().write(true).open(path) {
                // An empty file, as `touch` or a failed start leaves it, is as good as new.
                Ok(file) => Ok(file.metadata().is_ok_and(|metadata| metadata.len() == 0)),
                Err(error) => Err(unwritable(path, &error, CURE)),
            }
        }
        Err(error) => Err(unwritable(path, &error, CURE)),
    }
}

/// Where the file is or will be, behind symbolic links: SQLite keeps its other files beside that.
pub fn behind_links(path: &Path) -> Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = folder(&target).join(next),
            // It is no link, or not there; what else is wrong with it shows when it is used.
            Err(_) => return Ok(target),
        }
    }
    Err(Error::Refused(format!(
        "{} is a symbolic link that leads to itself: set DATABASE to another path, or mend the link",
        path.display()
    )))
}

/// Refuses what must not be opened as the database, without opening it.
pub fn refuse_unfit(path: &Path) -> Result<()> {
    refuse_other_kinds(path)?;
    super::header::refuse_unfit(&behind_links(path)?)
}

/// A disk without room even to begin: asked first, because what SQLite had begun there it could not take back.
fn refuse_full(path: &Path) -> Result<()> {
    let disk = Disk::of(path);
    let is_full = if path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        !log_index(path).exists() && disk.has_no_room()
    } else {
        disk.has_no_room_for_schema()
    };
    if is_full {
        return Err(Error::internal(disk.is_full(path)));
    }
    Ok(())
}

/// A folder where the file should be, as a mount point given for `DATABASE` is, or what is no file at all.
pub fn refuse_other_kinds(path: &Path) -> Result<()> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(Error::Refused(format!(
            "{shown} is a folder, expected the database's file: set DATABASE to a path inside it, such as {}",
            path.join("oc-lettings.sqlite3").display()
        ))),
        Ok(metadata) if !metadata.is_file() => Err(Error::Refused(format!(
            "{shown} is a device, pipe or socket, expected the database's file: set DATABASE to another path"
        ))),
        // What cannot be asked for is found out, and explained, by whoever opens it.
        _ => Ok(()),
    }
}

/// Makes a folder, and those above it, for their owner alone. One that root makes belongs to the owner of the one above
/// it: the server, which is not root, is to write in it.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = folder(path);
    make_folder(&above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        // Another process was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        made => made?,
    }
    if rustix::process::geteuid().is_root() {
        let owner = fs::metadata(&above)?;
        chown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

/// The write-ahead log that SQLite keeps beside the file while it is in use.
pub fn write_ahead_log(path: &Path) -> PathBuf {
    beside(&real(path), "-wal")
}

/// The log's index, which is there as long as the log is.
pub(super) fn log_index(path: &Path) -> PathBuf {
    beside(&real(path), "-shm")
}

/// A file that SQLite keeps beside the database, by the ending of its name.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Where the file really lies: SQLite follows links, and keeps its own files beside what they lead to.
pub fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Which file a path leads to: the same for all its names, another one for what is put in its place.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// The same as [`explain`] where only the connection is at hand.
pub fn explain_on(conn: &Connection, error: rusqlite::Error) -> Error {
    explain(Path::new(conn.path().unwrap_or_default()), error)
}

/// Puts SQLite's reason into words for whoever runs the site; a visitor must not read them, they hold paths.
pub fn explain(path: &Path, error: rusqlite::Error) -> Error {
    match in_words(path, &error) {
        Some(words) => Error::internal(words),
        None => Error::Internal(Cause::new(
            format!("open the database {}", path.display()),
            error,
        )),
    }
}

/// A change that failed: where the disk or another process stood in its way, the visitor is told so and the operator why.
pub(super) fn not_saved(path: &Path, error: Error) -> Error {
    let Error::Internal(cause) = &error else {
        return error;
    };
    let Some(reason) = cause.source_of::<rusqlite::Error>() else {
        return error;
    };
    let words = match reason.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => FULL,
        Some(ErrorCode::SystemIoFailure) if Disk::of(path).has_no_room() => FULL,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LOCKED,
        Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            UNWRITABLE
        }
        _ => return error,
    };
    match in_words(path, reason) {
        Some(explained) => Error::NotSaved(words, Cause::plain(explained)),
        None => error,
    }
}

/// SQLite's reason in words, with the cure, where it is one that whoever runs the site can do something about.
pub(super) fn in_words(path: &Path, error: &rusqlite::Error) -> Option<String> {
    let shown = path.display();
    Some(match error.sqlite_error_code()? {
        ErrorCode::NotADatabase => no_database(path).to_string(),
        ErrorCode::DatabaseCorrupt => damaged(path, error).to_string(),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => format!(
            "{shown} is locked by another process: stop it, or wait until it is done, and try again"
        ),
        ErrorCode::DiskFull => Disk::of(path).is_full(path),
        ErrorCode::SystemIoFailure => Disk::of(path).has_failed(path, error),
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            let disk = Disk::of(path);
            if disk.is_read_only {
                disk.has_failed(path, error)
            } else {
                unwritable(path, &io::Error::from(ErrorKind::PermissionDenied), CURE).to_string()
            }
        }
        _ => return None,
    })
}

/// Whatever it is, it is not an SQLite database.
pub(super) fn no_database(path: &Path) -> Error {
    Error::internal(format!(
        "{} is not an SQLite database: set DATABASE to another path, or put a backup in its place with `oc-lettings restore`",
        path.display()
    ))
}

/// A database that was ours, before something happened to it.
pub(super) fn damaged(path: &Path, what: impl fmt::Display) -> Error {
    Error::internal(format!(
        "{} is damaged ({what}): put the newest backup in its place with `oc-lettings restore`",
        path.display()
    ))
}

/// Somebody else's database, to which nothing is added.
pub(super) fn foreign(path: &Path, why: impl fmt::Display) -> Error {
    Error::Refused(format!(
        "{} is a database of another application ({why}): set DATABASE to another path",
        path.display()
    ))
}

/// The folder that a path lies in.
pub fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        Some(_) => PathBuf::from("."),
        None => PathBuf::from("/"),
    }
}

/// So many bytes, shown as people say them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = |unit: u64| (self.0 / unit, self.0 % unit * 10 / unit);
        match self.0 {
            0..1_000 => write!(f, "{} bytes", self.0),
            1_000..1_000_000 => write!(f, "{} KB", self.0 / 1_000),
            1_000_000..1_000_000_000 => {
                let (whole, tenth) = tenths(1_000_000);
                write!(f, "{whole}.{tenth} MB")
            }
            _ => {
                let (whole, tenth) = tenths(1_000_000_000);
                write!(f, "{whole}.{tenth} GB")
            }
        }
    }
}

/// Whether what is written here is still there after the next deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// An ordinary disk or volume.
    Yes,
    /// Memory, gone when the machine or container stops.
    Memory,
    /// A container's own layer, gone with the container.
    ContainerLayer,
    /// A network file system, on which SQLite's write-ahead log is not safe.
    Network,
}

impl Lasting {
    /// Looks at the file system that holds the path (statfs(2); the numbers are Linux's, `linux/magic.h`).
    pub fn of(path: &Path) -> Self {
        let Ok(stat) = rustix::fs::statfs(path) else {
            return Self::Yes;
        };
        // The type is a signed word on some machines and its upper half then all ones.
        match u32::try_from(stat.f_type & 0xFFFF_FFFF).unwrap_or_default() {
            0x0102_1994 | 0x8584_58F6 => Self::Memory,
            0x794C_7630 | 0x6179_7366 => Self::ContainerLayer,
            0x0000_6969 | 0x0000_517B | 0xFF53_4D42 | 0xFE53_4D42 => Self::Network,
            _ => Self::Yes,
        }
    }

    /// What the start-up line says of it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Yes => "on a disk that lasts",
            Self::Memory => "in memory, lost at the next restart",
            Self::ContainerLayer => "in a container's layer, lost at the next deploy",
            Self::Network => "on a network file system, where SQLite is not safe",
        }
    }

    /// What to do about it, where there is something to do.
    pub fn cure(self) -> Option<&'static str> {
        match self {
            Self::Yes => None,
            Self::Memory | Self::ContainerLayer => {
                Some("mount a disk or volume and set DATABASE to a path on it")
            }
            Self::Network => Some("set DATABASE to a path on a local disk"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_as_people_say_them() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (212_992, "212 KB"),
            (104_857_600, "104.8 MB"),
            (1_050_000_000, "1.0 GB"),
        ] {
            assert_eq!(Size(bytes).to_string(), shown);
        }
    }
}
