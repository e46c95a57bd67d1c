//! What arrives at Sentry when something of ours breaks, and that nothing of the visitor's does.

use super::receiver::Receiver;
use super::run::Run;
use super::server::Server;

/// A site without the table that one of its pages needs.
fn broken(run: &Run) -> Server {
    run.run(&["demo"]).succeeded();
    let server = Server::start(run);
    run.sql("drop table profile");
    server
}

#[test]
fn what_breaks_is_logged_once_and_arrives_with_its_request_and_nothing_personal() {
    let sentry = Receiver::answering(200);
    let run = Run::new()
        .with("SENTRY_DSN", sentry.dsn())
        .with("SENTRY_ENVIRONMENT", "staging")
        .with("TRUSTED_PROXIES", "127.0.0.1");
    let mut server = broken(&run);
    let answer = server.ask_with(
        "GET",
        "/profiles/ada%40example.com/?token=stolen",
        "Cookie: session=stolen\r\nAuthorization: Bearer stolen\r\nUser-Agent: stolen\r\nX-Forwarded-For: 203.0.113.9\r\n",
    );
    assert_eq!(answer.status, 500);
    let id = answer.header("x-request-id").unwrap();
    let page = answer.text();
    assert!(page.contains(id), "the page names its reference");
    assert!(!page.contains("no such table"), "and not the cause");

    let post = sentry.post();
    let event = post.event();
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
    assert_eq!(event["request"], serde_json::json!({ "method": "GET" }));
    assert!(
        event["transaction"]
            .as_str()
            .unwrap()
            .starts_with("/profiles/"),
        "{event}"
    );
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
    assert!(sentry.is_empty(), "one event");
}

#[test]
fn an_error_of_the_last_moment_is_still_sent() {
    let sentry = Receiver::answering(200);
    let run = Run::new().with("SENTRY_DSN", sentry.dsn());
    let mut server = broken(&run);
    assert_eq!(server.ask("GET", "/profiles/").status, 500);
    server.stop();
    assert_eq!(sentry.post().event()["environment"], "production");
}

#[test]
fn what_visitors_do_wrong_is_not_sent() {
    let sentry = Receiver::answering(200);
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
    assert!(sentry.is_empty());
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

#[test]
fn a_sentry_that_does_not_answer_holds_nobody_up() {
    // Connections are taken by the system and never answered.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dsn = format!("http://key@{}/1", silent.local_addr().unwrap());
    let run = Run::new().with("SENTRY_DSN", dsn);
    let mut server = broken(&run);
    assert_eq!(server.ask("GET", "/profiles/").status, 500);
    assert_eq!(server.ask("GET", "/").status, 200);
    let since = std::time::Instant::now();
    server.stop();
    assert!(since.elapsed().as_secs() < 20, "{:?}", since.elapsed());
}
