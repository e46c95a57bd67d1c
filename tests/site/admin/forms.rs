//! Adding and changing rows of each model: words, buttons, and where they lead.

use super::desk::{Desk, complaint, middle};

/// A whole address in the USA.
pub(super) const ADDRESS: [(&str, &str); 7] = [
    ("number", "9606"),
    ("street", "Harvard Street"),
    ("unit", ""),
    ("city", "Aliquippa"),
    ("state", "PA"),
    ("zip_code", "15001"),
    ("country_iso_code", "USA"),
];

#[test]
fn each_model_is_added_to_with_its_words_and_a_link() {
    let desk = Desk::new();
    let list = |app_model: &str| format!("/admin/{app_model}/");
    let added = desk.save("/admin/lettings/address/add/", &ADDRESS);
    assert_eq!(
        added,
        (
            list("lettings/address"),
            "The address “9606 Harvard Street” was added successfully.".to_owned()
        )
    );
    let added = desk.save(
        "/admin/lettings/letting/add/",
        &[("title", "Silo"), ("address_id", "1")],
    );
    assert_eq!(
        added,
        (
            list("lettings/letting"),
            "The letting “Silo” was added successfully.".to_owned()
        )
    );
    let user = desk.id.to_string();
    let added = desk.save("/admin/profiles/profile/add/", &[("user_id", &user)]);
    assert_eq!(
        added,
        (
            list("profiles/profile"),
            "The profile “ada” was added successfully.".to_owned()
        )
    );
    let added = desk.save("/admin/auth/group/add/", &[("name", "Cleaners")]);
    assert_eq!(
        added,
        (
            list("auth/group"),
            "The group “Cleaners” was added successfully.".to_owned()
        )
    );
    assert_eq!(
        desk.logged(),
        [
            "ada add address 1 9606 Harvard Street []",
            "ada add letting 1 Silo []",
            "ada add profile 1 ada []",
            "ada add group 1 Cleaners []",
        ]
    );
}

#[test]
fn the_message_links_to_the_row_and_is_shown_once() {
    let desk = Desk::new();
    let answer = desk.submit("/admin/auth/group/add/", &[("name", "A <b> & \"c\"")]);
    assert_eq!(answer.status, 303);
    let page = desk.get("/admin/auth/group/");
    assert!(page.text().contains(
        "<p class=\"message ok\">The group “<a href=\"/admin/auth/group/1/change/\">A &lt;b&gt; &amp; &quot;c&quot;</a>” was added successfully.</p>"
    ), "{}", page.text());
    assert!(
        !desk
            .get("/admin/auth/group/")
            .text()
            .contains("successfully")
    );
}

#[test]
fn a_long_title_does_not_swallow_the_message() {
    let desk = Desk::new();
    desk.address("1", "Main Street");
    let title = "🍊".repeat(256);
    let (_, message) = desk.save(
        "/admin/lettings/letting/add/",
        &[("title", &title), ("address_id", "1")],
    );
    assert!(message.starts_with("The letting “🍊🍊🍊"), "{message}");
    assert!(message.ends_with("” was added successfully."), "{message}");
    assert_eq!(desk.one::<String>("select title from letting"), title);
}

#[test]
fn the_buttons_of_a_new_row_lead_on() {
    let desk = Desk::new();
    desk.address("1", "Main Street");
    desk.address("2", "Main Street");
    let add = "/admin/lettings/letting/add/";
    assert_eq!(
        desk.save(
            add,
            &[("title", "A"), ("address_id", "1"), ("_addanother", "1")]
        ),
        (
            add.to_owned(),
            "The letting “A” was added successfully. You may add another letting below.".to_owned()
        )
    );
    assert_eq!(
        desk.save(
            add,
            &[("title", "B"), ("address_id", "2"), ("_continue", "1")]
        ),
        (
            "/admin/lettings/letting/2/change/".to_owned(),
            "The letting “B” was added successfully. You may edit it again below.".to_owned()
        )
    );
}

