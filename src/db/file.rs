//! The file on its disk: made with its folder, for its owner alone, and explained when it cannot be used.
//!
//! No SQL beyond opening. Each refusal is one line that names the path, who we are, what is in the way and the cure. What
//! the file says of itself is read in `db/header.rs`, what its disk says in `db/disk.rs`.

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};
use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::disk::Disk;
use crate::error::{Cause, Error, Result};

/// How many symbolic links may lead to the file, as in Linux.
const LINKS: usize = 40;

/// Makes the file and the folders above it where they are missing. Tells whether the file is new.
pub fn prepare(path: &Path) -> Result<bool> {
    refuse_unfit(path)?;
    let folder = folder(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|error| unwritable(path, &error))?;
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
                Err(error) => Err(unwritable(path, &error)),
            }
        }
        Err(error) => Err(unwritable(path, &error)),
    }
}

/// Where the file is or will be, behind symbolic links: SQLite keeps its other files beside that.
pub fn behind_links(path: &Path) -> Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        match std::fs::read_link(&target) {
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
    super::header::refuse_unfit(path)
}

/// A folder where the file should be, as a mount point given for `DATABASE` is, or what is no file at all.
fn refuse_other_kinds(path: &Path) -> Result<()> {
    let shown = path.display();
    match std::fs::metadata(path) {
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

/// The write-ahead log that SQLite keeps beside the file while it is in use.
pub fn write_ahead_log(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// What SQLite needs to undo a write to the file itself that was cut short, as in the first moment of its life.
pub fn rollback_journal(path: &Path) -> PathBuf {
    beside(path, "-journal")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
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
                unwritable(path, &std::io::Error::from(ErrorKind::PermissionDenied)).to_string()
            }
        }
        _ => return None,
    })
}

/// Whatever it is, it is not an SQLite database.
pub(super) fn no_database(path: &Path) -> Error {
    Error::internal(format!(
        "{} is not an SQLite database: set DATABASE to another path, or put a backup in its place",
        path.display()
    ))
}

/// A database that was ours, before something happened to it.
pub(super) fn damaged(path: &Path, what: impl fmt::Display) -> Error {
    Error::internal(format!(
        "{} is damaged ({what}): put the newest backup in its place",
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

/// `uid 65532 cannot write /data/x.sqlite3: permission denied; /data has mode 0755 and belongs to 0:0; …`
fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    unusable(path, "write", error)
}

/// The same for a file that is there and cannot even be looked at.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    unusable(path, "read", error)
}

fn unusable(path: &Path, verb: &str, error: &std::io::Error) -> Error {
    let uid = rustix::process::geteuid().as_raw();
    let obstacle = obstacle(path, verb);
    let about = match std::fs::metadata(&obstacle) {
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
            "run as its owner (USER in Docker, fsGroup in Kubernetes), run `chown -R {uid} {}` once, or set DATABASE to a path that can be written",
            obstacle.display()
        )
    } else {
        "set DATABASE to a path that can be written".to_owned()
    };
    Error::internal(format!(
        "uid {uid} cannot {verb} {}: {error}; {about}; {cure}",
        path.display()
    ))
}

/// The nearest thing that exists; where that is the file and it can be written, the folder, in which SQLite makes files.
fn obstacle(path: &Path, verb: &str) -> PathBuf {
    let mut obstacle = path.to_owned();
    while !obstacle.exists() {
        obstacle = folder(&obstacle);
    }
    let may = |path: &Path| accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok();
    let others = [write_ahead_log(path), beside(path, "-shm")];
    if verb != "write" || obstacle != path || !may(path) {
        return obstacle;
    }
    let other = others.into_iter().find(|other| other.exists() && !may(other));
    other.unwrap_or_else(|| folder(path))
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        Some(_) => PathBuf::from("."),
        None => PathBuf::from("/"),
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
