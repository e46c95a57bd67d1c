//! The database: one SQLite file, one writer, many readers that never wait for it.
//!
//! No table is known here. Making the file and saying why it cannot be opened is in `db/file.rs`, looking at it before
//! it is opened in `db/header.rs`, bringing it up to date in `db/migrate.rs`, copying it and putting a copy back in
//! `db/backup.rs`, reading another program's database in `db/foreign.rs`, knowing whether anything has changed in
//! `db/version.rs`; the questions are asked in `models/`.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use refinery::Migration;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::task::spawn_blocking;
use rusqlite::backup::StepResult;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::error::{Context, Error, Result};
use crate::telemetry;
use backup::Backups;
use version::Version;

pub mod backup;
pub mod file;
pub mod foreign;
pub mod migrate;

mod disk;
mod header;
mod obstacle;
mod version;

/// What marks a file as ours in its header: `OCLT` in ASCII (sqlite.org/pragma.html).
pub const APPLICATION_ID: i32 = 0x4F43_4C54;
/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);
/// Pages that are put in at once where one database takes the place of another.
const PAGES: i32 = 4_096;
/// The pause between two tries where SQLite itself does not wait.
const PAUSE: Duration = Duration::from_millis(10);
/// How many long reads run at once; more wait their turn and hold no connection meanwhile.
const LONG_READS: usize = 4;
/// How many reads run at once that go at the pace of whoever takes their rows.
const EXPORTS: usize = 2;
/// Pages that the writer keeps in memory while very many rows are written, and SQLite's own number (in KiB).
const PAGES_FOR_MUCH: u32 = 48 * 1024;
const PAGES_AS_USUAL: u32 = 2_000;
/// Distinct statements a connection keeps prepared; the whole site has fewer.
const PREPARED: usize = 64;
/// What stays as it is in a path that is written as a URI (sqlite.org/uri.html).
const URI: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A handle on the open database; clones share it.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    // Closed before the writer: only who may write can tidy up the log when the last connection goes.
    idle_readers: Mutex<Vec<Connection>>,
    writer: Mutex<Connection>,
    version: Version,
    long_reads: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    writes: Arc<Semaphore>,
}

impl Db {
    /// Opens or creates the database and applies what migrations are pending, after a copy beside it.
    pub fn open_and_migrate(path: &Path) -> Result<(Self, migrate::Report)> {
        Self::open_and_migrate_with(&Backups::beside(path), &migrate::all())
    }

    /// The same with a copy where copies are to lie, and with other migrations than this binary's.
    pub fn open_and_migrate_with(
        backups: &Backups,
        migrations: &[Migration],
    ) -> Result<(Self, migrate::Report)> {
        let path = backups.database();
        let created = file::prepare(path)?;
        let report = migrate::run(backups, migrations, created)?;
        Ok((Self::open(path)?, report))
    }

