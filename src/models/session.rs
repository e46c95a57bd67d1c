//! Who is signed in. Only the hash of a token is kept; the token itself is in the person's cookie alone.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction};
use sha2::{Digest, Sha256};

use crate::clock::written;
use crate::digest;
use crate::error::Result;

/// A session ends this long after its last use, as Django's do after their first.
const IDLE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// And this long after it began, however much it is used.
const LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Use is written down at most this often.
const TOUCH: SignedDuration = SignedDuration::from_mins(10);

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What it is called in a form: a part of the token's hash, good for nothing else.
    pub name: String,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// When it began.
    pub created_at: String,
    /// When it was last used, to ten minutes.
    pub last_used_at: String,
    /// Where it was begun.
    pub client: String,
    /// What the browser called itself.
    pub user_agent: String,
}

/// A new token: 256 random bits in hexadecimal.
pub fn new_token() -> Result<String> {
    digest::random::<32>()
}

/// Begins a session of a user.
pub fn create(
    tx: &Transaction<'_>,
    token: &str,
    user_id: i64,
    client: &str,
    user_agent: &str,
) -> Result<()> {
    let now = crate::clock::now();
    let user_agent: String = user_agent
        .chars()
        .filter(|c| !c.is_control())
        .take(512)
        .collect();
    tx.execute(
        "insert into session (token_hash, user_id, created_at, last_used_at, client, user_agent) values (?1, ?2, ?3, ?3, ?4, ?5)",
        (hash(token), user_id, now, client, user_agent),
    )?;
    Ok(())
}

/// The user of a session that has not ended, and whether its use should be written down again.
pub fn find(conn: &Connection, token: &str) -> Result<Option<(i64, bool)>> {
    let now = Timestamp::now();
    let mut statement = conn.prepare_cached(
        "select user_id, last_used_at < ?4 from session where token_hash = ?1 and last_used_at > ?2 and created_at > ?3",
    )?;
    let bounds = (
        hash(token),
        written(now - IDLE),
        written(now - LIFETIME),
        written(now - TOUCH),
    );
    Ok(statement
        .query_row(bounds, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Writes down that a session was used.
pub fn touch(tx: &Transaction<'_>, token: &str) -> Result<()> {
    tx.execute(
        "update session set last_used_at = ?2 where token_hash = ?1",
        (hash(token), crate::clock::now()),
    )?;
    Ok(())
}

/// Gives a session another token, so that whoever knew the old one is out.
pub fn renew(tx: &Transaction<'_>, old: &str, new: &str) -> Result<()> {
    tx.execute(
        "update session set token_hash = ?2 where token_hash = ?1",
        (hash(old), hash(new)),
    )?;
    Ok(())
}

/// Ends a session.
pub fn delete(tx: &Transaction<'_>, token: &str) -> Result<()> {
    tx.execute("delete from session where token_hash = ?1", [hash(token)])?;
    Ok(())
}

/// Ends every session of everybody.
pub fn delete_all(tx: &Transaction<'_>) -> Result<()> {
    tx.execute("delete from session", [])?;
    Ok(())
}

/// Ends all sessions of a user but one.
pub fn delete_others(tx: &Transaction<'_>, user_id: i64, kept: Option<&str>) -> Result<usize> {
    let kept = kept.map(hash);
    Ok(tx.execute(
        "delete from session where user_id = ?1 and (?2 is null or token_hash <> ?2)",
        (user_id, kept),
    )?)
}

/// The sessions of a user that have not ended, the one with this token first, then the last used.
pub fn of_user(conn: &Connection, user_id: i64, token: &str) -> Result<Vec<Session>> {
    let now = Timestamp::now();
    let mut statement = conn.prepare_cached(
        "select substr(lower(hex(token_hash)), 1, 16) as name, token_hash = ?2 as is_current, created_at, last_used_at, client, user_agent
         from session where user_id = ?1 and last_used_at > ?3 and created_at > ?4
         order by is_current desc, last_used_at desc limit 200",
    )?;
    let bounds = (
        user_id,
        hash(token),
        written(now - IDLE),
        written(now - LIFETIME),
    );
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Session {
            name: row.get("name")?,
            is_current: row.get("is_current")?,
            created_at: row.get("created_at")?,
            last_used_at: row.get("last_used_at")?,
            client: row.get("client")?,
            user_agent: row.get("user_agent")?,
        })
    };
    Ok(statement
        .query_map(bounds, read)?
        .collect::<Result<_, _>>()?)
}

/// Ends the session of a user that has this name, unless it is the one with this token.
pub fn delete_named(tx: &Transaction<'_>, user_id: i64, name: &str, token: &str) -> Result<usize> {
    Ok(tx.execute(
        "delete from session where user_id = ?1 and substr(lower(hex(token_hash)), 1, 16) = ?2 and token_hash <> ?3",
        (user_id, name, hash(token)),
    )?)
}

/// Drops sessions that have ended by themselves; gives their number.
pub fn clear(tx: &Transaction<'_>) -> Result<usize> {
    let now = Timestamp::now();
    let bounds = (written(now - IDLE), written(now - LIFETIME));
    Ok(tx.execute(
        "delete from session where last_used_at <= ?1 or created_at <= ?2",
        bounds,
    )?)
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
