//! Every text at its limit, one over and far over it, counted in characters; and characters that are none.

use super::desk::{Desk, Typed, complaint, middle, values};
use super::forms::ADDRESS;
use crate::support::answer::Answer;

/// Each text field: the form, its name, its limit, where its value is kept, and what a whole form needs besides.
struct Case {
    target: String,
    name: &'static str,
    max: usize,
    kept: &'static str,
    others: Vec<Typed<'static>>,
}

/// A site with one row of each kind, and the text fields of all models that take any character.
fn cases() -> (Desk, Vec<Case>) {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.group("Cleaners");
    let bob = desk.user("bob");
    desk.sql(
        "insert into profile (user_id, updated_at) values (?1, '')",
        [bob],
    );
    let abroad = |name: &'static str| {
        let mut fields = ADDRESS.to_vec();
        fields.retain(|(other, _)| *other != name && *other != "country_iso_code");
        fields.push(("country_iso_code", "FRA"));
        fields
    };
    let address = |name, max, kept| Case {
        target: "/admin/lettings/address/1/change/".to_owned(),
        name,
        max,
        kept,
        others: abroad(name),
    };
    let other = |target: String, name, max, kept| Case {
        target,
        name,
        max,
        kept,
        others: Vec::new(),
    };
    let user = format!("/admin/auth/user/{bob}/change/");
    let cases = vec![
        address("street", 64, "select street from address"),
        address("unit", 16, "select unit from address"),
        address("city", 64, "select city from address"),
        address("zip_code", 10, "select zip_code from address"),
        other(
            "/admin/lettings/letting/1/change/".to_owned(),
            "title",
            256,
            "select title from letting",
        ),
        other(
            "/admin/profiles/profile/1/change/".to_owned(),
            "favorite_city",
            64,
            "select favorite_city from profile",
        ),
        other(
            "/admin/auth/group/1/change/".to_owned(),
            "name",
            150,
            "select name from \"group\"",
        ),
        other(
            user.clone(),
            "first_name",
            150,
            "select first_name from user where username = 'bob'",
        ),
        other(
            user,
            "last_name",
            150,
            "select last_name from user where username = 'bob'",
        ),
    ];
    (desk, cases)
}

fn submit(desk: &Desk, case: &Case, value: &str) -> Answer {
    let mut typed = case.others.clone();
    typed.push((case.name, value));
    desk.submit(&case.target, &typed)
}

#[test]
fn a_text_may_be_as_long_as_its_limit_in_characters_of_any_size() {
    let (desk, cases) = cases();
    for case in &cases {
        for letter in ["x", "é", "家", "🍊"] {
            let value = letter.repeat(case.max);
            let answer = submit(&desk, case, &value);
            assert_eq!(
                answer.status,
                303,
                "{} {letter}: {}",
                case.name,
                middle(&answer)
            );
            assert_eq!(desk.one::<String>(case.kept), value, "{}", case.name);
        }
    }
}

