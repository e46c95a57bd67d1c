//! Rows for benchmarks, as many as a large agency has.

use oc_lettings::db::Db;

/// A hundred thousand homes.
const HOMES: &str = include_str!("homes.sql");
/// What fills the index of words, which takes long and is not asked by visitors.
const UNSEARCHED: &str = "drop trigger address_indexed; drop trigger letting_indexed;";
/// Homes where there are many.
pub(crate) const MANY: u32 = 1_000_000;
/// Pages of the list of them.
pub(crate) const PAGES: u32 = MANY.div_ceil(24);

/// Fills an empty database with that many homes.
pub(crate) fn generate(db: &Db) {
    let homes = HOMES.replace("100000", &MANY.to_string());
    db.write_now(|tx| Ok(tx.execute_batch(&format!("{UNSEARCHED}{homes}"))?))
        .expect("rows that the schema takes");
    db.checkpoint().expect("a log that nobody else reads");
}
