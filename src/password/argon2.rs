//! Argon2: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, and Django's form of it with `argon2` in front.
//!
//! New hashes are made here, with the parameters that OWASP names first among those for argon2id.

use argon2::{Algorithm, Argon2 as Hasher, Error, Params, Version};

use super::stored::{
    Details, MOST_MEMORY_KIB, Unfit, halves, masked, number, same, unpadded, written_unpadded,
};

/// The bytes of a new salt.
pub(super) const SALT_LEN: usize = 16;
/// The bytes of a new hash.
const HASH_LEN: usize = 32;
/// The passes of a new hash over its memory.
const PASSES: u32 = 2;
/// The lanes of a new hash: one, as it is computed on one thread.
const LANES: u32 = 1;
/// Memory times passes: 4 GiB written are some four seconds, Django's dearest default is a twentieth of it.
const MOST_WORK_KIB: u64 = 4 * 1024 * 1024;

/// A stored argon2 hash.
pub(super) struct Argon2<'a> {
    algorithm: Algorithm,
    version: Version,
    pub(super) memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: &'a str,
    hash: &'a str,
    salt_bytes: Vec<u8>,
    hash_bytes: Vec<u8>,
    in_our_notation: bool,
}

/// Hashes a new password into a PHC string.
pub(super) fn hash(plain: &str, salt: &[u8; SALT_LEN]) -> Result<String, Error> {
    let memory_kib = Argon2::CURRENT_MEMORY_KIB;
    let params = Params::new(memory_kib, PASSES, LANES, Some(HASH_LEN))?;
    let mut hash = [0; HASH_LEN];
    Hasher::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        plain.as_bytes(),
        salt,
        &mut hash,
    )?;
    let (salt, hash) = (written_unpadded(salt), written_unpadded(&hash));
    Ok(format!(
        "$argon2id$v=19$m={memory_kib},t={PASSES},p={LANES}${salt}${hash}"
    ))
}

impl<'a> Argon2<'a> {
    /// The memory of a new hash.
    pub(super) const CURRENT_MEMORY_KIB: u32 = 19_456;

    /// Reads what follows the first `$`.
    pub(super) fn read(rest: &'a str, in_our_notation: bool) -> Result<Self, Unfit> {
        let (name, rest) = halves(rest, "$")?;
        let algorithm = Algorithm::new(name).map_err(|_| Unfit::Malformed)?;
        // Hashes from before version 19 do not name theirs.
        let (version, rest) = match rest.strip_prefix("v=").and_then(|v| v.split_once('$')) {
            Some((version, rest)) => {
                let version = Version::try_from(number(version)?);
                (version.map_err(|_| Unfit::Malformed)?, rest)
            }
            None => (Version::V0x10, rest),
        };
        let (costs, rest) = halves(rest, "$")?;
        let costs = costs.strip_prefix("m=").ok_or(Unfit::Malformed)?;
        let (memory, costs) = halves(costs, ",t=")?;
        let (passes, lanes) = halves(costs, ",p=")?;
        let (salt, hash) = halves(rest, "$")?;
        let read = Self {
            algorithm,
            version,
            memory_kib: number(memory)?,
            passes: number(passes)?,
            lanes: number(lanes)?,
            salt,
            hash,
            salt_bytes: unpadded(salt)?,
            hash_bytes: unpadded(hash)?,
            in_our_notation,
        };
        if read.salt_bytes.len() < argon2::MIN_SALT_LEN || read.params().is_none() {
            return Err(Unfit::Malformed);
        }
        let memory = u64::from(read.memory_kib);
        if memory > MOST_MEMORY_KIB || memory * u64::from(read.passes) > MOST_WORK_KIB {
            return Err(Unfit::Costly);
        }
        Ok(read)
    }

    /// Whether the password is the one.
    pub(super) fn matches(&self, plain: &str) -> bool {
        let Some(params) = self.params() else {
            return false;
        };
        let mut computed = vec![0; self.hash_bytes.len()];
        Hasher::new(self.algorithm, self.version, params)
            .hash_password_into(plain.as_bytes(), &self.salt_bytes, &mut computed)
            .is_ok_and(|()| same(&computed, &self.hash_bytes))
    }

    /// Whether it was made as new hashes are.
    pub(super) fn is_current(&self) -> bool {
        self.in_our_notation
            && (self.algorithm, self.version) == (Algorithm::Argon2id, Version::V0x13)
            && (self.memory_kib, self.passes, self.lanes)
                == (Self::CURRENT_MEMORY_KIB, PASSES, LANES)
            && (self.salt_bytes.len(), self.hash_bytes.len()) == (SALT_LEN, HASH_LEN)
    }

    /// What may be shown, by Django's names.
    pub(super) fn details(&self) -> Details {
        vec![
            ("variety", self.algorithm.as_str().to_owned()),
            ("version", u32::from(self.version).to_string()),
            ("memory cost", self.memory_kib.to_string()),
            ("time cost", self.passes.to_string()),
            ("parallelism", self.lanes.to_string()),
            ("salt", masked(self.salt)),
            ("hash", masked(self.hash)),
        ]
    }

    /// Nothing where the numbers do not go together.
    fn params(&self) -> Option<Params> {
        let hash_len = Some(self.hash_bytes.len());
        Params::new(self.memory_kib, self.passes, self.lanes, hash_len).ok()
    }
}
