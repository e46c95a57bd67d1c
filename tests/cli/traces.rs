//! How requests go, as Sentry is told: one transaction for each that was drawn, and the health of the release.

use serde_json::{Value, json};

use super::receiver::{Item, Post, Receiver};
use super::run::Run;
use super::sentry::broken;
use super::server::Server;

fn items(sentry: &Receiver) -> Vec<Item> {
    let posts = sentry.rest();
    posts.iter().flat_map(Post::items).collect()
}

fn kinds(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.kind.as_str()).collect()
}

/// A site that traces this share of its requests.
fn tracing(rate: &str) -> (Receiver, Run, Server) {
    let sentry = Receiver::willing();
    let run = Run::new()
        .with("SENTRY_DSN", sentry.dsn())
        .with("SENTRY_TRACES_SAMPLE_RATE", rate)
        .with("SITE_URL", "https://www.example.com");
    let server = broken(&run);
    (sentry, run, server)
}

#[test]
fn a_request_that_is_drawn_is_told_by_its_template_with_the_time_in_the_database() {
    let (sentry, _run, server) = tracing("1");
    let headers = "Cookie: session=stolen\r\nUser-Agent: stolen\r\n";
    let answer = server.ask_with("GET", "/lettings/1/?q=stolen", headers);
    let post = sentry.post();
    let [item] = &post.items()[..] else {
        panic!("{post:?}");
    };
    assert_eq!(item.kind, "transaction");
    let told = &item.value;
    assert_eq!(told["transaction"], "/lettings/<id>");
    assert_eq!(
        told["request"],
        json!({ "method": "GET", "url": "https://www.example.com/lettings/1/" })
    );
    assert_eq!(
        told["tags"]["request_id"].as_str(),
        answer.header("x-request-id")
    );
    assert_eq!(told["environment"], "production");
    assert!(
        told["release"]
            .as_str()
            .unwrap()
            .starts_with("oc-lettings@")
    );
    let trace = &told["contexts"]["trace"];
    assert_eq!(trace["op"], "http.server");
    assert_eq!(trace["status"], "ok");
    assert_eq!(trace["data"]["http.response.status_code"], 200);
    let spans = told["spans"].as_array().unwrap();
    assert!(!spans.is_empty());
    for span in spans {
        assert_eq!(
            (&span["op"], &span["description"]),
            (&json!("db"), &json!("read"))
        );
        assert_eq!(span["trace_id"], trace["trace_id"]);
        assert_eq!(span["parent_span_id"], trace["span_id"]);
    }
    let sampling = &post.header()["trace"];
    assert_eq!(sampling["trace_id"], trace["trace_id"]);
    assert_eq!(sampling["sample_rate"], "1");
    assert!(!post.body.contains("stolen"), "{}", post.body);
}

#[test]
fn an_error_of_a_request_that_is_traced_belongs_to_its_trace() {
    let (sentry, _run, server) = tracing("1");
    assert_eq!(server.ask("GET", "/profiles/").status, 500);
    let event = sentry.next("event");
    let told = sentry.next("transaction");
    assert_eq!(told["contexts"]["trace"]["status"], "internal_error");
    assert_eq!(
        event["contexts"]["trace"]["trace_id"],
        told["contexts"]["trace"]["trace_id"]
    );
}

#[test]
fn health_checks_and_unknown_addresses_are_not_traced() {
    let (sentry, _run, mut server) = tracing("1");
    for path in ["/healthz", "/readyz", "/up", "/nothing/", "/lettings"] {
        server.ask("GET", path);
    }
    server.stop();
    assert_eq!(kinds(&items(&sentry)), ["sessions"]);
}

#[test]
fn visitors_do_not_decide_what_is_traced() {
    let id = "0123456789abcdef0123456789abcdef";
    let asks = |flag: &str| format!("sentry-trace: {id}-0123456789abcdef-{flag}\r\n");
    let (sentry, _run, mut server) = tracing("0");
    server.ask_with("GET", "/", &asks("1"));
    server.stop();
    assert_eq!(kinds(&items(&sentry)), ["sessions"]);

    let (sentry, _run, server) = tracing("1");
    server.ask_with("GET", "/", &asks("0"));
    let told = sentry.next("transaction");
    assert_ne!(told["contexts"]["trace"]["trace_id"], id);
}

#[test]
fn a_share_of_the_requests_is_a_share() {
    let (sentry, _run, mut server) = tracing("0.5");
    for _ in 0..64 {
        server.ask("GET", "/robots.txt");
    }
    server.stop();
    let items = items(&sentry);
    let traced = kinds(&items)
        .iter()
        .filter(|kind| **kind == "transaction")
        .count();
    // Outside of this lies one run in ten million.
    assert!((12..=52).contains(&traced), "{traced} of 64");
}

#[test]
fn the_health_of_a_release_is_told_in_numbers() {
    let (sentry, _run, mut server) = tracing("0");
    for (path, status) in [
        ("/", 200),
        ("/lettings/1/", 200),
        ("/nothing/", 404),
        ("/profiles/", 500),
        ("/healthz", 200),
    ] {
        assert_eq!(server.ask("GET", path).status, status);
    }
    server.stop();
    let items = items(&sentry);
    assert_eq!(kinds(&items), ["event", "sessions"]);
    let told = &items[1].value;
    assert_eq!(told["attrs"]["environment"], "production");
    assert!(
        told["attrs"]["release"]
            .as_str()
            .unwrap()
            .starts_with("oc-lettings@"),
        "{told}"
    );
    let [counts] = &told["aggregates"].as_array().unwrap()[..] else {
        panic!("{told}");
    };
    assert_eq!(
        counts["exited"], 3,
        "a page that is not there is the visitor's"
    );
    assert_eq!(counts["crashed"], 1);
    assert_eq!(counts.get("errored").and_then(Value::as_u64), None);
}

#[test]
fn a_request_that_went_wrong_and_was_answered_is_told_as_errored() {
    let sentry = Receiver::willing();
    let run = Run::new().with("SENTRY_DSN", sentry.dsn());
    let mut server = Server::start(&run);
    run.sql("drop table session");
    let cookie = format!("Cookie: session={}\r\n", "0".repeat(64));
    let answer = server.ask_with("GET", "/admin/login/", &cookie);
    assert_eq!(answer.status, 200);
    server.stop();
    let told = sentry.next("sessions");
    assert_eq!(told["aggregates"][0]["errored"], 1, "{told}");
}
