//! Who asks, as far as proxies are believed, and what the log says about a request.

use log::Level;
use rocket::http::Method;

use crate::support::Site;
use crate::support::answer::Answer;

const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// A page asked for from a peer, with what a proxy there adds.
fn through(proxies: &str, peer: &str, headers: &[(&str, &str)]) -> Answer {
    let site = Site::with(&[("TRUSTED_PROXIES", proxies)]);
    let mut ask = site.ask(Method::Get, "/lettings/").from(peer);
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    ask.send()
}

fn client(proxies: &str, peer: &str, forwarded_for: &[&str]) -> String {
    let headers: Vec<(&str, &str)> = forwarded_for
        .iter()
        .map(|line| ("X-Forwarded-For", *line))
        .collect();
    let answer = through(proxies, peer, &headers);
    let lines = answer.logged();
    lines
        .first()
        .map_or("", |line| line.field("client"))
        .to_owned()
}

#[test]
fn the_client_is_the_peer_unless_a_trusted_proxy_says_otherwise() {
    assert_eq!(client("", "192.0.2.7", &["198.51.100.1"]), "192.0.2.7");
    assert_eq!(
        client("10.0.0.0/8", "192.0.2.7", &["198.51.100.1"]),
        "192.0.2.7"
    );
    assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(
        client("10.0.0.0/8", "::ffff:10.0.0.1", &["198.51.100.1"]),
        "198.51.100.1"
    );
}

#[test]
fn the_client_is_the_rightmost_entry_that_is_no_proxy_of_ours() {
    let client = |lines: &[&str]| client("10.0.0.0/8", "10.0.0.1", lines);
    assert_eq!(
        client(&["203.0.113.9, 198.51.100.1, 10.0.0.2"]),
        "198.51.100.1"
    );
    assert_eq!(
        client(&["203.0.113.9", "198.51.100.1, 10.0.0.2"]),
        "198.51.100.1"
    );
    assert_eq!(client(&["203.0.113.9, nonsense, 10.0.0.2"]), "10.0.0.2");
    assert_eq!(client(&["[2001:db8::1]:443"]), "2001:db8::1");
}

#[test]
fn on_render_the_client_is_the_second_entry_from_the_right() {
    let client = |peer, line| client("render", peer, &[line]);
    assert_eq!(
        client("10.0.0.1", "spoofed, 198.51.100.1, 172.69.1.1"),
        "198.51.100.1"
    );
    assert_eq!(client("192.0.2.7", "198.51.100.1, 172.69.1.1"), "192.0.2.7");
}

#[test]
fn a_request_id_is_taken_over_from_a_trusted_proxy_only() {
    let id =
        |proxies, peer, id| through(proxies, peer, &[("X-Request-Id", id)]).header("x-request-id");
    assert_eq!(id("10.0.0.0/8", "10.0.0.1", ID), ID);
    assert_ne!(id("10.0.0.0/8", "192.0.2.7", ID), ID);
    assert_ne!(id("", "10.0.0.1", ID), ID);
    for odd in [
        "short",
        "with blanks in it",
        "<script>alert(1)</script>",
        &"x".repeat(129),
    ] {
        assert_eq!(id("10.0.0.0/8", "10.0.0.1", odd).len(), 32, "{odd}");
    }
}

#[test]
fn each_request_has_an_id_of_its_own() {
    let site = Site::new();
    assert_ne!(
        site.get("/").header("x-request-id"),
        site.get("/").header("x-request-id")
    );
}

#[test]
fn https_is_promised_once_the_visitor_came_by_it() {
    let promise = |proxies, peer, proto| {
        through(proxies, peer, &[("X-Forwarded-Proto", proto)]).header("strict-transport-security")
    };
    assert_eq!(
        promise("10.0.0.0/8", "10.0.0.1", "https"),
        "max-age=31536000"
    );
    assert_eq!(
        promise("10.0.0.0/8", "10.0.0.1", "HTTPS"),
        "max-age=31536000"
    );
    assert_eq!(
        promise("10.0.0.0/8", "10.0.0.1", "http, https"),
        "max-age=31536000"
    );
    assert_eq!(promise("10.0.0.0/8", "10.0.0.1", "http"), "");
    assert_eq!(promise("10.0.0.0/8", "10.0.0.1", "https, http"), "");
    assert_eq!(promise("10.0.0.0/8", "192.0.2.7", "https"), "");
    assert_eq!(promise("", "10.0.0.1", "https"), "");
}

#[test]
fn of_two_lines_about_the_scheme_the_nearest_proxy_wrote_the_last() {
    let promised = |first, last| {
        let headers = [("X-Forwarded-Proto", first), ("X-Forwarded-Proto", last)];
        !through("10.0.0.0/8", "10.0.0.1", &headers)
            .header("strict-transport-security")
            .is_empty()
    };
    assert!(promised("http", "https") && !promised("https", "http"));
}

#[test]
fn links_are_written_with_the_scheme_by_which_the_visitor_came() {
    let canonical = |peer| {
        through("10.0.0.0/8", peer, &[("X-Forwarded-Proto", "https")])
            .between("rel=\"canonical\" href=\"", "\"")
            .to_owned()
    };
    assert_eq!(canonical("10.0.0.1"), "https://localhost/lettings/");
    assert_eq!(canonical("192.0.2.7"), "http://localhost/lettings/");
}

#[test]
fn each_request_is_one_line_in_the_log() {
    let site = Site::demo();
    let answer = site
        .ask(Method::Get, "/lettings/1/?utm_source=private")
        .from("192.0.2.7")
        .send();
    let lines = answer.logged();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(
        (line.level, line.text.as_str()),
        (Level::Info, "GET /lettings/1/ 200")
    );
    let fields = ["method", "path", "route", "status", "client", "bytes"]
        .map(|name| line.field(name).to_owned());
    let length = answer.bytes.len().to_string();
    assert_eq!(
        fields,
        [
            "GET",
            "/lettings/1/",
            "/lettings/<id>",
            "200",
            "192.0.2.7",
            &length
        ]
    );
    assert!(line.field("ms").parse::<f64>().unwrap() >= 0.0);
}

#[test]
fn refusals_and_redirects_have_their_line_too() {
    let site = Site::new();
    let line = |answer: Answer| {
        answer
            .logged()
            .into_iter()
            .map(|line| line.text)
            .collect::<Vec<_>>()
    };
    assert_eq!(line(site.get("/lettings")), ["GET /lettings 301"]);
    assert_eq!(line(site.get("/lettings/abc/")), ["GET /lettings/abc/ 404"]);
    assert_eq!(line(site.ask(Method::Post, "/").send()), ["POST / 405"]);
    assert_eq!(line(site.ask(Method::Head, "/").send()), ["HEAD / 200"]);
}

#[test]
fn health_checks_leave_no_line_at_info() {
    let site = Site::new();
    for target in ["/healthz", "/readyz", "/up"] {
        let levels: Vec<Level> = site
            .get(target)
            .logged()
            .iter()
            .map(|line| line.level)
            .collect();
        assert_eq!(levels, [Level::Debug], "{target}");
    }
}
