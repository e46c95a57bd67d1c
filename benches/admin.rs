//! What the admin costs with 100,000 homes, 100,000 people and as much history: lists, searches, a form, a download, and
//! the deletion of ten thousand homes at once.
//!
//! Server time through Rocket's local client; a list should stay under 20 ms, a form under 5 ms and 30 KB, the download
//! under 2 s. Its memory is that of the real binary, which another process reads from; it should stay under 40 MB.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use oc_lettings::config::{Config, Environment};
use oc_lettings::db::Db;
use oc_lettings::models::{self, permission, session};
use oc_lettings::site;
use oc_lettings::web::keys::Keys;
use oc_lettings::web::posted;
use rocket::http::{Accept, ContentType, Cookie, Header, Status};
use rocket::local::blocking::{Client, LocalResponse};
use tempfile::TempDir;

/// The last page of a list of 100,000 rows.
const LAST: u32 = 1_000;
/// Where the database is in its folder.
const DATABASE: &str = "site.sqlite3";

criterion_main!(benches);
criterion_group!(benches, lists, form, download, deletion);

fn lists(criterion: &mut Criterion) {
    let office = Office::new();
    let mut group = criterion.benchmark_group("100,000 lettings");
    group.sample_size(20);
    let list = "/admin/lettings/letting/";
    for (name, query) in [
        ("first page", String::new()),
        ("middle page", format!("?p={}", LAST / 2)),
        ("last page", format!("?p={LAST}")),
        ("a word of one", "?q=77777".to_owned()),
        ("a word of one hundred", "?q=City+499".to_owned()),
        ("a word of all", "?q=home".to_owned()),
        ("a word of all, last page", format!("?q=home&p={LAST}")),
        ("a longer word of all", "?q=number".to_owned()),
        ("a word and two letters", "?q=4321+ca".to_owned()),
        ("two letters of some", "?q=ca".to_owned()),
        ("two letters of none", "?q=zz".to_owned()),
        ("by title", "?o=1".to_owned()),
        ("by city", "?o=2".to_owned()),
        ("of a state", "?state=CA".to_owned()),
        ("of a state, a word of all", "?state=CA&q=home".to_owned()),
        ("with counts", "?_facets=1".to_owned()),
        ("with counts, a word of all", "?_facets=1&q=home".to_owned()),
    ] {
        office.measure(&mut group, name, &format!("{list}{query}"));
    }
    group.finish();
    for (name, list, rare, common, filter) in [
        (
            "100,000 addresses",
            "lettings/address",
            "%22City+7,+ga%22",
            "main",
            "state=CA&country=USA",
        ),
        (
            "100,000 users",
            "auth/user",
            "person77777",
            "person",
            "is_staff=1&is_active=1",
        ),
        (
            "100,000 profiles",
            "profiles/profile",
            "person.77777",
            "city",
            "show_email=1",
        ),
        (
            "100,000 entries of history",
            "history",
            "77777",
            "number",
            "",
        ),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        let mut pages = vec![
            ("first page", String::new()),
            ("last page", format!("?p={LAST}")),
            ("a rare word", format!("?q={rare}")),
            ("a word of all", format!("?q={common}")),
            ("two letters of none", "?q=zz".to_owned()),
        ];
        if !filter.is_empty() {
            pages.push(("narrowed", format!("?{filter}")));
            pages.push(("with counts", "?_facets=1".to_owned()));
        }
        for (name, query) in pages {
            office.measure(&mut group, name, &format!("/admin/{list}/{query}"));
        }
        group.finish();
    }
}

fn form(criterion: &mut Criterion) {
    let office = Office::new();
    let mut group = criterion.benchmark_group("the form of a new letting");
    let form = "/admin/lettings/letting/add/";
    println!("the form of a new letting: {} bytes", office.get(form));
    office.measure(&mut group, "opened", form);
    group.finish();
}

fn download(criterion: &mut Criterion) {
    let office = Office::new();
    let mut group = criterion.benchmark_group("100,000 lettings as CSV");
    group.sample_size(10);
    for (name, query) in [
        ("in their order", ""),
        ("by city", "?o=2"),
        ("a word of all", "?q=home"),
    ] {
        office.measure(
            &mut group,
            name,
            &format!("/admin/lettings/letting/export.csv{query}"),
        );
    }
    group.finish();
    let session = office.session.clone();
    office.memory(&session);
}

/// The second post of the two: the question has been asked and answered.
fn deletion(criterion: &mut Criterion) {
    let template = Office::new().closed();
    let mut group = criterion.benchmark_group("10,000 of 100,000 lettings");
    group.sample_size(10);
    group.bench_function("deleted at once", |bencher| {
        bencher.iter_custom(|times| {
            (0..times)
                .map(|_| Office::copied(&template).deletes())
                .sum()
        });
    });
    group.finish();
}

/// Somebody with all rights in the admin of a large agency.
struct Office {
    client: Client,
    db: Db,
    session: String,
    folder: TempDir,
}

