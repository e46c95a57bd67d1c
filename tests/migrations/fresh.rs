//! A database fresh from the migrations, and rows that its tables take.

use std::path::Path;

use oc_lettings::db::Db;
use oc_lettings::error::{Error, Result};
use refinery::{Migration, Runner, Target};
use rusqlite::{Connection, Transaction};
use tempfile::TempDir;

/// A moment in the one form that times have.
pub(super) const NOW: &str = "'2026-11-22T07:31:05.123456Z'";

/// A row that each table takes, as column and SQL expression. Rows that it points at are put in before.
pub(super) const ROWS: &[(&str, &[(&str, &str)])] = &[
    ("setting", &[("name", "'key'"), ("value", "''")]),
    (
        "user",
        &[
            ("username", "'ada'"),
            ("password", "'!'"),
            ("date_joined", NOW),
            ("updated_at", NOW),
        ],
    ),
    ("group", &[("name", "'editors'"), ("updated_at", NOW)]),
    (
        "permission",
        &[("app", "'a'"), ("model", "'m'"), ("action", "'add'")],
    ),
    (
        "session",
        &[
            ("token_hash", "zeroblob(32)"),
            ("user_id", "1"),
            ("created_at", NOW),
            ("last_used_at", NOW),
        ],
    ),
    (
        "address",
        &[
            ("number", "'9606'"),
            ("street", "'Harvard Street'"),
            ("city", "'Aliquippa'"),
            ("state", "'PA'"),
            ("zip_code", "'15001'"),
            ("country_iso_code", "'USA'"),
            ("updated_at", NOW),
        ],
    ),
    (
        "letting",
        &[
            ("title", "'Oceanview Retreat'"),
            ("address_id", "2"),
            ("updated_at", NOW),
        ],
    ),
    ("profile", &[("user_id", "2"), ("updated_at", NOW)]),
    (
        "place",
        &[("state", "'XX'"), ("city", "'Nowhere'"), ("lettings", "1")],
    ),
    ("state", &[("state", "'XX'"), ("lettings", "1")]),
    (
        "letting_place",
        &[
            ("letting_id", "9"),
            ("state", "'XX'"),
            ("city", "'Nowhere'"),
        ],
    ),
    (
        "span",
        &[
            ("list", "'letting'"),
            ("ids", "32"),
            ("number", "9"),
            ("rows", "1"),
        ],
    ),
    (
        "history",
        &[
            ("at", NOW),
            ("username", "'ada'"),
            ("action", "'add'"),
            ("app", "'a'"),
            ("model", "'m'"),
            ("row_id", "'1'"),
            ("label", "''"),
        ],
    ),
];

/// A fresh database, and the folder that goes with it.
pub(super) struct Fresh {
    pub(super) db: Db,
    _folder: TempDir,
}

