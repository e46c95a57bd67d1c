//! An account. Its public side is a profile; signing in and rights come with the admin.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::error::Result;

/// A password field that no password matches, as in Django.
pub const UNUSABLE: &str = "!";

/// An account to be written, without a usable password.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct NewUser {
    /// The id to use when it is free.
    pub id: i64,
    /// Unique, case-sensitive.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// May be empty.
    pub email: String,
    /// May use the admin, as far as permissions go.
    pub is_staff: bool,
    /// May do everything.
    pub is_superuser: bool,
}

/// The id of the account with exactly this name.
pub fn id_of(conn: &Connection, username: &str) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("select id from user where username = ?1")?
        .query_row([username], |row| row.get(0))
        .optional()?)
}

/// How many accounts there are.
pub fn count(conn: &Connection) -> Result<u64> {
    Ok(conn.query_row("select count(*) from user", [], |row| row.get(0))?)
}

/// Writes an active account and gives its id: the wished one, or a new one when that is taken.
pub fn insert(tx: &Transaction<'_>, user: &NewUser) -> Result<i64> {
    let taken: bool = tx.query_row(
        "select exists (select 1 from user where id = ?1)",
        [user.id],
        |row| row.get(0),
    )?;
    let now = crate::clock::now();
    tx.prepare_cached(
        "insert into user (id, username, first_name, last_name, email, password, is_staff, is_superuser, date_joined, updated_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
    )?
    .execute((
        (!taken).then_some(user.id),
        &user.username,
        &user.first_name,
        &user.last_name,
        &user.email,
        UNUSABLE,
        user.is_staff,
        user.is_superuser,
        now,
    ))?;
    Ok(tx.last_insert_rowid())
}