#[test]
fn the_buttons_of_a_row_that_is_there_lead_on() {
    let desk = Desk::new();
    desk.letting("Silo");
    let form = "/admin/lettings/letting/1/change/";
    for (button, next, rest) in [
        ("_save", "/admin/lettings/letting/", ""),
        (
            "_addanother",
            "/admin/lettings/letting/add/",
            " You may add another letting below.",
        ),
        ("_continue", form, " You may edit it again below."),
    ] {
        assert_eq!(
            desk.save(form, &[("title", "Sea"), (button, "1")]),
            (
                next.to_owned(),
                format!("The letting “Sea” was changed successfully.{rest}")
            )
        );
    }
}

#[test]
fn each_model_is_changed_in_all_its_fields() {
    let desk = Desk::new();
    desk.letting("Silo");
    let (address, bob) = (
        desk.address("2", "Main Street").to_string(),
        desk.user("bob").to_string(),
    );
    desk.sql(
        "insert into profile (user_id, updated_at) values (?1, '')",
        [&bob],
    );
    let group = desk.group("Cleaners").to_string();
    let permission = desk.permission("lettings.view_letting");
    for (target, typed, label) in [
        (
            "/admin/lettings/address/1/change/",
            vec![
                ("number", "100B"),
                ("street", "Rue"),
                ("unit", "Apt 4"),
                ("city", "Lyon"),
                ("state", "ra"),
                ("zip_code", ""),
                ("country_iso_code", "fra"),
            ],
            "address “100B Rue”",
        ),
        (
            "/admin/lettings/letting/1/change/",
            vec![("title", " Sea "), ("address_id", &address)],
            "letting “ Sea ”",
        ),
        (
            "/admin/profiles/profile/1/change/",
            vec![("favorite_city", "Rome"), ("show_email", "on")],
            "profile “bob”",
        ),
        (
            "/admin/auth/group/1/change/",
            vec![("name", "Cleaning"), ("permissions", &permission)],
            "group “Cleaning”",
        ),
        (
            &format!("/admin/auth/user/{bob}/change/"),
            vec![
                ("username", "zoë"),
                ("first_name", "Zoë"),
                ("last_name", "Ö"),
                ("email", "zoe@example.com"),
                ("is_staff", "on"),
                ("groups", &group),
                ("user_permissions", &permission),
                ("last_login_0", "2026-01-02"),
                ("last_login_1", "10:11"),
            ],
            "user “zoë”",
        ),
    ] {
        let answer = desk.submit(target, &typed);
        assert_eq!(answer.status, 303, "{target}: {}", middle(&answer));
        let page = desk.get(&answer.header("location"));
        let message = page
            .between("<p class=\"message ok\">", "</p>")
            .replace(&format!("<a href=\"{target}\">"), "")
            .replace("</a>", "");
        assert_eq!(message, format!("The {label} was changed successfully."));
    }
    assert_eq!(
        desk.column("select number || street || unit || city || state || zip_code || country_iso_code from address where id = 1"),
        ["100BRueApt 4LyonRAFRA"]
    );
    assert_eq!(
        desk.column("select title || address_id from letting"),
        [format!(" Sea {address}")]
    );
    assert_eq!(
        desk.column("select favorite_city || show_email from profile"),
        ["Rome1"]
    );
    assert_eq!(
        desk.column(
            "select name || permission_id from \"group\" join group_permission on group_id = id"
        ),
        [format!("Cleaning{permission}")]
    );
    assert_eq!(
        desk.column("select username || first_name || last_name || email || is_staff || is_superuser || is_active || last_login from user where username <> 'ada'"),
        ["zoëZoëÖzoe@example.com1012026-01-02T10:11:00.000000Z"]
    );
    assert_eq!(desk.one::<i64>("select count(*) from user_group"), 1);
    assert_eq!(desk.one::<i64>("select count(*) from user_permission"), 1);
}

#[test]
fn saving_without_a_change_is_allowed_and_changes_nothing() {
    let desk = Desk::new();
    desk.letting("  Silo ");
    desk.group("Cleaners");
    desk.sql("insert into group_permission (group_id, permission_id) select 1, id from permission limit 3", []);
    desk.sql("update user set last_login = '2026-01-02T10:00:00.000000Z', date_joined = '2026-01-02T10:20:30.123450Z'", []);
    for target in [
        "lettings/address/1",
        "lettings/letting/1",
        "auth/group/1",
        "auth/user/1",
    ] {
        let (_, message) = desk.save(&format!("/admin/{target}/change/"), &[]);
        assert!(
            message.ends_with("was changed successfully."),
            "{target}: {message}"
        );
    }
    let changes = desk.column("select changes from history");
    assert_eq!(changes, ["[]"; 4], "{:?}", desk.logged());
    assert_eq!(desk.column("select title from letting"), ["  Silo "]);
    assert_eq!(
        desk.one::<String>("select date_joined || last_login from user"),
        "2026-01-02T10:20:30.123450Z2026-01-02T10:00:00.000000Z"
    );
}

