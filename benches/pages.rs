//! What pages cost: server time through Rocket's local client, and the time from start to the first answer.
//!
//! Two sites are measured, one with the six demo homes and one with 100,000 generated ones. A page should stay under
//! 5 ms, a start on an existing database under 30 ms. The socket is left out of the pages' times, not of the start's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use oc_lettings::config::{Config, Environment};
use oc_lettings::db::Db;
use oc_lettings::{demo, site};
use rocket::http::{Accept, Header, Status};
use rocket::local::blocking::Client;
use tempfile::TempDir;

const MANY: u32 = 100_000;

/// So many homes.
const HOMES: &str = include_str!("homes.sql");

criterion_main!(benches);
criterion_group!(benches, demo_pages, many_pages, start);

fn demo_pages(criterion: &mut Criterion) {
    let folder = TempDir::new().expect("a temporary folder");
    let client = client(folder.path(), |db| {
        db.write_now(demo::load).expect("an empty database");
    });
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
    let last = MANY.div_ceil(24);
    let mut group = criterion.benchmark_group("100,000 homes");
    for (name, path) in [
        ("home", "/".to_owned()),
        ("lettings, first page", "/lettings/".to_owned()),
        (
            "lettings, middle page",
            format!("/lettings/?page={}", last / 2),
        ),
        ("lettings, last page", format!("/lettings/?page={last}")),
        (
            "lettings of a state, last page",
            format!("/lettings/?state=CA&page={}", (MANY / 10).div_ceil(24)),
        ),
        ("letting", format!("/lettings/{MANY}/")),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| answer(&client, &path, Status::Ok));
        });
    }
    group.finish();
}

/// From the start of the process to the last byte of the home page, on a database that is there.
fn start(criterion: &mut Criterion) {
    let folder = TempDir::new().expect("a temporary folder");
    open(folder.path())
        .write_now(demo::load)
        .expect("an empty database");
    let mut group = criterion.benchmark_group("start");
    group.sample_size(20);
    group.bench_function("to the first answer", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| first_answer(folder.path())).sum());
    });
    group.finish();
}

fn open(folder: &Path) -> Db {
    Db::open_and_migrate(&folder.join("site.sqlite3"))
        .expect("a folder that can be written")
        .0
}

fn generate(db: &Db) {
    db.write_now(|tx| Ok(tx.execute_batch(HOMES)?))
        .expect("rows that the schema takes");
    db.checkpoint().expect("a log that nobody else reads");
}

fn client(folder: &Path, fill: impl FnOnce(&Db)) -> Client {
    let db = open(folder);
    fill(&db);
    let config = Config::read(&Environment::new(), folder).expect("defaults that hold");
    Client::untracked(site::build(config, db)).expect("a site that can be put together")
}

/// One request as a browser sends it, its answer read to the end.
fn answer(client: &Client, path: &str, status: Status) -> usize {
    let response = client
        .get(path)
        .header(Header::new("Host", "localhost"))
        .header(Header::new("Accept-Encoding", "gzip, deflate, br, zstd"))
        .header(Accept::HTML)
        .dispatch();
    assert_eq!(response.status(), status, "{path}");
    response.into_bytes().map_or(0, |bytes| bytes.len())
}

fn first_answer(folder: &Path) -> Duration {
    let since = Instant::now();
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
    let log = BufReader::new(server.stdout.take().expect("a pipe was asked for"));
    let address = log
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line).ok()?;
            Some(line["address"].as_str()?.to_owned())
        })
        .expect("the log says where the server listens");
    let mut stream = TcpStream::connect(address).expect("a server that listens");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("a server that reads");
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("a server that answers");
    let took = since.elapsed();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    server.kill().expect("a process of ours");
    server.wait().expect("a process of ours");
    took
}
