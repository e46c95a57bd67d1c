//! Another program's database: read in one snapshot, never written, and nothing left beside it.
//!
//! No table is known here. A file that SQLite could only read by repairing it first (a journal of a crashed writer, a
//! write-ahead log that nobody has open) is copied with what lies beside it, and the copy is repaired and read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::digest;
use crate::error::{Context, Error, Result};

/// What every SQLite file begins with (sqlite.org/fileformat2.html).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Where the header says that the file is used with a write-ahead log, and what it says then.
const VERSIONS: std::ops::Range<usize> = 18..20;
const WITH_LOG: u8 = 2;
/// How often a file is copied anew that changed meanwhile.
const TRIES: usize = 5;
/// What may lie beside a database and belongs to it.
const LOG: &str = "-wal";
const INDEX: &str = "-shm";
const JOURNAL: &str = "-journal";

/// Opens the file and begins the one transaction in which it is read. A copy, where one is needed, is made in the
/// `scratch` folder and has no name any more when this returns.
pub fn open(path: &Path, scratch: &Path) -> Result<Connection> {
    // As a full path, so that no name is taken for a URI or for SQLite's own `:memory:`.
    let path = path
        .canonicalize()
        .map_err(|error| unreadable(path, &error))?;
    let header = header(&path)?;
    match in_place(&path, header[VERSIONS].contains(&WITH_LOG))? {
        Some(conn) => Ok(conn),
        None => copied(&path, scratch),
    }
}

/// What is wrong with how a table is stored; what is wrong in its rows is for whoever reads them.
pub fn damage(conn: &Connection, table: &str) -> rusqlite::Result<Option<String>> {
    // Each of these is about a value in a row that can be read all the same.
    const IN_ROWS: [&str; 4] = [
        "NULL value in ",
        "NUMERIC value in ",
        "TEXT value in ",
        "non-",
    ];
    let mut statement = conn.prepare("select quick_check from pragma_quick_check(?1)")?;
    let mut rows = statement.query([table])?;
    while let Some(row) = rows.next()? {
        let words: String = row.get(0)?;
        if words != "ok" && !IN_ROWS.iter().any(|start| words.starts_with(start)) {
            return Ok(Some(words));
        }
    }
    Ok(None)
}

/// Puts SQLite's reason into words for whoever gave the file.
pub fn explain(path: &Path, error: &rusqlite::Error) -> Error {
    let shown = path.display();
    Error::Refused(match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => not_a_database(path),
        Some(ErrorCode::DatabaseCorrupt) => damaged(path, &error.to_string()),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "{shown} is locked by another process: wait until it has written, or stop it, and try again"
        ),
        Some(ErrorCode::DiskFull) => format!("no room for a copy of {shown}: free some space"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            return unreadable(path, &std::io::Error::from(ErrorKind::PermissionDenied));
        }
        _ => format!(
            "{shown} cannot be read ({}): give a whole copy of it",
            one_line(&error.to_string())
        ),
    })
}

/// A file that is damaged, with the reason in SQLite's words.
pub fn damaged(path: &Path, words: &str) -> String {
    format!(
        "{} is damaged ({}): give a whole copy or a backup of it",
        path.display(),
        one_line(words)
    )
}

/// SQLite's words may quote names out of the file, which must neither break the line nor draw on a terminal.
fn one_line(words: &str) -> String {
    words.replace(char::is_control, " ")
}

fn not_a_database(path: &Path) -> String {
    format!(
        "{} is not an SQLite database: give the file that Django's DATABASES names, such as db.sqlite3",
        path.display()
    )
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let shown = path.display();
    Error::Refused(match error.kind() {
        ErrorKind::NotFound => format!("{shown} does not exist: give the path of the file"),
        ErrorKind::PermissionDenied => format!(
            "uid {} may not read {shown}: run as its owner, or give a copy that may be read",
            rustix::process::geteuid().as_raw()
        ),
        _ => format!("{shown} cannot be read ({error}): give another path"),
    })
}

