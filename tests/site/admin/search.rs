//! Searches: what a word finds, however odd it is, in a list and among rows to choose from; and that every change is found.
//!
//! Long words are asked of an index and short ones of the texts; nobody who searches may notice which.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::desk::{Desk, middle, rows, words};

const LIST: &str = "/admin/lettings/letting/";

/// Titles with whatever may stand in one, among it the signs that have a meaning for the index or for `like`.
const TITLES: [&str; 28] = [
    "Oceanview Retreat",
    "ocean view",
    "The Mushroom Dome Retreat & LAND of Paradise Suite",
    "'Silo Studio' Cottage",
    "\"Quoted\" house",
    "a \"b\" c",
    "NEAR the sea",
    "near(home sea, 3)",
    "title : house",
    "{title} house",
    "^house",
    "house*",
    "-house",
    "house AND NOT home OR sea",
    "100% wool",
    "100 wool",
    "a_b_c",
    "back\\slash",
    "Chez Zoë",
    "CHEZ ZOE",
    "Cafe\u{301} Zoe\u{308}",
    "ÄÖÜ äöü",
    "ВИЛЛА Ω",
    "вилла ω",
    "東京の家",
    "🍊🍊🍊 house 🍊",
    "ab",
    "CA",
];

/// What is typed for one word, or for a phrase with its quotation marks.
const TYPED: [&str; 52] = [
    "ocean",
    "OCEANVIEW",
    "\"ocean view\"",
    "\"view retreat\"",
    "retreat",
    "RETREAT",
    "&",
    "LAND",
    "'silo",
    "studio'",
    "' cot",
    "quoted",
    "near",
    "NEAR",
    "near(home",
    "NEAR(",
    "title",
    "title:",
    "\"title : house\"",
    "{title}",
    ":",
    "^house",
    "^",
    "house*",
    "hou*",
    "*",
    "**",
    "***",
    "-house",
    "-",
    "--",
    "AND",
    "OR",
    "NOT",
    "100%",
    "0%",
    "%%%",
    "a_b",
    "_",
    "___",
    "\\",
    "back\\slash",
    "zoë",
    "ZOE",
    "äöü",
    "aou",
    "вилла",
    "東京",
    "東京の",
    "🍊",
    "🍊🍊🍊",
    "ab",
];

/// A text without the capitals and accents that an index passes over.
fn folded(text: &str) -> String {
    let letters = text.nfd().filter(|letter| !is_combining_mark(*letter));
    letters.flat_map(char::to_lowercase).collect()
}

/// Whether a word is in a text: long ones whatever their capitals and accents, short ones as `like` compares them.
fn occurs(word: &str, text: &str) -> bool {
    let letters = word.chars().filter(|letter| !is_combining_mark(*letter));
    if letters.count() < 3 {
        return text
            .to_ascii_lowercase()
            .contains(&word.to_ascii_lowercase());
    }
    folded(text).contains(&folded(word))
}

/// The ids of the homes that a list shows.
fn found(desk: &Desk, typed: &str) -> Vec<i64> {
    let query: String = form_urlencoded::byte_serialize(typed.as_bytes()).collect();
    let page = desk.get(&format!("{LIST}?q={query}"));
    assert_eq!(page.status, 200, "{typed}");
    let ticks = page.text().split("name=\"_selected_action\" value=\"");
    let ids = ticks.skip(1).filter_map(|rest| rest.split_once('"'));
    let mut ids: Vec<i64> = ids.filter_map(|(id, _)| id.parse().ok()).collect();
    ids.sort_unstable();
    ids
}

/// The same as the titles say it; each home is at `1 Main Street, Irvine, CA 92602`.
fn said(titles: &[String], words: &[&str]) -> Vec<i64> {
    let matches = |title: &String| {
        let line = "1 Main Street, Irvine, CA 92602";
        words
            .iter()
            .all(|word| occurs(word, title) || occurs(word, line))
    };
    (1..)
        .zip(titles)
        .filter(|(_, title)| matches(title))
        .map(|(id, _)| id)
        .collect()
}

fn site(titles: &[String]) -> Desk {
    let desk = Desk::new();
    for title in titles {
        desk.letting(title);
    }
    desk
}