#[test]
fn a_form_says_of_each_field_what_it_needs() {
    let desk = Desk::new();
    let page = desk.get("/admin/lettings/address/add/");
    for part in [
        "<h1>Add address</h1>",
        "<label for=\"number\">Number <span class=\"required\">(required)</span></label>",
        "<label for=\"unit\">Unit</label>",
        "id=\"street\" name=\"street\" type=\"text\" value=\"\" maxlength=\"64\"",
        "aria-describedby=\"number-help\"",
        "name=\"_addanother\"",
        "name=\"_continue\"",
    ] {
        assert!(page.text().contains(part), "{part}");
    }
    assert!(
        page.text()
            .contains("<form class=\"edit\" id=\"edit\" method=\"post\" novalidate>")
    );
    assert!(
        !page.text().contains("/delete/"),
        "there is nothing to delete yet"
    );
}

#[test]
fn djangos_short_address_of_a_row_leads_to_its_form() {
    let desk = Desk::new();
    desk.letting("Silo");
    let answer = desk.get("/admin/lettings/letting/1/");
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/lettings/letting/1/change/")
    );
}

#[test]
fn an_address_has_at_most_one_letting() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.letting("Sea");
    let before = desk.everything();
    for (target, typed) in [
        (
            "/admin/lettings/letting/add/",
            vec![("title", "Other"), ("address_id", "1")],
        ),
        (
            "/admin/lettings/letting/2/change/",
            vec![("address_id", "1")],
        ),
    ] {
        let page = desk.submit(target, &typed);
        assert_eq!(page.status, 422, "{target}");
        assert_eq!(
            complaint(&page, "address_id"),
            "Letting with this Address already exists."
        );
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_user_has_at_most_one_profile() {
    let desk = Desk::demo();
    let before = desk.everything();
    let user = desk
        .one::<i64>("select user_id from profile limit 1")
        .to_string();
    let page = desk.submit("/admin/profiles/profile/add/", &[("user_id", &user)]);
    assert_eq!(
        (page.status, complaint(&page, "user_id").as_str()),
        (422, "Profile with this User already exists.")
    );
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_group_has_its_name_alone() {
    let desk = Desk::new();
    desk.group("Cleaners");
    desk.group("Agents");
    let before = desk.everything();
    for target in ["/admin/auth/group/add/", "/admin/auth/group/2/change/"] {
        let page = desk.submit(target, &[("name", "Cleaners")]);
        assert_eq!(
            (page.status, complaint(&page, "name").as_str()),
            (422, "Group with this Name already exists.")
        );
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn two_lettings_may_have_the_same_title() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.address("2", "Main Street");
    let answer = desk.submit(
        "/admin/lettings/letting/add/",
        &[("title", "Silo"), ("address_id", "2")],
    );
    assert_eq!(answer.status, 303);
}

#[test]
fn a_letting_that_moves_is_counted_in_its_new_city() {
    let desk = Desk::new();
    desk.letting("Silo");
    let places =
        || desk.column("select city || ' ' || state || ' ' || lettings from place order by city");
    assert_eq!(places(), ["Irvine CA 1"]);
    desk.save(
        "/admin/lettings/address/1/change/",
        &[("city", "Reno"), ("state", "NV")],
    );
    assert_eq!(places(), ["Reno NV 1"]);
    desk.address("2", "Main Street");
    desk.save("/admin/lettings/letting/1/change/", &[("address_id", "2")]);
    assert_eq!(places(), ["Irvine CA 1"]);
    desk.save(
        "/admin/lettings/letting/add/",
        &[("title", "Second"), ("address_id", "1")],
    );
    assert_eq!(places(), ["Irvine CA 1", "Reno NV 1"]);
}
