//! Bytes as text: hexadecimal digits, random ones, and the few of a SHA-256 that stand for a content.

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Lower-case hexadecimal digits, two a byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 0xF] {
            text.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    text
}

/// So many random bytes of the system's, in hexadecimal: a key or a token that nobody can guess.
pub fn random<const BYTES: usize>() -> Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::internal(format!("ask the system for random bytes: {error}")))?;
    Ok(hex(&bytes))
}

/// Thirty-two digits that stand for the content: 128 bits of its SHA-256.
pub fn tag(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_nothing_is_the_known_one() {
        assert_eq!(tag(b""), "e3b0c44298fc1c149afbf4c8996fb924");
    }
}
