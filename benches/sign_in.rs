//! What a flood of sign-ins costs the visitors: the home page's throughput and 95th percentile, alone and beside it.
//!
//! One run of the real binary, in turns: quiet, fifty attempts a second from many clients, quiet, and so on; medians and
//! their ratio are printed. The target is at least 60 % of the quiet throughput and a percentile under 50 ms.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// Visitors, each with a connection of their own.
const VISITORS: usize = 4;
/// Connections that try to sign in.
const GUESSERS: usize = 100;
/// Attempts a second, all guessers together.
const RATE: u32 = 50;
/// How long a turn takes.
const TURN: Duration = Duration::from_secs(3);
/// Turns of each kind.
const TURNS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut server, address) = start(folder.path());
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    let attempts = AtomicUsize::new(0);
    visit(address, Duration::from_secs(1), &AtomicBool::new(false));
    for _ in 0..TURNS {
        quiet.push(visit(address, TURN, &AtomicBool::new(false)));
        let end = AtomicBool::new(false);
        busy.push(scope(|scope| {
            for guesser in 0..GUESSERS {
                let (end, attempts) = (&end, &attempts);
                scope.spawn(move || guess(address, guesser, end, attempts));
            }
            visit(address, TURN, &end)
        }));
    }
    server.kill().expect("the server runs until now");
    server.wait().expect("the server has ended");
    let (quiet, busy) = (median(quiet), median(busy));
    let rate = attempts.load(Ordering::Relaxed) as f64 / (TURN.as_secs_f64() * TURNS as f64);
    println!(
        "home page alone: {:.0} a second, p95 {:.1} ms",
        quiet.0, quiet.1
    );
    println!(
        "beside {rate:.0} sign-in attempts a second: {:.0} a second, p95 {:.1} ms",
        busy.0, busy.1
    );
    println!("throughput kept: {:.0} %", busy.0 / quiet.0 * 100.0);
}

fn start(folder: &Path) -> (Child, SocketAddr) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_oc-lettings"))
        .env_clear()
        .envs([
            ("BIND", "127.0.0.1"),
            ("PORT", "0"),
            ("TRUSTED_PROXIES", "127.0.0.1"),
            ("LOG_FORMAT", "json"),
        ])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let output = server.stdout.take().expect("standard output is a pipe");
    let mut lines = BufReader::new(output).lines();
    let address = loop {
        let line = lines
            .next()
            .expect("a line of the log")
            .expect("a line of text");
        let line: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
        if let Some(address) = line["address"].as_str() {
            break address.parse().expect("an address");
        }
    };
    // The log is read on, or the server would wait for its reader.
    std::thread::spawn(move || lines.for_each(drop));
    (server, address)
}

/// Requests a second and the 95th percentile in milliseconds.
fn visit(address: SocketAddr, time: Duration, end: &AtomicBool) -> (f64, f64) {
    let since = Instant::now();
    let mut times: Vec<Duration> = scope(|scope| {
        let visitors: Vec<_> = (0..VISITORS)
            .map(|_| {
                scope.spawn(move || {
                    let mut connection = Connection::open(address);
                    let mut times = Vec::new();
                    while since.elapsed() < time {
                        let asked = Instant::now();
                        connection.ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
                        times.push(asked.elapsed());
                    }
                    times
                })
            })
            .collect();
        visitors
            .into_iter()
            .flat_map(|visitor| visitor.join().expect("a visitor"))
            .collect()
    });
    let rate = times.len() as f64 / since.elapsed().as_secs_f64();
    end.store(true, Ordering::Relaxed);
    times.sort_unstable();
    (rate, times[times.len() * 95 / 100].as_secs_f64() * 1000.0)
}

/// Tries again and again, each time as another client and another account.
fn guess(address: SocketAddr, guesser: usize, end: &AtomicBool, attempts: &AtomicUsize) {
    let mut connection = Connection::open(address);
    let page = connection.ask("GET /admin/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let between = |start: &str, end: &str| {
        let rest = &page[page.find(start).expect(start) + start.len()..];
        rest[..rest.find(end).expect(end)].to_owned()
    };
    let token = between("name=\"form_token\" value=\"", "\"");
    let cookie = between("sign_in=", ";");
    let pause = Duration::from_secs(GUESSERS as u64) / RATE;
    while !end.load(Ordering::Relaxed) {
        let began = Instant::now();
        let number = attempts.fetch_add(1, Ordering::Relaxed);
        let body = format!("form_token={token}&username=somebody{number}&password=guess{guesser}");
        connection.ask(&format!(
            "POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.{}.{}\r\nCookie: sign_in={cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            number / 250 % 250,
            number % 250,
            body.len()
        ));
        sleep(pause.saturating_sub(began.elapsed()));
    }
}

fn median(mut turns: Vec<(f64, f64)>) -> (f64, f64) {
    turns.sort_by(|one, other| one.0.total_cmp(&other.0));
    let rate = turns[turns.len() / 2].0;
    turns.sort_by(|one, other| one.1.total_cmp(&other.1));
    (rate, turns[turns.len() / 2].1)
}

/// A connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket takes this");
        Self(BufReader::new(stream))
    }

    /// Sends a request and gives the whole answer as text.
    fn ask(&mut self, request: &str) -> String {
        self.0
            .get_mut()
            .write_all(request.as_bytes())
            .expect("the connection is open");
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let start = head.len();
            self.0.read_line(&mut head).expect("a line of the head");
            let line = head[start..].trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a number");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("the body");
        head + &String::from_utf8_lossy(&body)
    }
}
