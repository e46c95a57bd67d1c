//! Django's tables in a file, read by column name, row after row, in one snapshot.
//!
//! What is read is listed in `django/wanted.rs` and looked for in `django/find.rs`; what a value means is decided in
//! `django/map.rs`, here it is only handed on.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::find;
use super::report::Unread;
use super::wanted::{ALL, Wanted};
use crate::db::{self, foreign};
use crate::digest;
use crate::error::{Error, Result};

/// Longer values are handed on as nothing of ours: a title of a gigabyte must not be loaded to be refused.
const LONGEST: usize = 1024 * 1024;

/// A table that was found.
#[derive(Debug)]
pub(super) struct Table {
    wanted: &'static Wanted,
    /// As it is called in the file.
    pub(super) name: String,
    pub(super) rows: u64,
    /// No id above this was ever given out.
    pub(super) highest_id: i64,
}

/// A row as it stands in the file.
pub(super) struct Raw<'a> {
    row: &'a Row<'a>,
    columns: &'static [&'static str],
}

impl Raw<'_> {
    /// The value of a column.
    pub(super) fn get(&self, column: &str) -> ValueRef<'_> {
        let place = self.columns.iter().position(|known| *known == column);
        let place = place.expect("a column that the declaration above lists");
        self.row.get_ref(place).expect("as many values as columns")
    }
}

/// A Django site's database, open in one snapshot.
#[derive(Debug)]
pub(super) struct Tables {
    conn: Connection,
    path: PathBuf,
    found: Vec<Table>,
    /// Stands for every row that is read and every id that was given out.
    pub(super) digest: String,
    /// What has no place on our site.
    pub(super) unread: Vec<Unread>,
    /// Sessions, which are not taken: they are signed with a key that is not ours.
    pub(super) sessions: u64,
}

impl Tables {
    /// Opens the file, finds the tables, and reads everything once for its digest.
    pub(super) fn open(path: &Path, scratch: &Path) -> Result<Self> {
        let conn = foreign::open(path, scratch)?;
        let mut tables = Self {
            conn,
            path: path.to_owned(),
            found: Vec::new(),
            digest: String::new(),
            unread: Vec::new(),
            sessions: 0,
        };
        tables.refuse_ours()?;
        for wanted in ALL {
            let found = tables.find(wanted)?;
            tables.found.extend(found);
        }
        tables.sum_up()?;
        let is_read = |name: &str| {
            let table = tables.found.iter().find(|table| table.name == name);
            table.map(|table| table.wanted)
        };
        tables.unread = tables.explained(find::unread(&tables.conn, is_read))?;
        let sessions = tables.explained(find::count(&tables.conn, "django_session"))?;
        tables.sessions = sessions.unwrap_or(0);
        Ok(tables)
    }

    /// The table, where the file has it.
    pub(super) fn get(&self, wanted: &Wanted) -> Option<&Table> {
        self.found.iter().find(|table| table.wanted == wanted)
    }

    /// How a table is called in the file; as the declaration calls it where it is not there.
    pub(super) fn called(&self, wanted: &Wanted) -> String {
        let found = self.get(wanted).map(|table| table.name.clone());
        found.unwrap_or_else(|| wanted.names[0].to_owned())
    }

    /// The highest id that was ever given out in a table.
    pub(super) fn highest_id(&self, wanted: &Wanted) -> i64 {
        self.get(wanted).map_or(0, |table| table.highest_id)
    }

