//! Passwords: hashing ours, and checking those that came with a Django database.
//!
//! A stored hash is one text that says how it was made. Ours is argon2id as a PHC string; each notation of Django has
//! a file below (`password/stored.rs` tells them apart), and what is good enough as a password is decided in
//! `password/validate.rs`. No user is known here. A hash takes tens of milliseconds and up to 256 MiB, so `web/` lets
//! only a few run at once.

use std::hint::black_box;

use crate::error::{Context, Result};

mod argon2;
mod bcrypt;
mod pbkdf2;
mod scrypt;
mod stored;
pub mod validate;

use argon2::Argon2;
use stored::Stored;

/// What is stored where no password may match: for accounts that cannot sign in with one.
pub const UNUSABLE: &str = "!";

/// Longer texts are no hashes, and the database's column takes no longer ones.
const LONGEST: usize = 1024;

/// The hash of no one's password, with our own parameters.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$dGhpcyBpcyBubyBvbmUncw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a password is the one that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is. An outdated hash should be replaced now, while the password is at hand.
    Match {
        /// The hash was not made as [`hash`] makes it today.
        outdated: bool,
    },
    /// It is not, or no password can be: an unusable, unknown, malformed or too costly hash.
    Mismatch,
}

/// What a text from a database's column for passwords is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// A password can be compared with it.
    Usable,
    /// It says that no password may match, or nothing at all.
    Unusable,
    /// Made by a hasher that Django has given up, by its name; no password can match here either.
    Abandoned(&'static str),
    /// A hash of a kind we know whose stated cost would hurt.
    TooCostly,
    /// No hash of any kind that we know.
    Malformed,
}

/// What may be shown of a stored hash: how it was made, and only the first characters of what is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The algorithm, by Django's name for it.
    pub algorithm: String,
    /// Names and values, in the order to show them.
    pub details: Vec<(String, String)>,
}

/// Hashes a new password with a salt of its own.
pub fn hash(plain: &str) -> Result<String> {
    let mut salt = [0; argon2::SALT_LEN];
    getrandom::fill(&mut salt).context("read random bytes for a salt")?;
    argon2::hash(plain, &salt).context("hash a password")
}

/// Compares a password with a stored hash. What cannot match costs nothing here; see [`spend`].
pub fn verify(plain: &str, stored: &str) -> Verdict {
    match Stored::read(stored) {
        Ok(stored) if stored.matches(plain) => Verdict::Match {
            outdated: !stored.is_current(),
        },
        _ => Verdict::Mismatch,
    }
}

/// Takes as long as comparing with one of our own hashes, so that no one can tell by the time which accounts exist.
pub fn spend() {
    black_box(verify(black_box(""), DECOY));
}

/// Whether any password can match: the hash is of a kind we know, well formed, and its cost bearable.
pub fn is_usable(stored: &str) -> bool {
    Stored::read(stored).is_ok()
}

/// Judges what another program stored, before it is taken over.
pub fn grade(stored: &str) -> Grade {
    stored::grade(stored)
}

/// The memory that one comparison needs, for whoever decides how many may run at once. Where no password can match it
/// is that of [`spend`], which the caller will want instead.
pub fn memory_kib(stored: &str) -> u32 {
    Stored::read(stored).map_or(Argon2::CURRENT_MEMORY_KIB, |stored| stored.memory_kib())
}

/// What to store of a hash that was made elsewhere, argon2 in our notation and everything else as it came; or what is
/// wrong with it. A hash that no password can match is taken when it says so by itself.
pub fn taken_in(text: &str) -> Result<String, Grade> {
    match grade(text) {
        _ if text.len() > LONGEST || text.chars().any(char::is_control) => Err(Grade::Malformed),
        Grade::Usable => Ok(text.strip_prefix("argon2").unwrap_or(text).to_owned()),
        Grade::Unusable if text.is_empty() => Ok(UNUSABLE.to_owned()),
        Grade::Unusable | Grade::Abandoned(_) => Ok(text.to_owned()),
        refused => Err(refused),
    }
}

/// A stored hash in the notation that Django reads.
pub fn handed_out(stored: &str) -> String {
    if stored.starts_with("$argon2") {
        format!("argon2{stored}")
    } else {
        stored.to_owned()
    }
}

/// How a hash was made, for a form that cannot show the password; nothing where no password can match.
pub fn summary(stored: &str) -> Option<Summary> {
    Some(Stored::read(stored).ok()?.summary())
}

#[cfg(test)]
mod tests;
