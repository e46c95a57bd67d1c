//! Changing one's own password, and setting, resetting and taking away that of others.

use rocket::http::Method;

use crate::support::Site;
use crate::support::accounts::PASSWORD;
use crate::support::answer::Answer;
use crate::support::browser::Browser;

const OWN: &str = "/admin/password_change/";
const NEW: &str = "Snow on the hill 8";

fn site() -> Site {
    let site = Site::new();
    site.user("ada").staff().make();
    site.user("root").superuser().make();
    site
}

fn is_in(browser: &Browser<'_>) -> bool {
    browser.ask(Method::Get, "/admin/").send().status == 200
}

fn changed(browser: &Browser<'_>, old: &str, first: &str, second: &str) -> Answer {
    browser
        .form(OWN)
        .set("old_password", old)
        .set("new_password1", first)
        .set("new_password2", second)
        .send()
}

#[test]
fn changing_ones_password_keeps_this_session_with_a_new_token_and_ends_the_others() {
    let site = site();
    let (browser, other, root) = (
        site.sign_in("ada"),
        site.sign_in("ada"),
        site.sign_in("root"),
    );
    let before = browser.cookie("session");
    let answer = changed(&browser, PASSWORD, NEW, NEW);
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/")
    );
    assert_ne!(browser.cookie("session"), before);
    let page = browser.get("/admin/");
    assert!(
        page.words().contains("Your password was changed."),
        "{}",
        page.words()
    );
    assert!(!is_in(&other));
    assert!(is_in(&root), "another's session is none of this account's");
    let stolen = site.browser();
    stolen.plant("session", &before);
    assert!(!is_in(&stolen), "who knew the old token is out");
    assert_eq!(site.browser().log_in("ada", NEW).status, 303);
    assert_eq!(site.browser().log_in("ada", PASSWORD).status, 422);
    assert_eq!(
        site.value("select group_concat(action || username || changes) from history where instr(changes, 'Snow') or instr(changes, 'argon2')"),
        "",
        "neither the password nor its hash"
    );
    assert_eq!(
        site.value("select count(*) from history where model = 'user' and action = 'change'"),
        "1"
    );
}

#[test]
fn a_password_change_that_is_wrong_says_why_and_changes_nothing() {
    let site = site();
    let browser = site.sign_in("ada");
    let hash = site.hash_of("ada");
    let required = "This field is required.";
    let mismatch = "New password confirmation: The two password fields didn’t match.";
    for (old, first, second, words) in [
        (
            "wrong",
            NEW,
            NEW,
            "Old password: Your old password was entered incorrectly. Please enter it again.",
        ),
        (PASSWORD, NEW, "Snow on the hill 9", mismatch),
        (PASSWORD, NEW, &format!("{NEW} "), mismatch),
        ("", NEW, NEW, &format!("Old password: {required}")),
        (PASSWORD, "", NEW, &format!("New password: {required}")),
        (
            PASSWORD,
            NEW,
            "",
            &format!("New password confirmation: {required}"),
        ),
    ] {
        let answer = changed(&browser, old, first, second);
        assert_eq!(answer.status, 422, "{words}");
        assert!(answer.words().contains(words), "{}", answer.words());
        let values: Vec<_> = answer
            .fields()
            .into_iter()
            .filter(|(name, _)| name.contains("password"))
            .collect();
        assert!(
            values.iter().all(|(_, value)| value.is_empty()),
            "{values:?}"
        );
    }
    assert_eq!(site.hash_of("ada"), hash);
    assert!(is_in(&browser));
}

#[test]
fn a_new_password_has_to_pass_all_four_rules() {
    let site = site();
    site.sql("update user set first_name = 'Augusta', email = 'countess@example.com' where username = 'ada'", []);
    let browser = site.sign_in("ada");
    for (new, complaints) in [
        (
            "abc",
            &[
                "This password is too short. It must contain at least 8 characters.",
                "This password is too common.",
            ][..],
        ),
        (
            "1234567",
            &[
                "too short",
                "too common",
                "This password is entirely numeric.",
            ],
        ),
        (
            "augusta1",
            &["The password is too similar to the first name."],
        ),
        (
            "countess9",
            &["The password is too similar to the email address."],
        ),
        ("908172635444", &["This password is entirely numeric."]),
        ("Password1", &["This password is too common."]),
    ] {
        let answer = changed(&browser, PASSWORD, new, new);
        assert_eq!(answer.status, 422, "{new}");
        for words in complaints {
            assert!(answer.words().contains(words), "{new}: {}", answer.words());
        }
    }
    // Eight characters, not bytes; blanks count and stay.
    assert_eq!(
        changed(&browser, PASSWORD, " élèves ", " élèves ").status,
        303
    );
    assert_eq!(site.browser().log_in("ada", " élèves ").status, 303);
    assert_eq!(site.browser().log_in("ada", "élèves").status, 422);
}

