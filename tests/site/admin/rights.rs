//! What those see who may only look or only add, and how a missing permission is named.

use super::desk::{Desk, complaint, middle, words};

#[test]
fn who_may_only_look_reads_facts_and_has_no_form() {
    let desk = Desk::new();
    desk.letting("Silo");
    let bob = desk.colleague("bob", &["lettings.view_letting", "lettings.view_address"]);
    let before = desk.everything();
    let list = bob.get("/admin/lettings/letting/?q=silo");
    assert!(middle(&list).contains("Select letting to view"));
    assert!(!list.text().contains("/add/") && !list.text().contains("delete_selected"));

    let page = bob.get("/admin/lettings/letting/1/change/?_changelist_filters=q%3Dsilo");
    assert_eq!(page.between("<h1>", "</h1>"), "View letting: Silo");
    let facts = words(page.between("<dl class=\"facts\">", "</dl>"));
    assert_eq!(facts, "Title Silo Address 1 Main Street");
    let main = page.between("<main id=\"content\">", "</main>");
    assert!(!main.contains("<form") && !main.contains("<input") && !main.contains("/delete/"));
    assert!(
        main.contains(
            "<a class=\"button quiet\" href=\"/admin/lettings/letting/?q=silo\">Close</a>"
        )
    );
    assert!(main.contains("href=\"/admin/lettings/letting/1/history/\""));
    assert_eq!(bob.get("/admin/lettings/letting/1/history/").status, 200);

    for target in ["1/change/", "add/", "1/delete/"] {
        let page = bob.post(
            &format!("/admin/lettings/letting/{target}"),
            &[("title", "Sea"), ("address_id", "1")],
        );
        assert_eq!(page.status, 403, "{target}");
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn facts_are_read_as_people_read_them() {
    let desk = Desk::new();
    let cleaners = desk.group("Cleaners");
    let cleo = desk.user("cleo");
    desk.sql(
        "insert into user_group (user_id, group_id) values (?1, ?2)",
        (cleo, cleaners),
    );
    desk.address("1", "Main Street");
    let bob = desk.colleague("bob", &["auth.view_user", "lettings.view_address"]);
    let facts = |target: &str| words(bob.get(target).between("<dl class=\"facts\">", "</dl>"));
    insta::assert_snapshot!(facts(&format!("/admin/auth/user/{cleo}/change/")), @"Username cleo Password No password set. First name - Last name - Email address - Active Yes Staff status No Superuser status No Groups Cleaners User permissions - Last login - Date joined Nov. 3, 2026, 7:31 a.m.");
    insta::assert_snapshot!(facts("/admin/lettings/address/1/change/"), @"Number 1 Street Main Street Unit - City Irvine State CA Zip code 92602 Country iso code USA");
}

#[test]
fn who_may_only_add_comes_back_to_the_first_page_without_a_link() {
    let desk = Desk::new();
    desk.address("1", "Main Street");
    let bob = desk.colleague("bob", &["lettings.add_letting"]);
    for target in ["", "1/change/", "1/history/"] {
        assert_eq!(
            bob.get(&format!("/admin/lettings/letting/{target}")).status,
            403,
            "{target}"
        );
    }
    let answer = bob.submit(
        "/admin/lettings/letting/add/",
        &[("title", "Silo"), ("address_id", "1")],
    );
    assert_eq!(answer.header("location"), "/admin/");
    let page = bob.get("/admin/");
    assert!(
        page.text()
            .contains("<p class=\"message ok\">The letting “Silo” was added successfully.</p>"),
        "{}",
        page.text()
    );
}

#[test]
fn a_missing_permission_is_named_in_the_frame_of_the_admin() {
    let desk = Desk::new();
    desk.letting("Silo");
    let bob = desk.colleague("bob", &["auth.add_user"]);
    for (target, permission) in [
        ("/admin/lettings/letting/", "lettings.view_letting"),
        ("/admin/lettings/letting/add/", "lettings.add_letting"),
        ("/admin/lettings/letting/1/change/", "lettings.view_letting"),
        (
            "/admin/lettings/letting/1/delete/",
            "lettings.delete_letting",
        ),
        (
            "/admin/lettings/letting/1/history/",
            "lettings.view_letting",
        ),
        ("/admin/auth/user/add/", "auth.change_user"),
    ] {
        let page = bob.get(target);
        assert_eq!(page.status, 403, "{target}");
        assert!(
            middle(&page).contains(&format!(
                "it lacks the permission {permission}. A superuser can grant it."
            )),
            "{target}: {}",
            middle(&page)
        );
        assert!(words(page.text()).contains("Welcome, bob"));
    }
}

#[test]
fn a_forbidden_page_leads_back_only_to_a_list_that_one_may_see() {
    let desk = Desk::new();
    desk.letting("Silo");
    let bob = desk.colleague("bob", &["lettings.view_letting"]);
    let may = bob.get("/admin/lettings/letting/1/delete/");
    let may_not = bob.get("/admin/auth/user/");
    assert_eq!((may.status, may_not.status), (403, 403));
    assert!(
        may.text()
            .contains("href=\"/admin/lettings/letting/\">Back to the list</a>")
    );
    assert!(!may_not.text().contains("Back to the list"));
    assert!(
        may_not
            .text()
            .contains("href=\"/admin/\">Administration</a>")
    );
}

#[test]
fn permissions_that_were_taken_away_are_gone_at_the_next_request() {
    let desk = Desk::new();
    desk.letting("Silo");
    let bob = desk.colleague("bob", &["lettings.change_letting"]);
    let opened = bob.filled("/admin/lettings/letting/1/change/", &[("title", "Sea")]);
    desk.sql("delete from user_permission", []);
    let fields: Vec<(&str, &str)> = opened
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        bob.post("/admin/lettings/letting/1/change/", &fields)
            .status,
        403
    );
    assert_eq!(desk.one::<String>("select title from letting"), "Silo");
}

#[test]
fn nobody_grants_what_they_do_not_hold() {
    let desk = Desk::new();
    let rights = [
        "auth.change_user",
        "auth.change_group",
        "lettings.view_letting",
    ];
    let bob = desk.colleague("bob", &rights);
    let group = desk.group("Owners");
    desk.sql("insert into group_permission (group_id, permission_id) select ?1, id from permission where action = 'delete'", [group]);
    let own = format!("/admin/auth/user/{}/change/", bob.id);
    let delete = desk.permission("lettings.delete_letting");
    let before = desk.everything();
    let page = bob.submit(&own, &[("is_superuser", "on")]);
    assert_eq!(
        (page.status, complaint(&page, "is_superuser").as_str()),
        (422, "Only superusers can grant superuser status.")
    );
    let page = bob.submit(&own, &[("user_permissions", &delete)]);
    assert_eq!(
        complaint(&page, "user_permissions"),
        "You cannot grant lettings.delete_letting, because you do not hold it yourself."
    );
    let page = bob.submit(&own, &[("groups", &group.to_string())]);
    assert_eq!(page.status, 422);
    assert!(complaint(&page, "groups").contains("You cannot grant lettings.delete_letting"));
    let page = bob.submit(
        "/admin/auth/group/1/change/",
        &[
            ("name", "Mine"),
            ("permissions", &desk.permission("lettings.add_letting")),
        ],
    );
    assert_eq!(page.status, 422);
    let page = bob.submit(
        &format!("/admin/auth/user/{}/change/", desk.id),
        &[("first_name", "x")],
    );
    assert_eq!(page.status, 422);
    assert!(middle(&page).contains("Only superusers can change the account of a superuser."));
    assert_eq!(desk.everything(), before);
}

#[test]
fn the_last_superuser_stays_one() {
    let desk = Desk::new();
    let own = format!("/admin/auth/user/{}/change/", desk.id);
    let before = desk.everything();
    for field in ["is_superuser", "is_active"] {
        let mut fields = desk.filled(&own, &[]);
        fields.retain(|(name, _)| name != field);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let page = desk.post(&own, &fields);
        assert_eq!(
            (page.status, complaint(&page, field).as_str()),
            (
                422,
                "The last superuser cannot be deleted, deactivated or demoted."
            ),
            "{field}"
        );
    }
    assert_eq!(desk.everything(), before);
}
