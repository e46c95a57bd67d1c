//! The copy before a migration, and a migration that fails: the file is as before, and the way back is named.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use oc_lettings::db::backup::{Backup, Backups, Reason};
use oc_lettings::db::{self, Db, migrate};
use oc_lettings::error::Result;
use refinery::Migration;
use tempfile::TempDir;

use super::fresh::text;

/// A database of this version with a row, not open, its copies in a folder of their own.
struct Kept {
    backups: Backups,
    folder: TempDir,
}

impl Kept {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let backups = Backups::in_folder(
            &folder.path().join("site.sqlite3"),
            &folder.path().join("backups"),
        );
        let kept = Self { backups, folder };
        let (db, report) = kept.migrate(&migrate::all()).expect("migrations that work");
        assert!(report.created && report.copy.is_none());
        drop(db);
        kept.sql("insert into setting values ('word', 'before')");
        kept
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("site.sqlite3")
    }

    fn migrate(&self, migrations: &[Migration]) -> Result<(Db, migrate::Report)> {
        Db::open_and_migrate_with(&self.backups, migrations)
    }

    fn sql(&self, sql: &str) {
        let db = Db::open(&self.path()).expect("a database that is there");
        db.write_now(|tx| Ok(tx.execute_batch(sql)?))
            .expect("SQL that the schema takes");
        db.checkpoint().expect("a log that can be moved");
    }

    fn bytes(&self) -> Vec<u8> {
        assert!(!self.folder.path().join("site.sqlite3-wal").exists());
        fs::read(self.path()).expect("the database")
    }

    fn copies(&self) -> Vec<Backup> {
        self.backups.all().expect("a folder that can be read")
    }

    fn only_copy(&self) -> Backup {
        let copies = self.copies();
        assert_eq!(copies.len(), 1, "{copies:?}");
        let (from, to) = (migrate::latest(), migrate::latest() + 1);
        assert_eq!(copies[0].reason, Reason::BeforeMigration { from, to });
        copies[0].clone()
    }
}

/// This binary's migrations, and one more.
fn and_then(sql: &str) -> Vec<Migration> {
    let mut migrations = migrate::all();
    let name = format!("V{}__next", migrate::latest() + 1);
    migrations.push(Migration::unapplied(&name, sql).expect("a name as migrations have"));
    migrations
}

fn word(path: &Path) -> String {
    let conn = db::inspect(path).expect("a copy that can be read");
    assert_eq!(
        db::problems(&conn).expect("a copy that can be asked"),
        Vec::<String>::new()
    );
    text(&conn, "select value from setting where name = 'word'").expect("a word in it")
}

/// Half of it succeeds.
const BREAKS: &str = "
    create table half (id integer primary key) strict;
    insert into half values (1);
    update setting set value = 'after' where name = 'word';
    drop table profile;
    insert into nowhere values (1);";

#[test]
fn a_migration_that_fails_half_way_leaves_the_file_as_it_was_and_names_itself_the_cause_and_the_copy()
 {
    let kept = Kept::new();
    let before = kept.bytes();
    let error = kept.migrate(&and_then(BREAKS)).err().unwrap().to_string();
    assert!(kept.bytes() == before, "the file has changed");
    let copy = kept.only_copy();
    assert_eq!(
        error,
        format!(
            "migrate {}: V{}__next failed: no such table: nowhere; nothing was changed, and a copy of it is {}",
            kept.path().display(),
            migrate::latest() + 1,
            copy.path.display()
        )
    );
    assert_eq!(word(&copy.path), "before");
    // And this version goes on with it.
    let (db, report) = kept.migrate(&migrate::all()).expect("migrations that work");
    assert_eq!((report.applied.len(), report.copy), (0, None));
    assert_eq!(db.read(db::problems).unwrap(), Vec::<String>::new());
}

