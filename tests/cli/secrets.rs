//! Nothing that is nobody's business leaves the process: all that a site with much to hide logs and tells Sentry is read.
//!
//! The log is the fullest that a site in production can be told to write, `LOG_LEVEL=trace`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::receiver::{Post, Receiver};
use super::run::Run;
use super::server::{Answer, Server, request};
use super::staff::token_of;

const KEY: &str = "0f5c9d1e7b3a4826-key-of-a-test-0f5c9d1e7b3a4826";
const METRICS: &str = "token-for-the-numbers-5521";
const PASSWORD: &str = "Rain on the roof 7";
const WRONG: &str = "Hail on the roof 8";
const NEW: &str = "Snow on the roof 9";
const ADDRESS: &str = "ada.of.the.tests@example.com";
const CONTACT: &str = "homes.of.the.tests@example.com";
const CLIENT: &str = "203.0.113.9";

/// Somebody with a browser, and everything of theirs that is secret.
struct Person<'s> {
    server: &'s Server,
    cookies: RefCell<BTreeMap<String, String>>,
    secrets: RefCell<BTreeSet<String>>,
}

impl<'s> Person<'s> {
    fn new(server: &'s Server) -> Self {
        Self {
            server,
            cookies: RefCell::default(),
            secrets: RefCell::default(),
        }
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .borrow()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let headers = format!(
            "Cookie: {}\r\nX-Forwarded-For: {CLIENT}\r\nUser-Agent: {ADDRESS}\r\nReferer: http://localhost/?{ADDRESS}\r\n{headers}Connection: close\r\n",
            cookies.join("; ")
        );
        let answer = self.server.send(request(method, path, &headers) + body);
        for cookie in answer.headers("set-cookie") {
            let pair = cookie.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a name and a value");
            self.cookies
                .borrow_mut()
                .insert(name.to_owned(), value.to_owned());
            self.knows(value);
        }
        answer
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    /// Posts these fields with the token of the page's form.
    fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = token_of(&self.get(path));
        self.knows(&token);
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("form_token", &token)
            .extend_pairs(fields)
            .finish();
        self.post(path, "application/x-www-form-urlencoded", &body)
    }

    fn post(&self, path: &str, kind: &str, body: &str) -> Answer {
        let length = body.len();
        let headers = format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n");
        self.send("POST", path, &headers, body)
    }

    /// Short words may be in a log by chance; no token of ours is short.
    fn knows(&self, secret: &str) {
        if secret.len() >= 16 {
            self.secrets.borrow_mut().insert(secret.to_owned());
        }
    }
}

/// A site with all its secrets set, and everything done with it that touches one.
fn lived_in(sentry: &Receiver) -> (Run, Server, BTreeSet<String>) {
    let run = Run::new()
        .with("SENTRY_DSN", sentry.dsn())
        .with("SENTRY_TRACES_SAMPLE_RATE", "1")
        .with("LOG_LEVEL", "trace")
        .with("SECRET_KEY", KEY)
        .with("METRICS_TOKEN", METRICS)
        .with("CONTACT_EMAIL", CONTACT)
        .with("SITE_URL", "https://www.example.com")
        .with("TRUSTED_PROXIES", "127.0.0.1");
    let server = Server::start(&run);
    let link = server.invitation().expect("a link");
    let path = &link[link.find("/admin/").expect("a path")..];
    let token = path
        .trim_start_matches("/admin/setup/")
        .trim_end_matches('/');
    let secrets = {
        let ada = Person::new(&server);
        ada.knows(token);
        crashes(&ada);
        makes_herself_administrator(&ada, path);
        signs_in_and_out(&ada);
        asks_for_numbers(&ada);
        fills_in_forms(&ada);
        run.sql("drop table profile");
        run.sql("drop table address");
        meets_what_is_broken(&ada);
        ada.secrets.into_inner()
    };
    (run, server, secrets)
}

/// A password is to be hashed, and the thread for it cannot be had.
fn crashes(ada: &Person<'_>) {
    let fields = [("username", ADDRESS), ("password", PASSWORD)];
    let sign_in = || ada.submit("/admin/login/", &fields);
    assert_eq!(ada.server.without_threads(sign_in).status, 500);
}

fn makes_herself_administrator(ada: &Person<'_>, path: &str) {
    let account = [
        ("username", "ada"),
        ("email", ADDRESS),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
    ];
    assert_eq!(ada.submit(path, &account[..2]).status, 422);
    assert_eq!(ada.submit(path, &account).status, 303);
    // Used again, and pasted wrongly.
    assert_eq!(ada.get(path).status, 404);
    let pasted = format!("/x{path}?{ADDRESS}");
    assert_eq!(ada.get(&pasted).status, 404);
}

