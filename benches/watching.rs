//! What it costs a request that the site is watched: the numbers for Prometheus, and Sentry with and without a DSN.
//!
//! The pieces are measured alone, since each should stay far below a microsecond. Then whole requests are measured in
//! pairs, one kind of site right after the other, and the differences are printed: what a request pays that reports
//! nothing, and what one pays that is traced. The log writes no lines meanwhile.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::spawn;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use oc_lettings::config::{Config, Environment};
use oc_lettings::db::Db;
use oc_lettings::site;
use oc_lettings::telemetry::metrics::Metrics;
use oc_lettings::telemetry::request::Facts;
use oc_lettings::telemetry::{self, Output, Telemetry, reporter};
use oc_lettings::web::answered::Answered;
use rocket::http::{Header, Status};
use rocket::local::blocking::Client;
use tempfile::TempDir;

const ROUNDS: usize = 200;
const REQUESTS: u32 = 100;

criterion_group!(benches, pieces);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    pairs();
}

/// A kind of site: its name and the settings that make it.
struct Kind {
    name: &'static str,
    settings: Vec<(&'static str, String)>,
}

fn kinds() -> [Kind; 3] {
    let dsn = ("SENTRY_DSN", sink());
    let rate = |rate: &str| ("SENTRY_TRACES_SAMPLE_RATE", rate.to_owned());
    [
        Kind {
            name: "no DSN",
            settings: Vec::new(),
        },
        Kind {
            name: "a DSN, nothing traced",
            settings: vec![dsn.clone(), rate("0")],
        },
        Kind {
            name: "a DSN, everything traced",
            settings: vec![dsn, rate("1")],
        },
    ]
}

impl Kind {
    fn config(&self, folder: &Path) -> Config {
        let settings = self.settings.iter().cloned();
        let environment: Environment = settings
            .chain([("LOG_LEVEL", "error".to_owned())])
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Config::read(&environment, folder).expect("settings that fit")
    }

    fn started(&self, folder: &Path) -> Telemetry {
        telemetry::start(&self.config(folder), Output::Server)
    }
}

fn pieces(criterion: &mut Criterion) {
    let folder = TempDir::new().expect("a temporary folder");
    let took = Duration::from_micros(700);
    let route: Arc<str> = "/lettings/<id>".into();
    let mut group = criterion.benchmark_group("a request pays");

    let metrics = Metrics::new();
    for id in 0..40 {
        metrics.answered("GET", Some(&format!("/{id}").into()), 200, took);
    }
    group.bench_function("for the numbers", |bencher| {
        bencher.iter(|| {
            let _in_flight = metrics.begin();
            metrics.answered("GET", Some(&route), 200, took);
        });
    });
    for kind in &kinds()[..2] {
        let _telemetry = kind.started(folder.path());
        group.bench_function(format!("for Sentry, {}", kind.name), |bencher| {
            bencher.iter(|| {
                let facts = Facts::new(String::new(), String::new(), String::new());
                facts.enter(&route, true);
                drop(telemetry::measure("read"));
                reporter::answered(&facts, 200, took);
            });
        });
        let answered = Answered {
            request_id: "0123456789abcdef0123456789abcdef",
            method: "GET",
            path: "/lettings/1/",
            route: Some(&route),
            status: 200,
            took,
            bytes: 4096,
            client: None,
        };
        group.bench_function(
            format!("for all of it without Rocket, {}", kind.name),
            |bencher| {
                bencher.iter(|| answered.told(None, &metrics));
            },
        );
    }
    group.finish();
}

/// The same requests to each kind of site in turn, many times over.
fn pairs() {
    let folder = TempDir::new().expect("a temporary folder");
    let kinds = kinds();
    let client = client(folder.path());
    let mut times = kinds.each_ref().map(|_| Vec::with_capacity(ROUNDS));
    for round in 0..=ROUNDS {
        for turn in 0..kinds.len() {
            // Each is the first one as often as any other.
            let place = (round + turn) % kinds.len();
            let _telemetry = kinds[place].started(folder.path());
            // The thread that sends is up, and what the start moved out of the caches is back.
            for _ in 0..REQUESTS / 10 {
                ask(&client);
            }
            let since = Instant::now();
            for _ in 0..REQUESTS {
                ask(&client);
            }
            times[place].push(since.elapsed() / REQUESTS);
        }
    }
    let [base, ..] = &times;
    eprintln!(
        "a request with {} takes {:?}",
        kinds[0].name,
        middle(base.clone())
    );
    for (kind, times) in kinds.iter().zip(&times).skip(1) {
        let differences: Vec<i128> = times
            .iter()
            .zip(base)
            .map(|(time, base)| signed(*time) - signed(*base))
            .collect();
        eprintln!(
            "with {} it takes {} ns more (median of {} pairs)",
            kind.name,
            middle(differences),
            times.len()
        );
    }
}

fn signed(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).expect("a time of this century")
}

fn middle<T: Ord>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    let place = values.len() / 2;
    values.swap_remove(place)
}

fn client(folder: &Path) -> Client {
    let (db, _) =
        Db::open_and_migrate(&folder.join("site.sqlite3")).expect("a folder that can be written");
    let config = Config::read(&Environment::new(), folder).expect("defaults that hold");
    Client::untracked(site::build(config, db)).expect("a site that can be put together")
}

fn ask(client: &Client) {
    let response = client
        .get("/version")
        .header(Header::new("Host", "localhost"))
        .dispatch();
    assert_eq!(response.status(), Status::Ok);
}

/// The DSN of a server that takes everything.
fn sink() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            spawn(move || {
                let mut read = vec![0; 64 * 1024];
                // Each post is small enough to come in one piece, and what it says does not matter here.
                while stream.read(&mut read).is_ok_and(|size| size > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
                    if stream.write_all(answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("http://key@{address}/1")
}
