//! What the site keeps about itself: for now the key that it signs with.

use rusqlite::{OptionalExtension, Transaction};

use crate::digest;
use crate::error::Result;

/// The generated signing key, made when it is first asked for: 48 random bytes in hexadecimal.
pub fn secret_key(tx: &Transaction<'_>) -> Result<String> {
    let known = tx
        .query_row(
            "select value from setting where name = 'secret_key'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(key) = known {
        return Ok(key);
    }
    let key = digest::random::<48>()?;
    tx.execute(
        "insert into setting (name, value) values ('secret_key', ?1)",
        [&key],
    )?;
    Ok(key)
}