fn signs_in_and_out(ada: &Person<'_>) {
    assert_eq!(ada.get("/admin/").status, 200);
    let token = token_of(&ada.get("/admin/"));
    ada.knows(&token);
    let body = format!("form_token={token}");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(ada.post("/admin/logout/", form, &body).status, 303);
    for (username, password, status) in [
        ("ada", WRONG, 422),
        // What people type into the wrong field.
        (PASSWORD, "x", 422),
        (ADDRESS, PASSWORD, 422),
        ("ada", PASSWORD, 303),
    ] {
        let fields = [("username", username), ("password", password)];
        assert_eq!(ada.submit("/admin/login/", &fields).status, status);
    }
}

fn asks_for_numbers(ada: &Person<'_>) {
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    for (token, status) in [(METRICS, 200), (PASSWORD, 401)] {
        let answer = ada.send("GET", "/metrics", &bearer(token), "");
        assert_eq!(answer.status, status);
    }
}

fn fills_in_forms(ada: &Person<'_>) {
    let bob = [("username", "bob"), ("password1", NEW), ("password2", NEW)];
    assert_eq!(ada.submit("/admin/auth/user/add/", &bob).status, 303);
    let change = [("username", "bob"), ("email", ADDRESS), ("is_active", "on")];
    let answer = ada.submit("/admin/auth/user/2/change/", &change);
    assert!(matches!(answer.status, 303 | 422), "{}", answer.status);
    let change = [
        ("old_password", WRONG),
        ("new_password1", NEW),
        ("new_password2", NEW),
    ];
    assert_eq!(ada.submit("/admin/password_change/", &change).status, 422);
    let search = format!("/admin/auth/user/?q={ADDRESS}");
    assert_eq!(ada.get(&search).status, 200);
    // A form without its token, and one that is no form.
    let body = format!("password={PASSWORD}");
    for kind in ["application/x-www-form-urlencoded", ADDRESS] {
        let answer = ada.post("/admin/login/", kind, &body);
        assert!(matches!(answer.status, 403 | 415), "{}", answer.status);
    }
}

fn meets_what_is_broken(ada: &Person<'_>) {
    let person = format!("/profiles/ada/?email={ADDRESS}&password={PASSWORD}").replace(' ', "+");
    assert_eq!(ada.get(&person).status, 500);
    assert_eq!(ada.get(&format!("/profiles/{ADDRESS}/")).status, 500);
    let address = [("number", "1"), ("street", ADDRESS), ("city", PASSWORD)];
    let answer = ada.submit("/admin/lettings/address/add/", &address);
    assert!(answer.status >= 400, "{}", answer.status);
    assert_eq!(ada.get(&format!("/lettings/?city={ADDRESS}")).status, 500);
}

/// Everything that must be nowhere, in each way in which it is written on its way here.
fn forbidden(secrets: BTreeSet<String>, run: &Run) -> BTreeSet<String> {
    let hashes = run.ask("select group_concat(password, ' ') from user");
    let known = [KEY, METRICS, PASSWORD, WRONG, NEW, ADDRESS, CONTACT];
    let known = known.map(str::to_owned);
    let hashes = hashes.split(' ').map(str::to_owned);
    let all = secrets.into_iter().chain(known).chain(hashes);
    all.flat_map(|secret| {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        [encoded.replace('+', "%20"), encoded, secret]
    })
    .collect()
}

#[test]
fn no_secret_and_no_address_of_a_person_is_logged_or_sent() {
    let sentry = Receiver::willing();
    let (run, mut server, secrets) = lived_in(&sentry);
    assert!(secrets.len() >= 8, "{secrets:?}");
    let mut lines = server.start.clone();
    lines.extend(server.stop());
    lines.retain(|line| !line.to_string().contains("there is no administrator yet"));
    let forbidden = forbidden(secrets, &run);
    let log: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let log = log.join("\n");
    let sent = sentry.rest();
    let kinds: BTreeSet<String> = sent
        .iter()
        .flat_map(Post::items)
        .map(|item| item.kind)
        .collect();
    for kind in ["event", "transaction", "sessions"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
    for words in ["\"status\":500", "a sign-in was refused", "panicked at"] {
        assert!(log.contains(words), "{words} is not in {log}");
    }
    let sent: String = sent.into_iter().map(|post| post.body).collect();
    for secret in &forbidden {
        let leak = log.lines().find(|line| line.contains(secret));
        assert_eq!(leak, None, "{secret:?} is in the log");
        let leak = sent.lines().find(|line| line.contains(secret));
        assert_eq!(leak, None, "{secret:?} was sent");
    }
    for client in [CLIENT, "127.0.0.1"] {
        assert!(!sent.contains(client), "{client} was sent");
    }
    assert_eq!(server.complaints(), "");
}
