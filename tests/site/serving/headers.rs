//! What each answer tells the browser.

use rocket::http::Method;

use crate::support::Site;
use crate::support::answer::Answer;

/// An answer of each kind: pages, files, a redirect, refusals, `OPTIONS`, a 304, a 500.
fn answers() -> Vec<Answer> {
    let site = Site::demo();
    let mut answers: Vec<Answer> = [
        "/",
        "/lettings/",
        "/profiles/AirWow/",
        "/static/css/site.css",
        "/favicon.ico",
        "/robots.txt",
        "/sitemap.xml",
        "/healthz",
        "/version",
        "/lettings",
        "/lettings/?page=7",
        "/lettings/abc/",
    ]
    .map(|target| site.get(target))
    .into();
    answers.push(site.ask(Method::Post, "/").send());
    answers.push(site.ask(Method::Options, "/").send());
    answers.push(site.ask(Method::Get, "/").hosts(&["evil.example"]).send());
    answers.push(
        site.ask(Method::Get, "/")
            .header("If-None-Match", "*")
            .send(),
    );
    site.sql("drop table letting", []);
    answers.push(site.get("/"));
    answers
}

#[test]
fn every_answer_carries_the_security_headers() {
    let statuses: Vec<u16> = answers().iter().map(|answer| answer.status).collect();
    assert_eq!(statuses[9..], [301, 303, 404, 405, 204, 400, 304, 500]);
    for answer in answers() {
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{}", answer.status);
        }
        assert!(
            answer
                .header("permissions-policy")
                .contains("geolocation=()")
        );
        assert_eq!(answer.header("x-request-id").len(), 32);
    }
}

#[test]
fn the_content_security_policy_allows_our_own_files_and_nothing_else() {
    for answer in answers() {
        let policy = answer.header("content-security-policy");
        let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
        for directive in [
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(directives.contains(&directive), "{directive}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"));
    }
}

#[test]
fn nothing_tells_what_the_server_is_made_of_and_no_visitor_gets_a_cookie() {
    for answer in answers() {
        for name in [
            "Server",
            "X-Powered-By",
            "Set-Cookie",
            "Access-Control-Allow-Origin",
        ] {
            assert_eq!(answer.header(name), "", "{name} {}", answer.status);
        }
    }
}

#[test]
fn public_pages_are_asked_about_each_time() {
    for answer in answers() {
        assert_eq!(
            answer.header("cache-control"),
            "no-cache",
            "{}",
            answer.status
        );
    }
}

#[test]
fn no_header_is_set_twice() {
    for answer in answers() {
        let mut names: Vec<String> = answer
            .lasting_headers()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        names.retain(|name| name != "vary");
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
    }
}

#[test]
fn pages_are_html_in_utf_8() {
    let site = Site::demo();
    for target in ["/", "/lettings/1/", "/x/"] {
        assert_eq!(
            site.get(target).header("content-type"),
            "text/html; charset=utf-8"
        );
    }
}
