//! What stands in the way of who wants to use the file: which uid, which path, which mode, and the cure.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::file::{folder, log_index, write_ahead_log};
use crate::error::Error;

/// `uid 65532 cannot write /data/x.sqlite3: permission denied; /data has mode 0755 and belongs to 0:0; …`, and what else could be done.
pub(super) fn unwritable(path: &Path, error: &io::Error, otherwise: &str) -> Error {
    unusable(path, "write", error, otherwise)
}

/// The same for a file that is there and cannot even be looked at.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Error {
    let otherwise = "set DATABASE to a path that can be read and written";
    unusable(path, "read", error, otherwise)
}

fn unusable(path: &Path, verb: &str, error: &io::Error, otherwise: &str) -> Error {
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
            "run as its owner (USER in Docker, fsGroup in Kubernetes), run `chown -R {uid} {}` once, or {otherwise}",
            obstacle.display()
        )
    } else {
        otherwise.to_owned()
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
    let others = [write_ahead_log(path), log_index(path)];
    if verb != "write" || obstacle != path || !may(path) {
        return obstacle;
    }
    let other = others
        .into_iter()
        .find(|other| other.exists() && !may(other));
    other.unwrap_or_else(|| folder(path))
}