impl Fresh {
    /// Migrated from empty, with users, and addresses without lettings, 1 to 4.
    pub(super) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("site.sqlite3");
        let (db, report) = Db::open_and_migrate(&path).expect("a folder that can be written");
        assert!(report.created);
        let fresh = Self::of(db, folder);
        for id in 1..=4 {
            fresh.sql(&format!(
                "insert into user (id, username, password, date_joined, updated_at)
                     values ({id}, 'user{id}', '!', {NOW}, {NOW});
                 insert into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
                     values ({id}, '{id}', 'Main Street', 'City {id}', 'CA', '90000', 'USA', {NOW});"
            ));
        }
        fresh
    }

    /// One that was made otherwise.
    pub(super) fn of(db: Db, folder: TempDir) -> Self {
        Self {
            db,
            _folder: folder,
        }
    }

    pub(super) fn try_sql(&self, sql: &str) -> Result<()> {
        self.db.write_now(|tx| Ok(tx.execute_batch(sql)?))
    }

    pub(super) fn sql(&self, sql: &str) {
        self.try_sql(sql)
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    pub(super) fn refused(&self, sql: &str) -> String {
        match self.try_sql(sql) {
            Ok(()) => panic!("not refused: {sql}"),
            Err(error) => error.to_string(),
        }
    }

    /// The first column of the first row, as text.
    pub(super) fn ask(&self, sql: &str) -> String {
        self.db
            .read(|conn| text(conn, sql))
            .unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// What becomes of a row when one of its columns holds something else; nothing is kept.
    pub(super) fn attempt(
        &self,
        table: &str,
        column: &str,
        expression: &str,
    ) -> Result<(), String> {
        let attempt: Result<()> = self.db.write_now(|tx| {
            insert(tx, table, &[(column, &repeated(expression))])?;
            Err(Error::NotFound)
        });
        match attempt {
            Err(Error::NotFound) => Ok(()),
            Err(error) => Err(error.to_string()),
            Ok(()) => unreachable!("each attempt ends in an error that takes it back"),
        }
    }

    pub(super) fn places(&self) -> String {
        self.ask("select coalesce(group_concat(state || ' ' || city || ' ' || lettings, ', ' order by state, city), '') from place")
    }

    /// What is counted of homes and people as the triggers keep it, and as it would be counted now.
    pub(super) fn kept_and_counted(&self) -> (String, String) {
        let kept = "
            select 'place ' || state || ' ' || city || ' ' || lettings as line from place
            union all select 'state ' || state || ' ' || lettings from state
            union all select 'home ' || letting_id || ' ' || state || ' ' || city from letting_place
            union all select list || ' ' || ids || ' ' || number || ' ' || rows from span";
        let counted = "
            with home as (select letting.id, state, city from letting join address on address.id = address_id)
            select 'place ' || state || ' ' || city || ' ' || count(*) as line from home group by state, city
            union all select 'state ' || state || ' ' || count(*) from home group by state
            union all select 'home ' || id || ' ' || state || ' ' || city from home
            union all select 'letting ' || ids || ' ' || (id / ids) || ' ' || count(*)
                from letting, (select column1 as ids from (values (32), (1024), (32768))) group by ids, id / ids
            union all select 'profile ' || ids || ' ' || (id / ids) || ' ' || count(*)
                from profile, (select column1 as ids from (values (32), (1024), (32768))) group by ids, id / ids";
        let lines = |question: &str| {
            self.ask(&format!(
                "select coalesce(group_concat(line, ', ' order by line), '') from ({question})"
            ))
        };
        (lines(kept), lines(counted))
    }
}

/// A database as a binary left it that knew the migrations up to this one.
#[expect(
    clippy::disallowed_methods,
    reason = "the site's own way in applies every migration"
)]
pub(super) fn migrated_to(path: &Path, version: i32) -> Connection {
    let migrations: Vec<Migration> =
        refinery::load_sql_migrations(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
            .expect("the folder of migrations");
    let mut conn = Connection::open(path).expect("a folder that can be written");
    Runner::new(&migrations)
        .set_target(Target::Version(version))
        .run(&mut conn)
        .expect("migrations that were released");
    conn
}

/// Numbers below a limit, by Numerical Recipes' generator: any series will do, as long as it is the same each time.
pub(super) fn series() -> impl FnMut(u32) -> u32 {
    let mut state = 42_u32;
    move |limit| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % limit
    }
}

/// The first column of the first row, as text.
pub(super) fn text(conn: &Connection, sql: &str) -> Result<String> {
    Ok(
        conn.query_row(&format!("select cast(({sql}) as text)"), [], |row| {
            row.get(0)
        })?,
    )
}

/// Puts a row of [`ROWS`] in, with other values in some columns.
pub(super) fn insert(tx: &Transaction<'_>, table: &str, other: &[(&str, &str)]) -> Result<()> {
    let (_, row) = ROWS
        .iter()
        .find(|(name, _)| *name == table)
        .expect("a table of ROWS");
    let mut row = row.to_vec();
    for &(column, expression) in other {
        row.retain(|(name, _)| *name != column);
        row.push((column, expression));
    }
    let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
    tx.execute(
        &format!(
            "insert into \"{table}\" ({}) values ({})",
            columns.join(", "),
            values.join(", ")
        ),
        [],
    )?;
    Ok(())
}

/// `12 × x` as SQL for x, twelve times.
fn repeated(expression: &str) -> String {
    match expression.split_once(" × ") {
        Some((times, text)) => format!("replace(hex(zeroblob({times})), '00', '{text}')"),
        None => expression.to_owned(),
    }
}
