//! What arrives at Sentry when something of ours breaks, and that nothing of the visitor's does.
//!
//! What holds for a Sentry that takes nothing is in `unheard.rs`, for how requests go in `traces.rs`.

use serde_json::json;

use super::receiver::Receiver;
use super::run::Run;
use super::server::Server;
use super::staff::send_sign_in;

/// A site without the table that one of its pages needs.
pub(super) fn broken(run: &Run) -> Server {
    run.run(&["demo"]).succeeded();
    let server = Server::start(run);
    run.sql("drop table profile");
    server
}

#[test]
fn what_breaks_is_logged_once_and_arrives_with_its_request_and_nothing_personal() {
    let sentry = Receiver::willing();
    let run = Run::new()
        .with("SENTRY_DSN", sentry.dsn())
        .with("SENTRY_ENVIRONMENT", "staging")
        .with("SITE_URL", "https://www.example.com")
        .with("TRUSTED_PROXIES", "127.0.0.1");
    let mut server = broken(&run);
    let answer = server.ask_with(
        "GET",
        "/profiles/lovelace%40example.com/?token=stolen",
        "Cookie: session=stolen\r\nAuthorization: Bearer stolen\r\nUser-Agent: stolen\r\nX-Forwarded-For: 203.0.113.9\r\n",
    );
    assert_eq!(answer.status, 500);
    let id = answer.header("x-request-id").unwrap();
    let page = answer.text();
    assert!(page.contains(id), "the page names its reference");
    assert!(!page.contains("no such table"), "and not the cause");

    let post = sentry.post();
    let [event] = &post.items()[..] else {
        panic!("{post:?}");
    };
    assert_eq!(event.kind, "event");
    let event = &event.value;
    let level = event.get("level").is_none_or(|level| level == "error");
    assert!(
        level,
        "an error, which Sentry also takes it for without a level"
    );
    assert!(
        event["message"]
            .as_str()
            .unwrap()
            .contains("no such table: profile"),
        "{event}"
    );
    assert_eq!(event["environment"], "staging");
    assert!(event["release"].as_str().unwrap().starts_with(concat!(
        "oc-lettings@",
        env!("CARGO_PKG_VERSION"),
        "+"
    )));
    let url = "https://www.example.com/profiles/%E2%80%A6/";
    assert_eq!(event["request"], json!({ "method": "GET", "url": url }));
    assert_eq!(event["transaction"], "/profiles/<username>");
    assert_eq!(event["tags"]["request_id"], id);
    assert_eq!(
        event["event_id"].as_str().unwrap().replace('-', ""),
        id,
        "the reference finds the event"
    );
    for personal in [
        "stolen",
        "203.0.113.9",
        "127.0.0.1",
        "lovelace",
        "server_name",
        "\"user\"",
    ] {
        assert!(
            !post.body.contains(personal),
            "{personal} is in {}",
            post.body
        );
    }

    let lines = server.stop();
    let errors: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "error")
        .collect();
    assert_eq!(errors.len(), 1, "{lines:?}");
    assert_eq!(errors[0]["request_id"], id);
    assert!(
        errors[0]["msg"]
            .as_str()
            .unwrap()
            .contains("no such table: profile")
    );
    assert!(
        lines
            .iter()
            .any(|line| line["status"] == 500 && line["request_id"] == id)
    );
    let events = sentry.rest().into_iter().flat_map(|post| post.items());
    assert_eq!(
        events.filter(|item| item.kind == "event").count(),
        0,
        "one event"
    );
}

#[test]
fn an_event_says_what_was_logged_before_in_the_same_request_and_in_no_other() {
    let sentry = Receiver::willing();
    let run = Run::new().with("SENTRY_DSN", sentry.dsn());
    let server = Server::start(&run);
    run.sql("drop table session");
    let post = |cookie: &str| {
        let headers = format!(
            "Cookie: session={cookie}\r\nContent-Type: text/ada@example.com\r\nContent-Length: 0\r\n"
        );
        let answer = server.ask_with("POST", "/admin/logout/", &headers);
        assert_eq!(answer.status, 415);
    };
    // Refused, and nobody asks whose cookie that is.
    post("none");
    // Refused as well, and then the page that says so asks for the session.
    post(&"0".repeat(64));
    // The server looks after expired sessions as well, in no request.
    let event = std::iter::repeat_with(|| sentry.next("event"))
        .find(|event| event["tags"]["request_id"].is_string())
        .unwrap();
    let message = event["message"].as_str().unwrap();
    assert!(
        message.starts_with("the session cannot be read"),
        "{message}"
    );
    let crumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    let [crumb] = &crumbs[..] else {
        panic!("{crumbs:?}");
    };
    assert_eq!(
        crumb["message"],
        "refused a post: Forms are sent as application/x-www-form-urlencoded."
    );
    assert_eq!(crumb["category"], "oc_lettings::web::posted");
    assert!(crumb["timestamp"].as_f64() <= event["timestamp"].as_f64());
    assert_eq!(event["transaction"], "/admin/logout");
}

#[test]
fn a_panic_arrives_although_no_thread_can_be_made() {
    let sentry = Receiver::willing();
    let run = Run::new().with("SENTRY_DSN", sentry.dsn()).administered();
    let mut server = Server::start(&run);
    let answer = server.without_threads(|| {
        let answer = send_sign_in(&server);
        let event = sentry.next("event");
        assert_eq!(event["level"], "fatal", "{event}");
        assert_eq!(event["transaction"], "/admin/login", "{event}");
        let exception = &event["exception"]["values"][0];
        let words = exception["value"].as_str().unwrap();
        assert!(words.contains("failed to spawn thread"), "{words}");
        answer
    });
    assert_eq!(answer.status, 500);
    let line = server.line_with("panicked at");
    assert_eq!(line["request_id"].as_str(), answer.header("x-request-id"));
    server.stop();
}

#[test]
fn an_error_of_the_last_moment_is_still_sent() {
    let sentry = Receiver::willing();
    let run = Run::new().with("SENTRY_DSN", sentry.dsn());
    let mut server = broken(&run);
    assert_eq!(server.ask("GET", "/profiles/").status, 500);
    server.stop();
    assert_eq!(sentry.next("event")["environment"], "production");
}

#[test]
fn what_visitors_do_wrong_is_not_sent() {
    let sentry = Receiver::willing();
    let run = Run::new().with("SENTRY_DSN", sentry.dsn());
    let mut server = Server::start(&run);
    for (method, path) in [
        ("GET", "/nothing/"),
        ("POST", "/"),
        ("GET", "/lettings/-1/"),
        ("FOO", "/"),
    ] {
        assert!((400..600).contains(&server.ask(method, path).status));
    }
    server.stop();
    for post in sentry.rest() {
        let kinds: Vec<_> = post.items().into_iter().map(|item| item.kind).collect();
        assert_eq!(kinds, ["sessions"]);
    }
}

#[test]
fn in_development_the_page_shows_the_cause() {
    let run = Run::new().with("DEBUG", "true");
    let server = broken(&run);
    let answer = server.ask("GET", "/profiles/");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("no such table: profile"));
}

#[test]
fn a_wrong_dsn_is_a_warning_and_the_site_runs() {
    let run = Run::new().with("SENTRY_DSN", "https://stolen.example");
    let server = Server::start(&run);
    let warning = server
        .start
        .iter()
        .find(|line| {
            line["level"] == "warn" && line["msg"].as_str().unwrap().contains("SENTRY_DSN")
        })
        .expect("a warning");
    assert!(!warning.to_string().contains("stolen"), "{warning}");
    assert_eq!(server.ask("GET", "/").status, 200);
}
