//! Forged, stolen and impossible posts: nothing is done, and words say what to do.

use rocket::http::Method;

use crate::support::Site;
use crate::support::accounts::PASSWORD;
use crate::support::browser::{Browser, encoded};

const ADD: &str = "/admin/auth/group/add/";
const STALE: &str =
    "The form is too old, or your browser sent no cookie with it, so nothing was done.";
const FOREIGN: &str = "The form was sent from another site, so nothing was done.";

fn site() -> Site {
    let site = Site::with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]);
    site.user("root").superuser().make();
    site.user("ada").superuser().make();
    site
}

fn groups(site: &Site) -> String {
    site.value("select count(*) from \"group\"")
}

fn token(browser: &Browser<'_>) -> String {
    browser.get("/admin/").token().to_owned()
}

#[test]
fn a_post_with_the_token_of_its_session_is_taken() {
    let site = site();
    assert_eq!(
        site.sign_in("root")
            .post(ADD, &[("name", "Editors")])
            .status,
        303
    );
    assert_eq!(groups(&site), "1");
}

#[test]
fn a_post_without_the_token_of_its_session_does_nothing() {
    let site = site();
    let browser = site.sign_in("root");
    let own = token(&browser);
    let cut = &own[..own.len() - 1];
    let longer = format!("{own}0");
    let another = token(&site.sign_in("root"));
    let others = token(&site.sign_in("ada"));
    for wrong in ["", "x", cut, &longer, &another, &others, "é"] {
        let answer = browser
            .bare_post(ADD, &[("form_token", wrong), ("name", "Editors")])
            .send();
        assert_eq!(answer.status, 403, "{wrong}");
        assert!(answer.words().contains(STALE), "{}", answer.words());
    }
    let answer = browser.bare_post(ADD, &[("name", "Editors")]).send();
    assert_eq!(answer.status, 403);
    let by_address = format!("{ADD}?form_token={own}");
    assert_eq!(
        browser
            .bare_post(&by_address, &[("name", "Editors")])
            .send()
            .status,
        403
    );
    assert_eq!(groups(&site), "0");
}

#[test]
fn the_token_of_the_sign_in_form_is_good_for_that_form_only() {
    let site = site();
    let browser = site.browser();
    let form = browser.get("/admin/login/");
    let cookie = browser.cookie("sign_in");
    let fields = [("form_token", form.token()), ("name", "Editors")];
    assert_eq!(browser.log_in_form("root", PASSWORD).send().status, 303);
    assert_eq!(browser.bare_post(ADD, &fields).send().status, 403);
    // Whoever can plant a cookie beside the session could know its token.
    browser.plant("sign_in", &cookie);
    assert_eq!(browser.bare_post(ADD, &fields).send().status, 403);
    assert_eq!(groups(&site), "0");
}

#[test]
fn the_sign_in_form_is_refused_without_its_cookie_or_with_another() {
    let site = site();
    let (browser, other) = (site.browser(), site.browser());
    let own = browser.get("/admin/login/").token().to_owned();
    let fields = [
        ("form_token", own.as_str()),
        ("username", "root"),
        ("password", PASSWORD),
    ];
    other.get("/admin/login/");
    for answer in [
        site.browser().bare_post("/admin/login/", &fields).send(),
        other.bare_post("/admin/login/", &fields).send(),
        browser.bare_post("/admin/login/", &fields[1..]).send(),
    ] {
        assert_eq!(answer.status, 403);
        assert!(answer.words().contains(STALE), "{}", answer.words());
    }
    assert_eq!(
        browser.bare_post("/admin/login/", &fields).send().status,
        303
    );
}

#[test]
fn a_post_that_the_browser_says_is_from_elsewhere_does_nothing() {
    let site = site();
    let browser = site.sign_in("root");
    let token = token(&browser);
    let fields = [("form_token", token.as_str()), ("name", "Editors")];
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "http://localhost.evil.example"),
        ("Origin", "http://evil.example:80"),
        ("Origin", "null"),
        ("Origin", ""),
        ("Origin", "localhost"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "nonsense"),
    ] {
        let answer = browser.bare_post(ADD, &fields).header(name, value).send();
        assert_eq!(answer.status, 403, "{name}: {value}");
        assert!(answer.words().contains(FOREIGN), "{}", answer.words());
    }
    let answer = browser
        .bare_post(ADD, &fields)
        .header("Origin", "http://localhost")
        .header("Sec-Fetch-Site", "cross-site")
        .send();
    assert_eq!(answer.status, 403, "both have to be right");
    assert_eq!(groups(&site), "0");
}