#[test]
fn a_migration_that_leaves_rows_pointing_nowhere_fails_likewise() {
    let kept = Kept::new();
    kept.sql("insert into user (id, username, password, date_joined, updated_at)
                  values (7, 'ada', '!', '2026-11-22T07:31:05.123456Z', '2026-11-22T07:31:05.123456Z');
              insert into profile (id, user_id, updated_at) values (7, 7, '2026-11-22T07:31:05.123456Z')");
    let before = kept.bytes();
    let error = kept.migrate(&and_then("delete from user")).err().unwrap();
    assert!(kept.bytes() == before, "the file has changed");
    let words = error.to_string();
    assert!(
        words.contains(
            ": 1 rows would point at rows that do not exist; nothing was changed, and a copy"
        ),
        "{words}"
    );
}

#[test]
fn a_crash_loop_makes_one_copy_and_not_another_until_the_data_has_changed() {
    let kept = Kept::new();
    let breaking = and_then(BREAKS);
    kept.migrate(&breaking).err().unwrap();
    let first = kept.only_copy();
    let number = fs::metadata(&first.path).unwrap().ino();
    for _ in 0..3 {
        kept.migrate(&breaking).err().unwrap();
        assert_eq!(kept.only_copy(), first);
        assert_eq!(fs::metadata(&first.path).unwrap().ino(), number);
    }
    kept.sql("update setting set value = 'later' where name = 'word'");
    kept.migrate(&breaking).err().unwrap();
    let second = kept.only_copy();
    assert_ne!(second.path, first.path);
    assert_eq!(word(&second.path), "later");
}

#[test]
fn a_copy_that_was_cut_short_is_replaced() {
    let kept = Kept::new();
    let breaking = and_then(BREAKS);
    kept.migrate(&breaking).err().unwrap();
    let first = kept.only_copy();
    let bytes = fs::read(&first.path).unwrap();
    for damaged in [
        &bytes[..bytes.len() - 4096],
        &[&bytes[..bytes.len() - 1], b"?"].concat(),
    ] {
        fs::write(&kept.only_copy().path, damaged).unwrap();
        kept.migrate(&breaking).err().unwrap();
        assert_eq!(word(&kept.only_copy().path), "before");
    }
}

#[test]
fn a_migration_that_succeeds_keeps_the_copy_of_what_was_there_before() {
    let kept = Kept::new();
    let (db, report) = kept
        .migrate(&and_then(
            "update setting set value = 'after' where name = 'word'",
        ))
        .unwrap();
    drop(db);
    assert_eq!(report.copy.unwrap(), kept.only_copy());
    assert_eq!(word(&kept.only_copy().path), "before");
    assert_eq!(word(&kept.path()), "after");
}

#[test]
fn a_migration_is_not_begun_without_a_copy() {
    let kept = Kept::new();
    let before = kept.bytes();
    fs::write(kept.backups.folder(), "a file in the way").unwrap();
    let error = kept.migrate(&and_then("drop table profile")).err().unwrap();
    let words = error.to_string();
    assert!(
        words.contains("site.sqlite3 is not migrated, because it cannot be copied first: "),
        "{words}"
    );
    assert!(words.contains("set BACKUP_DIR"), "{words}");
    assert!(kept.bytes() == before, "the file has changed");
}

#[test]
fn a_damaged_database_is_not_migrated() {
    let kept = Kept::new();
    let mut bytes = kept.bytes();
    let last = bytes.len() - 4096;
    bytes[last..].fill(0xFF);
    fs::write(kept.path(), &bytes).unwrap();
    let error = kept
        .migrate(&and_then("select 1"))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("is damaged ("), "{error}");
    assert!(kept.copies().is_empty());
    assert!(kept.bytes() == bytes, "the file has changed");
}

#[test]
fn an_older_version_names_both_versions_and_the_copy_with_its_time() {
    let kept = Kept::new();
    drop(kept.migrate(&and_then("select 1")).unwrap());
    let latest = migrate::latest();
    let copy = kept.only_copy();
    let words = kept.migrate(&migrate::all()).err().unwrap().to_string();
    for part in [
        format!(
            "has schema version {}, made by a newer oc-lettings",
            latest + 1
        ),
        format!("knows versions up to {latest}"),
        format!("`oc-lettings restore {}`", copy.path.display()),
        format!("what it was on {}", copy.at),
    ] {
        assert!(words.contains(&part), "no {part:?} in: {words}");
    }
    // A copy that is as new is none that fits.
    let name = format!(
        "site-29990101T000000Z-before-migration-v{}-v{}.sqlite3",
        latest + 1,
        latest + 2
    );
    fs::write(kept.backups.folder().join(name), "").unwrap();
    let again = kept.migrate(&migrate::all()).err().unwrap().to_string();
    assert_eq!(again, words);
    fs::remove_file(&copy.path).unwrap();
    let words = kept.migrate(&migrate::all()).err().unwrap().to_string();
    assert!(
        words.ends_with("start the newer one, or restore a backup from before"),
        "{words}"
    );
}
