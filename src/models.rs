//! What the site is about: one file per kind of thing, with its struct, its questions in SQL and its declaration; and
//! `row.rs` for what a declaration alone says about a row of any kind, and `search.rs` for the indexes of words.
//!
//! No HTML, no request and no permission check. Functions take a connection to read and a transaction to write; the
//! caller owns the transaction. Each model knows its own address on the site.

use crate::schema::Models;

pub mod address;
pub mod group;
pub mod history;
pub mod letting;
pub mod permission;
pub mod place;
pub mod profile;
pub mod row;
pub mod search;
pub mod session;
pub mod setting;
pub mod span;
pub mod state;
pub mod user;

/// Every declaration, in the order of the admin's index.
pub const ALL: Models = Models(&[
    &group::MODEL,
    &user::MODEL,
    &address::MODEL,
    &letting::MODEL,
    &profile::MODEL,
    &permission::MODEL,
]);

/// Tables of which no public page shows anything. What a profile shows of a user is written into the profile's row as
/// well (`migrations/V9__shown_names.sql`). A table that is not named here counts as shown.
pub const UNSHOWN: &[&str] = &[
    "user",
    "group",
    "permission",
    "user_group",
    "user_permission",
    "group_permission",
    "session",
    "history",
    "setting",
];

/// Ids as SQLite's `json_each` takes them: one parameter for any number of rows.
pub fn json_ids(ids: &[i64]) -> String {
    serde_json::json!(ids).to_string()
}
