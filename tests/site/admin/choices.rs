//! Choosing a related row: by a search without scripts, out of a thousand, and rows that are there no more.

use super::desk::{Desk, Typed, complaint, values, words};
use crate::support::answer::Answer;

const CHOICE: &str = "Select a valid choice. That choice is not one of the available choices.";
const ADD: &str = "/admin/lettings/letting/add/";

/// The rows that a form offers, without the one that is to be made.
fn offered(page: &Answer) -> Vec<String> {
    let choices = page.between("<div class=\"choices\">", "</div>");
    let labels = choices.split("<label>").skip(1);
    labels
        .filter_map(|label| label.split_once("</label>"))
        .filter(|(label, _)| !label.contains("value=\"new\""))
        .map(|(label, _)| words(label))
        .collect()
}

fn form(page: &Answer) -> Vec<(String, String)> {
    values(page.between("<form class=\"edit\"", "</form>"))
}

fn has(form: &[(String, String)], name: &str, value: &str) -> bool {
    form.contains(&(name.to_owned(), value.to_owned()))
}

#[test]
fn of_a_thousand_addresses_twenty_are_offered_and_the_chosen_one() {
    let desk = Desk::new();
    desk.many_addresses(1_000);
    let page = desk.get(ADD);
    assert_eq!(offered(&page).len(), 20);
    assert_eq!(
        offered(&page)[0],
        "1000 Main Street, Irvine, CA 92602",
        "the newest first"
    );
    assert!(page.bytes.len() < 20_000, "{}", page.bytes.len());
    desk.save(ADD, &[("title", "Silo"), ("address_id", "7")]);
    let page = desk.get("/admin/lettings/letting/1/change/");
    assert_eq!(offered(&page).len(), 21);
    assert_eq!(
        offered(&page)[0],
        "7 Main Street, Irvine, CA 92602",
        "the chosen one stands first"
    );
    assert!(has(&form(&page), "address_id", "7"));
}

#[test]
fn the_search_button_keeps_what_was_typed_and_saves_nothing() {
    let desk = Desk::new();
    desk.many_addresses(1_000);
    let before = desk.everything();
    let page = desk.submit(
        ADD,
        &[
            ("title", " A \"title\" "),
            ("address_id", "7"),
            ("address_id__search", "999 main"),
            ("_search", "address_id"),
        ],
    );
    assert_eq!(page.status, 200);
    assert_eq!(
        offered(&page),
        [
            "7 Main Street, Irvine, CA 92602",
            "999 Main Street, Irvine, CA 92602"
        ]
    );
    let kept = form(&page);
    for (name, value) in [
        ("title", " A \"title\" "),
        ("address_id", "7"),
        ("address_id__search", "999 main"),
        ("address_id__searched", "999 main"),
    ] {
        assert!(has(&kept, name, value), "{name}");
    }
    assert!(!page.text().contains("class=\"wrong\"") && !page.text().contains("<title>Error"));
    assert_eq!(desk.everything(), before);
}

#[test]
fn enter_in_the_search_field_searches_and_saves_nothing() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.address("42", "Ocean Avenue");
    let before = desk.everything();
    // Enter presses the form's first button, which is Save.
    let page = desk.submit(
        "/admin/lettings/letting/1/change/",
        &[
            ("title", "Sea"),
            ("address_id__search", "ocean"),
            ("_save", "1"),
        ],
    );
    assert_eq!(page.status, 200);
    assert_eq!(
        offered(&page),
        [
            "1 Main Street, Irvine, CA 92602",
            "42 Ocean Avenue, Irvine, CA 92602"
        ]
    );
    assert!(has(&form(&page), "title", "Sea"));
    assert_eq!(desk.everything(), before);
    // The same words again are no new search.
    let answer = desk.submit(
        "/admin/lettings/letting/1/change/",
        &[
            ("address_id", "2"),
            ("address_id__search", "ocean"),
            ("address_id__searched", "ocean"),
        ],
    );
    assert_eq!(answer.status, 303);
    assert_eq!(desk.column("select address_id || '' from letting"), ["2"]);
}

#[test]
fn a_search_without_a_match_says_so_and_an_incomplete_form_may_search() {
    let desk = Desk::new();
    desk.address("1", "Main Street");
    let page = desk.submit(
        ADD,
        &[
            ("title", ""),
            ("address_id__search", "nowhere"),
            ("_search", "address_id"),
        ],
    );
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Nothing matches."));
    assert!(!page.text().contains("This field is required."));
}

#[test]
fn addresses_of_the_same_street_are_told_apart_by_their_city() {
    let desk = Desk::new();
    desk.address("1", "Main Street");
    let second = desk.address("1", "Main Street");
    desk.sql(
        "update address set city = 'Brunswick', state = 'GA' where id = ?1",
        [second],
    );
    let page = desk.submit(ADD, &[("address_id__search", "main ga")]);
    assert_eq!(offered(&page), ["1 Main Street, Brunswick, GA 92602"]);
}

#[test]
fn signs_of_the_database_are_searched_for_as_they_are() {
    let desk = Desk::new();
    desk.address("1", "100% Street");
    desk.address("2", "Main Street");
    for (search, found) in [
        ("%", vec!["1 100% Street, Irvine, CA 92602"]),
        ("_", vec![]),
        ("'", vec![]),
        ("main 2", vec!["2 Main Street, Irvine, CA 92602"]),
    ] {
        let page = desk.submit(ADD, &[("address_id__search", search)]);
        assert_eq!(offered(&page), found, "{search}");
    }
}

