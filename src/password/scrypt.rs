//! scrypt as Django writes it: `scrypt$<N>$<salt>$<r>$<p>$<base64>`.
//!
//! The salt's text is the salt: it is not base64.

use scrypt::Params;

use super::stored::{Details, MOST_MEMORY_KIB, Unfit, masked, number, padded, same};

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
    pub(super) fn read(rest: &'a str) -> Result<Self, Unfit> {
        let parts: Vec<&str> = rest.split('$').collect();
        let &[n, salt, r, p, hash] = parts.as_slice() else {
            return Err(Unfit::Malformed);
        };
        let (n, r, p) = (number(n)?, number(r)?, number(p)?);
        let hash_bytes = padded(hash)?;
        if hash_bytes.len() != HASH_LEN || salt.is_empty() {
            return Err(Unfit::Malformed);
        }
        // Before anything else is made of them: beyond these bounds, products of the three overflow.
        let memory_kib = memory_kib(n, r, p).ok_or(Unfit::Costly)?;
        let power = n.checked_ilog2().filter(|_| n > 1 && n.is_power_of_two());
        let power = power.and_then(|power| u8::try_from(power).ok());
        let params = power.and_then(|power| Params::new(power, r, p).ok());
        Ok(Self {
            params: params.ok_or(Unfit::Malformed)?,
            memory_kib,
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

/// What one comparison needs; nothing when that, or its work, is beyond what is bearable.
fn memory_kib(n: u32, r: u32, p: u32) -> Option<u32> {
    let block = u64::from(r).checked_mul(128)?;
    let main = block.checked_mul(n.into())? / 1024;
    let memory_kib = main.checked_add(block.checked_mul(p.into())? / 1024)?;
    let bearable = memory_kib <= MOST_MEMORY_KIB && main * u64::from(p) <= MOST_WORK_KIB;
    u32::try_from(memory_kib).ok().filter(|_| bearable)
}
