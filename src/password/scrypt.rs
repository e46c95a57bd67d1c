//! scrypt as Django writes it: `scrypt$<N>$<salt>$<r>$<p>$<base64>`.
//!
//! The salt's text is the salt: it is not base64.

use scrypt::Params;

use super::stored::{Details, MOST_MEMORY_KIB, masked, number, padded, same};

/// The bytes of every hash.
const HASH_LEN: usize = 64;
/// Memory times parallelism: 1 GiB is some three seconds, Django's default is a thirteenth of it.
const MOST_WORK_KIB: u64 = 1024 * 1024;

/// A stored scrypt hash.
pub(super) struct Scrypt<'a> {
    params: Params,
    pub(super) memory_kib: u32,
    salt: &'a str,
    hash: &'a str,
    hash_bytes: Vec<u8>,
}

impl<'a> Scrypt<'a> {
    /// Reads what follows the name and its `$`.
    pub(super) fn read(rest: &'a str) -> Option<Self> {
        let parts: Vec<&str> = rest.split('$').collect();
        let &[n, salt, r, p, hash] = parts.as_slice() else {
            return None;
        };
        let (n, r, p) = (number(n)?, number(r)?, number(p)?);
        // Before anything else is made of them: beyond these bounds, products of the three overflow.
        let block = u64::from(r).checked_mul(128)?;
        let main = block.checked_mul(n.into())? / 1024;
        let memory_kib = main.checked_add(block.checked_mul(p.into())? / 1024)?;
        if memory_kib > MOST_MEMORY_KIB || main * u64::from(p) > MOST_WORK_KIB {
            return None;
        }
        let hash_bytes = padded(hash)?;
        let possible = n > 1 && n.is_power_of_two() && !salt.is_empty();
        if !possible || hash_bytes.len() != HASH_LEN {
            return None;
        }
        Some(Self {
            params: Params::new(u8::try_from(n.ilog2()).ok()?, r, p).ok()?,
            memory_kib: u32::try_from(memory_kib).ok()?,
            salt,
            hash,
            hash_bytes,
        })
    }

    /// Whether the password is the one.
    pub(super) fn matches(&self, plain: &str) -> bool {
        let mut computed = [0; HASH_LEN];
        scrypt::scrypt(
            plain.as_bytes(),
            self.salt.as_bytes(),
            &self.params,
            &mut computed,
        )
        .is_ok_and(|()| same(&computed, &self.hash_bytes))
    }

    /// What may be shown, by Django's names.
    pub(super) fn details(&self) -> Details {
        vec![
            ("work factor", self.params.n().to_string()),
            ("block size", self.params.r().to_string()),
            ("parallelism", self.params.p().to_string()),
            ("salt", masked(self.salt)),
            ("hash", masked(self.hash)),
        ]
    }
}
