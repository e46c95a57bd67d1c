//! Django's tables in a file: found under either name, read by column name, row after row, in one snapshot.
//!
//! What a value means is decided in `django/map.rs`; here it is only handed on.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::report::Unread;
use crate::db::{self, foreign};
use crate::digest;
use crate::error::{Error, Result};

/// Longer values are handed on as nothing of ours: a title of a gigabyte must not be loaded to be refused.
const LONGEST: usize = 1024 * 1024;

/// A table of Django's and what is read of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name, and the one it had before the site was refactored.
    names: &'static [&'static str],
    /// The columns in the order in which they are read; the id comes first.
    columns: &'static [&'static str],
    /// Whether a site cannot be without it.
    needed: bool,
}

impl Wanted {
    /// What it is called here.
    pub(super) fn name(&self) -> &'static str {
        self.names[0]
    }

    /// The columns in the order in which they are read.
    pub(super) fn columns(&self) -> &'static [&'static str] {
        self.columns
    }
}

const fn of_django(name: &'static [&'static str], columns: &'static [&'static str]) -> Wanted {
    Wanted {
        names: name,
        columns,
        needed: false,
    }
}

pub(super) static GROUPS: Wanted = of_django(&["auth_group"], &["id", "name"]);
pub(super) static CONTENT_TYPES: Wanted =
    of_django(&["django_content_type"], &["id", "app_label", "model"]);
pub(super) static PERMISSIONS: Wanted =
    of_django(&["auth_permission"], &["id", "content_type_id", "codename"]);
pub(super) static GROUP_PERMISSIONS: Wanted = of_django(
    &["auth_group_permissions"],
    &["id", "group_id", "permission_id"],
);
pub(super) static USERS: Wanted = Wanted {
    names: &["auth_user"],
    columns: &[
        "id",
        "username",
        "first_name",
        "last_name",
        "email",
        "password",
        "is_active",
        "is_staff",
        "is_superuser",
        "date_joined",
        "last_login",
    ],
    needed: true,
};
pub(super) static USER_GROUPS: Wanted =
    of_django(&["auth_user_groups"], &["id", "user_id", "group_id"]);
pub(super) static USER_PERMISSIONS: Wanted = of_django(
    &["auth_user_user_permissions"],
    &["id", "user_id", "permission_id"],
);
pub(super) static ADDRESSES: Wanted = Wanted {
    names: &["lettings_address", "oc_lettings_site_address"],
    columns: &[
        "id",
        "number",
        "street",
        "city",
        "state",
        "zip_code",
        "country_iso_code",
    ],
    needed: true,
};
pub(super) static LETTINGS: Wanted = Wanted {
    names: &["lettings_letting", "oc_lettings_site_letting"],
    columns: &["id", "title", "address_id"],
    needed: true,
};
pub(super) static PROFILES: Wanted = Wanted {
    names: &["profiles_profile", "oc_lettings_site_profile"],
    columns: &["id", "user_id", "favorite_city"],
    needed: true,
};
pub(super) static LOG: Wanted = of_django(
    &["django_admin_log"],
    &[
        "id",
        "action_time",
        "user_id",
        "content_type_id",
        "object_id",
        "object_repr",
        "action_flag",
        "change_message",
    ],
);

/// Every table that is read, each after those that it points at.
static ALL: [&Wanted; 11] = [
    &CONTENT_TYPES,
    &PERMISSIONS,
    &GROUPS,
    &GROUP_PERMISSIONS,
    &USERS,
    &USER_GROUPS,
    &USER_PERMISSIONS,
    &ADDRESSES,
    &LETTINGS,
    &PROFILES,
    &LOG,
];

/// Tables that changed their names together: a home is read with its address, from one layout or the other.
static APPS: [&[&Wanted]; 2] = [&[&ADDRESSES, &LETTINGS], &[&PROFILES]];