    /// Hands on each row, in the order of the ids. A table that is not there has none.
    pub(super) fn each(
        &self,
        wanted: &Wanted,
        mut take: impl FnMut(&Raw<'_>) -> Result<()>,
    ) -> Result<()> {
        let Some(table) = self.get(wanted) else {
            return Ok(());
        };
        let columns = table.wanted.columns;
        let mut statement = self.explained(self.conn.prepare(&select(table)))?;
        let mut rows = self.explained(statement.query([]))?;
        while let Some(row) = self.explained(rows.next())? {
            take(&Raw { row, columns })?;
        }
        Ok(())
    }

    /// The name of a user of this id, whether it can be taken or not.
    pub(super) fn username(&self, id: i64) -> Result<Option<String>> {
        let mut statement = self.explained(
            self.conn
                .prepare_cached("select username from auth_user where id = ?1"),
        )?;
        let read = |row: &Row<'_>| Ok(row.get_ref(0)?.as_str().ok().map(str::to_owned));
        Ok(self
            .explained(statement.query_row([id], read).optional())?
            .flatten())
    }

    /// Reads everything once: how many rows there are, which ids were given out, and the digest of it all.
    fn sum_up(&mut self) -> Result<()> {
        let mut sum = Sha256::new();
        let mut found = std::mem::take(&mut self.found);
        for table in &mut found {
            sum.update(table.wanted.names[0]);
            table.highest_id = self.explained(find::sequence(&self.conn, table.wanted))?;
            let mut statement = self.explained(self.conn.prepare(&select(table)))?;
            let mut rows = self.explained(statement.query([]))?;
            while let Some(row) = self.explained(rows.next())? {
                table.rows += 1;
                for place in 0..table.wanted.columns.len() {
                    let value = self.explained(row.get_ref(place))?;
                    if let (0, ValueRef::Integer(id)) = (place, value) {
                        table.highest_id = table.highest_id.max(id);
                    }
                    add(&mut sum, value);
                }
            }
            add(&mut sum, ValueRef::Integer(table.highest_id));
        }
        self.found = found;
        self.digest = digest::hex(&sum.finalize());
        Ok(())
    }

    /// A file of our own is not a Django site's, however alike the names are.
    fn refuse_ours(&self) -> Result<()> {
        let id: i32 = self.explained(
            self.conn
                .query_row("pragma application_id", [], |row| row.get(0)),
        )?;
        if id == db::APPLICATION_ID {
            return Err(self.refusal("is a database of oc-lettings itself"));
        }
        Ok(())
    }

    /// Looks for a table and whether it can be read.
    fn find(&self, wanted: &'static Wanted) -> Result<Option<Table>> {
        let Some(name) = self.explained(find::name_of(&self.conn, wanted))? else {
            if wanted.needed {
                let names = wanted.names.join(" or ");
                return Err(self.refusal(&format!("has no table {names}")));
            }
            return Ok(None);
        };
        let missing = self.explained(find::missing_columns(&self.conn, wanted, &name))?;
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(self.refusal(&format!("has no column {missing} in {name}")));
        }
        if let Some(words) = self.explained(foreign::damage(&self.conn, &name))? {
            return Err(Error::Refused(foreign::damaged(&self.path, &words)));
        }
        Ok(Some(Table {
            wanted,
            name,
            rows: 0,
            highest_id: 0,
        }))
    }

    fn refusal(&self, words: &str) -> Error {
        Error::Refused(format!(
            "{} {words}: give the database of the Django site",
            self.path.display()
        ))
    }

    fn explained<T>(&self, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|error| foreign::explain(&self.path, &error))
    }
}

/// Every column by its table's name: SQLite would take a quoted name that is none for a text.
fn select(table: &Table) -> String {
    let columns: Vec<String> = table
        .wanted
        .columns
        .iter()
        .map(|column| format!("iif(octet_length(t.{column}) > {LONGEST}, x'', t.{column})"))
        .collect();
    format!(
        "select {} from {} as t order by t.id",
        columns.join(", "),
        find::quoted(&table.name)
    )
}

/// Adds a value with its type and length, so that no two different rows read the same.
fn add(sum: &mut Sha256, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => {
            return sum.update([&[1], number.to_le_bytes().as_slice()].concat());
        }
        ValueRef::Real(number) => {
            return sum.update([&[2], number.to_le_bytes().as_slice()].concat());
        }
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    sum.update([kind]);
    sum.update((bytes.len() as u64).to_le_bytes());
    sum.update(bytes);
}
