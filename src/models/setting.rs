//! What the site keeps about itself: for now the key that it signs with.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::digest;
use crate::error::Result;

/// The generated signing key, made when it is first asked for: 48 random bytes in hexadecimal.
pub fn secret_key(tx: &Transaction<'_>) -> Result<String> {
    if let Some(key) = kept_key(tx)? {
        return Ok(key);
    }
    let key = digest::random::<48>()?;
    tx.execute(
        "insert into setting (name, value) values ('secret_key', ?1)",
        [&key],
    )?;
    Ok(key)
}

/// The generated signing key, where one was made.
pub fn kept_key(conn: &Connection) -> Result<Option<String>> {
    let sql = "select value from setting where name = 'secret_key'";
    Ok(conn.query_row(sql, [], |row| row.get(0)).optional()?)
}
