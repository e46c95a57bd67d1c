//! The demo rows of `data/demo.json`, embedded: six homes and four people, for a first look.
//!
//! They go only into a site without homes and people of its own. Nobody can sign in with a demo account.

use rusqlite::Transaction;
use serde::Deserialize;

use crate::error::{Context, Error, Result};
use crate::models::address::Address;
use crate::models::letting::Letting;
use crate::models::profile::Profile;
use crate::models::user::{self, NewUser};

/// How many rows of each kind were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// Homes.
    pub lettings: usize,
    /// Addresses.
    pub addresses: usize,
    /// Accounts; those that were there already do not count.
    pub users: usize,
    /// Profiles.
    pub profiles: usize,
}

#[derive(Deserialize)]
struct Rows {
    address: Vec<Address>,
    letting: Vec<LettingRow>,
    user: Vec<NewUser>,
    profile: Vec<ProfileRow>,
}

#[derive(Deserialize)]
struct LettingRow {
    id: i64,
    title: String,
    address_id: i64,
}

#[derive(Deserialize)]
struct ProfileRow {
    id: i64,
    user_id: i64,
    favorite_city: String,
}

/// Writes the demo rows, or refuses where there are addresses, lettings or profiles already.
pub fn load(tx: &Transaction<'_>) -> Result<Loaded> {
    let filled: bool = tx.query_row(
        "select exists (select 1 from address) or exists (select 1 from letting) or exists (select 1 from profile)",
        [],
        |row| row.get(0),
    )?;
    if filled {
        return Err(Error::Refused(
            "the database has addresses, lettings or profiles already: demo rows go only into one without any, so set DATABASE to a new file".to_owned(),
        ));
    }
    let rows: Rows = serde_json::from_str(include_str!("../data/demo.json"))
        .context("read the embedded demo rows")?;
    let mut users = 0;
    let mut ids = std::collections::HashMap::new();
    for row in &rows.user {
        let id = if let Some(id) = user::id_of(tx, &row.username)? {
            id
        } else {
            users += 1;
            user::insert(tx, row)?
        };
        ids.insert(row.id, id);
    }
    for row in &rows.address {
        row.insert(tx)?;
    }
    for row in &rows.letting {
        Letting::insert(tx, row.id, &row.title, row.address_id)?;
    }
    for row in &rows.profile {
        Profile::insert(tx, row.id, ids[&row.user_id], &row.favorite_city)?;
    }
    Ok(Loaded {
        lettings: rows.letting.len(),
        addresses: rows.address.len(),
        users,
        profiles: rows.profile.len(),
    })
}

impl std::fmt::Display for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} lettings, {} addresses, {} users, {} profiles",
            self.lettings, self.addresses, self.users, self.profiles
        )
    }
}
