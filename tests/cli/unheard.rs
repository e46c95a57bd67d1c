//! A Sentry that is slow, tired, rude or not there: nobody waits for it, and the log counts what it did not take.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::receiver::Receiver;
use super::run::Run;
use super::sentry::broken;
use super::server::Server;

/// Far below what a request would take that waited for one event to be sent.
const AT_ONCE: Duration = Duration::from_secs(4);
/// Twenty seconds of Render's thirty are for running answers.
const FAREWELL: Duration = Duration::from_secs(10);

/// How many events the lines say that Sentry did not take.
fn lost(lines: &[Value]) -> u64 {
    lines.iter().filter_map(|line| line["lost"].as_u64()).sum()
}

/// A site that breaks when it is asked for people, and reports there.
fn reporting_to(dsn: impl Into<std::ffi::OsString>) -> (Run, Server) {
    let run = Run::new().with("SENTRY_DSN", dsn);
    let server = broken(&run);
    (run, server)
}

fn breaks(server: &Server, times: usize) {
    for _ in 0..times {
        let since = Instant::now();
        assert_eq!(server.ask("GET", "/profiles/").status, 500);
        assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
    }
}

#[test]
fn a_sentry_that_does_not_answer_holds_nobody_up_and_what_has_no_room_is_counted() {
    let sentry = Receiver::slow();
    let (_run, mut server) = reporting_to(sentry.dsn());
    breaks(&server, 150);
    assert_eq!(server.ask("GET", "/").status, 200);
    let line = server.line_with("Sentry did not take");
    assert_eq!(line["level"], "warn");
    let mut lines = vec![line];
    let since = Instant::now();
    lines.extend(server.stop());
    assert!(since.elapsed() < FAREWELL, "{:?}", since.elapsed());
    assert_eq!(lost(&lines), 151, "each event, and how requests went");
    let said = lines.iter().filter(|line| line.get("lost").is_some());
    assert!(said.count() <= 3, "one a minute, and one at the end");
}

#[test]
fn a_sentry_that_asks_for_a_pause_gets_one() {
    let sentry = Receiver::tired();
    let (_run, mut server) = reporting_to(sentry.dsn());
    breaks(&server, 5);
    sentry.post();
    let line = server.line_with("Sentry did not take 1 event: it asked for a pause");
    let mut lines = vec![line];
    lines.extend(server.stop());
    assert_eq!(lost(&lines), 6);
    assert!(sentry.rest().is_empty(), "nothing after the first");
}

#[test]
fn a_sentry_that_goes_away_is_counted_and_tried_again() {
    let sentry = Receiver::rude();
    let (_run, mut server) = reporting_to(sentry.dsn());
    breaks(&server, 2);
    let line = server.line_with("Sentry did not take 1 event: ");
    sentry.post();
    sentry.post();
    let mut lines = vec![line];
    lines.extend(server.stop());
    assert_eq!(lost(&lines), 3);
}

#[test]
fn a_sentry_that_refuses_is_counted_with_its_status() {
    let sentry = Receiver::refusing();
    let (_run, server) = reporting_to(sentry.dsn());
    breaks(&server, 1);
    server.line_with("Sentry did not take 1 event: it answered 403");
}

#[test]
fn a_sentry_that_is_not_there_is_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dsn = format!("http://key@{}/1", listener.local_addr().unwrap());
    drop(listener);
    let (_run, mut server) = reporting_to(dsn);
    breaks(&server, 3);
    let line = server.line_with("Sentry did not take 1 event: ");
    assert!(
        line["msg"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .contains("connection refused"),
        "{line}"
    );
    let mut lines = vec![line];
    lines.extend(server.stop());
    assert_eq!(lost(&lines), 4);
}
