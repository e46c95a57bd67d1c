//! What the server logs: where it is, and one line for each request with nothing in it that is nobody's business.

use std::io::{BufRead, BufReader, Lines, Write};
use std::iter::from_fn;
use std::net::TcpStream;
use std::process::{Child, ChildStdout};

use oc_lettings::db::migrate;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::run::Run;
use super::server::{Answer, PATIENCE, Server, request};

fn keys(line: &Value) -> Vec<&str> {
    line.as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn the_start_is_logged_with_address_database_schema_and_time() {
    let run = Run::new();
    let server = Server::start(&run);
    let migrated = &server.start[0];
    assert!(
        migrated["msg"]
            .as_str()
            .unwrap()
            .starts_with("migrated: V1__settings, "),
        "{migrated}"
    );
    let line = server.start.last().unwrap();
    assert_eq!(
        keys(line),
        [
            "ts", "level", "msg", "address", "database", "schema", "start_ms"
        ]
    );
    assert_eq!(line["address"], server.address.to_string());
    assert_eq!(line["schema"], migrate::latest());
    assert!(line["start_ms"].as_f64().unwrap() > 0.0);
    let database = run.path("site.sqlite3").canonicalize().unwrap();
    assert_eq!(line["database"], database.to_str().unwrap());
    let msg = line["msg"].as_str().unwrap();
    assert!(
        msg.starts_with(&format!("listening on http://{}", server.address)),
        "{msg}"
    );
}

#[test]
fn a_request_is_one_line_with_what_it_was_and_without_its_query() {
    let run = Run::new();
    run.run(&["demo"]).succeeded();
    let mut server = Server::start(&run);
    let answer = server.ask_with(
        "GET",
        "/lettings/1/?token=stolen",
        "Cookie: session=stolen\r\nAuthorization: Bearer stolen\r\nUser-Agent: stolen\r\nReferer: http://localhost/stolen\r\n",
    );
    let line = server.line();
    assert_eq!(
        keys(&line),
        [
            "ts",
            "level",
            "msg",
            "request_id",
            "method",
            "path",
            "route",
            "status",
            "ms",
            "bytes",
            "client"
        ]
    );
    assert_eq!(line["level"], "info");
    assert_eq!(line["msg"], "GET /lettings/1/ 200");
    assert_eq!(line["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(
        (&line["method"], &line["path"]),
        (&"GET".into(), &"/lettings/1/".into())
    );
    assert_eq!(line["route"], "/lettings/<id>");
    assert_eq!(line["status"], 200);
    assert_eq!(line["bytes"].as_u64(), Some(answer.body.len() as u64));
    assert!(line["ms"].as_f64().unwrap() > 0.0);
    assert_eq!(line["client"], "127.0.0.1");
    assert!(!line.to_string().contains("stolen"), "{line}");
    let time = line["ts"].as_str().unwrap();
    assert_eq!((time.len(), time.ends_with('Z')), (27, true), "{time}");

    server.ask("HEAD", "/lettings/1/");
    assert_eq!(server.line()["bytes"], 0);
    server.ask("GET", "/lettings");
    assert_eq!(server.line()["status"], 301);
    server.ask("GET", "/nothing/");
    let line = server.line();
    assert_eq!((&line["status"], &line["route"]), (&404.into(), &"".into()));
    let rest = server.stop();
    assert_eq!(rest.len(), 2, "only the end: {rest:?}");
}

#[test]
fn health_checks_are_not_logged_at_info_and_are_at_debug() {
    let run = Run::new();
    let mut server = Server::start(&run);
    for path in ["/healthz", "/readyz", "/up"] {
        server.ask("GET", path);
    }
    server.ask("GET", "/");
    assert_eq!(server.line()["path"], "/", "nothing before it");
    server.stop();
    let server = Server::start(&run.with("LOG_LEVEL", "debug"));
    server.ask("GET", "/healthz");
    assert_eq!(server.line_with("GET /healthz 200")["level"], "debug");
}

#[test]
fn a_client_behind_a_trusted_proxy_is_named_and_its_request_id_taken_over() {
    let headers =
        "X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Request-Id: from-the-proxy-1\r\n";
    let run = Run::new().with("TRUSTED_PROXIES", "127.0.0.0/8");
    let server = Server::start(&run);
    let answer = server.ask_with("GET", "/", headers);
    assert_eq!(answer.header("x-request-id"), Some("from-the-proxy-1"));
    let line = server.line();
    assert_eq!(
        (&line["client"], &line["request_id"]),
        (&"203.0.113.9".into(), &"from-the-proxy-1".into())
    );

    let server = Server::start(&run.without("TRUSTED_PROXIES"));
    assert_ne!(
        server.ask_with("GET", "/", headers).header("x-request-id"),
        Some("from-the-proxy-1")
    );
    let line = server.line();
    assert!(
        line["msg"].as_str().unwrap().contains("TRUSTED_PROXIES"),
        "{line}"
    );
    let line = server.line();
    assert_eq!(line["client"], "127.0.0.1", "{line}");
}

#[test]
fn a_line_stays_one_line_whatever_a_client_sends() {
    let run = Run::new().with("LOG_FORMAT", "text");
    let mut child = run.prepared(&["serve"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().unwrap().unwrap();
        if let Some((_, rest)) = line.split_once(" address=") {
            break rest.split(' ').next().unwrap().to_owned();
        }
    };
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        "GET /%0AINFO%20forged%1b[31m/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let line = lines
        .map(Result::unwrap)
        .find(|line| line.contains("forged"))
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        line.contains(" INFO  GET /%0AINFO%20forged%1b%5B31m/ 404 "),
        "{line}"
    );
}

/// A server whose log is read when the test wants to read it, and a connection to it.
struct Unread {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    connection: BufReader<TcpStream>,
}

impl Unread {
    fn start(run: &Run) -> Self {
        let mut child = run.prepared(&["serve"]).spawn().expect("our binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe was asked for")).lines();
        let address = loop {
            let line = read(&mut lines).expect("a server that starts");
            if let Some(address) = line["address"].as_str() {
                break address.to_owned();
            }
        };
        let connection = TcpStream::connect(address).expect("a server that listens");
        connection.set_read_timeout(Some(PATIENCE)).expect("a time");
        Self {
            child,
            lines,
            connection: BufReader::new(connection),
        }
    }

    fn ask(&mut self, times: usize) {
        let ask = request("GET", "/nothing", "");
        for _ in 0..times {
            let sent = self.connection.get_mut().write_all(ask.as_bytes());
            sent.expect("a server that listens");
            assert_eq!(Answer::read(&mut self.connection).status, 404);
        }
    }

    fn line(&mut self) -> Option<Value> {
        read(&mut self.lines)
    }
}

fn read(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Value> {
    let line = lines.next()?.expect("text");
    Some(serde_json::from_str(&line).expect("a line of JSON"))
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_holds_up_no_request_and_says_later_what_it_dropped() {
    const REQUESTS: usize = 6_000;
    let mut server = Unread::start(&Run::new());
    // The pipe is full after some hundred lines, and the room behind it after some thousand.
    server.ask(REQUESTS);
    let (mut written, mut dropped) = (0, 0);
    while written + dropped < REQUESTS {
        let line = server.line().unwrap();
        match line["dropped"].as_u64() {
            Some(count) => {
                assert_eq!(line["level"], "warn");
                dropped += usize::try_from(count).unwrap();
            }
            None => written += 1,
        }
    }
    assert!(dropped > 0);
    assert_eq!(written + dropped, REQUESTS);
}

#[test]
fn what_is_not_read_yet_when_the_server_stops_is_not_lost() {
    const REQUESTS: usize = 2_000;
    let mut server = Unread::start(&Run::new());
    server.ask(REQUESTS);
    kill_process(Pid::from_child(&server.child), Signal::TERM).unwrap();
    let lines: Vec<Value> = from_fn(|| server.line()).collect();
    assert_eq!(lines.len(), REQUESTS + 2, "all of them, and two of the end");
    assert_eq!(
        lines.last().unwrap()["msg"],
        "stopped; every answer was finished"
    );
}

#[test]
fn what_never_reaches_the_site_is_logged_as_well() {
    let run = Run::new().with("METRICS_TOKEN", "a-token");
    let server = Server::start(&run);
    let length = "Content-Length: 2000000\r\n";
    for (method, path, headers, status) in [
        ("FOO", "/lettings/?token=stolen", "", 501),
        ("POST", "/lettings/?token=stolen", length, 413),
    ] {
        let answer = server.ask_with(method, path, headers);
        assert_eq!(answer.status, status);
        let line = server.line();
        assert_eq!(line["msg"], format!("{method} /lettings/ {status}"));
        assert_eq!(
            (&line["status"], &line["route"]),
            (&status.into(), &"".into())
        );
        assert_eq!(line["client"], "127.0.0.1");
        assert_eq!(line["bytes"].as_u64(), Some(answer.body.len() as u64));
        assert!(!line.to_string().contains("stolen"), "{line}");
    }
    let answer = server.ask_with("GET", "/metrics", "Authorization: Bearer a-token\r\n");
    for labels in [
        r#"{method="other",route="unknown",status="501"} 1"#,
        r#"{method="POST",route="unknown",status="413"} 1"#,
    ] {
        assert!(answer.text().contains(labels), "{}", answer.text());
    }
}

#[test]
fn a_line_inside_a_request_begins_with_the_request() {
    let run = Run::new().with("TRUSTED_PROXIES", "10.0.0.0/8");
    let server = Server::start(&run);
    server.ask_with("GET", "/?token=stolen", "X-Forwarded-For: 203.0.113.9\r\n");
    let line = server.line_with("TRUSTED_PROXIES");
    assert_eq!(
        keys(&line),
        ["ts", "level", "msg", "request_id", "method", "path", "peer"]
    );
    assert_eq!(
        (&line["method"], &line["path"]),
        (&"GET".into(), &"/".into())
    );
    assert_eq!(line["request_id"], server.line()["request_id"]);
}

#[test]
fn commands_log_nothing_and_a_warning_goes_to_standard_error() {
    let run = Run::new().with("LOG_LEVEL", "trace");
    run.run(&["migrate"]).succeeded();
    run.run(&["demo"]).succeeded();
    let done = run.with("SENTRY_DSN", "no dsn").run(&["showmigrations"]);
    assert_eq!(done.code, Some(0));
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    assert!(
        done.err.contains("WARN  SENTRY_DSN cannot be parsed"),
        "{}",
        done.err
    );
    assert!(!done.out.contains("SENTRY_DSN"));
}

#[test]
fn the_link_for_a_first_administrator_is_written_once_and_never_again() {
    let run = Run::new();
    let mut server = Server::start(&run);
    let link = server.invitation().unwrap();
    let (_, path) = link.split_once("/admin/").unwrap();
    let (_, token) = path.split_once('/').unwrap();
    let token = token.trim_end_matches('/');
    assert!(token.len() >= 32, "{link}");
    for path in [
        format!("/admin/setup/{token}/"),
        format!("/admin/setup/{token}"),
        format!("/admin/setup/{token}/?x={token}"),
    ] {
        server.ask("GET", &path);
        assert_eq!(server.line()["path"], "/admin/setup/…");
    }
    let rest = server.stop();
    assert!(!format!("{rest:?}").contains(token), "{rest:?}");
}
