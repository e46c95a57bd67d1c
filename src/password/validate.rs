//! What is good enough as a new password: Django's four default rules, in its order and its words.
//!
//! Hashes are no affair of this file. The list of common passwords is `data/common-passwords.txt.gz`, whose first
//! lines say where it comes from.

use std::collections::HashMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

/// Whose password it will be, as far as it must not be guessed from that.
#[derive(Debug, Clone, Copy, Default)]
pub struct Person<'a> {
    /// The name to sign in with.
    pub username: &'a str,
    /// The first name, or nothing.
    pub first_name: &'a str,
    /// The last name, or nothing.
    pub last_name: &'a str,
    /// The e-mail address, or nothing.
    pub email: &'a str,
}

/// What is to be said against the password; nothing when it is good enough.
pub fn complaints(plain: &str, person: &Person<'_>) -> Vec<String> {
    // What the sign-in form would not take could never be used.
    if plain.contains('\0') {
        return vec!["Null characters are not allowed.".to_owned()];
    }
    if plain.len() > LONGEST {
        return vec![format!("Ensure this value has at most {LONGEST} bytes.")];
    }
    let mut complaints = Vec::new();
    if let Some(attribute) = similar_attribute(plain, person) {
        complaints.push(format!("The password is too similar to the {attribute}."));
    }
    if plain.chars().count() < SHORTEST {
        complaints.push(format!(
            "This password is too short. It must contain at least {SHORTEST} characters."
        ));
    }
    if is_common(plain) {
        complaints.push("This password is too common.".to_owned());
    }
    if is_numeric(plain) {
        complaints.push("This password is entirely numeric.".to_owned());
    }
    complaints
}

/// The bytes that a password may have: hashing more is work for nothing.
pub const LONGEST: usize = 4096;

/// The characters, not bytes, that a password must have.
const SHORTEST: usize = 8;

/// The first thing about the person that the password is too much like.
fn similar_attribute(plain: &str, person: &Person<'_>) -> Option<&'static str> {
    let plain = plain.to_lowercase();
    [
        ("username", person.username),
        ("first name", person.first_name),
        ("last name", person.last_name),
        ("email address", person.email),
    ]
    .into_iter()
    .find(|(_, value)| {
        let value = value.to_lowercase();
        // Django's pattern is `\W+`: all but letters, digits and the underscore.
        let mut parts = value.split(|c: char| !c.is_alphanumeric() && c != '_');
        !value.is_empty() && (is_similar(&plain, &value) || parts.any(|p| is_similar(&plain, p)))
    })
    .map(|(attribute, _)| attribute)
}

/// Python's `SequenceMatcher(a, b).quick_ratio() >= 0.7`: twice the characters that both have, in whatever order, of
/// the characters of both. In whole numbers, so that seven in ten is exactly that.
fn is_similar(plain: &str, part: &str) -> bool {
    let (plain_len, part_len) = (plain.chars().count(), part.chars().count());
    // What is so much shorter cannot be similar; Django does not compare it either.
    if plain_len > 0 && plain_len >= 10 * part_len {
        return false;
    }
    let mut left: HashMap<char, usize> = HashMap::new();
    for character in part.chars() {
        *left.entry(character).or_default() += 1;
    }
    let shared = plain
        .chars()
        .filter(|character| match left.get_mut(character) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        })
        .count();
    20 * shared >= 7 * (plain_len + part_len)
}

/// The list as text. A search through it takes a fraction of a millisecond, less than building anything cleverer.
static COMMON: LazyLock<String> = LazyLock::new(|| {
    let packed = include_bytes!("../../data/common-passwords.txt.gz");
    let mut text = String::new();
    GzDecoder::new(packed.as_slice())
        .read_to_string(&mut text)
        .expect("the embedded list is the one that the tests read");
    text
});

/// The entries of the list, which begin after the first empty line.
fn common() -> impl Iterator<Item = &'static str> {
    COMMON.lines().skip_while(|line| !line.is_empty()).skip(1)
}

/// Whether it is on the list, whatever its case and the blanks around it.
fn is_common(plain: &str) -> bool {
    let lower = plain.to_lowercase();
    // Python counts four separators of ASCII as blanks, which Unicode does not.
    let trimmed = lower.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c));
    common().any(|entry| entry == trimmed)
}

