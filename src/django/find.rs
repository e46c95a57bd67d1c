//! Which tables of a file are the ones that are wanted, under what names, and what else the file holds.
//!
//! Questions about the schema and counts only; rows are read in `django/read.rs`.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Result};

use super::report::Unread;
use super::wanted::{APPS, NOTHING_WORTH, PERMISSIONS, Wanted};

/// The name under which a table is read, where it is there.
pub(super) fn name_of(conn: &Connection, wanted: &Wanted) -> Result<Option<String>> {
    let app = APPS.iter().find(|app| app.contains(&wanted));
    let layout = app.map_or(Ok(0), |app| layout(conn, app))?;
    table(conn, wanted.names[layout])
}

/// Which names the tables of an app have: those under which there are rows, else those that are there at all.
fn layout(conn: &Connection, app: &[&Wanted]) -> Result<usize> {
    let mut there = None;
    for layout in 0..app[0].names.len() {
        for wanted in app {
            match count(conn, wanted.names[layout])? {
                Some(0) => there = there.or(Some(layout)),
                Some(_) => return Ok(layout),
                None => {}
            }
        }
    }
    Ok(there.unwrap_or(0))
}

/// An ordinary table of this name, as the file writes it: no view and no virtual table, which would run code.
fn table(conn: &Connection, name: &str) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached(
        "select name from sqlite_schema where type = 'table' and rootpage > 0 and name = ?1 collate nocase",
    )?;
    statement.query_row([name], |row| row.get(0)).optional()
}

/// How many rows a table has, where it is there.
pub(super) fn count(conn: &Connection, name: &str) -> Result<Option<u64>> {
    let Some(name) = table(conn, name)? else {
        return Ok(None);
    };
    let sql = format!("select count(*) from {}", quoted(&name));
    conn.query_row(&sql, [], |row| row.get(0)).map(Some)
}

/// The wanted columns that a table does not have.
pub(super) fn missing_columns(
    conn: &Connection,
    wanted: &Wanted,
    table: &str,
) -> Result<Vec<&'static str>> {
    let there = columns(conn, table)?;
    let wanted = wanted.columns.iter().copied();
    Ok(wanted.filter(|column| !there.contains(*column)).collect())
}

/// The columns of a table in lower case, since SQLite does not tell letters apart in names either.
fn columns(conn: &Connection, table: &str) -> Result<HashSet<String>> {
    let mut statement = conn.prepare("select lower(name) from pragma_table_xinfo(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// The last id that SQLite says it gave out, under either name of a table.
pub(super) fn sequence(conn: &Connection, wanted: &Wanted) -> Result<i64> {
    if table(conn, "sqlite_sequence")?.is_none() {
        return Ok(0);
    }
    let mut highest = 0;
    for name in wanted.names {
        let mut statement = conn.prepare_cached(
            "select coalesce(max(seq), 0) from sqlite_sequence
             where name = ?1 collate nocase and typeof(seq) = 'integer'",
        )?;
        highest = highest.max(statement.query_row([name], |row| row.get(0))?);
    }
    Ok(highest)
}

/// Tables with rows, and columns of tables that are read, which nobody here reads: whoever moves in should know of them.
pub(super) fn unread(
    conn: &Connection,
    is_read: impl Fn(&str) -> Option<&'static Wanted>,
) -> Result<Vec<Unread>> {
    let mut statement = conn.prepare(
        "select name from sqlite_schema
         where type = 'table' and rootpage > 0 and name not like 'sqlite\\_%' escape '\\' order by name",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<Result<_>>()?;
    let mut unread = Vec::new();
    for name in names {
        if let Some(wanted) = is_read(&name) {
            let others = unread_columns(conn, wanted, &name)?.into_iter();
            unread.extend(others.map(|column| Unread::Column {
                table: name.clone(),
                column,
            }));
        } else if !NOTHING_WORTH.contains(&name.as_str()) {
            let rows = count(conn, &name)?.unwrap_or(0);
            if rows > 0 {
                unread.push(Unread::Table { name, rows });
            }
        }
    }
    Ok(unread)
}

fn unread_columns(conn: &Connection, wanted: &Wanted, table: &str) -> Result<Vec<String>> {
    let mut others = columns(conn, table)?;
    others.retain(|column| !wanted.columns.contains(&column.as_str()));
    if wanted == &PERMISSIONS {
        // Its only use is to be shown where a permission is granted; ours have words of their own.
        others.remove("name");
    }
    let mut others: Vec<String> = others.into_iter().collect();
    others.sort();
    Ok(others)
}

/// A name out of the file as SQL takes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
