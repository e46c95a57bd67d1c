//! The sign-in form, and the cookies of a session.

use std::time::{Duration, Instant};

use rocket::http::Method;

use crate::support::Site;
use crate::support::accounts::PASSWORD;
use crate::support::answer::Answer;

const REFUSED: &str = "Please enter the correct username and password for a staff account. Note that both fields may be case-sensitive.";

/// PBKDF2 as Django writes it, with a thousand iterations, of the password of all.
const OUTDATED: &str =
    "pbkdf2_sha256$1000$saltsaltsalt$MtyQP3tRnIlaz30mVoUTNqH/ksezn4oPPT5B8ZNIFxU=";

/// A site with `ada`, who is staff.
fn site() -> Site {
    let site = Site::with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]);
    site.user("ada").staff().make();
    site
}

fn session_cookie(answer: &Answer) -> String {
    let cookies = answer.cookies();
    let cookie = cookies
        .iter()
        .find(|line| line.starts_with("session=") || line.starts_with("__Host-session="));
    (*cookie.unwrap_or(&"")).to_owned()
}

fn attributes(cookie: &str) -> Vec<&str> {
    let mut attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    attributes
}

#[test]
fn staff_sign_in_and_are_led_to_the_index() {
    let site = site();
    let browser = site.browser();
    let page = browser.get("/admin/login/");
    assert_eq!(page.status, 200);
    let answer = browser.log_in("ada", PASSWORD);
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/")
    );
    let index = browser.get("/admin/");
    assert_eq!(index.status, 200);
    assert!(index.words().contains("Welcome, ada"), "{}", index.words());
    assert_ne!(site.value("select last_login from user"), "");
    assert_eq!(site.value("select count(*) from session"), "1");
    assert_eq!(browser.cookie("sign_in"), "", "its form is done");
}

#[test]
fn a_session_cookie_is_for_this_host_and_no_script() {
    let site = site();
    let cookie = session_cookie(&site.browser().log_in("ada", PASSWORD));
    assert_eq!(
        attributes(&cookie),
        ["HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=Lax"]
    );
    let form = site.get("/admin/login/");
    assert_eq!(
        attributes(form.cookies()[0]),
        ["HttpOnly", "Max-Age=7200", "Path=/", "SameSite=Lax"]
    );
}

#[test]
fn over_https_cookies_are_secure_and_prefixed_and_only_such_are_read() {
    let site = site();
    let browser = site.browser().behind("198.51.100.1", "https");
    let cookie = session_cookie(&browser.log_in("ada", PASSWORD));
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
    assert_eq!(
        attributes(&cookie),
        [
            "HttpOnly",
            "Max-Age=7776000",
            "Path=/",
            "SameSite=Lax",
            "Secure"
        ]
    );
    assert_eq!(browser.get("/admin/").status, 200);
    let token = browser.cookie("__Host-session");
    let opens = |scheme, name| {
        let browser = site.browser().behind("198.51.100.1", scheme);
        browser.plant(name, &token);
        browser.get("/admin/").status == 200
    };
    assert!(opens("https", "__Host-session"));
    assert!(!opens("https", "session"), "planted from the plain side");
    assert!(opens("http", "session"));
    assert!(!opens("http", "__Host-session"));
}

#[test]
fn a_peer_that_is_no_proxy_of_ours_makes_no_cookie_secure() {
    let answer = site()
        .ask(Method::Get, "/admin/login/")
        .from("192.0.2.7")
        .header("X-Forwarded-Proto", "https")
        .send();
    let cookies = answer.cookies();
    assert!(cookies[0].starts_with("sign_in="), "{cookies:?}");
    assert!(!cookies[0].contains("Secure"), "{cookies:?}");
}

#[test]
fn a_cookie_that_was_brought_along_does_not_become_the_session() {
    let site = site();
    site.user("mallory").staff().make();
    let planted = "a".repeat(64);
    let browser = site.browser();
    browser.plant("session", &planted);
    assert_eq!(browser.log_in("ada", PASSWORD).status, 303);
    assert_ne!(browser.cookie("session"), planted);
    let other = site.browser();
    other.plant("session", &planted);
    assert_eq!(other.get("/admin/").status, 303);
    // Nor does a session that is really there: it is another's, and it ends.
    site.user("carol").make();
    let planted = site.sign_in("carol").cookie("session");
    let browser = site.browser();
    browser.plant("session", &planted);
    assert_eq!(browser.log_in("ada", PASSWORD).status, 303);
    assert_ne!(browser.cookie("session"), planted);
    assert_eq!(
        site.value(
            "select count(*) from session join user on user.id = user_id where username = 'carol'"
        ),
        "0"
    );
}

