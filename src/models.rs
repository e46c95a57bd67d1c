//! What the site is about: one file per kind of thing, with its struct and its questions in SQL.
//!
//! No HTML, no request and no permission check. Functions take a connection to read and a transaction to write; the
//! caller owns the transaction. Each model knows its own address on the site.

pub mod address;
pub mod letting;
pub mod place;
pub mod profile;
pub mod setting;
pub mod state;
pub mod user;
