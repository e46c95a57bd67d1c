//! Deleting one row: the page that lists all that goes along, and the deletion, each row of it logged.

use super::desk::{Desk, middle, words};

/// A site with one of everything that hangs together.
fn site() -> Desk {
    let desk = Desk::new();
    desk.letting("Silo");
    let (bob, group) = (desk.user("bob"), desk.group("Cleaners"));
    desk.sql(
        "insert into profile (user_id, updated_at) values (?1, '')",
        [bob],
    );
    desk.sql(
        "insert into user_group (user_id, group_id) values (?1, ?2)",
        (bob, group),
    );
    desk.sql("insert into user_permission (user_id, permission_id) select ?1, id from permission limit 2", [bob]);
    desk.sql("insert into group_permission (group_id, permission_id) select ?1, id from permission limit 6", [group]);
    desk
}

#[test]
fn the_page_lists_everything_that_goes_along() {
    let desk = site();
    let before = desk.everything();
    let shown = |target: &str| {
        let page = desk.get(&format!("/admin/{target}/delete/"));
        let text = middle(&page);
        text.split_once("Are you sure")
            .map_or(text.clone(), |(_, rest)| format!("Are you sure{rest}"))
    };
    insta::assert_snapshot!(shown("lettings/address/1"), @"Are you sure you want to delete the address “1 Main Street”? All of the following related items will be deleted: Summary Addresses: 1 Lettings: 1 Objects Address: 1 Main Street Letting: Silo Yes, I’m sure No, take me back");
    insta::assert_snapshot!(shown("lettings/letting/1"), @"Are you sure you want to delete the letting “Silo”? All of the following related items will be deleted: Summary Lettings: 1 Objects Letting: Silo Yes, I’m sure No, take me back");
    insta::assert_snapshot!(shown("auth/user/2"), @"Are you sure you want to delete the user “bob”? All of the following related items will be deleted: Summary Users: 1 Profiles: 1 User-group relationships: 1 User-permission relationships: 2 Objects User: bob Profile: bob Yes, I’m sure No, take me back");
    insta::assert_snapshot!(shown("auth/group/1"), @"Are you sure you want to delete the group “Cleaners”? All of the following related items will be deleted: Summary Groups: 1 Group-permission relationships: 6 User-group relationships: 1 Objects Group: Cleaners Yes, I’m sure No, take me back");
    insta::assert_snapshot!(shown("profiles/profile/1"), @"Are you sure you want to delete the profile “bob”? All of the following related items will be deleted: Summary Profiles: 1 Objects Profile: bob Yes, I’m sure No, take me back");
    assert_eq!(desk.everything(), before, "to look is not to delete");
}

#[test]
fn what_goes_is_linked_and_named_as_it_is() {
    let desk = Desk::new();
    desk.letting("<b>Silo</b> & \"Sea\"");
    let page = desk.get("/admin/lettings/address/1/delete/");
    assert!(page.text().contains("Letting: <a href=\"/admin/lettings/letting/1/change/\">&lt;b&gt;Silo&lt;/b&gt; &amp; &quot;Sea&quot;</a>"));
    assert!(
        page.attributes("href")
            .contains(&"/admin/lettings/address/1/change/".to_owned())
    );
}

#[test]
fn everything_that_goes_is_logged() {
    let desk = site();
    for target in ["lettings/address/1", "auth/user/2", "auth/group/1"] {
        assert_eq!(
            desk.post(&format!("/admin/{target}/delete/"), &[("post", "yes")])
                .status,
            303,
            "{target}"
        );
    }
    assert_eq!(
        desk.logged(),
        [
            "ada delete letting 1 Silo []",
            "ada delete address 1 1 Main Street []",
            "ada delete profile 1 bob []",
            "ada delete user 2 bob []",
            "ada delete group 1 Cleaners []",
        ]
    );
    for table in [
        "address",
        "letting",
        "profile",
        "\"group\"",
        "user_group",
        "user_permission",
        "group_permission",
        "place",
    ] {
        assert_eq!(
            desk.one::<i64>(&format!("select count(*) from {table}")),
            0,
            "{table}"
        );
    }
}