/// The first bytes; refuses what is no file, empty, or no database, before SQLite is asked.
fn header(path: &Path) -> Result<[u8; 100]> {
    let shown = path.display();
    // Asked first: opening a pipe would wait for its writer.
    let metadata = path.metadata().map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(Error::Refused(format!(
            "{shown} is not a file: give the path of the database's file"
        )));
    }
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    if metadata.len() == 0 {
        return Err(Error::Refused(format!(
            "{shown} is empty: give the file that has the rows"
        )));
    }
    let mut header = [0; 100];
    match file.read_exact(&mut header) {
        Ok(()) if header.starts_with(MAGIC) => Ok(header),
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(unreadable(path, &error)),
        _ => Err(Error::Refused(not_a_database(path))),
    }
}

/// The file itself, where SQLite can read it without changing anything; nothing where a copy is needed.
fn in_place(path: &Path, with_log: bool) -> Result<Option<Connection>> {
    // With a log SQLite makes what is missing beside the file. Where both are there, others have it open, and their
    // locks keep the snapshot whole.
    let (log, index) = (beside(path, LOG).exists(), beside(path, INDEX).exists());
    if (with_log || log) && !(log && index) {
        return Ok(None);
    }
    let conn = super::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match begin(&conn) {
        Ok(()) => Ok(Some(conn)),
        Err(error) if needs_repair(&error) => Ok(None),
        Err(error) => Err(explain(path, &error)),
    }
}

/// A reader that may not write can neither roll back a journal nor rebuild the index of a log.
fn needs_repair(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        matches!(
            error.extended_code,
            ffi::SQLITE_READONLY_ROLLBACK
                | ffi::SQLITE_READONLY_RECOVERY
                | ffi::SQLITE_READONLY_CANTINIT
                | ffi::SQLITE_READONLY_CANTLOCK
                | ffi::SQLITE_CANTOPEN
        )
    })
}

/// Begins the transaction and takes its snapshot. What SQLite recommends for files from elsewhere is on
/// (sqlite.org/security.html); constraints of theirs may call functions that only their program has.
fn begin(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "pragma trusted_schema = off; pragma cell_size_check = on; pragma mmap_size = 0;
         pragma ignore_check_constraints = on; begin;",
    )?;
    conn.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
    conn.execute_batch("pragma query_only = on")
}

/// Copies the file with its journal or log, repairs the copy and opens it.
fn copied(path: &Path, scratch: &Path) -> Result<Connection> {
    let copy = Copy(scratch.join(format!(".import-{}", digest::random::<8>()?)));
    for _ in 0..TRIES {
        let before = state(path);
        for suffix in ["", LOG, JOURNAL] {
            copy.take(path, suffix)?;
        }
        if state(path) == before {
            let conn = super::connect(&copy.0, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            // Reading rolls a journal back; leaving the log's mode moves the log into the file.
            conn.query_row("pragma journal_mode = delete", [], |_| Ok(()))
                .and_then(|()| begin(&conn))
                .map_err(|error| explain(path, &error))?;
            return Ok(conn);
        }
    }
    Err(Error::Refused(format!(
        "{} changes while it is copied: stop the site that writes to it and try again",
        path.display()
    )))
}

/// What tells that a file, or what belongs to it, was written to or replaced.
fn state(path: &Path) -> Vec<Option<(u64, u64, i64, i64)>> {
    ["", LOG, INDEX, JOURNAL]
        .iter()
        .map(|suffix| {
            let metadata = beside(path, suffix).metadata().ok()?;
            Some((
                metadata.ino(),
                metadata.len(),
                metadata.mtime(),
                metadata.mtime_nsec(),
            ))
        })
        .collect()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A private copy, for its owner alone. Its name goes when this does; who has it open reads on.
struct Copy(PathBuf);

impl Copy {
    /// Copies one of the files, or removes an earlier copy of one that is gone.
    fn take(&self, path: &Path, suffix: &str) -> Result<()> {
        let (from, to) = (beside(path, suffix), beside(&self.0, suffix));
        let mut from = match File::open(&from) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && !suffix.is_empty() => {
                let _ = std::fs::remove_file(to);
                return Ok(());
            }
            Err(error) => return Err(unreadable(&from, &error)),
        };
        let mut to = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(to)
            .context("make a private copy to read")?;
        std::io::copy(&mut from, &mut to).context(format!("copy {}", path.display()))?;
        Ok(())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        for suffix in ["", LOG, INDEX, JOURNAL] {
            // What is not there need not go, and what cannot go is in a folder for its owner alone.
            let _ = std::fs::remove_file(beside(&self.0, suffix));
        }
    }
}
