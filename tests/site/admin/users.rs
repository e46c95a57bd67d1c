//! Users: adding one in two steps, names that differ by letter case only, and twins that were there before.

use super::desk::{Desk, complaint, middle, values};

const ADD: &str = "/admin/auth/user/add/";
const TAKEN: &str = "A user with that username already exists.";

#[test]
fn a_new_user_goes_on_to_the_other_fields() {
    let desk = Desk::new();
    let password = "correct horse battery";
    let added = desk.save(
        ADD,
        &[
            ("username", "bob"),
            ("password1", password),
            ("password2", password),
        ],
    );
    assert_eq!(
        added,
        (
            "/admin/auth/user/2/change/".to_owned(),
            "The user “bob” was added successfully. You may edit it again below.".to_owned()
        )
    );
    assert!(
        desk.one::<String>("select password from user where id = 2")
            .contains("argon2id$")
    );
    assert_eq!(
        desk.one::<String>("select is_active || is_staff || is_superuser from user where id = 2"),
        "100"
    );
    assert_eq!(desk.logged(), ["ada add user 2 bob []"]);
    let page = desk.get("/admin/auth/user/2/change/");
    assert!(page.text().contains("Reset password") && !page.text().contains("$argon2id$"));
    assert!(
        page.attributes("href")
            .contains(&"/admin/auth/user/2/password/".to_owned())
    );
}

#[test]
fn a_user_without_a_password_cannot_sign_in_yet() {
    let desk = Desk::new();
    let added = desk.save(
        ADD,
        &[
            ("username", "bob"),
            ("usable_password", "false"),
            ("_addanother", "1"),
        ],
    );
    assert_eq!(
        added,
        (
            ADD.to_owned(),
            "The user “bob” was added successfully. You may add another user below.".to_owned()
        )
    );
    assert_eq!(
        desk.one::<String>("select password from user where username = 'bob'"),
        "!"
    );
    assert!(
        middle(&desk.get("/admin/auth/user/2/change/")).contains("No password set. Set password")
    );
}

#[test]
fn passwords_are_judged_at_the_second_field_and_never_sent_back() {
    let desk = Desk::new();
    let before = desk.everything();
    for (first, second, words) in [
        (
            "correct horse battery",
            "correct horse",
            "The two password fields didn’t match.",
        ),
        (
            "abc",
            "abc",
            "This password is too short. It must contain at least 8 characters. This password is too common.",
        ),
        (
            "zebrafish7",
            "zebrafish7",
            "The password is too similar to the username.",
        ),
        (
            "918273645546",
            "918273645546",
            "This password is entirely numeric.",
        ),
        ("", "", "This field is required."),
        ("correct horse", "", "This field is required."),
        (
            "correct\0horse",
            "correct\0horse",
            "Null characters are not allowed.",
        ),
    ] {
        let page = desk.submit(
            ADD,
            &[
                ("username", "zebrafish"),
                ("password1", first),
                ("password2", second),
            ],
        );
        assert_eq!(
            (page.status, complaint(&page, "password").as_str()),
            (422, words),
            "{first:?}"
        );
        let form = page.between("<form class=\"edit\"", "</form>");
        assert!(values(form).contains(&("password1".to_owned(), String::new())));
        let second = form.split("id=\"password2\"").nth(1).unwrap();
        assert!(second.starts_with(" name=\"password2\" type=\"password\" autocomplete=\"new-password\" aria-describedby=\"password-error\""));
    }
    let page = desk.submit(
        ADD,
        &[
            ("username", "zebrafish"),
            ("password1", &"ä".repeat(3_000)),
            ("password2", &"ä".repeat(3_000)),
        ],
    );
    assert_eq!(page.status, 422);
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_name_that_differs_by_letter_case_only_is_taken() {
    let desk = Desk::new();
    let bob = desk.user("Bob");
    desk.user("zoë");
    let before = desk.everything();
    for name in ["Bob", "bob", "BOB", "ZOË", "zoe\u{308}", "ＢＯＢ"] {
        let page = desk.submit(ADD, &[("username", name), ("usable_password", "false")]);
        assert_eq!(
            (page.status, complaint(&page, "username").as_str()),
            (422, TAKEN),
            "{name}"
        );
    }
    let page = desk.submit(
        &format!("/admin/auth/user/{bob}/change/"),
        &[("username", "ADA")],
    );
    assert_eq!(
        (page.status, complaint(&page, "username").as_str()),
        (422, TAKEN)
    );
    assert_eq!(desk.everything(), before);
    // One's own name in other letters is nobody else's.
    assert_eq!(
        desk.submit(
            &format!("/admin/auth/user/{bob}/change/"),
            &[("username", "BOB")]
        )
        .status,
        303
    );
}

#[test]
fn twins_that_were_imported_can_be_saved_when_the_name_stays() {
    let desk = Desk::new();
    let (one, two) = (desk.user("airwow"), desk.user("AirWow"));
    for (id, name) in [(one, "airwow"), (two, "AirWow")] {
        let form = format!("/admin/auth/user/{id}/change/");
        assert_eq!(
            desk.submit(&form, &[("first_name", "Air")]).status,
            303,
            "{name}"
        );
        let page = desk.submit(&form, &[("username", "AIRWOW")]);
        assert_eq!(
            (page.status, complaint(&page, "username").as_str()),
            (422, TAKEN)
        );
    }
    assert_eq!(
        desk.column("select username || first_name from user where username <> 'ada' order by id"),
        ["airwowAir", "AirWowAir"]
    );
}

#[test]
fn a_name_is_kept_in_one_form_of_its_letters() {
    let desk = Desk::new();
    desk.save(
        ADD,
        &[("username", "zoe\u{308}"), ("usable_password", "false")],
    );
    assert_eq!(
        desk.one::<String>("select username from user where id = 2"),
        "zoë"
    );
    for name in ["a b", "a/b", "a%b", "<b>", "a\u{200b}b", "..", "🍊"] {
        let page = desk.submit(ADD, &[("username", name), ("usable_password", "false")]);
        assert_eq!(
            (page.status, complaint(&page, "username").as_str()),
            (
                422,
                "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
            ),
            "{name:?}"
        );
    }
}

#[test]
fn a_sign_in_since_the_form_was_opened_is_not_written_over() {
    let desk = Desk::new();
    let bob = desk.user("bob");
    desk.sql(
        "update user set last_login = '2026-01-02T10:00:00.000000Z'",
        [],
    );
    let form = format!("/admin/auth/user/{bob}/change/");
    let opened = desk.filled(&form, &[("first_name", "Bob")]);
    desk.sql(
        "update user set last_login = '2026-01-03T11:00:00.000000Z'",
        [],
    );
    let fields: Vec<_> = opened
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(desk.post(&form, &fields).status, 303);
    let seen = format!("select first_name || ' ' || last_login from user where id = {bob}");
    assert_eq!(desk.one::<String>(&seen), "Bob 2026-01-03T11:00:00.000000Z");

    desk.save(&form, &[("last_login_0", "2026-02-03")]);
    assert_eq!(desk.one::<String>(&seen), "Bob 2026-02-03T11:00:00.000000Z");
}
