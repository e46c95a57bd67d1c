//! Stopping: what runs is finished, who only waits is sent away, and the exit code is 0.

use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::load::{Load, assert_kept};
use super::run::Run;
use super::server::{Answer, PATIENCE, Server, request};
use super::staff::Staff;

/// Far below the grace period of 25 seconds, far above what a loaded machine needs.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A site whose sitemap is larger than what sockets hold on its way.
fn large_site() -> Run {
    let run = Run::new().with(
        "SITE_URL",
        format!("https://{}.example.com", "a-long-name.".repeat(15)),
    );
    run.run(&["migrate"]).succeeded();
    run.sql(
        "with recursive number (n) as (select 1 union all select n + 1 from number where n < 40000)
         insert into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
         select n, '1', 'Main Street', 'Irvine', 'CA', '92602', 'USA', '2026-01-01T00:00:00.000000Z' from number;
         insert into letting (title, address_id, updated_at) select 'Home', id, updated_at from address;",
    );
    run
}

/// Waits until nobody listens any more, which is the case a moment after the log says so.
fn wait_until_refused(server: &Server) {
    let since = Instant::now();
    while TcpStream::connect(server.address).is_ok() {
        assert!(since.elapsed() < PATIENCE, "it still takes connections");
        std::thread::yield_now();
    }
}

fn finishes_a_slow_download(signal: Signal, name: &str) {
    let run = large_site();
    let mut server = Server::start(&run);
    let mut reader = BufReader::new(server.connect());
    let request = request("GET", "/sitemap.xml", "");
    reader
        .get_mut()
        .write_all(request.as_bytes())
        .expect("a server that reads");
    let mut answer = Answer::read_head(&mut reader);
    let length: usize = answer
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .expect("a length");
    assert!(
        length > 10_000_000,
        "{length} bytes may fit into the sockets"
    );
    // One step, so that the download has begun, and then the client is slow.
    let mut step = vec![0; 64 * 1024];
    reader.read_exact(&mut step).expect("a first piece");

    server.signal(signal);
    let line = server.line_with(name);
    assert_eq!(
        line["msg"],
        format!("{name}: taking no new connections, finishing what runs")
    );
    wait_until_refused(&server);
    assert!(server.runs(), "it waits for the slow client");

    answer.body.resize(length - step.len(), 0);
    reader.read_exact(&mut answer.body).expect("the rest");
    assert!(answer.body.ends_with(b"</urlset>\n"));
    let (code, rest) = server.ended();
    assert_eq!(code, Some(0));
    assert_eq!(
        rest.last().expect("a last line")["msg"],
        "stopped; every answer was finished"
    );
    assert_eq!(server.complaints(), "");
    assert_eq!(run.names(), ["site.sqlite3"], "one file is all there is");
}

#[test]
fn a_slow_download_is_finished_after_sigterm() {
    finishes_a_slow_download(Signal::TERM, "SIGTERM");
}

#[test]
fn a_slow_download_is_finished_after_sigint() {
    finishes_a_slow_download(Signal::INT, "SIGINT");
}

#[test]
fn idle_connections_are_closed_at_once() {
    let run = Run::new();
    let mut server = Server::start(&run);
    let untouched = server.connect();
    let mut used = BufReader::new(server.connect());
    used.get_mut()
        .write_all(request("GET", "/", "").as_bytes())
        .unwrap();
    assert_eq!(Answer::read(&mut used).status, 200);

    let since = Instant::now();
    server.stop();
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
    for mut stream in [untouched, used.into_inner()] {
        match stream.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("not closed: {other:?}"),
        }
    }
}

#[test]
fn what_was_acknowledged_before_the_stop_is_in_the_one_file_that_is_left() {
    let run = Run::new().administered();
    let mut server = Server::start(&run);
    let staff = Staff::sign_in(&server);
    let load = Load::begin("stop", &staff, &[&server], 4);
    load.acknowledged(25);
    server.signal(Signal::TERM);
    let ledgers = load.ended();
    let (code, rest) = server.ended();
    assert_eq!(code, Some(0));
    assert_eq!(
        rest.last().unwrap()["msg"],
        "stopped; every answer was finished"
    );
    assert_eq!(run.names(), ["site.sqlite3"], "one file is all there is");
    let refused = ledgers.iter().find_map(|ledger| ledger.refusal.as_ref());
    assert!(refused.is_none(), "{refused:?}");
    assert_kept(&run, "stop", &ledgers);
}

#[test]
fn a_second_signal_does_not_break_what_the_first_began() {
    let run = Run::new();
    let mut server = Server::start(&run);
    server.signal(Signal::TERM);
    server.signal(Signal::TERM);
    server.signal(Signal::INT);
    let (code, rest) = server.ended();
    assert_eq!(code, Some(0));
    assert_eq!(
        rest.last().unwrap()["msg"],
        "stopped; every answer was finished"
    );
}

#[test]
fn a_client_that_leaves_in_the_middle_is_nobodys_error() {
    let run = large_site();
    let mut server = Server::start(&run);
    let mut stream = server.connect();
    stream
        .write_all(request("GET", "/sitemap.xml", "").as_bytes())
        .unwrap();
    stream.read_exact(&mut [0; 1000]).unwrap();
    drop(stream);
    assert_eq!(server.ask("GET", "/").status, 200);
    let rest = server.stop();
    assert!(rest.iter().all(|line| line["level"] == "info"), "{rest:?}");
    assert_eq!(
        rest.last().unwrap()["msg"],
        "stopped; every answer was finished"
    );
}