#[test]
fn odd_words_find_the_texts_that_contain_them() {
    let titles = TITLES.map(str::to_owned);
    let desk = site(&titles);
    let word = |typed: &'static str| typed.trim_matches('"');
    let mut found_any = 0;
    for typed in TYPED {
        let said = said(&titles, &[word(typed)]);
        assert_eq!(found(&desk, typed), said, "{typed}");
        found_any += usize::from(!said.is_empty());
    }
    assert!(found_any > 40, "{found_any}");
    // A long word and a short one, in either order, and a long one in the title with one in the address.
    for (one, other) in [
        ("house", "🍊"),
        ("house", "*"),
        ("zoe", "ca"),
        ("東京の", "CA"),
        ("retreat", "irvine"),
        ("oceanview", "street,"),
    ] {
        for typed in [format!("{one} {other}"), format!("{other} {one}")] {
            let said = said(&titles, &[one, other]);
            assert!(!said.is_empty(), "{typed}");
            assert_eq!(found(&desk, &typed), said, "{typed}");
        }
    }
}

/// Letters of which titles and words are made: all that means something somewhere, each in more than one width.
fn letters(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec![
        'a', 'A', 'b', 'é', 'É', '\u{301}', '*', '^', '-', '+', '(', ')', ':', '{', '}', '\'', '%',
        '_', '\\', ',', '.', '東', 'の', '🍊',
    ]);
    prop::collection::vec(letter, length).prop_map(|letters| letters.into_iter().collect())
}