#[test]
fn a_text_over_its_limit_is_refused_with_its_length_and_kept_in_the_form() {
    let (desk, cases) = cases();
    let before = desk.everything();
    for case in &cases {
        for length in [case.max + 1, 10_000] {
            let value = "🍊".repeat(length);
            let page = submit(&desk, case, &value);
            let words = format!(
                "Ensure this value has at most {} characters (it has {length}).",
                case.max
            );
            assert_eq!(
                (page.status, complaint(&page, case.name)),
                (422, words),
                "{}",
                case.name
            );
            let kept = values(page.between("<form class=\"edit\"", "</form>"));
            assert!(
                kept.contains(&(case.name.to_owned(), value)),
                "{}",
                case.name
            );
        }
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn null_and_control_characters_are_refused_everywhere() {
    let (desk, cases) = cases();
    let before = desk.everything();
    for case in &cases {
        for (value, words) in [
            ("a\0b", "Null characters are not allowed."),
            (
                "a\nb",
                "Control characters are not allowed; this is a single line.",
            ),
            (
                "a\r\nb",
                "Control characters are not allowed; this is a single line.",
            ),
            (
                "a\u{1b}[2Jb",
                "Control characters are not allowed; this is a single line.",
            ),
            (
                "a\u{7f}b",
                "Control characters are not allowed; this is a single line.",
            ),
            (
                "a\u{85}b",
                "Control characters are not allowed; this is a single line.",
            ),
        ] {
            let page = submit(&desk, case, value);
            assert_eq!(
                (page.status, complaint(&page, case.name).as_str()),
                (422, words),
                "{} {value:?}",
                case.name
            );
        }
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn characters_that_turn_the_writing_round_are_refused_and_scripts_from_the_right_are_not() {
    let (desk, cases) = cases();
    let before = desk.everything();
    for case in &cases {
        for character in [
            '\u{202a}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2068}', '\u{2069}',
        ] {
            let page = submit(&desk, case, &format!("a{character}b"));
            assert_eq!(
                (page.status, complaint(&page, case.name).as_str()),
                (
                    422,
                    "Characters that turn the direction of writing round are not allowed."
                ),
                "{} {character:?}",
                case.name
            );
        }
    }
    assert_eq!(desk.everything(), before);
    for case in &cases {
        assert_eq!(
            submit(&desk, case, "בית\u{200f}").status,
            303,
            "{}",
            case.name
        );
    }
}

#[test]
fn numbers_states_and_countries_have_their_limits_too() {
    let desk = Desk::new();
    desk.letting("Silo");
    let before = desk.everything();
    for (name, max) in [("number", 10), ("state", 2), ("country_iso_code", 3)] {
        for length in [max + 1, 5_000] {
            let page = desk.submit(
                "/admin/lettings/address/1/change/",
                &[(name, &"A".repeat(length))],
            );
            let words =
                format!("Ensure this value has at most {max} characters (it has {length}).");
            assert_eq!((page.status, complaint(&page, name)), (422, words));
        }
        for value in ["a\0", "\u{202e}", "\n a \n b"] {
            assert_eq!(
                desk.submit("/admin/lettings/address/1/change/", &[(name, value)])
                    .status,
                422,
                "{name} {value:?}"
            );
        }
    }
    assert_eq!(desk.everything(), before);
    assert_eq!(
        desk.submit(
            "/admin/lettings/address/1/change/",
            &[("number", &"9".repeat(10))]
        )
        .status,
        303
    );
}

#[test]
fn a_username_is_as_long_as_it_is_stored() {
    let desk = Desk::new();
    let bob = desk.user("bob");
    let form = format!("/admin/auth/user/{bob}/change/");
    for letter in ["x", "é", "家"] {
        let answer = desk.submit(&form, &[("username", &letter.repeat(150))]);
        assert_eq!(answer.status, 303, "{letter}");
    }
    let before = desk.everything();
    for (typed, length) in [
        ("x".repeat(151), 151),
        ("家".repeat(9_000), 9_000),
        ("ﬁ".repeat(100), 200),
    ] {
        let page = desk.submit(&form, &[("username", &typed)]);
        assert_eq!(page.status, 422, "{length}");
        assert_eq!(
            complaint(&page, "username"),
            format!("Ensure this value has at most 150 characters (it has {length}).")
        );
    }
    for typed in [
        "a\0b",
        "a\nb",
        "a\u{202e}b",
        "a\u{200f}b",
        "a b",
        "a/b",
        "🍊",
        ".",
        "...",
        "<b>",
        "a%b",
        "a\u{ad}b",
    ] {
        let page = desk.submit(&form, &[("username", typed)]);
        assert_eq!(page.status, 422, "{typed:?}");
        assert!(!complaint(&page, "username").is_empty(), "{typed:?}");
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn an_email_address_has_its_limit() {
    let desk = Desk::new();
    let form = format!("/admin/auth/user/{}/change/", desk.id);
    let email = |length: usize| {
        let label = "x".repeat(60);
        let host = format!("@{label}.{label}.{label}.com");
        format!("{}{host}", "a".repeat(length - host.len()))
    };
    assert_eq!(desk.submit(&form, &[("email", &email(254))]).status, 303);
    for length in [255, 20_000] {
        let page = desk.submit(&form, &[("email", &email(length))]);
        let words = format!("Ensure this value has at most 254 characters (it has {length}).");
        assert_eq!((page.status, complaint(&page, "email")), (422, words));
    }
    let page = desk.submit(&form, &[("email", "a\0@x.com")]);
    assert_eq!(
        complaint(&page, "email"),
        "Null characters are not allowed."
    );
}

#[test]
fn a_search_may_be_as_strange_as_a_text() {
    let desk = Desk::new();
    desk.letting("Silo");
    let before = desk.everything();
    for search in [
        "\0".to_owned(),
        "%_\\".to_owned(),
        "🍊".repeat(10_000),
        "\u{202e}".to_owned(),
        "'\"".to_owned(),
    ] {
        let page = desk.submit(
            "/admin/lettings/letting/1/change/",
            &[("address_id__search", &search)],
        );
        assert_eq!(page.status, 200);
        assert!(
            values(page.between("<form class=\"edit\"", "</form>"))
                .contains(&("address_id__search".to_owned(), search))
        );
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_form_larger_than_any_of_ours_is_refused_and_nothing_is_done() {
    let desk = Desk::new();
    desk.letting("Silo");
    let before = desk.everything();
    let form = "/admin/lettings/letting/1/change/";
    let title = "x".repeat(20_000_000);
    let page = desk.post(form, &[("title", &title), ("address_id", "1")]);
    assert_eq!(page.status, 413);
    assert!(middle(&page).contains("The form is larger than we can take."));
    let mut fields = vec![("title", "Sea"), ("address_id", "1")];
    fields.resize(10_000, ("x", "y"));
    let page = desk.post(form, &fields);
    assert_eq!(page.status, 400);
    assert!(middle(&page).contains("The form has more fields than any of ours."));
    assert_eq!(desk.everything(), before);
}