#[test]
fn the_message_names_the_row_without_a_link() {
    let desk = Desk::new();
    desk.letting("Silo");
    let answer = desk.post("/admin/lettings/letting/1/delete/", &[("post", "yes")]);
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/lettings/letting/")
    );
    let page = desk.get("/admin/lettings/letting/");
    assert!(
        page.text()
            .contains("<p class=\"message ok\">The letting “Silo” was deleted successfully.</p>")
    );
    let gone = desk.post("/admin/lettings/letting/1/delete/", &[("post", "yes")]);
    assert_eq!(gone.status, 404, "twice is once");
    assert_eq!(desk.logged().len(), 1);
}

#[test]
fn the_places_count_what_is_left() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.letting("Sea");
    let places = || desk.column("select city || lettings from place");
    desk.post("/admin/lettings/letting/1/delete/", &[("post", "yes")]);
    assert_eq!(places(), ["Irvine1"]);
    desk.post("/admin/lettings/address/2/delete/", &[("post", "yes")]);
    assert!(places().is_empty());
    assert_eq!(
        desk.one::<i64>("select count(*) from address"),
        1,
        "a letting does not take its address along"
    );
}

#[test]
fn who_may_not_delete_what_goes_along_is_told_and_held_back() {
    let desk = site();
    for (permission, target, kind) in [
        ("lettings.delete_address", "lettings/address/1", "letting"),
        ("auth.delete_user", "auth/user/2", "profile"),
    ] {
        let clerk = desk.colleague(kind, &[permission]);
        let before = desk.everything();
        let page = clerk.get(&format!("/admin/{target}/delete/"));
        assert_eq!(page.status, 200);
        let text = middle(&page);
        assert!(text.contains("Cannot delete "), "{text}");
        assert!(text.contains(&format!("Deleting this would result in deleting related objects, but your account doesn’t have permission to delete the following types of objects: {kind} ")), "{text}");
        assert!(!text.contains("I’m sure"));
        assert_eq!(
            clerk
                .post(&format!("/admin/{target}/delete/"), &[("post", "yes")])
                .status,
            403
        );
        assert_eq!(desk.everything(), before);
    }
}

#[test]
fn who_may_only_delete_comes_back_to_the_first_page() {
    let desk = Desk::new();
    desk.letting("Silo");
    let clerk = desk.colleague("bob", &["lettings.delete_letting"]);
    assert_eq!(clerk.get("/admin/lettings/letting/1/change/").status, 403);
    assert_eq!(clerk.get("/admin/lettings/letting/1/delete/").status, 200);
    let answer = clerk.post("/admin/lettings/letting/1/delete/", &[("post", "yes")]);
    assert_eq!(
        clerk.after(answer),
        (
            "/admin/".to_owned(),
            "The letting “Silo” was deleted successfully.".to_owned()
        )
    );
}

#[test]
fn ones_own_account_and_the_last_superuser_stay() {
    let desk = Desk::new();
    let own = format!("/admin/auth/user/{}/delete/", desk.id);
    let page = desk.get(&own);
    assert!(middle(&page).contains("You cannot delete your own account."));
    assert!(!middle(&page).contains("I’m sure"));
    let clerk = desk.colleague(
        "bob",
        &[
            "auth.delete_user",
            "profiles.delete_profile",
            "auth.view_user",
        ],
    );
    let before = desk.everything();
    let refused = desk.post(&own, &[("post", "yes")]);
    assert_eq!(refused.status, 409);
    assert!(words(refused.text()).contains("You cannot delete your own account."));
    assert_eq!(
        clerk.post(&own, &[("post", "yes")]).status,
        409,
        "an account of a superuser"
    );
    let all = desk.post(
        "/admin/auth/user/?",
        &[
            ("action", "delete_selected"),
            ("select_across", "1"),
            ("expected", "2"),
            ("post", "yes"),
        ],
    );
    assert_eq!(all.status, 409);
    assert_eq!(desk.everything(), before);
}

#[test]
fn more_than_a_hundred_rows_are_counted_instead_of_named() {
    let desk = Desk::new();
    desk.many_lettings(150);
    let page = desk.post(
        "/admin/lettings/address/",
        &[("action", "delete_selected"), ("select_across", "1")],
    );
    let text = middle(&page);
    assert!(text.contains("Addresses: 150 Lettings: 150"), "{text}");
    assert!(text.contains("and 50 more addresses") && text.contains("and 50 more lettings"));
}
