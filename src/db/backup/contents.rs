//! What a file of ours holds, and whether it is whole.

use std::fmt;
use std::path::Path;

use rusqlite::Connection;

use super::snapshot::Stop;
use crate::db::{self, file, migrate};
use crate::error::Result;

/// Instructions of SQLite's machine between two looks at whether to give up: far less than a second.
const LOOK: i32 = 10_000;

/// How closely a copy is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Pages, rows, indexes against their tables, and rows that point nowhere.
    Whole,
    /// Pages and rows, which takes half the time.
    Quick,
}

/// What a database holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// The version of its schema.
    pub version: u32,
    /// Tables, without SQLite's own.
    pub tables: u64,
    /// Rows in them.
    pub rows: u64,
}

impl Contents {
    /// Counts what is in the file.
    pub fn of(path: &Path) -> Result<Self> {
        let conn = db::inspect(path)?;
        // The rows of a table are the cells of its leaves, which is counted without a statement for each table.
        let (tables, rows) = conn
            .query_row(
                "with ours as (select name, wr from pragma_table_list
                     where schema = 'main' and type = 'table' and substr(name, 1, 7) <> 'sqlite_')
                 select (select count(*) from ours),
                     (select coalesce(sum(ncell), 0) from dbstat join ours using (name) where pagetype = 'leaf' or wr)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(|error| file::explain(path, error))?;
        Ok(Self {
            version: migrate::version(&conn)?,
            tables,
            rows,
        })
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "schema version {}, {} tables, {} rows",
            self.version, self.tables, self.rows
        )
    }
}

/// What is wrong with a copy, in SQLite's words.
pub(super) fn problems(path: &Path, depth: Depth, stop: &Stop) -> Result<Vec<String>> {
    let conn = db::inspect(path)?;
    let asked = stop.clone();
    conn.progress_handler(LOOK, Some(move || asked.asked()))?;
    let problems = match depth {
        Depth::Whole => db::problems(&conn),
        Depth::Quick => quick(&conn).map_err(|error| file::explain(path, error)),
    };
    stop.heed()?;
    problems
}

fn quick(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        conn.prepare("select quick_check from pragma_quick_check where quick_check <> 'ok'")?;
    statement.query_map([], |row| row.get(0))?.collect()
}