#[test]
fn a_post_from_this_host_is_taken_by_whatever_scheme() {
    let site = site();
    let browser = site.sign_in("root");
    let token = token(&browser);
    for (number, (name, value)) in [
        ("Origin", "http://localhost"),
        ("Origin", "https://localhost"),
        ("Origin", "https://LOCALHOST:8443"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Site", "none"),
    ]
    .into_iter()
    .enumerate()
    {
        let group = format!("Group {number}");
        let fields = [("form_token", token.as_str()), ("name", &group)];
        let answer = browser.bare_post(ADD, &fields).header(name, value).send();
        assert_eq!(answer.status, 303, "{name}: {value}");
    }
    assert_eq!(groups(&site), "5");
}

#[test]
fn only_a_form_is_read_as_one() {
    let site = site();
    let browser = site.sign_in("root");
    let token = token(&browser);
    let body = encoded(&[("form_token", &token), ("name", "Editors")]);
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "x",
    ] {
        let answer = browser
            .ask(Method::Post, ADD)
            .header("Content-Type", kind)
            .body(&body)
            .send();
        assert_eq!(answer.status, 415, "{kind}");
        assert!(answer.words().contains("application/x-www-form-urlencoded"));
    }
    assert_eq!(
        browser.ask(Method::Post, ADD).body(&body).send().status,
        415
    );
    assert_eq!(groups(&site), "0");
}

#[test]
fn a_form_without_measure_is_refused() {
    let site = site();
    let browser = site.sign_in("root");
    let token = token(&browser);
    let large = "x".repeat(2_000_000);
    let answer = browser
        .bare_post(ADD, &[("form_token", &token), ("name", &large)])
        .send();
    assert_eq!(answer.status, 413);
    assert!(
        answer.words().contains("larger than we can take"),
        "{}",
        answer.words()
    );
    let mut many = vec![("form_token", token.as_str()), ("name", "Editors")];
    many.resize(10_000, ("x", "1"));
    let answer = browser.bare_post(ADD, &many).send();
    assert_eq!(answer.status, 400);
    assert!(
        answer.words().contains("more fields than any of ours"),
        "{}",
        answer.words()
    );
    assert_eq!(groups(&site), "0");
    many.truncate(4_000);
    assert_eq!(browser.bare_post(ADD, &many).send().status, 303);
}

#[test]
fn a_body_that_names_another_method_changes_nothing() {
    let site = site();
    let browser = site.sign_in("root");
    let token = token(&browser);
    for method in ["GET", "PUT", "DELETE", "get", "x"] {
        let fields = [("_method", method), ("name", "Editors")];
        assert_eq!(
            browser.bare_post(ADD, &fields).send().status,
            403,
            "{method}"
        );
        assert_eq!(
            browser.bare_post("/admin/logout/", &fields).send().status,
            403,
            "{method}"
        );
        assert_eq!(
            browser.bare_post("/admin/", &fields).send().status,
            405,
            "{method}"
        );
        let as_post = [
            ("_method", method),
            ("form_token", &token),
            ("name", method),
        ];
        assert_eq!(
            browser.bare_post(ADD, &as_post).send().status,
            303,
            "{method}: a post like any"
        );
    }
    assert_eq!(groups(&site), "5");
    assert_eq!(browser.get("/admin/").status, 200, "still signed in");
}

#[test]
fn a_refused_post_is_drawn_in_the_frame_of_those_who_are_signed_in() {
    let site = site();
    let answer = site.sign_in("root").bare_post(ADD, &[]).send();
    assert!(
        answer.words().contains("Welcome, root"),
        "{}",
        answer.words()
    );
    let answer = site.browser().bare_post(ADD, &[]).send();
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/login/?next=%2Fadmin%2F")
    );
}

#[test]
fn fields_that_are_unknown_or_sent_twice_do_no_harm() {
    let site = site();
    let browser = site.sign_in("root");
    let answer = browser.post(
        ADD,
        &[
            ("name", "First"),
            ("name", "Second"),
            ("id", "77"),
            ("version", "9"),
            ("nonsense", "\u{202e}"),
        ],
    );
    assert_eq!(answer.status, 303);
    assert_eq!(
        site.value("select group_concat(id || name) from \"group\""),
        "1First"
    );
}
