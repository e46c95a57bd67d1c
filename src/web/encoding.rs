//! Which form of the bytes a request gets: `Accept-Encoding` read as RFC 9110, section 12.5.3, says.

use rocket::tokio::task::spawn_blocking;

use crate::compress::{Encoding, LARGE};

/// The best form that the lines of `Accept-Encoding` accept.
pub fn accepted<'a>(lines: impl IntoIterator<Item = &'a str>) -> Encoding {
    let mut lines = lines.into_iter();
    match (lines.next(), lines.next()) {
        (None, _) => Encoding::Identity,
        (Some(line), None) => choose(line),
        (Some(first), Some(second)) => {
            let rest: Vec<&str> = lines.collect();
            choose(&[&[first, second][..], &rest].concat().join(","))
        }
    }
}

/// The bytes in this form; much to do is done away from the request's thread.
pub async fn packed(encoding: Encoding, bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() > LARGE && encoding != Encoding::Identity {
        spawn_blocking(move || encoding.pack(bytes))
            .await
            .unwrap_or_default()
    } else {
        encoding.pack(bytes)
    }
}

/// The form with the highest weight; brotli before gzip, and either before none, where weights are equal.
/// Bytes as they are stay the answer even where they are refused: an answer is better than a 406.
pub fn choose(accept: &str) -> Encoding {
    let (mut brotli, mut gzip, mut identity, mut others) = (None, None, None, None);
    for part in accept.split(',') {
        let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
        let Some(weight) = weight(parameters) else {
            continue;
        };
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "br" => &mut brotli,
            "gzip" | "x-gzip" => &mut gzip,
            "identity" => &mut identity,
            "*" => &mut others,
            _ => continue,
        };
        slot.get_or_insert(weight);
    }
    let others = others.unwrap_or(0);
    let (brotli, gzip) = (brotli.unwrap_or(others), gzip.unwrap_or(others));
    let identity = identity.unwrap_or(0);
    if brotli > 0 && brotli >= gzip && brotli >= identity {
        Encoding::Brotli
    } else if gzip > 0 && gzip >= identity {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

/// Thousandths from 0 to 1000; nothing when it is no weight, and the part then counts as not there.
fn weight(parameters: &str) -> Option<u32> {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return Some(1000);
    }
    let text = parameters
        .strip_prefix("q=")
        .or_else(|| parameters.strip_prefix("Q="))?
        .trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u32 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_smallest_form_that_is_welcome_is_chosen() {
        for (accept, expected) in [
            ("", Encoding::Identity),
            ("gzip, deflate, br, zstd", Encoding::Brotli),
            ("gzip", Encoding::Gzip),
            ("x-gzip", Encoding::Gzip),
            ("GZIP;Q=0.5", Encoding::Gzip),
            ("*", Encoding::Brotli),
            ("br;q=0, *", Encoding::Gzip),
            ("gzip;q=0, br;q=0", Encoding::Identity),
            ("gzip;q=1.0, br;q=0.5", Encoding::Gzip),
            ("identity, gzip;q=0.5", Encoding::Identity),
            ("identity;q=0", Encoding::Identity),
            ("gzip;q=2", Encoding::Identity),
            ("gzip;q=0.0001", Encoding::Identity),
            ("deflate", Encoding::Identity),
            (";;,,=", Encoding::Identity),
        ] {
            assert_eq!(choose(accept), expected, "{accept:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_gets_a_form_and_a_refused_one_is_never_chosen(rest in ".*") {
            choose(&rest);
            prop_assert_ne!(choose(&format!("br;q=0,gzip;q=0,{rest}")), Encoding::Brotli);
            prop_assert_ne!(choose(&format!("br;q=0,gzip;q=0,{rest}")), Encoding::Gzip);
        }
    }
}