#[test]
fn every_refusal_has_the_same_words_and_takes_no_less_than_half_a_second() {
    let site = site();
    site.user("bob").make();
    site.user("carol").staff().inactive().make();
    site.user("dave").staff().with_hash("!").make();
    site.user("erin").staff().with_hash("sha1$salt$hash").make();
    let trailing = format!("{PASSWORD} ");
    let tries = [
        ("ada", "wrong"),
        ("ada", &trailing),
        ("ADA", PASSWORD),
        ("nobody", PASSWORD),
        ("bob", PASSWORD),
        ("carol", PASSWORD),
        ("dave", "!"),
        ("erin", PASSWORD),
    ];
    let browsers: Vec<_> = tries.iter().map(|_| site.browser()).collect();
    let asks = browsers
        .iter()
        .zip(tries)
        .map(|(browser, (username, password))| browser.log_in_form(username, password).ready())
        .collect();
    let since = Instant::now();
    let answers = site.at_once(asks);
    assert!(since.elapsed() >= Duration::from_millis(500));
    for (answer, (username, _)) in answers.iter().zip(tries) {
        assert_eq!(answer.status, 422, "{username}");
        assert_eq!(session_cookie(answer), "", "{username}");
        assert_eq!(
            answer
                .text()
                .replace(answer.token(), "")
                .replace(username, ""),
            answers[0]
                .text()
                .replace(answers[0].token(), "")
                .replace("ada", ""),
            "{username}"
        );
        assert!(
            answer
                .logged()
                .iter()
                .all(|line| !line.text.contains(username))
        );
    }
    assert!(
        answers[0].words().contains(REFUSED),
        "{}",
        answers[0].words()
    );
    assert_eq!(site.value("select count(*) from session"), "0");
    assert_eq!(site.value("select count(last_login) from user"), "0");
}

#[test]
fn a_refusal_of_one_alone_takes_half_a_second_whether_the_name_is_known_or_not() {
    let site = site();
    // A hash that takes next to no time.
    site.user("quick").staff().with_hash(OUTDATED).make();
    let browsers = [site.browser(), site.browser()];
    for (browser, username) in browsers.iter().zip(["quick", "nobody"]) {
        let form = browser.log_in_form(username, "wrong");
        let since = Instant::now();
        assert_eq!(form.send().status, 422);
        assert!(since.elapsed() >= Duration::from_millis(500), "{username}");
    }
}

#[test]
fn fields_that_are_empty_or_impossible_are_named_at_once() {
    let site = site();
    let words = |username: &str, password: &str| {
        let answer = site.browser().log_in(username, password);
        assert_eq!(answer.status, 422, "{username:?} {password:?}");
        answer.words()
    };
    let both = words("", "");
    assert!(both.contains("Please correct the errors below."), "{both}");
    for label in ["Username", "Password"] {
        assert!(
            both.contains(&format!("{label}: This field is required.")),
            "{both}"
        );
    }
    for (username, password) in [("ada", ""), ("", "x"), (" \t", "x")] {
        let one = words(username, password);
        assert!(one.contains("Please correct the error below."), "{one}");
        assert!(one.contains("This field is required."), "{one}");
    }
    for (username, password) in [("a\0da", PASSWORD), ("ada", "x\0")] {
        let one = words(username, password);
        assert!(one.contains("Null characters are not allowed."), "{one}");
    }
    assert!(words("ada", &"x".repeat(5_000)).contains(REFUSED));
}

#[test]
fn a_name_that_no_account_can_have_is_refused_like_any_other() {
    let site = site();
    let long = "x".repeat(100_000);
    let names = ["\u{202e}ada", "a\u{7}da", "' or 1=1 --", &long];
    let browsers: Vec<_> = names.iter().map(|_| site.browser()).collect();
    let asks = browsers
        .iter()
        .zip(names)
        .map(|(browser, name)| browser.log_in_form(name, "wrong").ready());
    for answer in site.at_once(asks.collect()) {
        assert_eq!(answer.status, 422);
        assert!(answer.words().contains(REFUSED));
    }
}

#[test]
fn a_username_is_trimmed_and_brought_into_one_form() {
    let site = site();
    for username in [" ada ", "ａｄａ", "\u{a0}ada\u{3000}"] {
        assert_eq!(
            site.browser().log_in(username, PASSWORD).status,
            303,
            "{username:?}"
        );
    }
}

