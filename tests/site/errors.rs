//! What a visitor gets who asks for something that is not there, and when something of ours breaks.

use proptest::prelude::*;
use rocket::http::Method;

use crate::support::Site;
use crate::support::answer::Answer;

/// Addresses with nothing behind them, most of them written by somebody who tries what happens.
fn nowhere() -> Vec<String> {
    let mut targets: Vec<String> = [
        "/nothing-here/",
        "/Lettings/",
        "/lettings/7/",
        "/lettings/0/",
        "/lettings/-1/",
        "/lettings/abc/",
        "/lettings/1e3/",
        "/lettings/1.0/",
        "/lettings/+1/",
        "/lettings/%201/",
        "/lettings/0x1/",
        "/lettings/%D9%A1/",
        "/lettings/9223372036854775808/",
        "/lettings/99999999999999999999/",
        "/lettings/%00/",
        "/lettings/1%00/",
        "/lettings/..%2f/",
        "/lettings/..%2f..%2fetc%2fpasswd/",
        "/lettings/../lettings/",
        "/lettings//",
        "//lettings/",
        "//www.example.com/lettings",
        "/lettings//1/",
        "/lettings/1/2/",
        "/lettings/%FF/",
        "/lettings/%/",
        "/lettings/%zz/",
        "/profiles/nobody/",
        "/profiles/%2e%2e/",
        "/profiles/../",
        "/profiles/..%2f/",
        "/profiles/%00/",
        "/profiles/AirWow%00/",
        "/profiles/%FF%FE/",
        "/profiles/'%20or%201=1--/",
        "/profiles/%25/",
        "/_verdict",
        "/_verdict/",
        "/healthz/",
        "/robots.txt/",
        "/index.php",
        "/.env",
        "/.git/config",
    ]
    .map(str::to_owned)
    .to_vec();
    targets.push(format!("/profiles/{}/", "x".repeat(5_000)));
    targets.push(format!("/lettings/{}/", "9".repeat(5_000)));
    targets.push(format!("/{}/", "a/".repeat(2_000)));
    targets
}

#[test]
fn what_is_not_there_is_404() {
    let site = Site::demo();
    for target in nowhere() {
        for method in [Method::Get, Method::Head] {
            let status = site.ask(method, &target).send().status;
            assert_eq!(status, 404, "{method} {target:.60}");
        }
    }
}

