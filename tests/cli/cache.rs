//! Pages that are kept, on the running server: never older than a save that was acknowledged, and not for long older than
//! what a command has written.

use std::io::{BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use super::run::Run;
use super::server::{Answer, PATIENCE, Server, demo_site, request};
use super::staff::Staff;

/// Pages that show where the first home is.
const PAGES: [&str; 4] = ["/", "/lettings/", "/lettings/1/", "/lettings/?state=CA"];
/// How often somebody saves.
const ROUNDS: u32 = 40;

/// A visitor who looks at all pages again and again, on one connection, and never sees an older one after a newer one.
fn visitor(server: &Server, form: &'static str, is_over: &Arc<AtomicBool>) -> JoinHandle<()> {
    let mut connection = BufReader::new(server.connect());
    let is_over = Arc::clone(is_over);
    std::thread::spawn(move || {
        let mut seen = [0; PAGES.len()];
        while !is_over.load(Ordering::Relaxed) {
            for (page, seen) in PAGES.iter().zip(&mut seen) {
                let request = request("GET", page, form);
                let sent = connection.get_mut().write_all(request.as_bytes());
                sent.expect("a server that reads");
                let now = round(&Answer::read(&mut connection));
                assert!(now >= *seen, "{page}: {now} after {seen}");
                *seen = now;
            }
        }
    })
}

/// The number in the name of the city; 0 before the first save.
fn round(page: &Answer) -> u32 {
    assert_eq!(page.status, 200);
    // Other forms say nothing that a test could read without unpacking them.
    let text = String::from_utf8_lossy(&page.body);
    let number = text.split_once("Round ").map(|(_, rest)| rest);
    number.map_or(0, |rest| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    })
}

#[test]
fn whoever_asks_after_a_save_sees_what_was_saved() {
    let run = Run::new().administered();
    run.run(&["demo"]).succeeded();
    let mut server = Server::start(&run);
    let mut staff = Staff::sign_in(&server);
    let is_over = Arc::new(AtomicBool::new(false));
    let visitors =
        ["", "", "Accept-Encoding: gzip\r\n"].map(|form| visitor(&server, form, &is_over));
    let mut connection = BufReader::new(server.connect());
    for number in 1..=ROUNDS {
        let (city, version) = (format!("Round {number}"), number.to_string());
        let fields = [
            ("number", "1"),
            ("street", "Main Street"),
            ("city", city.as_str()),
            ("state", "CA"),
            ("zip_code", "92602"),
            ("country_iso_code", "USA"),
            ("_version", version.as_str()),
            ("_save", "1"),
        ];
        let saved = staff.post("/admin/lettings/address/1/change/", &fields);
        assert_eq!(saved.expect("an answer").status, 303);
        for page in PAGES {
            let request = request("GET", page, "");
            connection.get_mut().write_all(request.as_bytes()).unwrap();
            let shown = round(&Answer::read(&mut connection));
            assert_eq!(shown, number, "{page}");
        }
    }
    is_over.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.join().expect("pages in the order of the saves");
    }
    server.stop();
}

#[test]
fn what_a_command_loads_is_on_the_pages_of_a_running_server() {
    let (run, server) = demo_site();
    assert!(
        server
            .ask("GET", "/lettings/1/")
            .text()
            .contains("Bedford Street")
    );
    let fixture = r#"[{"model": "lettings.letting", "pk": 1, "fields": {"title": "Loaded meanwhile", "address": 1}}]"#;
    std::fs::write(run.path("one.json"), fixture).expect("a folder of ours");
    run.run(&["loaddata", "one.json"]).succeeded();
    let since = Instant::now();
    while !server
        .ask("GET", "/lettings/1/")
        .text()
        .contains("Loaded meanwhile")
    {
        assert!(since.elapsed() < PATIENCE, "it is not seen");
    }
}

#[test]
fn an_answer_that_was_kept_is_logged_like_any_other() {
    let (_run, server) = demo_site();
    for _ in 0..2 {
        let page = server.ask("GET", "/lettings/1/?utm_source=x");
        let line = server.line_with("GET /lettings/1/ 200");
        assert_eq!(line["route"], "/lettings/<id>");
        assert_eq!(line["bytes"], page.body.len());
        assert_eq!(line["request_id"], page.header("x-request-id").unwrap());
        assert_eq!(line["client"], "127.0.0.1");
        let etag = format!("If-None-Match: {}\r\n", page.header("etag").unwrap());
        assert_eq!(server.ask_with("GET", "/lettings/1/", &etag).status, 304);
        let line = server.line_with("GET /lettings/1/ 304");
        assert_eq!(
            (&line["route"], &line["bytes"]),
            (&"/lettings/<id>".into(), &0.into())
        );
    }
}