/// Tables of Django's own that hold nothing worth taking, or nothing that could be taken.
const NOTHING_WORTH: [&str; 2] = ["django_migrations", "django_session"];

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
            if let Some(name) = tables.explained(tables.name_of(wanted))? {
                tables.demand_columns(wanted, &name)?;
                tables.refuse_damage(&name)?;
                tables.found.push(Table {
                    wanted,
                    name,
                    rows: 0,
                    highest_id: 0,
                });
            } else if wanted.needed {
                return Err(Error::Refused(format!(
                    "{} has no table {}: give the database of the Django site",
                    path.display(),
                    wanted.names.join(" or ")
                )));
            }
        }
        tables.summed()?;
        tables.unread = tables.explained(tables.find_unread())?;
        tables.sessions = tables
            .explained(tables.count("django_session"))?
            .unwrap_or(0);
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
    fn summed(&mut self) -> Result<()> {
        let mut sum = Sha256::new();
        let mut found = std::mem::take(&mut self.found);
        for table in &mut found {
            sum.update(table.wanted.names[0]);
            table.highest_id = self.explained(self.sequence(table.wanted))?;
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

    /// The last id that SQLite says it gave out, under either name of a table.
    fn sequence(&self, wanted: &Wanted) -> rusqlite::Result<i64> {
        if self.table("sqlite_sequence")?.is_none() {
            return Ok(0);
        }
        let mut highest = 0;
        for name in wanted.names {
            let mut statement = self.conn.prepare_cached(
                "select coalesce(max(seq), 0) from sqlite_sequence where name = ?1 collate nocase and typeof(seq) = 'integer'",
            )?;
            highest = highest.max(statement.query_row([name], |row| row.get(0))?);
        }
        Ok(highest)
    }

    /// A file of our own is not a Django site's, however alike the names are.
    fn refuse_ours(&self) -> Result<()> {
        let id: i32 = self.explained(
            self.conn
                .query_row("pragma application_id", [], |row| row.get(0)),
        )?;
        if id != db::APPLICATION_ID {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{} is a database of oc-lettings itself: give that of the Django site",
            self.path.display()
        )))
    }

    /// The name under which a table is read, where it is there.
    fn name_of(&self, wanted: &Wanted) -> rusqlite::Result<Option<String>> {
        let app = APPS.iter().find(|app| app.contains(&wanted));
        let layout = app.map_or(Ok(0), |app| self.layout(app))?;
        self.table(wanted.names[layout])
    }

    /// Which names the tables of an app have: those under which there are rows, else those that are there at all.
    fn layout(&self, app: &[&Wanted]) -> rusqlite::Result<usize> {
        let mut there = None;
        for layout in 0..app[0].names.len() {
            for wanted in app {
                match self.count(wanted.names[layout])? {
                    Some(0) => there = there.or(Some(layout)),
                    Some(_) => return Ok(layout),
                    None => {}
                }
            }
        }
        Ok(there.unwrap_or(0))
    }

    /// An ordinary table of this name, as the file writes it: no view and no virtual table, which would run code.
    fn table(&self, name: &str) -> rusqlite::Result<Option<String>> {
        let mut statement = self.conn.prepare_cached(
            "select name from sqlite_schema where type = 'table' and rootpage > 0 and name = ?1 collate nocase",
        )?;
        statement.query_row([name], |row| row.get(0)).optional()
    }

    fn count(&self, name: &str) -> rusqlite::Result<Option<u64>> {
        let Some(name) = self.table(name)? else {
            return Ok(None);
        };
        let sql = format!("select count(*) from {}", quoted(&name));
        self.conn.query_row(&sql, [], |row| row.get(0)).map(Some)
    }

    fn columns_of(&self, table: &str) -> rusqlite::Result<HashSet<String>> {
        let mut statement = self
            .conn
            .prepare("select lower(name) from pragma_table_xinfo(?1)")?;
        statement.query_map([table], |row| row.get(0))?.collect()
    }

    fn demand_columns(&self, wanted: &Wanted, name: &str) -> Result<()> {
        let there = self.explained(self.columns_of(name))?;
        let missing: Vec<_> = wanted
            .columns
            .iter()
            .filter(|column| !there.contains(**column))
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{} has no column {} in {name}: give the database of the Django site",
            self.path.display(),
            missing.join(", ")
        )))
    }

    fn refuse_damage(&self, name: &str) -> Result<()> {
        match self.explained(foreign::damage(&self.conn, name))? {
            None => Ok(()),
            Some(words) => Err(Error::Refused(foreign::damaged(&self.path, &words))),
        }
    }

    /// Tables and columns with something in them that nobody here reads: whoever moves in should know of them.
    fn find_unread(&self) -> rusqlite::Result<Vec<Unread>> {
        let mut statement = self.conn.prepare(
            "select name from sqlite_schema where type = 'table' and rootpage > 0 and name not like 'sqlite\\_%' escape '\\' order by name",
        )?;
        let names: Vec<String> = statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut unread = Vec::new();
        for name in names {
            if let Some(table) = self.found.iter().find(|table| table.name == name) {
                let known = table.wanted.columns;
                let others = self.columns_of(&name)?;
                let mut others: Vec<_> = others
                    .into_iter()
                    .filter(|column| !known.contains(&column.as_str()))
                    .collect();
                // Its only use is to be shown where a permission is granted; ours have words of their own.
                others.retain(|column| !(table.wanted == &PERMISSIONS && column == "name"));
                others.sort();
                unread.extend(others.into_iter().map(|column| Unread::Column {
                    table: name.clone(),
                    column,
                }));
            } else if !NOTHING_WORTH.contains(&name.as_str()) {
                let rows = self.count(&name)?.unwrap_or(0);
                if rows > 0 {
                    unread.push(Unread::Table { name, rows });
                }
            }
        }
        Ok(unread)
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
        quoted(&table.name)
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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
