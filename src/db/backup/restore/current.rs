//! What is in the database's place before something else is: nobody else's just now, and ours until the exchange.
//!
//! SQLite's own locks tell whether another process has the database open, and keep others out meanwhile. They are POSIX
//! locks, which a process loses as soon as it closes the file, by whichever name and handle it had it open
//! (sqlite.org/howtocorrupt.html): the file is therefore opened once, before the lock, and closed after it.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::db::backup::remove;
use crate::db::backup::unfinished::Unfinished;
use crate::db::file::{self, Size};
use crate::db::{connect, migrate};
use crate::error::{Context, Error, Result};

/// How long another process may take to let go of the database. Longer, and a server that only opens one more
/// connection would wait for us.
const BRIEFLY: Duration = Duration::from_millis(500);
/// The bytes on which SQLite's locks lie, far behind what a database holds (sqlite.org/fileformat2.html, "The Lock-Byte
/// Page").
const LOCK_BYTES: (u64, u64) = (0x4000_0000, 512);

/// What SQLite keeps beside a database and cannot do without.
pub(super) const LOGS: [&str; 2] = ["-wal", "-journal"];
/// All that it keeps there.
const BESIDE: [&str; 3] = ["-wal", "-journal", "-shm"];

/// The file in the database's place, or that there is none.
pub(super) struct Current {
    path: PathBuf,
    /// Keeps others out once it is taken. SQLite cannot lock what it cannot read, but then others cannot open it either.
    lock: Option<Connection>,
    /// Closed last.
    main: Option<(File, Metadata)>,
}

/// The bytes of the database's file.
pub(super) struct Main<'current> {
    pub(super) bytes: &'current File,
    pub(super) size: Size,
}

impl Current {
    /// Looks at what is at the path, and changes nothing. What another process uses is refused.
    pub(super) fn find(path: &Path) -> Result<Self> {
        file::refuse_other_kinds(path)?;
        let doing = || format!("read {}", path.display());
        let main = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            main => {
                let main = main.context(doing())?;
                refuse_locked(path, &main)?;
                let metadata = main.metadata().context(doing())?;
                Some((main, metadata))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            lock: None,
            main,
        })
    }

    /// Takes it for ourselves, unless another process uses it by now.
    pub(super) fn take(&mut self) -> Result<()> {
        let Some((_, metadata)) = &self.main else {
            return Ok(());
        };
        self.lock = lock(&self.path)?;
        // Another restore may have been quicker; what it put there is not what is at hand here.
        if file::identity(&self.path) != Some((metadata.dev(), metadata.ino())) {
            return Err(in_use(&self.path, "another process"));
        }
        Ok(())
    }

    /// Whom the file belongs to, so that another in its place belongs to them as well.
    pub(super) fn owner(&self) -> Option<&Metadata> {
        self.main.as_ref().map(|(_, metadata)| metadata)
    }

    /// What is in the file; nothing where there is none, or one without a byte in it.
    pub(super) fn main(&self) -> Result<Option<Main<'_>>> {
        let Some((bytes, _)) = &self.main else {
            return Ok(None);
        };
        let size = Size(bytes.metadata().context("look at the database")?.len());
        Ok((size.0 > 0).then_some(Main { bytes, size }))
    }

    /// What lies beside it under a name with this ending.
    pub(super) fn beside(&self, ending: &str) -> Result<Option<(File, Size)>> {
        let path = file::beside(&self.path, ending);
        let doing = || format!("read {}", path.display());
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.context(doing())?,
        };
        let size = Size(file.metadata().context(doing())?.len());
        Ok((size.0 > 0).then_some((file, size)))
    }

    /// Has another file take its place. What lay beside it goes first: a log beside another database than its own would
    /// be taken for that one's (sqlite.org/howtocorrupt.html).
    pub(super) fn give_way_to(self, new: &mut Unfinished) -> Result<()> {
        for ending in BESIDE {
            remove(&file::beside(&self.path, ending))?;
        }
        if self.main.is_some() {
            return new.replace(&self.path);
        }
        if new.keep_as(&self.path)? {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{} has just been made by another process, or is a link that leads nowhere: try again",
            self.path.display()
        )))
    }
}

/// Asks who holds a lock, without taking part in the waiting for it.
fn refuse_locked(path: &Path, main: &File) -> Result<()> {
    let mut asked = Flock::from(FlockType::WriteLock);
    (asked.start, asked.length) = LOCK_BYTES;
    match fcntl_getlk(main, &asked) {
        Ok(Some(lock)) => {
            let process = lock
                .pid
                .map(|id| format!("process {}", id.as_raw_nonzero()));
            Err(in_use(
                path,
                process.as_deref().unwrap_or("another process"),
            ))
        }
        // Where there are no locks SQLite has the word.
        _ => Ok(()),
    }
}

/// Locks the database so that nobody else can open it, with all that belongs to it in the one file. Nothing where SQLite
/// can make nothing of what is there.
fn lock(path: &Path) -> Result<Option<Connection>> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(BRIEFLY)?;
    // What is damaged is kept as it is, its log among that; who closed it last would else make an end of that one.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let read = conn.query_row("select count(*) from sqlite_schema", [], |_| Ok(()));
    if unless_damaged(path, read)?.is_none() {
        return Ok(None);
    }
    migrate::refuse_foreign(path, &conn)?;
    match unless_damaged(path, exclude_others(&conn))? {
        Some(true) => Ok(Some(conn)),
        Some(false) => Err(in_use(path, "another process")),
        None => Ok(None),
    }
}

fn unless_damaged<T>(path: &Path, result: rusqlite::Result<T>) -> Result<Option<T>> {
    let error = match result {
        Ok(answer) => return Ok(Some(answer)),
        Err(error) => error,
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Ok(None),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Err(in_use(path, "another process"))
        }
        _ => Err(file::explain(path, error)),
    }
}

/// Leaving the write-ahead log needs everybody else gone, and brings it into the file. Then a lock on that file does.
fn exclude_others(conn: &Connection) -> rusqlite::Result<bool> {
    let mode = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, String>(0));
    if mode("pragma journal_mode = delete")? != "delete" {
        return Ok(false);
    }
    conn.execute_batch("begin exclusive")?;
    // Somebody may have come between the two, and begun a log again.
    Ok(mode("pragma journal_mode")? == "delete")
}

fn in_use(path: &Path, by: &str) -> Error {
    Error::Refused(format!(
        "{} is in use by {by}: stop the server, and what else has it open, and try again; nothing was changed",
        path.display()
    ))
}