#[test]
fn users_are_searched_by_name_and_stand_in_its_order() {
    let desk = Desk::new();
    for name in ["cleo", "bob", "Zoe"] {
        desk.user(name);
    }
    let page = desk.get("/admin/profiles/profile/add/");
    assert_eq!(offered(&page), ["Zoe", "ada", "bob", "cleo"]);
    let page = desk.submit(
        "/admin/profiles/profile/add/",
        &[("favorite_city", "Rome"), ("user_id__search", "ZO")],
    );
    assert_eq!(offered(&page), ["Zoe"]);
    assert!(has(&form(&page), "favorite_city", "Rome"));
}

#[test]
fn choices_that_are_none_are_refused() {
    let desk = Desk::new();
    desk.letting("Silo");
    let before = desk.everything();
    for id in [
        "99",
        "-1",
        "0",
        "1.5",
        "1e3",
        "abc",
        "9223372036854775808",
        "99999999999999999999999",
        "1\0",
        "1 or 1=1",
        "١",
    ] {
        for target in [ADD, "/admin/lettings/letting/1/change/"] {
            let page = desk.submit(target, &[("title", "Sea"), ("address_id", id)]);
            assert_eq!(
                (page.status, complaint(&page, "address_id").as_str()),
                (422, CHOICE),
                "{id}"
            );
            assert!(has(&form(&page), "title", "Sea"));
        }
        let page = desk.submit("/admin/profiles/profile/add/", &[("user_id", id)]);
        assert_eq!(
            (page.status, complaint(&page, "user_id").as_str()),
            (422, CHOICE),
            "{id}"
        );
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn of_many_choices_each_wrong_one_is_named_and_none_is_kept() {
    let desk = Desk::new();
    let group = desk.group("Cleaners");
    let right = desk.permission("lettings.view_letting");
    let before = desk.everything();
    let target = format!("/admin/auth/group/{group}/change/");
    for id in ["999", "abc", "-1", "", "9223372036854775808"] {
        let page = desk.submit(&target, &[("permissions", &right), ("permissions", id)]);
        assert_eq!(page.status, 422, "{id}");
        assert_eq!(
            complaint(&page, "permissions"),
            format!("Select a valid choice. {id} is not one of the available choices.")
                .replace("  ", " "),
            "{id}"
        );
        assert!(
            has(&form(&page), "permissions", &right),
            "the right one stays ticked"
        );
    }
    let user = format!("/admin/auth/user/{}/change/", desk.id);
    let page = desk.submit(&user, &[("groups", "77"), ("user_permissions", "88")]);
    assert_eq!(
        complaint(&page, "groups"),
        "Select a valid choice. 77 is not one of the available choices."
    );
    assert_eq!(
        complaint(&page, "user_permissions"),
        "Select a valid choice. 88 is not one of the available choices."
    );
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_choice_that_was_sent_twice_counts_once() {
    let desk = Desk::new();
    let id = desk.permission("lettings.view_letting");
    let typed: Vec<Typed<'_>> = vec![
        ("name", "Cleaners"),
        ("permissions", &id),
        ("permissions", &id),
        ("permissions", &id),
    ];
    assert_eq!(desk.submit("/admin/auth/group/add/", &typed).status, 303);
    assert_eq!(desk.one::<i64>("select count(*) from group_permission"), 1);
}

#[test]
fn a_choice_that_vanished_between_form_and_save_is_refused() {
    let desk = Desk::new();
    let address = desk.address("1", "Main Street").to_string();
    assert!(desk.get(ADD).text().contains("1 Main Street"));
    desk.sql("delete from address", []);
    let before = desk.everything();
    let page = desk.submit(ADD, &[("title", "Silo"), ("address_id", &address)]);
    assert_eq!(
        (page.status, complaint(&page, "address_id").as_str()),
        (422, CHOICE)
    );
    assert_eq!(desk.everything(), before);
}

#[test]
fn permissions_are_check_boxes_grouped_by_model() {
    let desk = Desk::new();
    let page = desk.get("/admin/auth/group/add/");
    let many = page.between("<fieldset class=\"field many\"", "</div></fieldset>");
    assert!(many.contains("<legend>lettings · letting</legend>"));
    assert_eq!(many.matches("type=\"checkbox\"").count(), 20);
    assert!(
        words(many)
            .contains("Can add letting Can change letting Can delete letting Can view letting")
    );
}

#[test]
fn related_rows_are_offered_to_those_who_may_touch_them() {
    let desk = Desk::new();
    desk.letting("Silo");
    let form = "/admin/lettings/letting/1/change/";
    let links = desk.get(form).attributes("href");
    assert!(links.contains(&"/admin/lettings/address/1/change/".to_owned()));
    assert!(
        !links.contains(&"/admin/lettings/address/add/".to_owned()),
        "a new address is made in the form itself"
    );
    let links = desk.get("/admin/profiles/profile/add/").attributes("href");
    assert!(links.contains(&"/admin/auth/user/add/".to_owned()));
    let bob = desk.colleague("bob", &["lettings.change_letting"]);
    let page = bob.get(form);
    assert!(!page.text().contains("/admin/lettings/address/"));
    assert_eq!(
        offered(&page),
        ["1 Main Street, Irvine, CA 92602"],
        "but they may choose"
    );
}
