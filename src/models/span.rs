//! How many rows a long list has, and where its n-th one is, without passing over all before it.
//!
//! Triggers count the rows of spans of ids, of three sizes (`migrations/V12__finer_spans.sql`).

use rusqlite::{CachedStatement, Connection, Row, Transaction};

use crate::error::Result;
use crate::paging::Window;

/// A span of one size is divided into so many of the next.
const PARTS: i64 = 32;
/// The ids of a span of each size, the largest first.
const SIZES: [i64; 3] = [PARTS * PARTS * PARTS, PARTS * PARTS, PARTS];

/// A list whose rows are counted in spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Homes.
    Lettings,
    /// People.
    Profiles,
}

/// Where to begin to fetch a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The first id that counts in the direction in which is fetched.
    pub id: i64,
    /// How many rows to pass over from there.
    pub offset: i64,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::Lettings => "letting",
            Self::Profiles => "profile",
        }
    }

    /// How many rows it has.
    pub fn count(self, conn: &Connection) -> Result<u64> {
        let sql = "select coalesce(sum(rows), 0) from span where list = ?1 and ids = ?2";
        let mut statement = conn.prepare_cached(sql)?;
        Ok(statement.query_row((self.name(), SIZES[0]), |row| row.get(0))?)
    }

    /// The rows of a window of the list in the order in which it is shown, which is by descending or ascending id. `select`
    /// ends before its `where`.
    pub fn rows<T>(
        self,
        conn: &Connection,
        select: &str,
        window: Window,
        is_descending: bool,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        // A window that is nearer to the end is fetched from there.
        let down = is_descending != window.from_end;
        let start = self.start(conn, window, down)?;
        let (side, direction) = if down { ("<=", "desc") } else { (">=", "asc") };
        let list = self.name();
        let mut statement = conn.prepare_cached(&format!(
            "{select} where {list}.id {side} (select id from {list} where id {side} ?3 order by id {direction} limit 1 offset ?2)
             order by {list}.id {direction} limit ?1"
        ))?;
        let mut rows: Vec<T> = statement
            .query_map((window.limit, start.offset, start.id), read)?
            .collect::<Result<_, _>>()?;
        if window.from_end {
            rows.reverse();
        }
        Ok(rows)
    }

    /// Where a window of the list begins, fetched from the highest id down or from the lowest up.
    pub fn start(self, conn: &Connection, window: Window, down: bool) -> Result<Start> {
        let mut start = Start {
            id: if down { i64::MAX } else { i64::MIN },
            offset: window.offset,
        };
        if window.offset < PARTS {
            return Ok(start);
        }
        let direction = if down { "desc" } else { "asc" };
        let mut spans = conn.prepare_cached(&format!(
            "select number, rows from span where list = ?1 and ids = ?2 and number between ?3 and ?4
             order by number {direction}"
        ))?;
        let mut within = (0, i64::MAX);
        for ids in SIZES {
            let Some(number) = self.pass(&mut spans, ids, within, &mut start.offset)? else {
                // There are not so many rows.
                start.id = if down { i64::MIN } else { i64::MAX };
                return Ok(start);
            };
            within = (number * PARTS, number * PARTS + PARTS - 1);
        }
        start.id = if down { within.1 } else { within.0 };
        Ok(start)
    }

    /// Passes over whole spans, and gives the number of the one in which the window begins.
    fn pass(
        self,
        spans: &mut CachedStatement<'_>,
        ids: i64,
        (first, last): (i64, i64),
        offset: &mut i64,
    ) -> Result<Option<i64>> {
        let mut rows = spans.query((self.name(), ids, first, last))?;
        while let Some(row) = rows.next()? {
            let count: i64 = row.get(1)?;
            if *offset < count {
                return Ok(Some(row.get(0)?));
            }
            *offset -= count;
        }
        Ok(None)
    }
}

/// Counts all rows anew, where the triggers were at rest.
pub(super) fn recount(tx: &Transaction<'_>) -> Result<()> {
    Ok(tx.execute_batch(
        "delete from span;
         insert into span (list, ids, number, rows) select 'letting', 32, id / 32, count(*) from letting group by id / 32;
         insert into span (list, ids, number, rows) select 'profile', 32, id / 32, count(*) from profile group by id / 32;
         insert into span (list, ids, number, rows) select list, 1024, number / 32, sum(rows) from span group by list, number / 32;
         insert into span (list, ids, number, rows)
             select list, 32768, number / 32, sum(rows) from span where ids = 1024 group by list, number / 32;",
    )?)
}
