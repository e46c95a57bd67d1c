//! What the rules of single fields say, and what a refused form looks like.

use super::desk::{Desk, Typed, complaint, middle, values, words};
use super::forms::ADDRESS;
use crate::support::answer::Answer;

const REQUIRED: &str = "This field is required.";

/// Sends a new address that differs from a whole one in these fields.
fn address(desk: &Desk, typed: &[Typed<'_>]) -> Answer {
    let mut fields = ADDRESS.to_vec();
    fields.retain(|(name, _)| typed.iter().all(|(other, _)| other != name));
    desk.post("/admin/lettings/address/add/", &[&fields, typed].concat())
}

#[test]
fn what_is_required_is_asked_for_all_at_once() {
    let desk = Desk::new();
    let before = desk.everything();
    for (target, wanted) in [
        (
            "/admin/lettings/address/add/",
            vec!["number", "street", "city", "state", "country_iso_code"],
        ),
        ("/admin/lettings/letting/add/", vec!["title", "address_id"]),
        ("/admin/profiles/profile/add/", vec!["user_id"]),
        ("/admin/auth/group/add/", vec!["name"]),
        ("/admin/auth/user/add/", vec!["username", "password"]),
    ] {
        for blank in ["", "  \t ", "\u{3000}"] {
            let typed: Vec<Typed<'_>> = wanted.iter().map(|name| (*name, blank)).collect();
            let page = desk.post(target, &typed);
            assert_eq!(page.status, 422, "{target}");
            for name in &wanted {
                assert_eq!(complaint(&page, name), REQUIRED, "{target} {name}");
            }
            let note = if wanted.len() == 1 {
                "Please correct the error below."
            } else {
                "Please correct the errors below."
            };
            assert!(middle(&page).contains(note), "{target}");
        }
        // Missing altogether is the same as empty.
        assert_eq!(desk.post(target, &[]).status, 422, "{target}");
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_refused_form_says_so_in_its_title_and_leads_to_each_field() {
    let desk = Desk::new();
    let page = address(
        &desk,
        &[("number", "#5"), ("street", ""), ("city", "Paris")],
    );
    assert_eq!(page.status, 422);
    assert_eq!(
        page.between("<title>", "</title>"),
        "Error: Add address · Holiday Homes administration"
    );
    let summary = page.between("<div class=\"errors\"", "</div>");
    assert!(summary.starts_with(" role=\"alert\" tabindex=\"-1\">"));
    assert!(summary.contains("<a href=\"#street\">Street: This field is required.</a>"));
    assert!(
        summary.find("#number").unwrap() < summary.find("#street").unwrap(),
        "in the order of the form"
    );
    let input = page.between("<input id=\"number\"", ">");
    assert!(
        input.contains("aria-describedby=\"number-help number-error\" aria-invalid=\"true\""),
        "{input}"
    );
    assert!(input.contains("value=\"#5\""), "{input}");
    let right = page.between("<input id=\"city\"", ">");
    assert!(
        right.contains("value=\"Paris\"") && !right.contains("aria-invalid"),
        "{right}"
    );
}

#[test]
fn what_was_typed_stays_after_a_refusal_even_when_it_looks_like_markup() {
    let desk = Desk::new();
    desk.letting("Silo");
    let typed = "\"><script>alert(1)</script>&amp;".repeat(10);
    let page = desk.submit("/admin/lettings/letting/1/change/", &[("title", &typed)]);
    assert_eq!(page.status, 422);
    assert!(!page.text().contains("<script>alert"));
    let form = values(page.between("<form class=\"edit\"", "</form>"));
    assert!(form.contains(&("title".to_owned(), typed)));
    assert!(form.contains(&("address_id".to_owned(), "1".to_owned())));
    assert_eq!(page.between("<h1>", "</h1>"), "Change letting: Silo");
}

#[test]
fn house_numbers_are_more_than_digits() {
    let desk = Desk::new();
    for number in ["0", "100B", "12-34", "12/34", "1.5", " 7 ", "10 1/2"] {
        assert_eq!(
            address(&desk, &[("number", number)]).status,
            303,
            "{number}"
        );
    }
    assert_eq!(
        desk.column("select number from address"),
        ["0", "100B", "12-34", "12/34", "1.5", "7", "10 1/2"]
    );
    for number in ["#5", "１２", "١٢", "5é", "5,6", "5_6", "<5>", "🍊"] {
        let page = address(&desk, &[("number", number)]);
        assert_eq!(page.status, 422, "{number}");
        assert_eq!(
            complaint(&page, "number"),
            "Enter a house number of letters, digits, spaces and - / . only, such as 12-34 or 100B."
        );
    }
}

#[test]
fn a_state_of_the_usa_is_one_that_the_post_knows() {
    let desk = Desk::new();
    for state in ["CA", "ca", " ny ", "DC", "PR", "AE"] {
        assert_eq!(address(&desk, &[("state", state)]).status, 303, "{state}");
    }
    assert_eq!(
        desk.column("select distinct state from address order by id"),
        ["CA", "NY", "DC", "PR", "AE"]
    );
    for (state, complaint_) in [
        ("XX", "Enter a state or territory of the USA, such as CA."),
        ("C", "Enter the two letters of the state, such as CA."),
        ("C1", "Enter the two letters of the state, such as CA."),
        ("ÇA", "Enter the two letters of the state, such as CA."),
        (
            "CAL",
            "Ensure this value has at most 2 characters (it has 3).",
        ),
    ] {
        let page = address(&desk, &[("state", state)]);
        assert_eq!(
            (page.status, complaint(&page, "state").as_str()),
            (422, complaint_),
            "{state}"
        );
    }
    assert_eq!(
        address(&desk, &[("state", "XX"), ("country_iso_code", "FRA")]).status,
        303
    );
}

#[test]
fn a_zip_code_of_the_usa_has_five_digits_or_nine() {
    let desk = Desk::new();
    for zip in ["00501", "92602-1234", " 92602 "] {
        assert_eq!(address(&desk, &[("zip_code", zip)]).status, 303, "{zip}");
    }
    assert_eq!(
        desk.column("select zip_code from address"),
        ["00501", "92602-1234", "92602"]
    );
    for (zip, complaint_) in [
        ("", REQUIRED),
        ("501", "Enter five digits, or nine as 92602-1234."),
        ("926021234", "Enter five digits, or nine as 92602-1234."),
        ("٩٢٦٠٢", "Enter five digits, or nine as 92602-1234."),
        ("1e300", "Enter five digits, or nine as 92602-1234."),
        (
            "92602-12345",
            "Ensure this value has at most 10 characters (it has 11).",
        ),
    ] {
        let page = address(&desk, &[("zip_code", zip)]);
        assert_eq!(
            (page.status, complaint(&page, "zip_code").as_str()),
            (422, complaint_),
            "{zip}"
        );
    }
    for zip in ["", "SW1A 1AA", "75001"] {
        let abroad = [("zip_code", zip), ("country_iso_code", "GBR")];
        assert_eq!(address(&desk, &abroad).status, 303, "{zip}");
    }
}

#[test]
fn a_country_is_one_of_the_list() {
    let desk = Desk::new();
    for (country, complaint_) in [
        (
            "US",
            "Enter the three letters of the country (ISO 3166-1 alpha-3), such as USA.",
        ),
        (
            "QQQ",
            "Enter the three letters of the country (ISO 3166-1 alpha-3), such as USA.",
        ),
        (
            "840",
            "Enter the three letters of the country (ISO 3166-1 alpha-3), such as USA.",
        ),
        (
            "USAA",
            "Ensure this value has at most 3 characters (it has 4).",
        ),
    ] {
        let page = address(&desk, &[("country_iso_code", country)]);
        assert_eq!(
            (page.status, complaint(&page, "country_iso_code").as_str()),
            (422, complaint_),
            "{country}"
        );
    }
    for country in ["usa", "DEU", "zwe", "ABW"] {
        assert_eq!(
            address(&desk, &[("country_iso_code", country)]).status,
            303,
            "{country}"
        );
    }
    assert_eq!(
        desk.column("select country_iso_code from address order by id"),
        ["USA", "DEU", "ZWE", "ABW"]
    );
}

#[test]
fn rules_across_fields_wait_until_each_field_is_right() {
    let desk = Desk::new();
    let page = address(&desk, &[("state", "XX"), ("zip_code", ""), ("street", "")]);
    assert_eq!(
        (
            complaint(&page, "street").as_str(),
            complaint(&page, "state").as_str()
        ),
        (REQUIRED, "")
    );
    let page = address(&desk, &[("state", "XX"), ("zip_code", "")]);
    assert!(!complaint(&page, "state").is_empty());
    assert_eq!(complaint(&page, "zip_code"), REQUIRED);
}

#[test]
fn unknown_fields_are_passed_over_and_of_repeated_ones_the_first_counts() {
    let desk = Desk::new();
    desk.letting("Silo");
    let (before, secret) = (
        desk.everything(),
        desk.one::<String>("select password from user"),
    );
    let answer = desk.submit(
        "/admin/lettings/letting/1/change/",
        &[
            ("title", "First"),
            ("title", "Second"),
            ("id", "7"),
            ("version", "99"),
            ("updated_at", "x"),
            ("password", "x"),
            ("_saveasnew", "1"),
            ("", "x"),
        ],
    );
    assert_eq!(answer.status, 303);
    assert_eq!(
        desk.column("select id || title || version from letting"),
        ["1First2"]
    );
    let id = desk.id;
    desk.submit(
        &format!("/admin/auth/user/{id}/change/"),
        &[("password", "pbkdf2_sha256$1$x$y"), ("id", "9")],
    );
    assert_eq!(
        desk.column("select id || password from user"),
        [format!("{id}{secret}")]
    );
    assert_eq!(desk.everything().len(), before.len());
}

#[test]
fn a_form_that_lacks_a_field_is_refused_and_nothing_is_emptied() {
    let desk = Desk::new();
    desk.letting("Silo");
    let before = desk.everything();
    for typed in [vec![("title", "Sea")], vec![("address_id", "1")], vec![]] {
        let page = desk.post("/admin/lettings/letting/1/change/", &typed);
        assert_eq!(page.status, 422, "{typed:?}");
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn email_addresses_have_their_shape() {
    let desk = Desk::new();
    let form = format!("/admin/auth/user/{}/change/", desk.id);
    for email in [
        "x",
        "x@",
        "@x.com",
        "a b@x.com",
        "a@b",
        "a@b..com",
        "a@-b.com",
        "a@b.com\u{200f}",
        "a@@b.com",
        "<a@b.com>",
    ] {
        let page = desk.submit(&form, &[("email", email)]);
        assert_eq!(
            (page.status, complaint(&page, "email").as_str()),
            (422, "Enter a valid email address."),
            "{email}"
        );
    }
    for email in ["", "a@b.com", "a+b@localhost", "zoë@exämple.org"] {
        assert_eq!(
            desk.submit(&form, &[("email", email)]).status,
            303,
            "{email}"
        );
    }
}

#[test]
fn moments_are_taken_in_djangos_forms_and_refused_in_others() {
    let desk = Desk::new();
    let form = format!("/admin/auth/user/{}/change/", desk.id);
    for (date, time, stored) in [
        ("2024-01-02", "10:11", "2024-01-02T10:11:00.000000Z"),
        ("01/02/2024", "10:11:12", "2024-01-02T10:11:12.000000Z"),
        (" 2024-02-29 ", " 00:00 ", "2024-02-29T00:00:00.000000Z"),
        ("0001-01-01", "23:59:59.5", "0001-01-01T23:59:59.500000Z"),
        (
            "2024-01-02",
            "10:11:12.123456",
            "2024-01-02T10:11:12.123456Z",
        ),
    ] {
        let answer = desk.submit(&form, &[("date_joined_0", date), ("date_joined_1", time)]);
        assert_eq!(answer.status, 303, "{date} {time}: {}", middle(&answer));
        assert_eq!(desk.one::<String>("select date_joined from user"), stored);
    }
    for (date, time, words) in [
        ("2023-02-29", "10:11", "Enter a valid date."),
        ("13/13/2024", "10:11", "Enter a valid date."),
        ("yesterday", "10:11", "Enter a valid date."),
        ("", "10:11", "Enter a valid date."),
        ("10000-01-01", "10:11", "Enter a valid date."),
        ("-0001-01-01", "10:11", "Enter a valid date."),
        ("٢٠٢٤-01-02", "10:11", "Enter a valid date."),
        ("2024-01-02\0", "10:11", "Enter a valid date."),
        ("2024-01-02", "", "Enter a valid time."),
        ("2024-01-02", "25:00", "Enter a valid time."),
        ("2024-01-02", "24:00", "Enter a valid time."),
        ("2024-01-02", "noon", "Enter a valid time."),
        ("2024-01-02", "10:11 a.m.", "Enter a valid time."),
        ("2024-01-02", "10:11\0", "Enter a valid time."),
        ("", "", REQUIRED),
    ] {
        let page = desk.submit(&form, &[("date_joined_0", date), ("date_joined_1", time)]);
        assert_eq!(
            (page.status, complaint(&page, "date_joined").as_str()),
            (422, words),
            "{date:?} {time:?}"
        );
        let kept = values(page.between("<form class=\"edit\"", "</form>"));
        assert!(
            kept.contains(&("date_joined_0".to_owned(), date.to_owned())),
            "{date:?}"
        );
        assert!(page.text().contains("href=\"#date_joined_0\""));
    }
    // The last login may be empty.
    assert_eq!(
        desk.submit(&form, &[("last_login_0", ""), ("last_login_1", "")])
            .status,
        303
    );
}

#[test]
fn yes_and_no_are_kept_after_a_refusal() {
    let desk = Desk::new();
    let bob = desk.user("bob").to_string();
    let page = desk.post(
        "/admin/profiles/profile/add/",
        &[("show_email", "on"), ("favorite_city", "Rome")],
    );
    assert_eq!(page.status, 422);
    assert!(
        values(page.between("<form class=\"edit\"", "</form>"))
            .contains(&("show_email".to_owned(), "on".to_owned()))
    );
    let answer = desk.post(
        "/admin/profiles/profile/add/",
        &[("show_email", "maybe"), ("user_id", &bob)],
    );
    assert_eq!(answer.status, 303);
    assert_eq!(
        desk.column("select show_email || '' from profile"),
        ["0"],
        "what means nothing is no"
    );
}

#[test]
fn a_message_beside_a_field_is_joined_to_it_where_one_chooses() {
    let desk = Desk::new();
    let page = desk.post("/admin/lettings/letting/add/", &[("title", "Silo")]);
    let group = page.between("<fieldset class=\"field one\"", ">");
    assert!(
        group.contains("id=\"address_id\"") && group.contains("address_id-help address_id-error"),
        "{group}"
    );
    assert!(
        page.text()
            .contains("href=\"#address_id__search\">Address: This field is required.</a>")
    );
    assert!(page.text().contains("id=\"address_id__search\""));
    assert!(words(page.between("<legend>", "</legend>")).starts_with("Address (required)"));
}
