//! Two people on one row: the second save shows both, loses nothing, and can be repeated.

use super::desk::{Desk, Typed, middle, rows, values};
use crate::support::Site;

const FORM: &str = "/admin/lettings/letting/1/change/";

/// Sends what a form held when it was opened, with some of it typed anew.
fn send(
    desk: &Desk,
    opened: &[(String, String)],
    typed: &[Typed<'_>],
) -> crate::support::answer::Answer {
    let kept = opened
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let kept = kept.filter(|(name, _)| typed.iter().all(|(other, _)| other != name));
    let fields: Vec<Typed<'_>> = kept.chain(typed.iter().copied()).collect();
    desk.post(FORM, &fields)
}

#[test]
fn the_second_save_shows_both_and_loses_nothing() {
    let ada = Desk::new();
    ada.letting("Silo");
    ada.address("2", "Ocean Avenue");
    let bob = ada.colleague("bob", &["lettings.change_letting"]);
    let (of_ada, of_bob) = (ada.filled(FORM, &[]), bob.filled(FORM, &[]));
    assert_eq!(send(&ada, &of_ada, &[("title", "Of Ada")]).status, 303);
    let before = ada.everything();

    let page = send(&bob, &of_bob, &[("title", "Of Bob"), ("address_id", "2")]);
    assert_eq!(page.status, 409);
    assert!(middle(&page).contains("Somebody else saved this letting since you opened it."));
    assert_eq!(
        rows(&page),
        [
            "Title | Of Ada | Of Bob",
            "Address | 1 Main Street | 2 Ocean Avenue"
        ]
    );
    assert!(
        page.between("<title>", "</title>")
            .starts_with("Error: Change letting: Of Ada")
    );
    assert!(page.text().contains(
        "<button class=\"button\" form=\"edit\" name=\"_save\" value=\"1\">Save my version</button>"
    ));
    assert!(page.text().contains(&format!(
        "<a class=\"button quiet\" href=\"{FORM}\">Take theirs</a>"
    )));
    assert_eq!(ada.everything(), before);
    assert_eq!(ada.one::<String>("select title from letting"), "Of Ada");

    // What the page holds is what Bob typed, with the version as it is now: saving it again works.
    let again = values(page.between("<form class=\"edit\"", "</form>"));
    assert!(again.contains(&("title".to_owned(), "Of Bob".to_owned())));
    assert!(again.contains(&("address_id".to_owned(), "2".to_owned())));
    assert_eq!(send(&bob, &again, &[]).status, 303);
    assert_eq!(
        ada.one::<String>("select title || address_id || version from letting"),
        "Of Bob23"
    );
    let logged = ada.logged();
    assert_eq!(logged.len(), 2);
    assert!(
        logged[0].starts_with("ada change letting 1 Of Ada ")
            && logged[0].contains("\"old\":\"Silo\",\"new\":\"Of Ada\"")
    );
    assert!(
        logged[1].starts_with("bob change letting 1 Of Bob ")
            && logged[1].contains("\"old\":\"Of Ada\",\"new\":\"Of Bob\"")
    );
}

#[test]
fn a_third_save_in_between_is_noticed_again() {
    let ada = Desk::new();
    ada.letting("Silo");
    let opened = ada.filled(FORM, &[]);
    ada.sql("update letting set version = version + 1", []);
    let page = send(&ada, &opened, &[("title", "Mine")]);
    let again = values(page.between("<form class=\"edit\"", "</form>"));
    ada.sql(
        "update letting set title = 'Theirs', version = version + 1",
        [],
    );
    assert_eq!(send(&ada, &again, &[]).status, 409);
    assert_eq!(ada.one::<String>("select title from letting"), "Theirs");
}

#[test]
fn two_saves_of_the_same_values_are_told_apart_too() {
    let ada = Desk::new();
    ada.letting("Silo");
    let opened = ada.filled(FORM, &[]);
    assert_eq!(send(&ada, &opened, &[("title", "Sea")]).status, 303);
    let page = send(&ada, &opened, &[("title", "Sea")]);
    assert_eq!(page.status, 409);
    assert!(middle(&page).contains("Somebody else saved this letting since you opened it."));
}

#[test]
fn groups_and_permissions_are_compared_by_name() {
    let ada = Desk::new();
    let group = ada.group("Cleaners");
    let target = format!("/admin/auth/group/{group}/change/");
    let opened = ada.filled(&target, &[]);
    let (view, add) = (
        ada.permission("lettings.view_letting"),
        ada.permission("lettings.add_letting"),
    );
    assert_eq!(ada.submit(&target, &[("permissions", &view)]).status, 303);
    let fields: Vec<Typed<'_>> = opened
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain([("permissions", add.as_str())])
        .collect();
    let page = ada.post(&target, &fields);
    assert_eq!(page.status, 409);
    assert_eq!(
        rows(&page),
        ["Permissions | Can view letting | Can add letting"]
    );
}

#[test]
fn a_version_that_is_none_does_not_overwrite() {
    let ada = Desk::new();
    ada.letting("Silo");
    let before = ada.everything();
    for version in ["abc", "", "0", "-1", "99", "99999999999999999999"] {
        let page = ada.submit(FORM, &[("title", "Sea"), ("_version", version)]);
        assert_eq!(page.status, 409, "{version}");
    }
    assert_eq!(ada.everything(), before);
}

#[test]
fn a_row_that_vanished_between_form_and_save_is_not_there() {
    let ada = Desk::new();
    ada.letting("Silo");
    let opened = ada.filled(FORM, &[]);
    ada.sql("delete from letting", []);
    let before = ada.everything();
    let page = send(&ada, &opened, &[("title", "Sea")]);
    assert_eq!(page.status, 404);
    assert!(
        page.text()
            .contains("href=\"/admin/lettings/letting/\">Back to the list</a>")
    );
    assert_eq!(ada.everything(), before);
}

#[test]
fn a_refused_form_or_a_search_in_between_hides_nothing() {
    let ada = Desk::new();
    ada.letting("Silo");
    for detour in [("title", ""), ("address_id__search", "main")] {
        let opened = ada.filled(FORM, &[]);
        ada.sql(
            "update letting set title = 'Theirs', version = version + 1",
            [],
        );
        let page = send(&ada, &opened, &[detour]);
        assert!(matches!(page.status, 200 | 422));
        let again = values(page.between("<form class=\"edit\"", "</form>"));
        assert_eq!(send(&ada, &again, &[("title", "Mine")]).status, 409);
        assert_eq!(ada.one::<String>("select title from letting"), "Theirs");
    }
}

#[test]
fn of_two_saves_at_the_same_moment_one_is_kept_and_one_is_asked() {
    let site = Site::new();
    site.user("ada").superuser().make();
    site.user("bob").superuser().make();
    site.letting("Silo");
    let (ada, bob) = (site.sign_in("ada"), site.sign_in("bob"));
    for round in 1..=100 {
        let of_ada = ada.form(FORM).set("title", &format!("Ada {round}"));
        let of_bob = bob.form(FORM).set("title", &format!("Bob {round}"));
        let answers = site.at_once(vec![of_ada.ready(), of_bob.ready()]);
        let (won, lost) = match (answers[0].status, answers[1].status) {
            (303, 409) => ("Ada", "Bob"),
            (409, 303) => ("Bob", "Ada"),
            other => panic!("round {round}: {other:?}"),
        };
        assert_eq!(
            site.value("select title from letting"),
            format!("{won} {round}")
        );
        let asked = answers.iter().find(|answer| answer.status == 409);
        let kept = asked.expect("one of them").text();
        assert!(kept.contains(&format!("value=\"{lost} {round}\"")));
    }
    assert_eq!(site.value("select count(*) from history"), "100");
}

#[test]
fn a_save_that_does_not_say_which_version_it_saw_is_not_taken() {
    let desk = Desk::new();
    desk.letting("Silo");
    let opened = desk.filled(FORM, &[]);
    let without: Vec<(String, String)> = opened
        .into_iter()
        .filter(|(name, _)| name != "_version")
        .collect();
    assert_eq!(send(&desk, &without, &[("title", "Mine")]).status, 409);
    assert_eq!(desk.one::<String>("select title from letting"), "Silo");
}
