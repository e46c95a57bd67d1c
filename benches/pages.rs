//! What pages cost: made anew through Rocket's local client, found in the cache over a socket, and the time from start to
//! the first answer.
//!
//! Two sites are measured, one with the six demo homes and one with a million generated ones. A page of the large one
//! should take no more than twice as long as the same of the small one, a start on an existing database under 30 ms. Made
//! anew, pages are not compressed: that is done once for each version of the content.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use oc_lettings::config::{Config, Environment};
use oc_lettings::db::Db;
use oc_lettings::site;
use rocket::http::{Accept, Header, Status};
use rocket::local::blocking::Client;
use tempfile::TempDir;

#[path = "rows/many.rs"]
mod rows;

use rows::{MANY, PAGES, demo, generate, open};

criterion_main!(benches);
criterion_group!(benches, demo_pages, many_pages, kept_pages, start);

fn demo_pages(criterion: &mut Criterion) {
    let folder = TempDir::new().expect("a temporary folder");
    let client = client(folder.path(), demo);
    let mut group = criterion.benchmark_group("six homes");
    for (name, path, status) in [
        ("home", "/", Status::Ok),
        ("lettings", "/lettings/", Status::Ok),
        ("letting", "/lettings/1/", Status::Ok),
        ("profiles", "/profiles/", Status::Ok),
        ("profile", "/profiles/4meRomance/", Status::Ok),
        ("not found", "/lettings/7/", Status::NotFound),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| answer(&client, path, status));
        });
    }
    group.finish();
}

fn many_pages(criterion: &mut Criterion) {
    let folder = TempDir::new().expect("a temporary folder");
    let client = client(folder.path(), generate);
    let mut group = criterion.benchmark_group("a million homes");
    for (name, path) in [
        ("home", "/".to_owned()),
        ("lettings, first page", "/lettings/".to_owned()),
        (
            "lettings, middle page",
            format!("/lettings/?page={}", PAGES / 2),
        ),
        ("lettings, last page", format!("/lettings/?page={PAGES}")),
        (
            "lettings of a state, first page",
            "/lettings/?state=CA".to_owned(),
        ),
        (
            "lettings of a state, last page",
            format!("/lettings/?state=CA&page={}", (MANY / 10).div_ceil(24)),
        ),
        ("letting", format!("/lettings/{}/", MANY / 2)),
        ("last part of the sitemap", "/sitemap-20.xml".to_owned()),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| answer(&client, &path, Status::Ok));
        });
    }
    group.finish();
}

/// Requests on one connection to a server that has the page, and their answers, read to the end.
fn kept_pages(criterion: &mut Criterion) {
    let folder = TempDir::new().expect("a temporary folder");
    demo(&open(folder.path()));
    let (mut server, address) = started(folder.path());
    let mut connection = BufReader::new(connected(&address));
    let mut group = criterion.benchmark_group("kept");
    for path in ["/", "/lettings/", "/lettings/1/", "/profiles/"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br\r\n");
        let (head, _) = exchanged(&mut connection, &format!("{request}\r\n"));
        let tag = header(&head, "etag").expect("a tag").to_owned();
        for (name, more) in [
            (path.to_owned(), String::new()),
            (format!("{path}, 304"), format!("If-None-Match: {tag}\r\n")),
        ] {
            let request = format!("{request}{more}\r\n");
            group.bench_function(name, |bencher| {
                bencher.iter(|| exchanged(&mut connection, &request));
            });
        }
    }
    group.finish();
    end(&mut server);
}

/// From the start of the process to the last byte of the home page, on a database that is there.
fn start(criterion: &mut Criterion) {
    let folder = TempDir::new().expect("a temporary folder");
    demo(&open(folder.path()));
    let mut group = criterion.benchmark_group("start");
    group.sample_size(20);
    group.bench_function("to the first answer", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| first_answer(folder.path())).sum());
    });
    group.finish();
}

fn client(folder: &Path, fill: impl FnOnce(&Db)) -> Client {
    let db = open(folder);
    fill(&db);
    let config = Config::read(&Environment::new(), folder).expect("defaults that hold");
    Client::untracked(site::build(config, db)).expect("a site that can be put together")
}

/// One request, its answer read to the end.
fn answer(client: &Client, path: &str, status: Status) -> usize {
    let response = client
        .get(path)
        .header(Header::new("Host", "localhost"))
        .header(Accept::HTML)
        .dispatch();
    assert_eq!(response.status(), status, "{path}");
    response.into_bytes().map_or(0, |bytes| bytes.len())
}

fn first_answer(folder: &Path) -> Duration {
    let since = Instant::now();
    let (mut server, address) = started(folder);
    let mut stream = connected(&address);
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("a server that reads");
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("a server that answers");
    let took = since.elapsed();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    end(&mut server);
    took
}

/// A server on the folder's database, and where it listens.
fn started(folder: &Path) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_oc-lettings"))
        .env_clear()
        .envs([
            ("BIND", "127.0.0.1"),
            ("PORT", "0"),
            ("LOG_FORMAT", "json"),
            ("DATABASE", "site.sqlite3"),
        ])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary that cargo built for this benchmark");
    let log = server.stdout.take().expect("a pipe was asked for");
    let mut log = BufReader::new(log).lines().map_while(Result::ok);
    let address = log
        .find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line).ok()?;
            Some(line["address"].as_str()?.to_owned())
        })
        .expect("the log says where the server listens");
    // A log that nobody reads would stop the server.
    std::thread::spawn(move || log.for_each(drop));
    (server, address)
}

fn connected(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a server that listens");
    stream.set_nodelay(true).expect("a socket");
    stream
}

fn end(server: &mut Child) {
    server.kill().expect("a process of ours");
    server.wait().expect("a process of ours");
}

/// Sends a request, and reads the head and the body of its answer.
fn exchanged(connection: &mut BufReader<TcpStream>, request: &str) -> (String, Vec<u8>) {
    let sent = connection.get_mut().write_all(request.as_bytes());
    sent.expect("a server that reads");
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        connection.read_line(&mut head).expect("a head");
    }
    let length =
        header(&head, "content-length").map_or(0, |length| length.parse().expect("a length"));
    let mut body = vec![0; length];
    connection.read_exact(&mut body).expect("a body");
    (head, body)
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