#[test]
fn a_new_password_that_could_never_be_entered_is_refused() {
    let site = site();
    let browser = site.sign_in("ada");
    let hash = site.hash_of("ada");
    let nul = format!("{NEW}\0");
    let long = "long enough ".repeat(400);
    for (new, words) in [
        (&nul, "Null characters are not allowed."),
        (&long, "Ensure this value has at most 4096 bytes."),
    ] {
        let answer = changed(&browser, PASSWORD, new, new);
        assert_eq!(answer.status, 422, "{words}");
        assert!(answer.words().contains(words), "{}", answer.words());
    }
    assert_eq!(site.hash_of("ada"), hash);
}

#[test]
fn only_staff_change_their_password_here() {
    let site = site();
    site.user("bob").make();
    for browser in [site.browser(), site.sign_in("bob")] {
        assert_eq!(browser.get(OWN).status, 303);
        assert_eq!(browser.bare_post(OWN, &[]).send().status, 303);
    }
}

/// The page that sets the password of `ada`.
fn page(site: &Site) -> String {
    format!(
        "/admin/auth/user/{}/password/",
        site.value("select id from user where username = 'ada'")
    )
}

#[test]
fn a_password_that_is_set_for_somebody_ends_their_sessions() {
    let site = site();
    let (root, ada) = (site.sign_in("root"), site.sign_in("ada"));
    let page = page(&site);
    let answer = root
        .form(&page)
        .set("password1", NEW)
        .set("password2", NEW)
        .set("usable_password", "true")
        .send();
    assert_eq!(answer.status, 303);
    assert!(
        root.get(&answer.header("location"))
            .words()
            .contains("Password changed successfully.")
    );
    assert!(!is_in(&ada));
    assert!(is_in(&root));
    assert_eq!(site.browser().log_in("ada", NEW).status, 303);
}

#[test]
fn a_password_that_is_taken_away_ends_the_sessions_and_matches_nothing() {
    let site = site();
    let (root, ada) = (site.sign_in("root"), site.sign_in("ada"));
    let answer = root
        .form(&page(&site))
        .set("usable_password", "false")
        .send();
    assert_eq!(answer.status, 303);
    assert!(
        root.get(&answer.header("location"))
            .words()
            .contains("Password-based authentication was disabled.")
    );
    assert!(site.hash_of("ada").starts_with('!'));
    assert!(!is_in(&ada));
    assert_eq!(site.browser().log_in("ada", PASSWORD).status, 422);
}

#[test]
fn the_last_superuser_who_can_sign_in_keeps_a_password() {
    let site = site();
    let root = site.sign_in("root");
    let id = site.value("select id from user where username = 'root'");
    let page = format!("/admin/auth/user/{id}/password/");
    let disable = || root.form(&page).set("usable_password", "false").send();
    let answer = disable();
    assert_eq!(answer.status, 409);
    assert!(
        answer
            .words()
            .contains("the last password of one cannot be disabled")
    );
    assert!(!site.hash_of("root").starts_with('!'));
    site.user("eve").superuser().make();
    assert_eq!(disable().status, 303);
    assert!(site.hash_of("root").starts_with('!'));
}

#[test]
fn a_password_set_for_somebody_has_to_be_good_enough_too() {
    let site = site();
    let (root, hash, page) = (site.sign_in("root"), site.hash_of("ada"), page(&site));
    for (first, second, words) in [
        ("", "", "This field is required."),
        (NEW, "other", "The two password fields didn’t match."),
        ("1234567", "1234567", "This password is entirely numeric."),
        (
            "x\0yyyyyyy",
            "x\0yyyyyyy",
            "Null characters are not allowed.",
        ),
    ] {
        let answer = root
            .form(&page)
            .set("password1", first)
            .set("password2", second)
            .send();
        assert_eq!(answer.status, 422, "{words}");
        assert!(answer.words().contains(words), "{}", answer.words());
    }
    assert_eq!(site.hash_of("ada"), hash);
    assert_eq!(root.get("/admin/auth/user/999/password/").status, 404);
    assert_eq!(root.post("/admin/auth/user/999/password/", &[]).status, 404);
}

#[test]
fn setting_ones_own_password_there_keeps_ones_session() {
    let site = site();
    let (root, other) = (site.sign_in("root"), site.sign_in("root"));
    let id = site.value("select id from user where username = 'root'");
    let answer = root
        .form(&format!("/admin/auth/user/{id}/password/"))
        .set("password1", NEW)
        .set("password2", NEW)
        .send();
    assert_eq!(answer.status, 303);
    assert!(is_in(&root));
    assert!(!is_in(&other));
}

#[test]
fn no_page_shows_a_hash() {
    let site = site();
    let root = site.sign_in("root");
    site.user("viewer").staff().may(&["auth.view_user"]).make();
    let viewer = site.sign_in("viewer");
    let id = site.value("select id from user where username = 'ada'");
    let hash = site.hash_of("ada");
    let secret = hash.rsplit('$').next().unwrap();
    for browser in [&root, &viewer] {
        for target in [
            "/admin/auth/user/".to_owned(),
            format!("/admin/auth/user/{id}/change/"),
            format!("/admin/auth/user/{id}/history/"),
        ] {
            let page = browser.get(&target);
            assert_eq!(page.status, 200, "{target}");
            assert!(!page.text().contains(secret), "{target}");
        }
    }
}
