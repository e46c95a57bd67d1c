//! Moments as Django's SQLite columns hold them, and as other programs left them there.
//!
//! Django writes `2026-11-22 07:31:05` in UTC, with or without six digits of a fraction, and reads what ISO 8601 allows.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::clock;

/// The moment in the form that our database holds; nothing where the text is none.
pub(super) fn written(text: &str) -> Option<String> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let date = read_date(date)?;
    let (time, offset) = match rest.split_at_checked(1) {
        None => ("", ""),
        Some((" " | "T" | "t", rest)) => rest.split_at(offset_at(rest)),
        Some(_) => return None,
    };
    // A date alone is its midnight, as in Django.
    let time = if rest.is_empty() {
        Time::midnight()
    } else {
        read_time(time)?
    };
    let moment = read_offset(offset)?
        .to_timestamp(DateTime::from_parts(date, time))
        .ok()?;
    // An offset may have carried it out of the years that the database holds.
    let is_held = (1..=9999).contains(&Offset::UTC.to_datetime(moment).year());
    is_held.then(|| clock::written(moment))
}

fn read_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = i16::try_from(number(parts.next()?, 4)?).ok()?;
    let (month, day) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    Date::new(year, month, day)
        .ok()
        .filter(|date| parts.next().is_none() && date.year() > 0)
}

/// `07:31`, `07:31:05`, `07:31:05.123456`; digits beyond the sixth are less than we keep.
fn read_time(text: &str) -> Option<Time> {
    let (text, fraction) = match text.split_once(['.', ',']) {
        Some((text, fraction)) => (text, Some(fraction)),
        None => (text, None),
    };
    let mut parts = text.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let second = match (parts.next(), fraction) {
        (Some(second), _) => two_digits(second)?,
        (None, None) => 0,
        (None, Some(_)) => return None,
    };
    let micros = match fraction {
        None => 0,
        Some(digits) => micros(digits)?,
    };
    Time::new(hour, minute, second, micros * 1000)
        .ok()
        .filter(|_| parts.next().is_none())
}

fn micros(digits: &str) -> Option<i32> {
    let known = digits.get(..digits.len().min(6))?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let value = format!("{known:0<6}").parse().ok()?;
    (all_digits && !digits.is_empty()).then_some(value)
}

/// Where the offset begins, or the end.
fn offset_at(text: &str) -> usize {
    text.find(['Z', 'z', '+', '-']).unwrap_or(text.len())
}

/// Nothing, `Z`, `+02:00`, `-0530` or `+02`; none is UTC, which is what Django means.
fn read_offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.split_at_checked(1) {
        None | Some(("Z" | "z", "")) => return Some(Offset::UTC),
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        Some(_) => return None,
    };
    let (hours, minutes) = match (digits.len(), digits.split_once(':')) {
        (2, None) => (digits, "00"),
        (4, None) => digits.split_at_checked(2)?,
        (5, Some(parts)) => parts,
        _ => return None,
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    Offset::from_seconds(sign * seconds)
        .ok()
        .filter(|_| hours < 24 && minutes < 60)
}

fn two_digits(text: &str) -> Option<i8> {
    number(text, 2).and_then(|value| i8::try_from(value).ok())
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u32> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_come_into_the_one_form() {
        for (text, expected) in [
            ("2026-11-22 07:31:05.123456", "2026-11-22T07:31:05.123456Z"),
            ("2026-11-22 07:31:05", "2026-11-22T07:31:05.000000Z"),
            ("2026-11-22T07:31:05.5", "2026-11-22T07:31:05.500000Z"),
            ("2026-11-22 07:31", "2026-11-22T07:31:00.000000Z"),
            ("2026-11-22", "2026-11-22T00:00:00.000000Z"),
            ("2026-11-22 07:31:05.1234567", "2026-11-22T07:31:05.123456Z"),
            ("2026-11-22 07:31:05+00:00", "2026-11-22T07:31:05.000000Z"),
            ("2026-11-22T07:31:05Z", "2026-11-22T07:31:05.000000Z"),
            (
                "2026-11-22 00:31:05.25+02:00",
                "2026-11-21T22:31:05.250000Z",
            ),
            ("2026-11-22 22:31:05-0530", "2026-11-23T04:01:05.000000Z"),
            ("2024-02-29 23:59:59", "2024-02-29T23:59:59.000000Z"),
            ("0001-01-01 00:00:00", "0001-01-01T00:00:00.000000Z"),
        ] {
            assert_eq!(written(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "never",
            "2026-02-30 00:00:00",
            "2026-13-01 00:00:00",
            "2026-11-22 24:00:00",
            "2026-11-22 07:60:00",
            "2026-11-22 07:31:60",
            "2026-11-22 07",
            "2026-11-22 07:31:05.",
            "2026-11-22 07:31:05.12a",
            "2026-11-22 07:31:05 +00:00 x",
            "2026-11-22 07:31.5",
            "0000-01-01 00:00:00",
            "22/11/2026 07:31",
            "1763796665",
            "+026-11-22 07:31:05",
            "2026-11-22x07:31:05",
            "2026-11-22 07:31:05+25:00",
            "2026-11-é2",
            "0001-01-01 00:00:00+14:00",
            "9999-12-31 23:59:59-14:00",
        ] {
            assert_eq!(written(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_moment_of_the_one_length_or_none(text in ".*", date in "2026-[0-9]{2}-[0-9]{2}[ T0-9:.Z+-]*") {
            for text in [text, date] {
                if let Some(moment) = written(&text) {
                    prop_assert_eq!(moment.len(), 27);
                }
            }
        }
    }
}