    /// Opens a database that is there, as it is.
    pub fn open(path: &Path) -> Result<Self> {
        let writer = connect_to_write(path, |_| Ok(()))?;
        writer
            .execute_batch("pragma foreign_keys = on;")
            .map_err(|error| file::explain(path, error))?;
        let shared = Shared {
            path: path.to_owned(),
            version: Version::watch(&writer)?,
            writer: Mutex::new(writer),
            idle_readers: Mutex::new(Vec::new()),
            long_reads: Arc::new(Semaphore::new(LONG_READS)),
            exports: Arc::new(Semaphore::new(EXPORTS)),
            writes: Arc::new(Semaphore::new(1)),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Tables whose rows no page shows, so that writing them leaves the version as it is. Until this is said every table
    /// counts.
    pub fn pass_over(&self, unshown: &'static [&'static str]) {
        self.shared.version.pass_over(unshown);
    }

    /// A number that is another one after every write to what pages show, before that write is acknowledged, and within
    /// a tenth of a second of any write by another process. What is read now is never older than it.
    pub fn version(&self) -> u64 {
        let version = &self.shared.version;
        if version.is_to_look() {
            // Who is writing here will look as well, and until then nobody else can commit.
            match self.shared.writer.try_lock() {
                Ok(writer) => version.look(&writer),
                Err(TryLockError::Poisoned(writer)) => version.look(&writer.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        version.number()
    }

    /// Asks a short, indexed question where it stands: five times cheaper than a hop to another thread.
    pub fn read<T>(&self, question: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let _measured = telemetry::measure("read");
        let reader = self.reader()?;
        let answer = question(&reader);
        // A connection whose question panicked is not put back.
        lock(&self.shared.idle_readers).push(reader);
        answer
    }

    /// Asks several such questions of one moment: no write comes between them, and they are locked once.
    pub fn read_at_once<T>(&self, questions: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.read(|conn| {
            let tx = conn.unchecked_transaction()?;
            let answers = questions(&tx)?;
            tx.commit()?;
            Ok(answers)
        })
    }

    /// Asks what may take longer, on a thread for such work, few at a time.
    pub async fn read_long<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_in(&self.shared.long_reads, question).await
    }

    /// Asks what is handed on row by row, at the reader's pace, in places of its own: a slow one keeps no page waiting.
    pub async fn read_out<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_in(&self.shared.exports, question).await
    }

    async fn read_in<T: Send + 'static>(
        &self,
        places: &Arc<Semaphore>,
        question: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let waiting = telemetry::measure("wait to read");
        let permit = Arc::clone(places)
            .acquire_owned()
            .await
            .context("wait to read the database")?;
        drop(waiting);
        let db = self.clone();
        let work = telemetry::carried(move || {
            let _permit = permit;
            db.read(question)
        });
        spawn_blocking(work).await.context("read the database")?
    }

    /// Changes rows in one transaction, on a thread for such work, one change after the other.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let waiting = telemetry::measure("wait to write");
        let permit = Arc::clone(&self.shared.writes)
            .acquire_owned()
            .await
            .context("wait to write to the database")?;
        drop(waiting);
        let db = self.clone();
        let work = telemetry::carried(move || {
            let _permit = permit;
            db.write_now(change)
        });
        spawn_blocking(work)
            .await
            .context("write to the database")?
    }

    /// Changes rows in one transaction, here; for commands, which have no one else to serve.
    pub fn write_now<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let _measured = telemetry::measure("write");
        let mut writer = lock(&self.shared.writer);
        // What failed is rolled back when the transaction is dropped, so that nothing of it is saved.
        let answer = change_rows(&mut writer, &self.shared.version, change);
        self.shared.version.settle();
        answer.map_err(|error| file::not_saved(&self.shared.path, error))
    }

    /// The same for very many rows, whose pages would otherwise be written and read again many times before the end.
    pub fn write_much<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.keep_in_memory(PAGES_FOR_MUCH)?;
        let answer = self.write_now(change);
        // What is committed is committed; that more memory stays in use is no reason to say that it failed.
        if let Err(error) = self.keep_in_memory(PAGES_AS_USUAL) {
            log::warn!("the database keeps more memory than it needs: {error}");
        }
        answer
    }

    fn keep_in_memory(&self, kibibytes: u32) -> Result<()> {
        let writer = lock(&self.shared.writer);
        writer
            .execute_batch(&format!("pragma cache_size = -{kibibytes}"))
            .context("set how much of the database is kept in memory")
    }

    /// Puts the content of another database in the place of this one's, in one transaction of the writer's.
    fn replace_with(&self, source: &Connection) -> Result<()> {
        let doing = "put other rows in the database's place";
        let mut writer = lock(&self.shared.writer);
        let until = Instant::now() + BUSY;
        let pages = rusqlite::backup::Backup::new(source, &mut writer).context(doing)?;
        loop {
            match pages.step(PAGES).context(doing)? {
                StepResult::Done => {
                    self.shared.version.advance();
                    return Ok(());
                }
                // Another process is writing, and here SQLite itself does not wait.
                StepResult::Busy | StepResult::Locked if Instant::now() < until => sleep(PAUSE),
                StepResult::More => {}
                _ => {
                    return Err(Error::Refused(
                        "another process is writing to the database all the time; please try again"
                            .to_owned(),
                    ));
                }
            }
        }
    }

    /// Moves the write-ahead log into the file and empties it, so that the one file is all there is.
    pub fn checkpoint(&self) -> Result<()> {
        lock(&self.shared.idle_readers).clear();
        let writer = lock(&self.shared.writer);
        writer
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
            .context("move the write-ahead log into the database")
    }

    fn reader(&self) -> Result<Connection> {
        if let Some(reader) = lock(&self.shared.idle_readers).pop() {
            return Ok(reader);
        }
        let reader = connect(&self.shared.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        reader.execute_batch("pragma query_only = on")?;
        Ok(reader)
    }
}

