//! What the site keeps about itself: the key that it signs with, and what it was moved in from.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::digest;
use crate::error::Result;

const SECRET_KEY: &str = "secret_key";
const IMPORTED: &str = "imported";

/// The generated signing key, made when it is first asked for: 48 random bytes in hexadecimal.
pub fn secret_key(tx: &Transaction<'_>) -> Result<String> {
    if let Some(key) = get(tx, SECRET_KEY)? {
        return Ok(key);
    }
    let key = digest::random::<48>()?;
    set(tx, SECRET_KEY, &key)?;
    Ok(key)
}

/// The signing key that was made, if one was.
pub fn made_key(conn: &Connection) -> Result<Option<String>> {
    get(conn, SECRET_KEY)
}

/// Keeps this signing key instead of the one that came with other rows; what was signed here stays good.
pub fn keep_key(tx: &Transaction<'_>, key: &str) -> Result<()> {
    set(tx, SECRET_KEY, key)
}

/// The digest of the rows that were last imported from a Django site, and when that was.
pub fn imported(conn: &Connection) -> Result<Option<(String, String)>> {
    let kept = get(conn, IMPORTED)?;
    Ok(kept.and_then(|kept| {
        let (digest, at) = kept.split_once(' ')?;
        Some((digest.to_owned(), at.to_owned()))
    }))
}

/// Writes down which rows were imported.
pub fn set_imported(tx: &Transaction<'_>, digest: &str, at: &str) -> Result<()> {
    set(tx, IMPORTED, &format!("{digest} {at}"))
}

fn get(conn: &Connection, name: &str) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached("select value from setting where name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

fn set(tx: &Transaction<'_>, name: &str, value: &str) -> Result<()> {
    tx.execute(
        "insert into setting (name, value) values (?1, ?2)
         on conflict (name) do update set value = excluded.value",
        (name, value),
    )?;
    Ok(())
}
