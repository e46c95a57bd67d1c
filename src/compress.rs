//! Bytes made smaller for the wire, in the two forms that browsers ask for.
//!
//! Which form a request gets is decided in `web/encoding.rs`; nothing here knows a request.

use std::io::Write;

/// Bodies beyond this size are compressed at the quickest level, and away from the request's thread.
pub const LARGE: usize = 64 * 1024;

/// A form in which bytes can travel (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Encoding {
    /// The value of `Content-Encoding`; bytes as they are carry none.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The ending that keeps the entity tags of the forms apart (RFC 9110, section 8.8.3.3).
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => "-gz",
            Self::Brotli => "-br",
        }
    }

    /// The bytes in this form, at the effort that suits bytes made for one answer.
    pub fn pack(self, bytes: Vec<u8>) -> Vec<u8> {
        let quick = bytes.len() > LARGE;
        match self {
            Self::Identity => bytes,
            Self::Gzip => gzip(&bytes, if quick { 1 } else { 6 }),
            Self::Brotli => brotli(&bytes, if quick { 1 } else { 5 }),
        }
    }

    /// The bytes in this form, as small as it goes: for bytes that are packed once and served often.
    pub fn pack_tight(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => bytes.to_vec(),
            Self::Gzip => gzip(bytes, 9),
            Self::Brotli => brotli(bytes, 11),
        }
    }
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(
        Vec::with_capacity(bytes.len() / 3),
        flate2::Compression::new(level),
    );
    encoder.write_all(bytes).expect("a Vec takes any bytes");
    encoder.finish().expect("a Vec takes any bytes")
}

fn brotli(bytes: &[u8], quality: i32) -> Vec<u8> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality,
        lgwin: 20,
        size_hint: bytes.len(),
        mode: brotli::enc::backward_references::BrotliEncoderMode::BROTLI_MODE_TEXT,
        ..Default::default()
    };
    let mut packed = Vec::with_capacity(bytes.len() / 3);
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters)
        .expect("a Vec takes any bytes");
    packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn both_forms_unpack_to_the_same_bytes() {
        for length in [0, 10, 10_000, LARGE + 1] {
            let bytes: Vec<u8> = b"a home with a hot tub "
                .iter()
                .copied()
                .cycle()
                .take(length)
                .collect();
            let mut gzip = Vec::new();
            flate2::read::GzDecoder::new(&Encoding::Gzip.pack(bytes.clone())[..])
                .read_to_end(&mut gzip)
                .unwrap();
            assert_eq!(gzip, bytes);
            let mut brotli = Vec::new();
            brotli::Decompressor::new(&Encoding::Brotli.pack(bytes.clone())[..], 4096)
                .read_to_end(&mut brotli)
                .unwrap();
            assert_eq!(brotli, bytes);
        }
    }
}
