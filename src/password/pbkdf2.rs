//! PBKDF2 as Django writes it: `pbkdf2_sha256$<iterations>$<salt>$<base64>`, and the same with `pbkdf2_sha1`.
//!
//! The salt's text is the salt: it is not base64. Each release of Django raised the iterations, so any number comes.

use std::num::NonZeroU32;

use ring::pbkdf2::{PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, verify};

use super::stored::{Details, Unfit, halves, masked, number, padded};

/// Some two seconds of work; Django's latest default is a seventh of it.
const MOST_ITERATIONS: u32 = 10_000_000;

/// A stored PBKDF2 hash.
pub(super) struct Pbkdf2<'a> {
    pub(super) name: &'static str,
    iterations: NonZeroU32,
    salt: &'a str,
    hash: &'a str,
    hash_bytes: Vec<u8>,
}

impl<'a> Pbkdf2<'a> {
    /// Reads what follows the name and its `$`.
    pub(super) fn read(name: &str, rest: &'a str) -> Result<Self, Unfit> {
        let (name, length) = match name {
            "pbkdf2_sha256" => ("pbkdf2_sha256", 32),
            "pbkdf2_sha1" => ("pbkdf2_sha1", 20),
            _ => return Err(Unfit::Malformed),
        };
        let (iterations, rest) = halves(rest, "$")?;
        let (salt, hash) = halves(rest, "$")?;
        let iterations = number(iterations)?;
        let read = Self {
            name,
            iterations: NonZeroU32::new(iterations).ok_or(Unfit::Malformed)?,
            salt,
            hash,
            hash_bytes: padded(hash)?,
        };
        if salt.is_empty() || read.hash_bytes.len() != length {
            return Err(Unfit::Malformed);
        }
        if iterations > MOST_ITERATIONS {
            return Err(Unfit::Costly);
        }
        Ok(read)
    }

    /// Whether the password is the one.
    pub(super) fn matches(&self, plain: &str) -> bool {
        let algorithm = match self.name {
            "pbkdf2_sha1" => PBKDF2_HMAC_SHA1,
            _ => PBKDF2_HMAC_SHA256,
        };
        let (plain, salt) = (plain.as_bytes(), self.salt.as_bytes());
        verify(algorithm, self.iterations, salt, plain, &self.hash_bytes).is_ok()
    }

    /// What may be shown, by Django's names.
    pub(super) fn details(&self) -> Details {
        vec![
            ("iterations", self.iterations.to_string()),
            ("salt", masked(self.salt)),
            ("hash", masked(self.hash)),
        ]
    }
}
