//! Signing in and what a signed-in account may do. No cookie and no waiting is known here.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::error::Result;
use crate::schema::Author;

/// What signing in needs of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub id: i64,
    /// The stored hash.
    pub password: String,
    /// May sign in at all.
    pub is_active: bool,
    /// May use the admin.
    pub is_staff: bool,
}

/// A signed-in account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who acts.
    pub author: Author,
    /// The account's id.
    pub id: i64,
    /// How to greet.
    pub first_name: String,
    /// Needed by the password's checks.
    pub last_name: String,
    /// Needed by the password's checks.
    pub email: String,
    /// May use the admin.
    pub is_staff: bool,
}

/// The credentials of exactly this username.
pub fn credentials(conn: &Connection, username: &str) -> Result<Option<Credentials>> {
    let mut statement = conn
        .prepare_cached("select id, password, is_active, is_staff from user where username = ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Credentials {
            id: row.get(0)?,
            password: row.get(1)?,
            is_active: row.get(2)?,
            is_staff: row.get(3)?,
        })
    };
    Ok(statement.query_row([username], read).optional()?)
}

/// An account, active or not, to look at from outside.
pub fn find_any(conn: &Connection, id: i64) -> Result<Option<Account>> {
    read(
        conn,
        "select username, first_name, last_name, email, is_staff, is_superuser from user where id = ?1",
        id,
        None,
    )
}

/// An active account with all its rights, read afresh for every request.
pub fn find(conn: &Connection, id: i64, client: Option<IpAddr>) -> Result<Option<Account>> {
    let sql = "select username, first_name, last_name, email, is_staff, is_superuser from user where id = ?1 and is_active";
    read(conn, sql, id, client)
}

fn read(conn: &Connection, sql: &str, id: i64, client: Option<IpAddr>) -> Result<Option<Account>> {
    let mut statement = conn.prepare_cached(sql)?;
    let account = statement
        .query_row([id], |row| {
            Ok(Account {
                author: Author {
                    id: Some(id),
                    username: row.get(0)?,
                    is_superuser: row.get(5)?,
                    permissions: std::collections::BTreeSet::new(),
                    client,
                },
                id,
                first_name: row.get(1)?,
                last_name: row.get(2)?,
                email: row.get(3)?,
                is_staff: row.get(4)?,
            })
        })
        .optional()?;
    let Some(mut account) = account else {
        return Ok(None);
    };
    if !account.author.is_superuser {
        let mut statement = conn.prepare_cached(
            "select app || '.' || action || '_' || model from permission where id in (
                 select permission_id from user_permission where user_id = ?1
                 union select permission_id from group_permission
                       join user_group using (group_id) where user_group.user_id = ?1)",
        )?;
        account.author.permissions = statement
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
    }
    Ok(Some(account))
}

/// Replaces the hash of a password.
pub fn set_password(tx: &Transaction<'_>, id: i64, hash: &str) -> Result<()> {
    tx.execute(
        "update user set password = ?2, updated_at = ?3 where id = ?1",
        (id, hash, crate::clock::now()),
    )?;
    Ok(())
}

/// Writes down that an account signed in.
pub fn signed_in(tx: &Transaction<'_>, id: i64) -> Result<()> {
    tx.execute(
        "update user set last_login = ?2 where id = ?1",
        (id, crate::clock::now()),
    )?;
    Ok(())
}

/// The stored hashes of all active superusers.
pub fn superuser_passwords(conn: &Connection) -> Result<Vec<String>> {
    let superusers = superusers(conn)?.into_iter();
    Ok(superusers.map(|(_, stored)| stored).collect())
}

/// The names and stored hashes of all active superusers.
pub fn superusers(conn: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement =
        conn.prepare("select username, password from user where is_superuser and is_active")?;
    Ok(statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

/// Whether an active superuser can sign in with a password.
pub fn has_administrator(conn: &Connection) -> Result<bool> {
    Ok(superuser_passwords(conn)?
        .iter()
        .any(|stored| crate::password::is_usable(stored)))
}

/// Makes an account the administrator: a new one, or one of that name whose password cannot be used.
pub fn make_superuser(
    tx: &Transaction<'_>,
    username: &str,
    email: &str,
    hash: &str,
) -> Result<i64> {
    let now = crate::clock::now();
    Ok(tx.query_row(
        "insert into user (username, email, password, is_staff, is_superuser, date_joined, updated_at)
         values (?1, ?2, ?3, 1, 1, ?4, ?4)
         on conflict (username) do update set
             password = excluded.password, is_staff = 1, is_superuser = 1, is_active = 1, updated_at = excluded.updated_at,
             email = case when excluded.email = '' then email else excluded.email end
         returning id",
        (username, email, hash, now),
        |row| row.get(0),
    )?)
}
