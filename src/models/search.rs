//! The indexes of words as a whole: at rest while many rows are written, and made anew from all of them afterwards. What is
//! counted of homes and people rests with them, for the same reason.
//!
//! Row by row they are kept by triggers (`migrations/V8__search.sql`, `V10__long_lists.sql`). An index writes out what it has
//! gathered whenever a statement begins, so a row that a trigger puts in costs several times of what it costs where one
//! statement puts in many. What is searched for is in `schema/search.rs`.

use rusqlite::{OptionalExtension, Transaction};

use super::{place, span};
use crate::error::Result;

/// Bytes that an index gathers before it writes them out while it is made anew, and FTS5's own number, which is kept in the
/// index (sqlite.org/fts5.html).
const GATHERED: u32 = 48 * 1024 * 1024;
const USUAL: u32 = 1024 * 1024;
/// Rows that one statement puts in, between two reports of progress.
const STEP: i64 = 200_000;
/// Fewer rows than these are written before an index is made anew.
const FEW: u64 = 1_000;

/// Each index, its columns, and where its rows come from. Every source has an `id`.
const INDEXES: &[(&str, &str, &str)] = &[
    ("address_search", "line", "address"),
    (
        "letting_search",
        "title, line",
        "(select letting.id, title, line from letting join address on address.id = address_id)",
    ),
    ("user_search", "names, email", "user"),
    (
        "profile_search",
        "names, favorite_city",
        "(select profile.id, names, favorite_city from profile join user on user.id = user_id)",
    ),
    ("history_search", "label, username, client", "history"),
];

/// Indexes at rest. Until they go on nothing may be searched for, and the transaction must not be committed.
#[must_use = "nothing is found any more until the indexes go on"]
pub struct Resting {
    /// The statements that make the triggers.
    triggers: Vec<String>,
}

/// Lets all indexes rest. Taking the transaction back lets them go on as they were.
pub fn rest(tx: &Transaction<'_>) -> Result<Resting> {
    let triggers = take_off(
        tx,
        "instr(sql, '_search ') > 0 or instr(sql, 'letting_place') > 0 or instr(sql, ' span ') > 0",
    )?;
    Ok(Resting { triggers })
}

/// Takes off the triggers of which this holds, and gives the statements that make them again.
pub(super) fn take_off(tx: &Transaction<'_>, which: &str) -> Result<Vec<String>> {
    let found: Vec<(String, String)> = tx
        .prepare(&format!(
            "select name, sql from sqlite_schema where type = 'trigger' and ({which}) order by rowid"
        ))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut triggers = Vec::with_capacity(found.len());
    for (name, sql) in found {
        tx.execute_batch(&format!("drop trigger \"{name}\""))?;
        triggers.push(sql);
    }
    Ok(triggers)
}

/// Puts triggers back, word for word.
pub(super) fn put_back(tx: &Transaction<'_>, triggers: &[String]) -> Result<()> {
    for sql in triggers {
        tx.execute_batch(sql)?;
    }
    Ok(())
}

/// The same where so many rows are to be written that making the indexes anew is the lesser work.
pub fn rest_for(tx: &Transaction<'_>, rows: u64) -> Result<Option<Resting>> {
    if rows < FEW {
        return Ok(None);
    }
    let here = indexed(tx)?;
    (rows >= here).then(|| rest(tx)).transpose()
}

impl Resting {
    /// Makes all indexes anew and has the triggers keep them again; tells now and then how many rows of how many are in.
    pub fn go_on(self, tx: &Transaction<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let of = indexed(tx)?;
        let mut done = 0;
        for (index, columns, source) in INDEXES {
            fill(tx, index, columns, source, &mut |rows| {
                done += rows;
                progress(done, of);
            })?;
        }
        place::recount(tx)?;
        span::recount(tx)?;
        put_back(tx, &self.triggers)
    }
}

/// Makes the history's index anew.
pub(super) fn renew_history(tx: &Transaction<'_>) -> Result<()> {
    let history = INDEXES.iter().filter(|(.., source)| *source == "history");
    for (index, columns, source) in history {
        fill(tx, index, columns, source, &mut |_| {})?;
    }
    Ok(())
}

fn fill(
    tx: &Transaction<'_>,
    index: &str,
    columns: &str,
    source: &str,
    progress: &mut dyn FnMut(u64),
) -> Result<()> {
    let gather = |bytes: u32| -> Result<()> {
        let sql = format!("insert into {index} ({index}, rank) values ('hashsize', ?1)");
        tx.execute(&sql, [bytes])?;
        Ok(())
    };
    tx.execute_batch(&format!(
        "insert into {index} ({index}) values ('delete-all')"
    ))?;
    gather(GATHERED)?;
    let mut last = tx.prepare(&format!(
        "select max(id) from (select id from {source} where id > ?1 order by id limit {STEP})"
    ))?;
    let mut put_in = tx.prepare(&format!(
        "insert into {index} (rowid, {columns}) select id, {columns} from {source} where id > ?1 and id <= ?2 order by id"
    ))?;
    let mut from = i64::MIN;
    while let Some(to) = last
        .query_row([from], |row| row.get(0))
        .optional()?
        .flatten()
    {
        progress(put_in.execute((from, to))? as u64);
        from = to;
    }
    gather(USUAL)
}

/// How many rows there are that can be searched for.
fn indexed(tx: &Transaction<'_>) -> Result<u64> {
    let tables = "(select count(*) from address) + (select count(*) from letting) + (select count(*) from user)
         + (select count(*) from profile) + (select count(*) from history)";
    Ok(tx.query_row(&format!("select {tables}"), [], |row| row.get(0))?)
}
