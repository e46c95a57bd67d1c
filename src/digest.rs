//! Bytes as text: hexadecimal digits, and the few of a SHA-256 that stand for a content.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Lower-case hexadecimal digits, two a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes any text");
            text
        })
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
