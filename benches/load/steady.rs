//! Requests that come at a steady pace, each on time whether those before it are answered or not, and staff who save.
//!
//! A wait is counted from the moment when the request was due: a server that stands still makes all wait that would have
//! come meanwhile, and not only those that it was asked by (coordinated omission).

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rocket::tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use rocket::tokio::net::TcpStream;
use rocket::tokio::runtime::Builder;
use rocket::tokio::time::sleep_until;
use ureq::Agent;

use super::contenders::Contender;

/// The administrator's name and password.
pub(crate) const STAFF: (&str, &str) = ("ada", "quiet orange grove");
/// Requests a second.
const RATE: u32 = 1_000;
/// Connections on which they come in turn.
const CONNECTIONS: u32 = 64;

/// How long requests waited, the shortest first.
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    /// Within which time so many of a hundred were answered.
    pub(crate) fn at(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, most, longest) = (self.at(50), self.at(99), self.at(100));
        let count = self.0.len();
        write!(
            f,
            "{count} answers, half within {half:.1?}, 99 % within {most:.1?}, the last within {longest:.1?}"
        )
    }
}

/// Asks for these pages in turn for a while, while staff save so many times a second.
pub(crate) fn run(
    site: &Contender,
    pages: &[&'static str],
    lasting: Duration,
    saves: u32,
) -> Waits {
    let done = AtomicBool::new(false);
    let mut waits = scope(|scope| {
        scope.spawn(|| save(site, saves, &done));
        let runtime = Builder::new_current_thread().enable_all().build();
        let waits = runtime
            .expect("sockets")
            .block_on(visit(site, pages, lasting));
        done.store(true, Ordering::Relaxed);
        waits
    });
    waits.sort_unstable();
    Waits(waits)
}

async fn visit(site: &Contender, pages: &[&'static str], lasting: Duration) -> Vec<Duration> {
    let begin = Instant::now() + Duration::from_millis(100);
    let total = RATE * u32::try_from(lasting.as_secs()).expect("a short round");
    let host = site.origin.trim_start_matches("http://").to_owned();
    let mut visitors = Vec::new();
    for first in 0..CONNECTIONS {
        let (host, pages) = (host.clone(), pages.to_vec());
        visitors.push(rocket::tokio::spawn(async move {
            let stream = TcpStream::connect(&host).await.expect("a server");
            stream.set_nodelay(true).expect("a socket");
            let mut stream = BufReader::new(stream);
            let mut waits = Vec::new();
            for number in (first..total).step_by(CONNECTIONS as usize) {
                let due = begin + Duration::from_secs(1) * number / RATE;
                sleep_until(due.into()).await;
                let page = pages[number as usize % pages.len()];
                ask(&mut stream, &host, page).await;
                waits.push(due.elapsed());
            }
            waits
        }));
    }
    let mut waits = Vec::new();
    for visitor in visitors {
        waits.extend(visitor.await.expect("a visitor who is answered"));
    }
    waits
}

/// One request and its whole answer.
async fn ask(stream: &mut BufReader<TcpStream>, host: &str, page: &str) {
    let request = format!("GET {page} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n\r\n");
    stream
        .get_mut()
        .write_all(request.as_bytes())
        .await
        .expect("a connection");
    let (mut line, mut length) = (String::new(), 0);
    stream.read_line(&mut line).await.expect("an answer");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    while line != "\r\n" {
        line.clear();
        assert_ne!(stream.read_line(&mut line).await.expect("an answer"), 0);
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream
        .read_exact(&mut body)
        .await
        .expect("the whole answer");
}

/// Changes a home's title so many times a second, as staff do: by the form.
fn save(site: &Contender, rate: u32, done: &AtomicBool) {
    if rate == 0 {
        return;
    }
    let config = Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false);
    let agent: Agent = config.build().into();
    let session = sign_in(site, &agent);
    let form = format!("{}/admin/lettings/letting/1/change/", site.origin);
    let begin = Instant::now();
    for number in 0.. {
        let due = begin + Duration::from_secs(1) * number / rate;
        sleep(due.saturating_duration_since(Instant::now()));
        if done.load(Ordering::Relaxed) {
            return;
        }
        let mut page = agent
            .get(&form)
            .header("Cookie", &session)
            .call()
            .expect("a form");
        let html = page.body_mut().read_to_string().expect("a form");
        let title = format!("Home {number}");
        let answer = agent
            .post(&form)
            .header("Cookie", &session)
            .send_form([
                ("form_token", value_of(&html, "form_token")),
                ("_version", value_of(&html, "_version")),
                ("title", &title),
                ("address_id", "1"),
            ])
            .expect("an answer");
        assert_eq!(answer.status(), 303, "a save");
    }
}

/// The cookie of a new session.
fn sign_in(site: &Contender, agent: &Agent) -> String {
    let address = format!("{}/admin/login/", site.origin);
    let mut page = agent.get(&address).call().expect("a form");
    let cookie = cookie_of(&page, "sign_in");
    let html = page.body_mut().read_to_string().expect("a form");
    let answer = agent
        .post(&address)
        .header("Cookie", &cookie)
        .send_form([
            ("form_token", value_of(&html, "form_token")),
            ("username", STAFF.0),
            ("password", STAFF.1),
        ])
        .expect("an answer");
    cookie_of(&answer, "session")
}

fn cookie_of<B>(answer: &ureq::http::Response<B>, name: &str) -> String {
    let cookies = answer.headers().get_all("set-cookie").iter();
    let cookie = cookies
        .filter_map(|cookie| cookie.to_str().ok())
        .find(|cookie| cookie.starts_with(name))
        .expect("a cookie");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// The value of a hidden field.
fn value_of<'a>(html: &'a str, name: &str) -> &'a str {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = html
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name} in {html}"));
    rest.split('"').next().unwrap_or_default()
}
