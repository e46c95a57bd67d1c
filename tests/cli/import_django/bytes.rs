//! Any bytes that are given to an import end in a message, never in a changed database.

use std::path::Path;

use oc_lettings::db::Db;
use oc_lettings::db::backup::Backups;
use oc_lettings::django::report::Outcome;
use oc_lettings::django::{Options, Source, import};
use oc_lettings::models::{self, permission};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::django;
use crate::run::Run;

/// A database of ours beside a file that changes from case to case.
struct Bench {
    folder: TempDir,
    db: Db,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (db, _) =
            Db::open_and_migrate(&folder.path().join("site.sqlite3")).expect("a new database");
        db.write_now(|tx| permission::bring_up_to_date(tx, models::ALL))
            .expect("permissions");
        Self { folder, db }
    }

    /// What becomes of these bytes: an outcome, or the one line of a refusal.
    fn import(&self, bytes: &[u8], skip_bad: bool) -> Result<Outcome, String> {
        let file = self.folder.path().join("db.sqlite3");
        std::fs::write(&file, bytes).expect("a folder of ours");
        let options = Options {
            skip_bad,
            dry_run: skip_bad,
            ..Options::default()
        };
        let source = Source::open(&file, self.folder.path()).map_err(|error| error.to_string())?;
        let report = import(
            &self.db,
            &Backups::beside(self.db.path()),
            &source,
            options,
            &mut |_| {},
        )
        .map_err(|error| error.to_string())?;
        Ok(report.outcome)
    }

    fn rows(&self) -> i64 {
        let count = "select (select count(*) from user) + (select count(*) from address) + (select count(*) from letting)
            + (select count(*) from \"group\") + (select count(*) from history) + (select count(*) from setting)
            + (select count(*) from sqlite_sequence where name <> 'permission')";
        self.db
            .read(|conn| Ok(conn.query_row(count, [], |row| row.get(0))?))
            .expect("tables of ours")
    }

    fn left_behind(&self) -> usize {
        std::fs::read_dir(self.folder.path())
            .expect("a folder of ours")
            .filter(|entry| entry.as_ref().is_ok_and(|entry| is_copy(&entry.path())))
            .count()
    }
}

fn is_copy(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(".import-"))
}

/// The fixture has a row that breaks the rules, so without leave to skip it nothing may ever be written.
fn unchanged(bench: &Bench, bytes: &[u8]) -> Result<(), TestCaseError> {
    match bench.import(bytes, false) {
        Ok(outcome) => prop_assert_eq!(outcome, Outcome::Refused),
        Err(words) => prop_assert!(!words.is_empty() && !words.contains('\n'), "{words:?}"),
    }
    // The same where bad rows are skipped: read on to the end, and taken back.
    let _ = bench.import(bytes, true);
    prop_assert_eq!(bench.rows(), 0);
    prop_assert_eq!(bench.left_behind(), 0);
    Ok(())
}

/// As Django wrote it, but for a password that is soon compared.
fn fixture() -> Vec<u8> {
    let cheap = format!(
        "update auth_user set password = '{}' where id = 1",
        django::CHEAP
    );
    let run = Run::new();
    let django = run.django_of(&django::original(), &cheap);
    std::fs::read(django.path).expect("a file of ours")
}

#[test]
fn random_bytes_change_nothing() {
    let bench = Bench::new();
    proptest!(ProptestConfig::with_cases(64), |(bytes in prop::collection::vec(any::<u8>(), 0..5000), header in any::<bool>())| {
        let mut bytes = bytes;
        if header {
            bytes.splice(0..0, b"SQLite format 3\0".iter().copied());
        }
        unchanged(&bench, &bytes)?;
    });
}

#[test]
fn files_that_are_cut_off_change_nothing() {
    let (bench, fixture) = (Bench::new(), fixture());
    proptest!(ProptestConfig::with_cases(48), |(length in 0..fixture.len())| {
        unchanged(&bench, &fixture[..length])?;
    });
}

#[test]
fn files_with_flipped_bits_change_nothing() {
    let (bench, fixture) = (Bench::new(), fixture());
    let flips = prop::collection::vec((0..fixture.len(), 0..8_u32), 1..40);
    // Most of the damage where it hurts most: in headers of pages and in the schema.
    let early = prop::collection::vec((0..fixture.len() / 4096, 0..64_usize, any::<u8>()), 0..3);
    proptest!(ProptestConfig::with_cases(96), |(flips in flips, early in early)| {
        let mut bytes = fixture.clone();
        for (at, bit) in flips {
            bytes[at] ^= 1 << bit;
        }
        for (page, at, byte) in early {
            bytes[page * 4096 + at] = byte;
        }
        unchanged(&bench, &bytes)?;
    });
}