#[test]
fn next_is_followed_to_this_site_and_nowhere_else() {
    let site = site();
    for (next, location) in [
        (
            "/admin/lettings/letting/?q=a%20b",
            "/admin/lettings/letting/?q=a%20b",
        ),
        ("https://evil.example/", "/admin/"),
        ("//evil.example/", "/admin/"),
        ("/\\evil.example/", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("/\r\nSet-Cookie: session=x", "/admin/"),
        ("", "/admin/"),
    ] {
        let answer = site
            .browser()
            .log_in_form("ada", PASSWORD)
            .set("next", next)
            .send();
        assert_eq!(
            (answer.status, answer.header("location").as_str()),
            (303, location),
            "{next:?}"
        );
        assert_eq!(answer.cookies().len(), 2, "{next:?}");
    }
}

#[test]
fn who_asks_for_a_page_is_led_to_the_form_and_back() {
    let site = site();
    let browser = site.browser();
    let answer = browser.get("/admin/lettings/letting/?q=a&p=2");
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (
            303,
            "/admin/login/?next=%2Fadmin%2Flettings%2Fletting%2F%3Fq%3Da%26p%3D2"
        )
    );
    let form = answer.header("location");
    assert!(
        browser
            .get(&form)
            .text()
            .contains("action=\"/admin/login/\"")
    );
    let answer = browser
        .form(&form)
        .set("username", "ada")
        .set("password", PASSWORD);
    assert_eq!(
        answer.send().header("location"),
        "/admin/lettings/letting/?q=a&p=2"
    );
}

#[test]
fn a_post_without_a_session_is_led_to_the_form_and_not_repeated() {
    let target = "/admin/auth/group/add/";
    let answer = site()
        .browser()
        .bare_post(target, &[("name", "Editors")])
        .send();
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/login/?next=%2Fadmin%2F")
    );
}

#[test]
fn a_refused_form_keeps_its_name_and_next_and_never_the_password() {
    let site = site();
    let answer = site
        .browser()
        .log_in_form("ada \"<x>", "")
        .set("next", "/admin/auth/user/")
        .send();
    let fields = answer.fields();
    let value = |name| {
        let field = fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    };
    assert_eq!(value("username"), Some("ada \"<x>"));
    assert_eq!(value("next"), Some("/admin/auth/user/"));
    assert_eq!(value("password"), Some(""));
}

#[test]
fn an_outdated_hash_is_replaced_at_sign_in() {
    let site = site();
    site.user("old").staff().with_hash(OUTDATED).make();
    assert_eq!(site.browser().log_in("old", PASSWORD).status, 303);
    let hash = site.hash_of("old");
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    assert_eq!(site.browser().log_in("old", PASSWORD).status, 303);
    assert_eq!(site.hash_of("old"), hash, "a current one stays");
}

#[test]
fn an_outdated_hash_stays_when_the_account_may_not_sign_in() {
    let site = site();
    site.user("old").with_hash(OUTDATED).make();
    assert_eq!(site.browser().log_in("old", PASSWORD).status, 422);
    assert_eq!(site.hash_of("old"), OUTDATED);
}

#[test]
fn somebody_without_staff_status_may_choose_another_account() {
    let site = site();
    site.user("bob").make();
    let browser = site.sign_in("bob");
    let answer = browser.get("/admin/");
    assert_eq!(answer.status, 303);
    let page = browser.get(&answer.header("location"));
    assert!(
        page.words().contains("You are authenticated as bob, but are not authorized to access this page. Would you like to login to a different account?"),
        "{}",
        page.words()
    );
    assert_eq!(browser.log_in("ada", PASSWORD).status, 303);
    assert!(browser.get("/admin/").words().contains("Welcome, ada"));
}

#[test]
fn who_is_signed_in_already_goes_on_to_the_index() {
    let site = site();
    let answer = site
        .sign_in("ada")
        .get("/admin/login/?next=/admin/auth/user/");
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/")
    );
}

#[test]
fn pages_of_the_admin_are_kept_by_nobody() {
    let site = site();
    let browser = site.sign_in("ada");
    for answer in [
        site.get("/admin/login/"),
        site.get("/admin/"),
        browser.get("/admin/"),
        browser.get("/admin/x/"),
    ] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-robots-tag"), "noindex");
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
}

#[test]
fn two_tabs_with_the_form_do_not_break_each_other() {
    let site = Site::new();
    site.user("ada").staff().make();
    let browser = site.browser();
    let first = browser.log_in_form("ada", PASSWORD);
    browser.get("/admin/login/");
    assert_eq!(first.send().status, 303);
}
