//! The file on its disk: made with its folder, for its owner alone, and explained when it cannot be used.
//!
//! No SQL beyond opening. Each refusal is one line that names the path, who we are, what is in the way and the cure.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use crate::error::{Cause, Error, Result};

/// What to do where the database cannot be written.
const CURE: &str = "set DATABASE to a path that can be written";

/// Makes the file and the folders above it where they are missing. Tells whether the file is new.
pub fn prepare(path: &Path) -> Result<bool> {
    refuse_folder(path)?;
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

/// A folder where the file should be, as a mount point given for `DATABASE` is.
pub fn refuse_folder(path: &Path) -> Result<()> {
    if !path.is_dir() {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{} is a folder, expected the database's file: set DATABASE to a path inside it, such as {}",
        path.display(),
        path.join("oc-lettings.sqlite3").display()
    )))
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
    let shown = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::internal(format!(
            "{shown} is not an SQLite database: set DATABASE to another path, or put a backup in its place with `oc-lettings restore`"
        )),
        Some(ErrorCode::DatabaseCorrupt) => Error::internal(format!(
            "{shown} is damaged ({error}): put the newest backup in its place with `oc-lettings restore`"
        )),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::internal(format!(
            "{shown} is locked by another process: stop it, or wait until it is done, and try again"
        )),
        Some(ErrorCode::DiskFull) => Error::internal(format!(
            "{shown} cannot grow, its disk is full: free some space"
        )),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            unwritable(path, &io::Error::from(ErrorKind::PermissionDenied), CURE)
        }
        _ => Error::Internal(Cause::new(format!("open the database {shown}"), error)),
    }
}

/// `uid 65532 may not write /data/x.sqlite3: /data has mode 0755 and belongs to 0:0 …`, and what else could be done.
pub fn unwritable(path: &Path, error: &io::Error, otherwise: &str) -> Error {
    let uid = rustix::process::geteuid().as_raw();
    // The nearest thing that exists is what stands in the way.
    let mut obstacle = path.to_owned();
    while !obstacle.exists() {
        obstacle = folder(&obstacle);
    }
    let about = match fs::metadata(&obstacle) {
        Ok(metadata) => format!(
            "{} has mode {:04o} and belongs to {}:{}",
            obstacle.display(),
            metadata.mode() & 0o7777,
            metadata.uid(),
            metadata.gid()
        ),
        Err(error) => format!("{}: {error}", obstacle.display()),
    };
    let cure = if error.kind() == ErrorKind::PermissionDenied {
        format!(
            "run as its owner (USER in Docker, fsGroup in Kubernetes), run `chown -R {uid} {}` once, or {otherwise}",
            obstacle.display()
        )
    } else {
        otherwise.to_owned()
    };
    Error::internal(format!(
        "uid {uid} cannot write {}: {error}; {about}; {cure}",
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
