//! Any bytes that are given to a restore end in a message or in a whole database, never in a broken or a lost one.

use std::fs;

use oc_lettings::db;
use oc_lettings::db::backup::Backups;
use proptest::prelude::*;

use super::super::moments::shown;
use super::super::run::Run;
use super::{database, moved_on};

/// A site beside a file that changes from case to case.
struct Bench {
    run: Run,
    /// A backup as it should be.
    copy: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let run = moved_on();
        let copy = fs::read(run.path("copy.sqlite3")).expect("a file of ours");
        Self { run, copy }
    }

    /// These bytes are refused in one line and nothing is changed; or they are whole, and what was there is kept.
    fn holds(&self, bytes: &[u8]) -> Result<(), TestCaseError> {
        let copy = self.run.path("copy.sqlite3");
        fs::write(&copy, bytes).expect("a folder of ours");
        let database = database(&self.run);
        let before = fs::read(&database).expect("a file of ours");
        match Backups::beside(&database).restore(&copy) {
            Err(refusal) => {
                let words = refusal.to_string();
                prop_assert!(words.ends_with("nothing was changed"), "{words:?}");
                prop_assert!(fs::read(&database).is_ok_and(|now| now == before));
            }
            Ok(restored) => {
                let problems = db::inspect(&database).and_then(|conn| db::problems(&conn));
                prop_assert_eq!(problems.map_err(|error| error.to_string()), Ok(Vec::new()));
                let kept = restored.kept.expect("there was a site before");
                fs::rename(kept, &database).expect("a folder of ours");
            }
        }
        prop_assert_eq!(shown(&database), 1);
        prop_assert_eq!(self.run.names(), ["copy.sqlite3", "site.sqlite3"]);
        Ok(())
    }
}

#[test]
fn random_bytes_take_no_databases_place() {
    let bench = Bench::new();
    let header = bench.copy[..100].to_vec();
    proptest!(ProptestConfig::with_cases(64), |(bytes in prop::collection::vec(any::<u8>(), 0..5000), begun in 0..=100_usize)| {
        bench.holds(&[&header[..begun], &bytes].concat())?;
    });
}

#[test]
fn a_backup_that_is_cut_off_takes_no_databases_place() {
    let bench = Bench::new();
    proptest!(ProptestConfig::with_cases(48), |(length in 0..bench.copy.len())| {
        bench.holds(&bench.copy[..length])?;
    });
}

#[test]
fn a_backup_with_flipped_bits_is_refused_or_whole() {
    let bench = Bench::new();
    let pages = bench.copy.len() / 4096;
    let flips = prop::collection::vec((0..bench.copy.len(), 0..8_u32), 1..40);
    // Most of the damage where it hurts most: in headers of pages and in the schema.
    let early = prop::collection::vec((0..pages, 0..64_usize, any::<u8>()), 0..3);
    proptest!(ProptestConfig::with_cases(64), |(flips in flips, early in early)| {
        let mut bytes = bench.copy.clone();
        for (at, bit) in flips {
            bytes[at] ^= 1 << bit;
        }
        for (page, at, byte) in early {
            bytes[page * 4096 + at] = byte;
        }
        bench.holds(&bytes)?;
    });
}