#[test]
fn what_is_not_there_is_said_in_the_frame_of_the_site() {
    let page = Site::demo().get("/lettings/abc/");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(
        page.between("<title>", "</title>"),
        "Page not found · Holiday Homes"
    );
    insta::assert_snapshot!(page.between("<div class=\"notice\">", "</div>"), @r#"<p class="notice-status">404</p><h1>Page not found</h1><p>There is nothing at this address. It may have been moved, or the link may be mistyped.</p><p><a class="button" href="/">Back to the home page</a></p>"#);
    assert!(page.text().contains("<nav aria-label=\"Main\">"));
}

#[test]
fn programs_get_errors_as_json() {
    let site = Site::demo();
    for target in nowhere() {
        let answer = site
            .ask(Method::Get, &target)
            .header("Accept", "application/json")
            .send();
        assert_eq!(answer.status, 404, "{target:.60}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(
            answer.json(),
            serde_json::json!({
                "status": 404,
                "title": "Page not found",
                "reference": answer.header("x-request-id"),
            })
        );
    }
}

#[test]
fn caches_are_told_that_errors_depend_on_what_is_accepted() {
    let site = Site::new();
    for accept in ["text/html", "application/json"] {
        let answer = site.ask(Method::Get, "/x/").header("Accept", accept).send();
        assert_eq!(answer.header("vary"), "Accept, Accept-Encoding");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(answer.header("etag"), "");
    }
}

#[test]
fn an_error_shows_nothing_of_the_address_that_was_asked_for() {
    let page = Site::new().get("/%3Cscript%3Ealert(1)%3C/script%3E/?q=%3Cscript%3E");
    assert_eq!(page.status, 404);
    assert!(!page.text().contains("script"));
}

#[test]
fn headers_that_make_no_sense_change_nothing() {
    let site = Site::demo();
    let long = "x, ".repeat(22_000);
    for name in [
        "Accept",
        "Accept-Encoding",
        "If-None-Match",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Request-Id",
        "Cookie",
        "Range",
        "If-Modified-Since",
        "Content-Type",
        "Forwarded",
    ] {
        for value in ["", "\"", ";;,,=", "*;q=x", "W/", &long] {
            let answer = site
                .ask(Method::Get, "/lettings/")
                .header(name, value)
                .send();
            assert_eq!(answer.status, 200, "{name}: {value:.20}");
            assert_eq!(answer.text(), site.get("/lettings/").text(), "{name}");
        }
    }
}

#[test]
fn a_body_where_none_belongs_is_passed_over() {
    let answer = Site::demo()
        .ask(Method::Get, "/lettings/")
        .header("Content-Type", "application/json")
        .body("{\"page\": 7")
        .send();
    assert_eq!(answer.status, 200);
}

/// A site whose homes cannot be asked for any more.
fn broken(settings: &[(&str, &str)]) -> Site {
    let site = Site::with(settings);
    site.sql("drop table letting", []);
    site
}

fn reference(page: &Answer) -> &str {
    page.between("<code class=\"reference\">", "</code>")
}

#[test]
fn what_breaks_is_a_500_page_with_a_reference_and_without_its_cause() {
    let site = broken(&[]);
    for target in [
        "/",
        "/lettings/",
        "/lettings/?state=CA",
        "/lettings/1/",
        "/sitemap-1.xml",
    ] {
        let page = site.get(target);
        assert_eq!(page.status, 500, "{target}");
        assert_eq!(page.between("<h1>", "</h1>"), "Something went wrong");
        assert_eq!(reference(&page), page.header("x-request-id"));
        assert!(!reference(&page).is_empty());
        for cause in ["letting.", "no such table", "database", "sqlite"] {
            assert!(!page.text().contains(cause), "{target} shows {cause}");
        }
        assert_eq!(page.header("etag"), "");
        assert!(!page.header("content-security-policy").is_empty());
    }
    assert_eq!(site.get("/profiles/").status, 200);
}

#[test]
fn a_program_gets_a_500_with_a_reference_and_without_its_cause() {
    let answer = broken(&[("DEBUG", "true")])
        .ask(Method::Get, "/lettings/1/")
        .header("Accept", "application/json")
        .send();
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "status": 500,
            "title": "Something went wrong",
            "reference": answer.header("x-request-id"),
        })
    );
}

#[test]
fn the_cause_is_shown_to_a_developer_and_to_nobody_else() {
    let cause = |settings: &[(&str, &str)]| {
        let page = broken(settings).get("/lettings/1/");
        page.between("<pre class=\"cause\">", "</pre>").to_owned()
    };
    insta::assert_snapshot!(cause(&[("DEBUG", "true")]), @"query the database: no such table: letting: Error code 1: SQL logic error");
    assert_eq!(cause(&[("DEBUG", "true"), ("BIND", "0.0.0.0")]), "");
    assert_eq!(cause(&[("BIND", "127.0.0.1")]), "");
}

#[test]
fn a_developer_sees_no_cause_where_nothing_broke() {
    let page = Site::with(&[("DEBUG", "true")]).get("/x/");
    assert_eq!(page.status, 404);
    assert!(!page.text().contains("class=\"cause\""));
}

#[test]
fn no_path_and_no_query_breaks_anything() {
    let site = Site::demo();
    site.many_lettings(60);
    let config = ProptestConfig {
        cases: 128,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let path = prop_oneof![
        "(/[!-~]{0,12}){1,4}",
        "/(lettings|profiles|static|admin)(/[!-~]{0,8}){0,3}/?",
        "(/(%[0-9A-Fa-f]{2}|[a-z.]){0,9}){1,3}",
        "/\\PC{0,20}",
    ];
    let query = prop_oneof![
        "[!-~]{0,30}",
        "(page|state|city)=[!-~]{0,12}&(page|state|city)=(%[0-9A-F]{2}|[a-zA-Z0-9+-]){0,9}",
        "page=-?[0-9]{1,25}",
    ];
    proptest!(config, |(path in path, query in query, method in 0..4_usize)| {
        let method = [Method::Get, Method::Head, Method::Post, Method::Options][method];
        let answer = site.ask(method, &format!("{path}?{query}")).send();
        prop_assert!(answer.status < 500 && answer.status != 422, "{}", answer.status);
    });
}
