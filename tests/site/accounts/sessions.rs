//! How a session goes on, and everything that ends it.

use rocket::http::Method;

use crate::support::Site;
use crate::support::browser::Browser;

fn site() -> Site {
    let site = Site::new();
    site.user("ada").staff().make();
    site
}

fn is_in(browser: &Browser<'_>) -> bool {
    browser.ask(Method::Get, "/admin/").send().status == 200
}

fn ago(time: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '{time}')")
}

/// A session that began and was last used so long ago.
fn used(site: &Site, began: &str, last: &str) -> bool {
    let browser = site.sign_in("ada");
    site.sql(
        &format!(
            "update session set created_at = {}, last_used_at = {}",
            ago(began),
            ago(last)
        ),
        [],
    );
    let is_in = is_in(&browser);
    site.sql("delete from session", []);
    is_in
}

#[test]
fn signing_out_ends_the_session_and_takes_its_cookie_away() {
    let site = site();
    let browser = site.sign_in("ada");
    let token = browser.cookie("session");
    let other = site.sign_in("ada");
    let answer = browser.post("/admin/logout/", &[]);
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/login/")
    );
    assert_eq!(browser.cookie("session"), "");
    browser.plant("session", &token);
    assert!(!is_in(&browser));
    assert!(is_in(&other), "each browser for itself");
}

#[test]
fn a_link_signs_nobody_out() {
    let site = site();
    let browser = site.sign_in("ada");
    let answer = browser.get("/admin/logout/");
    assert_eq!(
        (answer.status, answer.header("allow").as_str()),
        (405, "OPTIONS, POST")
    );
    assert!(is_in(&browser));
}

#[test]
fn signing_out_without_a_session_asks_for_a_form_of_ours() {
    let answer = site().browser().bare_post("/admin/logout/", &[]).send();
    assert_eq!(answer.status, 403);
}

#[test]
fn what_the_database_knows_of_a_session_opens_nothing() {
    let site = site();
    let browser = site.sign_in("ada");
    let stored = site.value("select lower(hex(token_hash)) from session");
    assert_eq!(stored.len(), 64);
    assert_ne!(stored, browser.cookie("session"));
    let thief = site.browser();
    for stolen in [&stored, &stored.to_uppercase()] {
        thief.plant("session", stolen);
        assert!(!is_in(&thief), "{stolen}");
    }
    assert!(is_in(&browser));
    let rows = site.value("select group_concat(client || user_agent || user_id) from session");
    assert!(!rows.contains(&browser.cookie("session")));
}

#[test]
fn a_forged_cookie_opens_nothing() {
    let site = site();
    let token = site.sign_in("ada").cookie("session");
    let browser = site.browser();
    let changed = format!(
        "{}{}",
        if token.starts_with('0') { '1' } else { '0' },
        &token[1..]
    );
    for forged in [
        "",
        "x",
        &changed,
        &token[1..],
        &format!("{token}0"),
        &token.to_uppercase(),
        &"0".repeat(100_000),
    ] {
        // A token of digits only is the same in capitals.
        if forged != token {
            browser.plant("session", forged);
            assert!(!is_in(&browser), "{forged}");
        }
    }
}

#[test]
fn a_session_ends_fourteen_days_after_its_last_use() {
    let site = site();

    assert!(!used(&site, "-20 days", "-15 days"));
    assert!(used(&site, "-20 days", "-13 days"));
}

#[test]
fn a_session_ends_ninety_days_after_it_began_however_it_is_used() {
    let site = site();
    assert!(used(&site, "-89 days", "-1 minutes"));
    assert!(!used(&site, "-91 days", "-1 minutes"));
}

#[test]
fn use_prolongs_a_session_but_is_not_written_down_every_time() {
    let site = site();
    let browser = site.sign_in("ada");
    let last = || site.value("select last_used_at from session");
    let at = |time: &str| {
        site.sql(
            &format!("update session set last_used_at = {}", ago(time)),
            [],
        );
        last()
    };
    let before = at("-5 minutes");
    assert!(is_in(&browser));
    assert_eq!(last(), before);
    let before = at("-13 days");
    let began = site.value("select created_at from session");
    assert!(is_in(&browser));
    assert!(last() > before);
    assert_eq!(
        site.value(
            "select last_used_at > strftime('%Y-%m-%dT%H:%M:%S', 'now', '-1 minutes') from session"
        ),
        "1"
    );
    assert_eq!(site.value("select created_at from session"), began);
}

#[test]
fn what_becomes_of_an_account_holds_from_its_next_request() {
    let site = site();
    let browser = site.sign_in("ada");
    assert!(is_in(&browser));
    site.sql("update user set is_active = 0", []);
    assert!(!is_in(&browser));
    site.sql("update user set is_active = 1, is_staff = 0", []);
    assert!(!is_in(&browser));
    site.sql("update user set is_staff = 1", []);
    assert!(is_in(&browser));
    let list = |browser: &Browser<'_>| browser.get("/admin/lettings/letting/").status;
    assert_eq!(list(&browser), 403);
    let permission = site.permission("lettings.view_letting");
    site.sql(
        "insert into user_permission select id, ?1 from user",
        [permission],
    );
    assert_eq!(list(&browser), 200);
    site.sql("delete from user_permission", []);
    assert_eq!(list(&browser), 403);
    let group = site.group("Readers", &["lettings.view_letting"]);
    site.sql("insert into user_group select id, ?1 from user", [group]);
    assert_eq!(list(&browser), 200);
    site.sql("delete from group_permission", []);
    assert_eq!(list(&browser), 403);
    site.sql("delete from user", []);
    assert!(!is_in(&browser));
}

#[test]
fn rights_that_a_superuser_changes_in_the_admin_hold_at_once() {
    let site = Site::new();
    site.user("root").superuser().make();
    let id = site
        .user("ada")
        .staff()
        .may(&["lettings.view_letting"])
        .make();
    let (root, ada) = (site.sign_in("root"), site.sign_in("ada"));
    assert_eq!(ada.get("/admin/lettings/letting/").status, 200);
    let form = || root.form(&format!("/admin/auth/user/{id}/change/"));
    assert_eq!(form().without("user_permissions").send().status, 303);
    assert_eq!(ada.get("/admin/lettings/letting/").status, 403);
    assert_eq!(form().without("is_active").send().status, 303);
    assert!(!is_in(&ada));
}
