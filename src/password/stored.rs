//! Telling stored hashes apart: by its first part, each notation goes to the file of its algorithm.
//!
//! What is read here can be computed at a bearable cost; everything else is nothing. Costs are stated by the stored
//! text itself, and one row of an imported database must not be able to take the site's memory or hours of its time.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use subtle::ConstantTimeEq;

use super::argon2::Argon2;
use super::bcrypt::Bcrypt;
use super::pbkdf2::Pbkdf2;
use super::scrypt::Scrypt;
use super::{Grade, Summary};

/// The most memory that one comparison may need: Django's dearest default takes 100 MiB.
pub(super) const MOST_MEMORY_KIB: u64 = 256 * 1024;
/// Longer texts were not written by any hasher: Django's column takes 128 characters.
const MOST_CHARACTERS: usize = 512;

/// Why no password can be compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is no hash of a kind that is known here.
    Malformed,
    /// It states a cost beyond what is bearable.
    Costly,
}

/// A stored hash that a password can be compared with.
pub(super) enum Stored<'a> {
    /// Ours, and Django's `argon2$…`.
    Argon2(Argon2<'a>),
    /// Django's `pbkdf2_sha256$…` and `pbkdf2_sha1$…`.
    Pbkdf2(Pbkdf2<'a>),
    /// Django's `bcrypt_sha256$…` and `bcrypt$…`.
    Bcrypt(Bcrypt<'a>),
    /// Django's `scrypt$…`.
    Scrypt(Scrypt<'a>),
}

impl<'a> Stored<'a> {
    /// An error where no password can match.
    pub(super) fn read(text: &'a str) -> Result<Self, Unfit> {
        if text.len() > MOST_CHARACTERS {
            return Err(Unfit::Malformed);
        }
        let (name, rest) = text.split_once('$').ok_or(Unfit::Malformed)?;
        match name {
            "" | "argon2" => Argon2::read(rest, name.is_empty()).map(Self::Argon2),
            "pbkdf2_sha256" | "pbkdf2_sha1" => Pbkdf2::read(name, rest).map(Self::Pbkdf2),
            "bcrypt_sha256" | "bcrypt" => Bcrypt::read(name, rest).map(Self::Bcrypt),
            "scrypt" => Scrypt::read(rest).map(Self::Scrypt),
            _ => Err(Unfit::Malformed),
        }
    }

    /// Whether the password is the one; this is what takes the time.
    pub(super) fn matches(&self, plain: &str) -> bool {
        match self {
            Self::Argon2(stored) => stored.matches(plain),
            Self::Pbkdf2(stored) => stored.matches(plain),
            Self::Bcrypt(stored) => stored.matches(plain),
            Self::Scrypt(stored) => stored.matches(plain),
        }
    }

    /// Whether it was made as new hashes are.
    pub(super) fn is_current(&self) -> bool {
        matches!(self, Self::Argon2(stored) if stored.is_current())
    }

    /// What one comparison needs; PBKDF2 and bcrypt need next to none.
    pub(super) fn memory_kib(&self) -> u32 {
        match self {
            Self::Argon2(stored) => stored.memory_kib,
            Self::Scrypt(stored) => stored.memory_kib,
            Self::Pbkdf2(_) | Self::Bcrypt(_) => 4,
        }
    }

    /// What may be shown of it.
    pub(super) fn summary(&self) -> Summary {
        let (algorithm, details) = match self {
            Self::Argon2(stored) => ("argon2", stored.details()),
            Self::Pbkdf2(stored) => (stored.name, stored.details()),
            Self::Bcrypt(stored) => (stored.name, stored.details()),
            Self::Scrypt(stored) => ("scrypt", stored.details()),
        };
        Summary {
            algorithm: algorithm.to_owned(),
            details: details
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }
}

/// Names and values to show.
pub(super) type Details = Vec<(&'static str, String)>;

/// What a text is worth, for whoever takes it over from elsewhere.
pub(super) fn grade(text: &str) -> Grade {
    match Stored::read(text) {
        Ok(_) => Grade::Usable,
        Err(Unfit::Costly) => Grade::TooCostly,
        Err(Unfit::Malformed) if text.is_empty() || text.starts_with('!') => Grade::Unusable,
        Err(Unfit::Malformed) => abandoned(text).map_or(Grade::Malformed, Grade::Abandoned),
    }
}

/// The hashers that Django has given up, by what they wrote: MD5, SHA-1 and crypt(3), salted or not.
fn abandoned(text: &str) -> Option<&'static str> {
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if is_hex(text, 32) {
        return Some("md5");
    }
    let (name, rest) = text.split_once('$')?;
    let (salt, hash) = rest.split_once('$')?;
    match name {
        "md5" if is_hex(hash, 32) && salt.is_empty() => Some("md5"),
        "md5" if is_hex(hash, 32) => Some("salted md5"),
        "sha1" if is_hex(hash, 40) && salt.is_empty() => Some("sha1"),
        "sha1" if is_hex(hash, 40) => Some("salted sha1"),
        "crypt" if !hash.is_empty() => Some("crypt"),
        _ => None,
    }
}

/// A number as hashers write it: digits only, where `parse` would take a sign too. What no cost can be is the greatest.
pub(super) fn number(text: &str) -> Result<u32, Unfit> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        Ok(text.parse().unwrap_or(u32::MAX))
    } else {
        Err(Unfit::Malformed)
    }
}

/// Both sides of the first mark.
pub(super) fn halves<'a>(text: &'a str, mark: &str) -> Result<(&'a str, &'a str), Unfit> {
    text.split_once(mark).ok_or(Unfit::Malformed)
}

/// The bytes of base64 with its padding.
pub(super) fn padded(text: &str) -> Result<Vec<u8>, Unfit> {
    STANDARD.decode(text).map_err(|_| Unfit::Malformed)
}

/// The bytes of base64 without padding, as PHC strings have it.
pub(super) fn unpadded(text: &str) -> Result<Vec<u8>, Unfit> {
    STANDARD_NO_PAD.decode(text).map_err(|_| Unfit::Malformed)
}

/// Bytes as base64 without padding.
pub(super) fn written_unpadded(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// Compares without telling by the time where the first difference is.
pub(super) fn same(computed: &[u8], expected: &[u8]) -> bool {
    computed.ct_eq(expected).into()
}

/// Six characters and as many stars as there are more, which is what Django shows.
pub(super) fn masked(secret: &str) -> String {
    secret
        .chars()
        .enumerate()
        .map(|(index, character)| if index < 6 { character } else { '*' })
        .collect()
}
