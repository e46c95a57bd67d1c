//! What is in our database before an import: nothing, the one administrator who is setting the site up, or more.
//!
//! The imported rows keep their ids, so the administrator and their history get out of the way; `--replace` removes all
//! that is there. Nobody who has just set the site up loses access by moving in.

use rusqlite::{Connection, Transaction};

use super::report::words::counted;
use super::report::{Administrator, Replaced, Taken};
use crate::digest;
use crate::error::Result;
use crate::models::history;
use crate::password;

/// Rows that are here, as far as they stand in the way; nothing where there are none but a lone administrator's.
pub(super) fn filled(conn: &Connection) -> Result<Option<String>> {
    let here = here(conn)?;
    let others: u64 = conn.query_row(
        "select count(*) from user where (select count(*) from user) > 1 or not (is_superuser and is_active)",
        [],
        |row| row.get(0),
    )?;
    let kinds = [
        (here.lettings, "letting", "lettings"),
        (here.addresses, "address", "addresses"),
        (others, "user", "users"),
        (here.profiles, "profile", "profiles"),
        (here.groups, "group", "groups"),
    ];
    let found: Vec<String> = kinds
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect();
    Ok((!found.is_empty()).then(|| found.join(", ")))
}

fn here(conn: &Connection) -> Result<Taken> {
    let count = |table: &str| -> Result<u64> {
        Ok(
            conn.query_row(&format!("select count(*) from {table}"), [], |row| {
                row.get(0)
            })?,
        )
    };
    Ok(Taken {
        lettings: count("letting")?,
        addresses: count("address")?,
        users: count("user")?,
        profiles: count("profile")?,
        groups: count("\"group\"")?,
        memberships: count("user_group")?,
        permissions: count("user_permission")? + count("group_permission")?,
        history: count("history")?,
    })
}

/// Removes every row that an import brings, and all sessions; tells how many there were. History goes too: it would
/// speak of other rows.
pub(super) fn clear(tx: &Transaction<'_>) -> Result<Replaced> {
    let rows = here(tx)?;
    let sessions = tx.execute("delete from session", [])? as u64;
    tx.execute_batch(
        "delete from letting; delete from address; delete from profile;
         delete from user; delete from \"group\";",
    )?;
    history::rewrite(tx, |tx| Ok(tx.execute_batch("delete from history")?))?;
    Ok(Replaced {
        rows,
        sessions,
        backup: None,
    })
}

/// The one account that was here before, out of the way.
pub(super) struct Local {
    /// The id it had.
    old: i64,
    /// The id it has meanwhile, and keeps unless the file has an account of its name.
    id: i64,
    username: String,
    password: String,
}

/// Moves the one account that is here beyond every id that the file ever gave out.
pub(super) fn step_aside(tx: &Transaction<'_>, beyond: i64) -> Result<Option<Local>> {
    let mut statement = tx.prepare("select id, username, password from user")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let old: i64 = row.get(0)?;
    let given: i64 = tx.query_row(
        "select coalesce(max(seq), 0) from sqlite_sequence where name = 'user'",
        [],
        |row| row.get(0),
    )?;
    let local = Local {
        old,
        id: beyond.max(given).max(old).saturating_add(1),
        username: row.get(1)?,
        password: row.get(2)?,
    };
    // A name that no account has, so that one of the file can have this one's.
    let (id, away) = (local.id, digest::random::<16>()?);
    tx.execute_batch("pragma defer_foreign_keys = on")?;
    tx.execute(
        "update user set id = ?2, username = ?3 where id = ?1",
        (old, id, away),
    )?;
    for table in ["session", "user_group", "user_permission"] {
        tx.execute(
            &format!("update {table} set user_id = ?2 where user_id = ?1"),
            (old, id),
        )?;
    }
    tx.execute_batch("pragma defer_foreign_keys = off")?;
    Ok(Some(local))
}

impl Local {
    /// Gives the account its name back; or, where the file has an account of that name, makes one of the two.
    pub(super) fn settle(&self, tx: &Transaction<'_>) -> Result<(i64, Administrator)> {
        let username = self.username.clone();
        let Some(imported) = crate::models::user::id_of(tx, &username)? else {
            tx.execute(
                "update user set username = ?2 where id = ?1",
                (self.id, &username),
            )?;
            return Ok((self.id, Administrator::Kept(username)));
        };
        // The password that was set here is the one that the operator knows; that of the file may be a published one.
        let is_usable = password::is_usable(&self.password);
        tx.execute(
            "update user set is_superuser = 1, is_staff = 1, is_active = 1, password = iif(?2, ?3, password) where id = ?1",
            (imported, is_usable, &self.password),
        )?;
        tx.execute(
            "update session set user_id = ?2 where user_id = ?1",
            (self.id, imported),
        )?;
        tx.execute("delete from user where id = ?1", [self.id])?;
        let outcome = if is_usable {
            Administrator::Merged
        } else {
            Administrator::Taken
        };
        Ok((imported, outcome(username)))
    }

    /// Moves what was written down here behind the history that comes from the file, under the account's new id.
    pub(super) fn move_history(&self, tx: &Transaction<'_>, id: i64, beyond: i64) -> Result<()> {
        history::rewrite(tx, |tx| {
            // Further than any id here is high, or a row would be moved onto one that has not been moved yet.
            tx.execute(
                "update history set id = id + max(?1, (select max(id) from history)) where ?1 > 0",
                [beyond],
            )?;
            tx.execute(
                "update history set user_id = ?2 where user_id = ?1",
                (self.old, id),
            )?;
            tx.execute(
                "update history set row_id = ?2 where row_id = ?1 and app = 'auth' and model = 'user'",
                (self.old.to_string(), id.to_string()),
            )?;
            Ok(())
        })
    }
}
