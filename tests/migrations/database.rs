//! The file and its connections: migrated once, named as ours, safe against a power cut.

use std::path::Path;
use std::time::{Duration, Instant};

use oc_lettings::db::file::write_ahead_log;
use oc_lettings::db::{self, Db, migrate};
use oc_lettings::error::{Error, Result};
use rusqlite::Connection;
use tempfile::TempDir;

use super::fresh::{Fresh, text};

#[test]
fn from_empty_every_migration_is_applied_in_order_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("site.sqlite3");
    let (db, report) = Db::open_and_migrate(&path).unwrap();
    let names: Vec<String> = migrate::all_pending()
        .into_iter()
        .map(|migration| migration.name)
        .collect();
    assert_eq!(report.applied, names);
    assert_eq!(report.version, migrate::latest());
    assert_eq!(usize::try_from(report.version).unwrap(), names.len());
    drop(db);
    let (db, again) = Db::open_and_migrate(&path).unwrap();
    assert_eq!((again.created, again.applied.len()), (false, 0));
    assert_eq!(db.read(db::problems).unwrap(), Vec::<String>::new());
    assert!(
        db.read(migrate::known)
            .unwrap()
            .iter()
            .all(|migration| migration.applied)
    );
}

#[test]
fn the_file_says_whose_it_is() {
    let fresh = Fresh::new();
    assert_eq!(
        fresh.ask("select application_id from pragma_application_id"),
        0x4F43_4C54.to_string()
    );
}

#[test]
fn a_commit_survives_a_power_cut_and_readers_do_not_wait() {
    let fresh = Fresh::new();
    let pragma = |name: &str| {
        fresh
            .db
            .write_now(|tx| text(tx, &format!("select * from pragma_{name}")))
            .unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal");
    assert_eq!(pragma("synchronous"), "2", "FULL");
    assert_eq!(pragma("foreign_keys"), "1");
    assert_eq!(fresh.ask("select * from pragma_journal_mode"), "wal");
    fresh
        .db
        .write_now(|tx| {
            tx.execute("update user set first_name = 'Ada'", [])?;
            assert_eq!(fresh.ask("select first_name from user where id = 1"), "");
            Ok(())
        })
        .unwrap();
    assert_eq!(fresh.ask("select first_name from user where id = 1"), "Ada");
}

#[test]
fn a_log_that_grew_beside_a_long_read_shrinks_again() {
    let fresh = Fresh::new();
    let log = write_ahead_log(fresh.db.path());
    let size = || std::fs::metadata(&log).unwrap().len();
    let write = || {
        fresh
            .try_sql("insert or replace into setting values ('word', hex(randomblob(1000000)))")
            .unwrap();
    };
    fresh
        .db
        .read(|conn| {
            let reading = conn.unchecked_transaction()?;
            text(&reading, "select count(*) from user")?;
            (0..20).for_each(|_| write());
            Ok(())
        })
        .unwrap();
    assert!(size() > 30_000_000, "{}", size());
    // One brings the log into the file, and the next begins it anew.
    write();
    write();
    assert!(size() < 20_000_000, "{}", size());
}

#[test]
fn a_change_that_fails_is_taken_back_whole() {
    let fresh = Fresh::new();
    let failed: Result<()> = fresh.db.write_now(|tx| {
        tx.execute("delete from user", [])?;
        Err(Error::Refused("changed my mind".to_owned()))
    });
    assert!(failed.is_err());
    assert_eq!(fresh.ask("select count(*) from user"), "4");
}

#[test]
fn a_database_that_is_gone_is_our_failure_and_not_a_refusal_that_visitors_read() {
    let fresh = Fresh::new();
    std::fs::remove_file(fresh.db.path()).unwrap();
    let error = fresh.db.read(db::problems).unwrap_err();
    assert!(error.to_string().contains("site.sqlite3"), "{error}");
    assert!(matches!(error, Error::Internal(_)), "{error:?}");
}

#[test]
fn a_reader_cannot_write() {
    let fresh = Fresh::new();
    let written = fresh
        .db
        .read(|conn| Ok(conn.execute("delete from user", [])?));
    assert!(written.is_err());
}

#[test]
fn a_database_that_is_exchanged_while_it_is_being_opened_is_opened_anew() {
    let (old, new) = (Fresh::new(), Fresh::new());
    new.sql("update user set first_name = 'New'");
    let (path, other) = (old.db.path().to_owned(), new.db.path().to_owned());
    for db in [&old.db, &new.db] {
        db.checkpoint().unwrap();
    }
    // As a restore does it: the old one is locked, and another takes its place.
    drop((old.db, new.db));
    let lock = locked(&path);
    let opening = std::thread::spawn({
        let path = path.clone();
        move || Db::open(&path).unwrap()
    });
    let since = Instant::now();
    while handles(&path) < 2 {
        assert!(since.elapsed() < Duration::from_mins(1), "it is not opened");
        std::thread::yield_now();
    }
    std::fs::rename(&other, &path).unwrap();
    drop(lock);
    let db = opening.join().unwrap();
    let name = db.read(|conn| text(conn, "select first_name from user where id = 1"));
    assert_eq!(name.unwrap(), "New");
    let written = db.write_now(|tx| text(tx, "select first_name from user where id = 1"));
    assert_eq!(written.unwrap(), "New");
}

/// A connection that nobody else can be beside.
#[expect(
    clippy::disallowed_methods,
    reason = "it is about what another process does to the file"
)]
fn locked(path: &Path) -> Connection {
    let conn = Connection::open(path).expect("the file");
    conn.execute_batch("pragma journal_mode = delete; begin exclusive")
        .expect("a file that nobody has");
    conn
}

/// How often this process has the file open.
fn handles(path: &Path) -> usize {
    let path = path.canonicalize().expect("the file");
    let handles = std::fs::read_dir("/proc/self/fd")
        .expect("what is open")
        .flatten();
    handles
        .filter(|handle| std::fs::read_link(handle.path()).is_ok_and(|open| open == path))
        .count()
}

#[test]
fn sqlite_is_new_enough_to_keep_what_was_committed() {
    // Before 3.51.3 a reset of the write-ahead log could lose a commit (sqlite.org/wal.html, "The WAL-Reset Bug").
    assert!(
        rusqlite::version_number() >= 3_051_003,
        "{}",
        rusqlite::version()
    );
}
