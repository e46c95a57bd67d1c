//! Methods, and addresses without their slash.

use rocket::http::Method;

use crate::support::Site;

/// One address of each kind that answers 200.
const ADDRESSES: &[&str] = &[
    "/",
    "/lettings/",
    "/lettings/?state=GA",
    "/lettings/1/",
    "/profiles/",
    "/profiles/AirWow/",
    "/static/css/site.css",
    "/favicon.ico",
    "/robots.txt",
    "/sitemap.xml",
    "/healthz",
    "/readyz",
    "/up",
    "/version",
];

#[test]
fn head_is_get_without_its_body() {
    let site = Site::demo();
    for target in ADDRESSES
        .iter()
        .chain(&["/x/", "/lettings", "/lettings/?page=9"])
    {
        for encoding in ["identity", "gzip", "br"] {
            let ask = |method| site.ask(method, target).header("Accept-Encoding", encoding);
            let (get, head) = (ask(Method::Get).send(), ask(Method::Head).send());
            assert_eq!(head.status, get.status, "{target}");
            assert_eq!(head.lasting_headers(), get.lasting_headers(), "{target}");
            assert_eq!(head.length.unwrap_or(0), get.bytes.len(), "{target}");
            assert!(head.bytes.is_empty(), "{target}");
        }
    }
}

#[test]
fn a_page_is_read_and_any_other_method_is_told_so() {
    let site = Site::demo();
    for target in ADDRESSES {
        for method in [
            Method::Post,
            Method::Put,
            Method::Patch,
            Method::Delete,
            Method::Trace,
            Method::Connect,
        ] {
            let answer = site.ask(method, target).body("x=1").send();
            assert_eq!(answer.status, 405, "{method} {target}");
            assert_eq!(
                answer.header("allow"),
                "GET, HEAD, OPTIONS",
                "{method} {target}"
            );
            assert_eq!(answer.between("<h1>", "</h1>"), "Method not allowed");
        }
    }
}

#[test]
fn a_form_cannot_smuggle_in_another_method() {
    let answer = Site::demo()
        .ask(Method::Post, "/lettings/1/")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("_method=get")
        .send();
    assert_eq!(
        (answer.status, answer.header("allow").as_str()),
        (405, "GET, HEAD, OPTIONS")
    );
}

#[test]
fn a_refused_method_is_json_for_programs() {
    let answer = Site::new()
        .ask(Method::Delete, "/lettings/")
        .header("Accept", "application/json")
        .send();
    assert_eq!(
        (answer.status, answer.header("allow").as_str()),
        (405, "GET, HEAD, OPTIONS")
    );
    assert_eq!(answer.json()["status"], 405);
}

#[test]
fn options_tells_the_methods_of_an_address() {
    let site = Site::demo();
    for target in ADDRESSES {
        let answer = site.ask(Method::Options, target).send();
        assert_eq!(answer.status, 204, "{target}");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS", "{target}");
        assert!(answer.bytes.is_empty());
    }
}

#[test]
fn an_address_without_its_slash_leads_to_the_one_with_it() {
    let site = Site::demo();
    for (target, location) in [
        ("/lettings", "/lettings/"),
        ("/lettings?", "/lettings/?"),
        ("/lettings?state=CA&page=2", "/lettings/?state=CA&page=2"),
        (
            "/lettings?next=//evil.example/?x",
            "/lettings/?next=//evil.example/?x",
        ),
        ("/lettings/1", "/lettings/1/"),
        ("/lettings/777", "/lettings/777/"),
        ("/profiles", "/profiles/"),
        ("/profiles/zo%C3%AB", "/profiles/zo%C3%AB/"),
        ("/profiles/plus+name.-_@x", "/profiles/plus+name.-_@x/"),
        (
            "/profiles/%2F%2Fevil.example",
            "/profiles/%2F%2Fevil.example/",
        ),
    ] {
        for (method, status) in [
            (Method::Get, 301),
            (Method::Head, 301),
            (Method::Post, 308),
            (Method::Delete, 308),
        ] {
            let answer = site.ask(method, target).send();
            assert_eq!(
                (answer.status, answer.header("location").as_str()),
                (status, location),
                "{method} {target}"
            );
        }
    }
}

#[test]
fn what_is_not_there_is_not_redirected_first() {
    let site = Site::demo();
    for target in [
        "/nothing-here",
        "/lettings/abc",
        "/lettings/1/2",
        "//evil.example",
        "/healthz/",
    ] {
        let answer = site.get(target);
        assert_eq!(
            (answer.status, answer.header("location").as_str()),
            (404, ""),
            "{target}"
        );
    }
}