impl Office {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (db, _) = Db::open_and_migrate(&folder.path().join(DATABASE))
            .expect("a folder that can be written");
        db.write_now(|tx| {
            permission::bring_up_to_date(tx, models::ALL)?;
            tx.execute_batch(include_str!("rows/homes.sql"))?;
            tx.execute_batch(include_str!("rows/people.sql"))?;
            Ok(())
        })
        .expect("rows that the schema takes");
        db.checkpoint().expect("a log that nobody else reads");
        Self::at(folder, db)
    }

    fn at(folder: TempDir, db: Db) -> Self {
        let session = session::new_token().expect("random bytes");
        db.write_now(|tx| {
            tx.execute(
                "insert into user (username, password, is_staff, is_superuser, date_joined, updated_at)
                 values ('ada', '!', 1, 1, '2026-01-01T00:00:00.000000Z', '') on conflict do nothing",
                [],
            )?;
            let id = tx.query_row("select id from user where username = 'ada'", [], |row| row.get(0))?;
            session::create(tx, &session, id, "", "")
        })
        .expect("an account of the staff");
        let config = Config::read(&Environment::new(), folder.path()).expect("defaults that hold");
        let client = Client::untracked(site::build(config, db.clone()))
            .expect("a site that can be put together");
        Self {
            client,
            db,
            session,
            folder,
        }
    }

    /// The folder, with all of the database in its one file.
    fn closed(self) -> TempDir {
        self.db.checkpoint().expect("a log that nobody else reads");
        self.folder
    }

    fn copied(template: &TempDir) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join(DATABASE);
        fs::copy(template.path().join(DATABASE), &path).expect("a disk with room");
        let db = Db::open(&path).expect("a copy of a database");
        Self::at(folder, db)
    }

    fn measure(&self, group: &mut BenchmarkGroup<'_, WallTime>, name: &str, target: &str) {
        group.bench_function(name, |bencher| bencher.iter(|| self.get(target)));
    }

    /// One request as a browser sends it, its answer read to the end; how many bytes it has.
    fn get(&self, target: &str) -> usize {
        let request = self
            .client
            .get(target)
            .header(Header::new("Host", "localhost"))
            .header(Accept::HTML)
            .cookie(Cookie::new("session", self.session.clone()));
        let response = request.dispatch();
        assert_eq!(response.status(), Status::Ok, "{target}");
        response.into_bytes().map_or(0, |bytes| bytes.len())
    }

    /// Deletes all homes of California, having been asked, and tells how long it took.
    fn deletes(&self) -> Duration {
        let since = Instant::now();
        let response = self.post(
            "/admin/lettings/letting/?state=CA",
            "action=delete_selected&select_across=1&post=yes&expected=10000",
        );
        assert_eq!(response.status(), Status::SeeOther);
        let took = since.elapsed();
        let left: (u32, u32, u32) = self
            .db
            .read(|conn| {
                let sql = "select (select count(*) from letting), count(*), count(distinct row_id) from history where action = 'delete'";
                Ok(conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
            })
            .expect("a database that can be read");
        assert_eq!(left, (90_000, 10_000, 10_000));
        took
    }

    fn post(&self, target: &'static str, fields: &str) -> LocalResponse<'_> {
        let keys: &Keys = self.client.rocket().state().expect("a site with a key");
        let token = posted::token(keys, &self.session);
        self.client
            .post(target)
            .header(Header::new("Host", "localhost"))
            .header(ContentType::Form)
            .cookie(Cookie::new("session", self.session.clone()))
            .body(format!("form_token={token}&{fields}"))
            .dispatch()
    }

    /// Downloads the lists from the real binary and prints the most memory that it had at any time.
    fn memory(self, session: &str) {
        let folder = self.closed();
        let mut server = Command::new(env!("CARGO_BIN_EXE_oc-lettings"))
            .env_clear()
            .envs([
                ("BIND", "127.0.0.1"),
                ("PORT", "0"),
                ("LOG_FORMAT", "json"),
                ("DATABASE", DATABASE),
            ])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary that cargo built for this benchmark");
        let mut log = BufReader::new(server.stdout.take().expect("a pipe was asked for")).lines();
        let address = log
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(&line).ok()?;
                Some(line["address"].as_str()?.to_owned())
            })
            .expect("the log says where the server listens");
        // The log is read on, or the server would wait for its reader.
        std::thread::spawn(move || log.for_each(drop));
        println!("memory after the start: {}", peak(server.id()));
        for query in ["", "?q=home", "?o=2", "?o=-1"] {
            let since = Instant::now();
            let bytes = fetch(
                &address,
                &format!("/admin/lettings/letting/export.csv{query}"),
                session,
            );
            println!(
                "memory after {bytes} bytes of export.csv{query} in {} ms: {}",
                since.elapsed().as_millis(),
                peak(server.id())
            );
        }
        server.kill().expect("a process of ours");
        server.wait().expect("a process of ours");
    }
}

/// The most memory that a process had at any time, as the kernel tells it.
fn peak(process: u32) -> String {
    let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status"))
        .expect("a process that runs, on Linux");
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("a line that Linux writes")
        .trim()
        .to_owned()
}

/// One answer over a socket, read to its end and not kept; how many bytes it has.
fn fetch(address: &str, target: &str, session: &str) -> u64 {
    let mut stream = TcpStream::connect(address).expect("a server that listens");
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nCookie: session={session}\r\nConnection: close\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .expect("a server that reads");
    let mut start = [0; 12];
    stream
        .read_exact(&mut start)
        .expect("a server that answers");
    assert_eq!(&start, b"HTTP/1.1 200");
    std::io::copy(&mut stream, &mut std::io::sink()).expect("an answer to its end")
}