fn change_rows<T>(
    writer: &mut Connection,
    version: &Version,
    change: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    // Immediate: a transaction that starts as a reader and then writes would ignore the busy timeout.
    let tx = writer
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .context("begin to write to the database")?;
    // While this one waited for its turn, nobody else asked.
    version.look(&tx);
    let answer = change(&tx)?;
    tx.commit().context("commit to the database")?;
    Ok(answer)
}

/// Opens a database to look at it: nothing is made, migrated or changed.
pub fn inspect(path: &Path) -> Result<Connection> {
    file::refuse_unfit(path)?;
    if !path.exists() {
        return Err(Error::Refused(format!(
            "{} does not exist: start the server once, or run `oc-lettings migrate`",
            path.display()
        )));
    }
    look(path)
}

/// Opens a file that is there to look at it.
fn look(path: &Path) -> Result<Connection> {
    if file::write_ahead_log(path).exists() {
        return connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    // Nobody has it open, and the file is all there is. SQLite would still make the two files that go with a log, and
    // leave them behind (sqlite.org/wal.html, "Read-Only Databases").
    let name = format!(
        "file:{}?immutable=1",
        percent_encode(path.as_os_str().as_bytes(), URI)
    );
    open(
        path,
        &name,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
    )
}

/// What is wrong with the file itself, in SQLite's words: damaged pages, rows that point at rows that are gone.
pub fn problems(conn: &Connection) -> Result<Vec<String>> {
    // A file that is damaged enough cannot even be asked.
    list_problems(conn).map_err(|error| file::explain_on(conn, error))
}

fn list_problems(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut problems: Vec<String> = {
        let mut statement = conn.prepare(
            "select integrity_check from pragma_integrity_check where integrity_check <> 'ok'",
        )?;
        statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    let mut statement =
        conn.prepare("select \"table\", rowid, parent from pragma_foreign_key_check limit 20")?;
    let broken = statement.query_map([], |row| {
        let (table, id, parent): (String, Option<i64>, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!(
            "{table} {} points at a row of {parent} that does not exist",
            id.unwrap_or_default()
        ))
    })?;
    for words in broken {
        problems.push(words?);
    }
    Ok(problems)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection> {
    open(path, path, mode)
}

/// Opens what is to be written in, once it is found fit. From then on its lock keeps a restore away, which may have put
/// another file in its place in the moment before: then whatever came of it does not count, and that one is opened.
fn connect_to_write(path: &Path, fit: impl Fn(&Connection) -> Result<()>) -> Result<Connection> {
    loop {
        let opened = file::identity(path);
        let had_log = file::write_ahead_log(path).exists();
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|conn| {
            if let Err(refusal) = fit(&conn) {
                // The last one to close a file empties its log into it, which is for those to do whose file it is.
                conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, had_log)?;
                return Err(refusal);
            }
            keep_commits(path, &conn)?;
            Ok(conn)
        });
        if file::identity(path) == opened {
            return conn;
        }
    }
}

/// WAL: readers see the last commit and do not wait. FULL: a commit that was acknowledged survives a power cut. A log
/// that grew while somebody read for long, as who makes a copy does, shrinks again.
fn keep_commits(path: &Path, conn: &Connection) -> Result<()> {
    let until = Instant::now() + BUSY;
    loop {
        match conn.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 16777216;",
        ) {
            // A new file's mode can only be changed by who has the file alone, and for that SQLite does not wait.
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < until =>
            {
                sleep(PAUSE);
            }
            result => return result.map_err(|error| file::explain(path, error)),
        }
    }
}

/// Opens the file at the path under the name that SQLite is to know it by.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that opens databases"
)]
fn open(path: &Path, name: impl AsRef<Path>, mode: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(name, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| file::explain(path, error))?;
    connection.busy_timeout(BUSY)?;
    // A statement is planned once. Otherwise SQLite plans each with a `limit ?` anew for every page of a list, which takes
    // longer than to read the page (sqlite.org/queryplanner-ng.html, "query planner stability guarantee").
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

/// A panic while the lock was held has rolled its transaction back; what is behind the lock is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
