//! bcrypt as Django writes it: `bcrypt_sha256$$2b$12$<salt and checksum>`, and the same with `bcrypt`.
//!
//! bcrypt looks at 72 bytes only. `bcrypt_sha256` therefore gives it the digits of the password's SHA-256 instead.

use std::str::FromStr;

use bcrypt::HashParts;
use sha2::{Digest, Sha256};

use super::stored::{Details, Unfit, masked};
use crate::digest;

/// Each step doubles the work; this is about a second. Django's default is 12.
const MOST_COST: u32 = 14;
/// Less is not bcrypt.
const LEAST_COST: u32 = 4;

/// A stored bcrypt hash.
pub(super) struct Bcrypt<'a> {
    pub(super) name: &'static str,
    /// What follows Django's name: the usual notation of bcrypt, always 60 ASCII characters.
    usual: &'a str,
    cost: u32,
}

impl<'a> Bcrypt<'a> {
    /// Reads what follows the name and its `$`.
    pub(super) fn read(name: &str, usual: &'a str) -> Result<Self, Unfit> {
        let name = match name {
            "bcrypt_sha256" => "bcrypt_sha256",
            "bcrypt" => "bcrypt",
            _ => return Err(Unfit::Malformed),
        };
        // `2x` marks the hashes of an old implementation's mistake, which no one should rely on.
        let known = ["$2a$", "$2b$", "$2y$"]
            .iter()
            .any(|version| usual.starts_with(version));
        let parts = HashParts::from_str(usual).map_err(|_| Unfit::Malformed)?;
        let cost = parts.get_cost();
        if !known || cost < LEAST_COST {
            return Err(Unfit::Malformed);
        }
        if cost > MOST_COST {
            return Err(Unfit::Costly);
        }
        Ok(Self { name, usual, cost })
    }

    /// Whether the password is the one.
    pub(super) fn matches(&self, plain: &str) -> bool {
        let verified = if self.name == "bcrypt_sha256" {
            bcrypt::verify(digest::hex(&Sha256::digest(plain)), self.usual)
        } else {
            bcrypt::verify(plain, self.usual)
        };
        verified.unwrap_or(false)
    }

    /// What may be shown, by Django's names.
    pub(super) fn details(&self) -> Details {
        let (salt, checksum) = self.usual[7..].split_at(22);
        vec![
            ("work factor", self.cost.to_string()),
            ("salt", masked(salt)),
            ("checksum", masked(checksum)),
        ]
    }
}