/// Whether it is digits only, of whatever script. Fractions and Roman numerals count too, which Django lets pass.
fn is_numeric(plain: &str) -> bool {
    !plain.is_empty() && plain.chars().all(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Person<'_> = Person {
        username: "ada.lovelace",
        first_name: "Ada",
        last_name: "Lovelace",
        email: "countess@example.com",
    };

    #[test]
    fn a_good_password_gets_no_complaint() {
        assert!(complaints("Bernoulli numbers, 1843", &ADA).is_empty());
    }

    #[test]
    fn all_that_applies_is_said_in_djangos_order() {
        let person = Person {
            username: "1234567",
            ..Person::default()
        };
        assert_eq!(
            complaints("1234567", &person),
            [
                "The password is too similar to the username.",
                "This password is too short. It must contain at least 8 characters.",
                "This password is too common.",
                "This password is entirely numeric.",
            ]
        );
    }

    fn person_called(username: &str) -> Person<'_> {
        Person {
            username,
            ..Person::default()
        }
    }

    #[test]
    fn what_the_password_is_too_similar_to_is_named_once_and_the_first() {
        let similar = |plain| complaints(plain, &ADA).into_iter().next();
        let to = |attribute| Some(format!("The password is too similar to the {attribute}."));
        assert_eq!(similar("ecalevol.ada"), to("username"));
        assert_eq!(similar("Countess1843"), to("email address"));
        let person = Person {
            username: "",
            ..ADA
        };
        let similar = complaints("Lovelace-12345", &person);
        assert_eq!(similar.first(), to("last name").as_ref());
        assert!(complaints("Lovelace-123456", &person).is_empty());
    }

    #[test]
    fn seven_in_ten_is_similar_and_less_is_not() {
        assert!(is_similar("abcdefgxyz", "abcdefg123"));
        assert!(!is_similar("abcdefwxyz", "abcdef1234"));
        assert!(is_similar("", ""));
        assert!(!is_similar("aaaaaaaaaa", "a"));
    }

    #[test]
    fn parts_end_at_anything_but_letters_digits_and_the_underscore() {
        assert!(similar_attribute("SMITHberg", &person_called("van.der.berg@Smith")).is_some());
        assert!(similar_attribute("çelik123", &person_called("ünal yılmaz-çelik")).is_some());
        assert!(similar_attribute("çelik123", &person_called("ünal_yılmaz_çelik")).is_none());
    }

    #[test]
    fn eight_characters_are_enough_whatever_their_bytes() {
        let short = "This password is too short. It must contain at least 8 characters.";
        let nobody = Person::default();
        assert_eq!(complaints("🍊🍋🍊🍋🍊🍋🍊", &nobody), [short]);
        assert!(complaints("🍊🍋🍊🍋🍊🍋🍊🍋", &nobody).is_empty());
    }

    #[test]
    fn common_passwords_are_found_in_any_case_and_between_blanks() {
        for common in ["password1", " TrustNo1\u{1f}\n", "йцукен", "#1bitch"] {
            assert!(is_common(common), "{common}");
        }
        for rare in ["", "#", "Bernoulli numbers", "the BSD 3-clause license:"] {
            assert!(!is_common(rare), "{rare}");
        }
    }

    #[test]
    fn the_list_is_whole_and_its_head_is_no_part_of_it() {
        assert_eq!(common().count(), 19_640);
        assert_eq!(common().next(), Some("123456"));
        assert!(common().all(|entry| entry == entry.trim() && !entry.is_empty()));
        let head = COMMON.lines().take_while(|line| !line.is_empty());
        assert!(head.clone().all(|line| line.starts_with('#')));
        assert!(head.count() > 3);
    }

    #[test]
    fn digits_of_any_script_are_numeric() {
        assert!(is_numeric("1234567890") && is_numeric("٣٤٥٦٧٨٩٠") && is_numeric("²²²"));
        assert!(!is_numeric("") && !is_numeric("1234 5678") && !is_numeric("1e5"));
    }
}
