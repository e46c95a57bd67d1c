//! The first page and that of one app: what there is to do, and what one did last.

use super::desk::{Desk, middle, words};
use crate::support::answer::Answer;

/// The apps and models of a page, a line each.
fn entries(page: &Answer) -> String {
    let apps = page.text().split("<section class=\"app\">").skip(1);
    let apps = apps.filter_map(|app| Some(app.split_once("</section>")?.0));
    apps.map(|app| words(&app.replace("</li>", " ;").replace("<a", " <a")))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn apps_and_models_stand_in_their_order_with_what_one_may_do() {
    let desk = Desk::new();
    let page = desk.get("/admin/");
    insta::assert_snapshot!(entries(&page), @r"
    Authentication and Authorization Groups 0 Add group Change groups ; Users 1 Add user Change users ;
    Lettings Addresses 0 Add address Change addresses ; Lettings 0 Add letting Change lettings ;
    Profiles Profiles 0 Add profile Change profiles ;
    ");
    for link in [
        "/admin/lettings/",
        "/admin/lettings/letting/",
        "/admin/lettings/letting/add/",
        "/admin/auth/user/add/",
    ] {
        assert!(page.attributes("href").contains(&link.to_owned()), "{link}");
    }
}

#[test]
fn only_what_one_may_do_is_offered() {
    let desk = Desk::new();
    let viewer = desk.colleague(
        "bob",
        &[
            "lettings.view_address",
            "lettings.add_letting",
            "profiles.delete_profile",
        ],
    );
    let page = viewer.get("/admin/");
    insta::assert_snapshot!(entries(&page), @r"
    Lettings Addresses 0 View addresses ; Lettings Add letting ;
    Profiles Profiles ;
    ");
    assert!(!page.text().contains("href=\"/admin/lettings/letting/\""));
    assert!(!page.text().contains("href=\"/admin/profiles/profile/\""));
}

#[test]
fn adding_users_is_offered_to_those_who_may_also_change_them() {
    let desk = Desk::new();
    let adder = desk.colleague("bob", &["auth.add_user"]);
    assert!(
        !adder
            .get("/admin/")
            .text()
            .contains("/admin/auth/user/add/")
    );
    let both = desk.colleague("cleo", &["auth.add_user", "auth.change_user"]);
    assert!(both.get("/admin/").text().contains("/admin/auth/user/add/"));
}

#[test]
fn who_may_do_nothing_is_told_so() {
    let desk = Desk::new();
    let nobody = desk.colleague("bob", &[]);
    let page = nobody.get("/admin/");
    assert_eq!(page.status, 200);
    assert!(middle(&page).contains("You don’t have permission to view or edit anything."));
    for app in ["auth", "lettings", "profiles"] {
        assert_eq!(nobody.get(&format!("/admin/{app}/")).status, 404, "{app}");
    }
}

#[test]
fn an_app_has_a_page_with_its_own_models() {
    let desk = Desk::new();
    let page = desk.get("/admin/lettings/");
    insta::assert_snapshot!(entries(&page), @"Lettings Addresses 0 Add address Change addresses ; Lettings 0 Add letting Change lettings ;");
    assert_eq!(desk.get("/admin/nothing/").status, 404);
    let other = desk.colleague("bob", &["profiles.view_profile"]);
    assert_eq!(other.get("/admin/lettings/").status, 404);
    assert_eq!(other.get("/admin/profiles/").status, 200);
}

#[test]
fn who_did_nothing_yet_has_no_recent_actions() {
    let desk = Desk::new();
    assert!(middle(&desk.get("/admin/")).contains("My recent actions None available."));
}

#[test]
fn recent_actions_are_ones_own_last_ten_the_newest_first() {
    let desk = Desk::new();
    let bob = desk.colleague("bob", &["auth.add_group"]);
    bob.save("/admin/auth/group/add/", &[("name", "Of Bob")]);
    for number in 1..=11 {
        let name = format!("Group {number:02}");
        desk.save("/admin/auth/group/add/", &[("name", &name)]);
    }
    let page = desk.get("/admin/");
    let recent = page.between("<ul class=\"recent\">", "</ul>");
    let lines: Vec<String> = recent.split("<li>").skip(1).map(words).collect();
    assert_eq!(lines.len(), 10);
    assert!(
        lines[0].starts_with("Added: Group 11 group, "),
        "{}",
        lines[0]
    );
    assert!(
        lines[9].starts_with("Added: Group 02 group, "),
        "{}",
        lines[9]
    );
    assert!(!recent.contains("Of Bob"));
}

#[test]
fn recent_actions_link_to_what_is_there_and_not_to_what_was_deleted() {
    let desk = Desk::new();
    let id = desk.group("Cleaners");
    desk.save(
        &format!("/admin/auth/group/{id}/change/"),
        &[("name", "Cleaning")],
    );
    desk.post(
        &format!("/admin/auth/group/{id}/delete/"),
        &[("post", "yes")],
    );
    let page = desk.get("/admin/");
    let recent = page.between("<ul class=\"recent\">", "</ul>");
    assert!(words(recent).starts_with("Deleted: Cleaning group, "));
    assert!(words(recent).contains(" Changed: Cleaning group, "));
    assert_eq!(recent.matches("<a href=").count(), 1);
    assert!(recent.contains(&format!(
        "<a href=\"/admin/auth/group/{id}/change/\">Cleaning</a>"
    )));
}

#[test]
fn what_others_did_stands_before_what_one_did_oneself() {
    let ada = Desk::new();
    ada.save("/admin/auth/group/add/", &[("name", "Editors")]);
    let page = middle(&ada.get("/admin/"));
    assert!(
        !page
            .replace("My recent actions", "")
            .contains("ecent actions")
    );
    let bob = ada.colleague(
        "bob",
        &[
            "lettings.add_letting",
            "lettings.add_address",
            "lettings.view_letting",
        ],
    );
    let address = bob.address("1", "Main Street").to_string();
    bob.save(
        "/admin/lettings/letting/add/",
        &[("title", "Silo"), ("address_id", &address)],
    );

    let page = middle(&ada.get("/admin/"));
    let everybodys = page.split_once("Recent actions ").unwrap().1;
    assert!(
        everybodys.starts_with("Added: Silo letting, by bob, "),
        "{everybodys}"
    );
    let (everybodys, own) = everybodys.split_once("My recent actions ").unwrap();
    assert!(everybodys.contains("Added: Editors group, by ada, "));
    assert!(own.starts_with("Added: Editors group, "), "{own}");
}

#[test]
fn what_happened_to_rows_that_one_may_not_see_is_not_told() {
    let ada = Desk::new();
    ada.save("/admin/auth/group/add/", &[("name", "Secret circle")]);
    let bob = ada.colleague("bob", &["lettings.view_letting"]);
    assert!(!bob.get("/admin/").text().contains("Secret circle"));
    assert!(ada.get("/admin/").text().contains("Secret circle"));
}