#[test]
fn any_word_finds_the_texts_that_contain_it() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 8,
        ..ProptestConfig::default()
    });
    let sets = (
        prop::collection::vec(letters(1..9), 30),
        prop::collection::vec(letters(1..5), 20),
    );
    runner
        .run(&sets, |(titles, words)| {
            let desk = site(&titles);
            for word in &words {
                prop_assert_eq!(
                    found(&desk, word),
                    said(&titles, &[word]),
                    "{} in {:?}",
                    word,
                    titles
                );
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_home_is_found_by_its_address_as_it_stands_on_an_envelope() {
    let desk = Desk::demo();
    for (typed, title) in [
        (
            "\"7217 Bedford Street\"",
            "Joshua Tree Green Haus /w Hot Tub",
        ),
        ("bedford", "Joshua Tree Green Haus /w Hot Tub"),
        (
            "\"Brunswick, GA 31525\"",
            "Joshua Tree Green Haus /w Hot Tub",
        ),
        (
            "7217 Bedford Street, Brunswick, GA 31525",
            "Joshua Tree Green Haus /w Hot Tub",
        ),
        ("joshua 31525", "Joshua Tree Green Haus /w Hot Tub"),
    ] {
        let query: String = form_urlencoded::byte_serialize(typed.as_bytes()).collect();
        let found = rows(&desk.get(&format!("{LIST}?q={query}")));
        assert_eq!(found, [format!("{title} | Brunswick | GA")], "{typed}");
        let form = desk.submit(
            "/admin/lettings/letting/add/",
            &[("address_id__search", typed)],
        );
        let offered = words(form.between("<div class=\"choices\">", "</div>"));
        let address = "7217 Bedford Street, Brunswick, GA 31525";
        assert_eq!(
            offered.contains(address),
            !typed.contains("joshua"),
            "{typed}: {offered}"
        );
        assert!(!offered.contains("Argyle"), "{typed}: {offered}");
    }
}

#[test]
fn every_change_is_found() {
    let desk = Desk::new();
    let address = desk.address("12", "Harbor Street");
    desk.save(
        "/admin/lettings/letting/add/",
        &[("title", "Silo"), ("address_id", &address.to_string())],
    );
    assert_eq!(found(&desk, "silo"), [1]);
    assert_eq!(found(&desk, "harbor"), [1]);
    desk.save(
        "/admin/lettings/letting/1/change/",
        &[("title", "Lighthouse")],
    );
    assert_eq!(
        (found(&desk, "silo"), found(&desk, "lighthouse")),
        (vec![], vec![1])
    );
    desk.save(
        "/admin/lettings/address/1/change/",
        &[("street", "Ocean Avenue"), ("city", "San José")],
    );
    assert_eq!(
        (
            found(&desk, "harbor"),
            found(&desk, "\"ocean avenue, san jose\"")
        ),
        (vec![], vec![1])
    );
    let other = desk.address("3", "Garden Lane").to_string();
    desk.save(
        "/admin/lettings/letting/1/change/",
        &[("address_id", &other)],
    );
    assert_eq!(
        (found(&desk, "ocean"), found(&desk, "garden")),
        (vec![], vec![1])
    );
    desk.post("/admin/lettings/address/2/delete/", &[("post", "yes")]);
    assert_eq!(
        (found(&desk, "lighthouse"), found(&desk, "garden")),
        (vec![], vec![])
    );
    assert_eq!(rows(&desk.get("/admin/lettings/address/?q=ocean")).len(), 1);
}

#[test]
fn people_are_found_by_their_names_and_by_their_email_address_only_where_it_is_shown() {
    let desk = Desk::new();
    let zoe = desk.user("zoë.k").to_string();
    desk.save(
        &format!("/admin/auth/user/{zoe}/change/"),
        &[
            ("first_name", "Zoë"),
            ("last_name", "Kravitz"),
            ("email", "secret@example.com"),
        ],
    );
    desk.save(
        "/admin/profiles/profile/add/",
        &[("user_id", &zoe), ("favorite_city", "Saint-Étienne")],
    );
    let listed =
        |list: &str, typed: &str| rows(&desk.get(&format!("/admin/{list}/?q={typed}"))).len();
    for (typed, users, profiles) in [
        ("zoe", 1, 1),
        ("%22zoe+kravitz%22", 1, 1),
        ("KRAVITZ+zo%C3%AB.k", 1, 1),
        ("secret@example.com", 1, 0),
        ("etienne", 0, 1),
        ("zoe+etienne", 0, 1),
        ("kr", 1, 1),
    ] {
        assert_eq!(
            (
                listed("auth/user", typed),
                listed("profiles/profile", typed)
            ),
            (users, profiles),
            "{typed}"
        );
    }
    let offered = |typed: &str| {
        let form = desk.submit(
            "/admin/profiles/profile/1/change/",
            &[("user_id__search", typed), ("user_id", "")],
        );
        words(form.between("<div class=\"choices\">", "</div>"))
    };
    assert!(
        offered("kravitz").contains("zoë.k Zoë Kravitz"),
        "{}",
        offered("kravitz")
    );
    assert!(!offered("secret").contains("zoë"), "{}", offered("secret"));
    desk.save(
        &format!("/admin/auth/user/{zoe}/change/"),
        &[("last_name", "King")],
    );
    assert_eq!(
        (
            listed("profiles/profile", "kravitz"),
            listed("profiles/profile", "king")
        ),
        (0, 1)
    );
    desk.post(
        &format!("/admin/auth/user/{zoe}/delete/"),
        &[("post", "yes")],
    );
    assert_eq!(
        (
            listed("auth/user", "king"),
            listed("profiles/profile", "etienne")
        ),
        (0, 0)
    );
}

#[test]
fn the_history_is_searched_by_words_and_says_where_it_looks_for_short_ones() {
    let desk = Desk::demo();
    desk.save("/admin/lettings/address/1/change/", &[("city", "Savannah")]);
    desk.save(
        "/admin/lettings/letting/2/change/",
        &[("title", "Zoë’s Retreat")],
    );
    let page = |typed: &str| desk.get(&format!("/admin/history/?q={typed}"));
    for (typed, found) in [
        ("zoe", 1),
        ("bedford+ada", 1),
        ("bedford+retreat", 0),
        ("ADA", 2),
        ("0.2", 2),
        ("st", 1),
        ("ada+st", 1),
        ("x1", 0),
    ] {
        assert_eq!(rows(&page(typed)).len(), found, "{typed}");
    }
    let note = "A word of one or two characters is looked for in the newest 100,000 entries.";
    assert!(middle(&page("st")).contains(note) && !middle(&page("bedford")).contains(note));
}
