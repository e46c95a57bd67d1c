//! Databases for benchmarks: with the demo rows, and with as many as a large agency has.

use std::path::Path;

use oc_lettings::db::Db;
use oc_lettings::demo;

/// A hundred thousand homes.
const HOMES: &str = include_str!("homes.sql");
/// What fills the index of words, which takes long and is not asked by visitors.
const UNSEARCHED: &str = "drop trigger address_indexed; drop trigger letting_indexed;";
/// Homes where there are many.
pub(crate) const MANY: u32 = 1_000_000;
/// Pages of the list of them.
pub(crate) const PAGES: u32 = MANY.div_ceil(24);

/// The database of a site that runs in this folder.
pub(crate) fn open(folder: &Path) -> Db {
    Db::open_and_migrate(&folder.join("site.sqlite3"))
        .expect("a folder that can be written")
        .0
}

/// Fills an empty database with the demo rows.
pub(crate) fn demo(db: &Db) {
    db.write_now(demo::load).expect("an empty database");
}

/// Fills an empty database with that many homes.
pub(crate) fn generate(db: &Db) {
    let homes = HOMES.replace("100000", &MANY.to_string());
    db.write_now(|tx| Ok(tx.execute_batch(&format!("{UNSEARCHED}{homes}"))?))
        .expect("rows that the schema takes");
    db.checkpoint().expect("a log that nobody else reads");
}
