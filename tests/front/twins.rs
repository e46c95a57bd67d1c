//! The front and Rocket's own server before the same site: whatever is asked, they say the same.
//!
//! So the front can go on the day Rocket's server has limits of its own. What differs from one answer to the next
//! anyway is taken out: the date, the connection, the tokens and sessions that are drawn at random, and the time of day; the
//! requests' id is given.

use std::collections::BTreeMap;

use oc_lettings::password;

use super::served::{LIMITLESS, Prepared, Served, site};
use super::wire::{Answer, Wire, request};

const PASSWORD: &str = "Orange-Grove-41";
const ID: &str = "0123456789abcdef0123456789abcdef";

/// Pages and files, things that are not there, and ways of asking for them that only look odd.
const TARGETS: &[&str] = &[
    "/",
    "/?a=b&c=%20+&d",
    "/lettings/",
    "/lettings",
    "/lettings?page=2",
    "/lettings/?page=1",
    "/lettings/?page=999",
    "/lettings/?page=abc",
    "/lettings/?page=",
    "/lettings/?state=CA",
    "/lettings/?state=CA&city=Irvine",
    "/lettings/?state=XX",
    "/lettings/?q=[%22a|b%22]",
    "/lettings/1/",
    "/lettings/1",
    "/lettings/6/",
    "/lettings/01/",
    "/lettings/7/",
    "/lettings/0/",
    "/lettings/-1/",
    "/lettings/abc/",
    "/lettings/9223372036854775808/",
    "/lettings/1/2/",
    "/lettings//1/",
    "//lettings/",
    "/lettings/%00/",
    "/lettings/..%2f/",
    "/lettings/../profiles/",
    "/lettings/%FF/",
    "/lettings/%zz/",
    "/profiles/",
    "/profiles/?page=2",
    "/profiles/AirWow/",
    "/profiles/airwow/",
    "/profiles/zo%C3%AB/",
    "/profiles/'%20or%201=1--/",
    "/static/css/site.css",
    "/static/css/none.css",
    "/static/",
    "/robots.txt",
    "/sitemap.xml",
    "/sitemap-1.xml",
    "/favicon.ico",
    "/favicon.svg",
    "/.well-known/security.txt",
    "/version",
    "/healthz",
    "/readyz",
    "/up",
    "/metrics",
    "/admin/",
    "/admin",
    "/admin/lettings/letting/",
    "/admin/lettings/letting/1/change/",
    "/admin/nothing/",
    "/admin/setup/abc/",
    "/_verdict",
    "/nothing/",
    "/.env",
];

/// What clients say beside the address.
const MANNERS: &[(&str, &str)] = &[
    ("GET", ""),
    ("GET", "Accept-Encoding: br, gzip\r\nAccept: text/html\r\n"),
    (
        "GET",
        "Accept-Encoding: gzip;q=1, br;q=0\r\nAccept: application/json\r\n",
    ),
    ("HEAD", "Accept-Encoding: br\r\n"),
    ("OPTIONS", ""),
    ("POST", "Content-Length: 3\r\nContent-Type: text/plain\r\n"),
    (
        "DELETE",
        "X-Forwarded-For: 192.0.2.1\r\nCookie: a=b; session=nobody; =; c\r\n",
    ),
];

/// Bytes that are no request, or one that nobody should take.
const MALFORMED: &[&str] = &[
    "nonsense\r\n\r\n",
    "GET\r\n\r\n",
    "GET /\r\n\r\n",
    "GET  /  HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: local host\r\n\r\n",
    "GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\n: empty\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nA B: c\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\n folded: yes\r\n\r\n",
    "P\u{f6}ST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gibberish\r\n\r\n",
    "POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
];

/// Somebody with cookies at a server.
struct Visitor {
    wire: Wire,
    cookies: BTreeMap<String, String>,
    token: String,
    seen: Vec<(String, Answer)>,
}

impl Visitor {
    fn at(served: &Served) -> Self {
        Self {
            wire: served.connect(),
            cookies: BTreeMap::new(),
            token: String::new(),
            seen: Vec::new(),
        }
    }

    /// Sends a request, keeps what it sets, and remembers the answer without what is drawn at random.
    fn send(&mut self, method: &str, target: &str, headers: &str, body: &str) -> u16 {
        // Errors show it, and where they are compressed it cannot be taken out.
        let mut headers = format!("{headers}X-Request-Id: {ID}\r\n");
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            headers = format!("{headers}Cookie: {}\r\n", pairs.join("; "));
        }
        let request = request(method, target, &headers) + body;
        self.wire.send(&request);
        let mut answer = self.wire.answer_to(&request);
        for (name, value) in &answer.headers {
            if name == "set-cookie"
                && let Some((key, value)) = value.split(';').next().and_then(|c| c.split_once('='))
            {
                self.cookies.insert(key.to_owned(), value.to_owned());
            }
        }
        let token = between(&answer.text(), "name=\"form_token\" value=\"", "\"");
        self.token = token.unwrap_or(std::mem::take(&mut self.token));
        let status = answer.status;
        self.strip(&mut answer);
        self.seen
            .push((format!("{method} {target} {headers:?}"), answer));
        status
    }

    fn get(&mut self, target: &str) -> u16 {
        self.send("GET", target, "", "")
    }

    fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> u16 {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("form_token", &self.token)
            .extend_pairs(fields)
            .finish();
        let headers = format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nOrigin: http://localhost\r\n",
            body.len()
        );
        self.send("POST", target, &headers, &body)
    }

    fn strip(&self, answer: &mut Answer) {
        assert_eq!(answer.header("x-request-id"), Some(ID), "{answer:?}");
        answer
            .headers
            .retain(|(name, _)| !matches!(name.as_str(), "date" | "connection"));
        answer.headers.sort();
        let secrets = self.cookies.values().chain([&self.token]);
        let secrets: Vec<&String> = secrets.filter(|secret| secret.len() > 8).collect();
        for (_, value) in &mut answer.headers {
            for secret in &secrets {
                *value = value.replace(*secret, "?");
            }
        }
        // A body that is compressed or a picture holds no secret.
        if let Ok(mut text) = String::from_utf8(answer.body.clone()) {
            for secret in secrets {
                text = text.replace(secret, "?");
            }
            if text.as_bytes() != answer.body {
                answer.headers.retain(|(name, _)| name != "etag");
            }
            answer.body = without_times(text).into_bytes();
        }
    }
}

/// Some pages say when something happened.
fn without_times(mut text: String) -> String {
    for end in [" a.m.", " p.m.", ", noon", ", midnight"] {
        let mut from = 0;
        while let Some(at) = text[from..].find(end).map(|at| from + at) {
            let start = text[..at].rfind('>').map_or(0, |at| at + 1);
            text.replace_range(start..at + end.len(), "?");
            from = start + 1;
        }
    }
    text
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner.to_owned())
}

fn prepared() -> Prepared {
    let hash = password::hash(PASSWORD).expect("a password that can be hashed");
    let settings = [
        ("CONTACT_EMAIL", "hello@example.com"),
        ("METRICS_TOKEN", "let me see"),
        // So that the request's id may be given.
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    site(&settings).changed(move |tx| {
        // The demo rows say when they were loaded.
        tx.execute_batch(
            "update letting set updated_at = '2026-11-03T07:31:05.000000Z';
             update address set updated_at = '2026-11-03T07:31:05.000000Z';
             update profile set updated_at = '2026-11-03T07:31:05.000000Z';
             update user set updated_at = '2026-11-03T07:31:05.000000Z', date_joined = '2026-11-03T07:31:05.000000Z';",
        )
        .expect("moments the schema takes");
        tx.execute(
            "insert into user (username, password, is_staff, is_superuser, date_joined, updated_at)
             values ('ada', ?1, true, true, '2026-11-03T07:31:05.000000Z', '2026-11-03T07:31:05.000000Z')",
            [&hash],
        )
        .expect("a user the schema takes");
    })
}

/// Looks at everything as somebody whom nobody knows.
fn as_a_visitor(served: &Served) -> Vec<(String, Answer)> {
    let mut visitor = Visitor::at(served);
    for target in TARGETS {
        for (method, headers) in MANNERS {
            let body = if *method == "POST" { "abc" } else { "" };
            visitor.cookies.clear();
            visitor.send(method, target, headers, body);
        }
        let tag = visitor.seen[visitor.seen.len() - MANNERS.len()]
            .1
            .header("etag");
        if let Some(tag) = tag.map(str::to_owned) {
            visitor.cookies.clear();
            visitor.send("GET", target, &format!("If-None-Match: {tag}\r\n"), "");
            visitor.send(
                "HEAD",
                target,
                &format!("If-None-Match: \"x\", W/{tag}\r\n"),
                "",
            );
        }
    }
    visitor.seen
}

/// Signs in, tries what is not allowed, changes rows, and signs out.
fn as_staff(served: &Served) -> Vec<(String, Answer)> {
    let mut ada = Visitor::at(served);
    ada.get("/admin/login/?next=/admin/lettings/");
    ada.post(
        "/admin/login/",
        &[("username", "ada"), ("password", "wrong")],
    );
    ada.post("/admin/login/", &[("username", ""), ("password", "")]);
    let fields = [
        ("username", "ada"),
        ("password", PASSWORD),
        ("next", "/admin/lettings/"),
    ];
    assert_eq!(ada.post("/admin/login/", &fields), 303);
    for target in [
        "/admin/",
        "/admin/lettings/",
        "/admin/lettings/letting/",
        "/admin/lettings/letting/?q=cottage&o=-title",
        "/admin/lettings/letting/add/",
        "/admin/lettings/letting/1/",
        "/admin/lettings/letting/1/change/",
        "/admin/lettings/letting/1/delete/",
        "/admin/lettings/letting/1/history/",
        "/admin/lettings/letting/999/change/",
        "/admin/lettings/letting/export.csv",
        "/admin/auth/user/",
        "/admin/auth/group/add/",
        "/admin/profiles/profile/",
        "/admin/history/",
        "/admin/password_change/",
    ] {
        ada.get(target);
    }
    let address = [
        ("number", "7"),
        ("street", "Rue de l\u{2019}\u{c9}t\u{e9} & <b>"),
        ("unit", ""),
        ("city", "Irvine"),
        ("state", "CA"),
        ("zip_code", "92602"),
        ("country_iso_code", "USA"),
        ("_continue", "1"),
    ];
    ada.get("/admin/lettings/address/add/");
    assert_eq!(ada.post("/admin/lettings/address/add/", &address), 303);
    ada.get("/admin/lettings/address/7/change/");
    ada.post("/admin/lettings/address/add/", &address[..3]);
    ada.post("/admin/lettings/address/1/delete/", &[("unexpected", "1")]);
    ada.post(
        "/admin/lettings/address/7/change/",
        &[("_method", "delete")],
    );
    ada.post("/admin/nothing/at/all/", &[]);
    let token = std::mem::replace(&mut ada.token, "forged".to_owned());
    assert_eq!(ada.post("/admin/lettings/address/add/", &address), 403);
    ada.token = token;
    ada.send(
        "POST",
        "/admin/lettings/address/add/",
        "Content-Length: 0\r\n",
        "",
    );
    ada.send(
        "POST",
        "/admin/lettings/address/add/",
        "Transfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        "5\r\na=b&c\r\n2;x=y\r\n=d\r\n0\r\n\r\n",
    );
    ada.send(
        "POST",
        "/admin/data/",
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 7\r\n",
        "--x--\r\n",
    );
    ada.get("/admin/lettings/address/");
    assert_eq!(ada.post("/admin/logout/", &[]), 303);
    ada.get("/admin/");
    ada.seen
}

#[test]
fn both_servers_answer_every_well_formed_request_alike() {
    let (front, rocket) = (
        prepared().behind_front(LIMITLESS),
        prepared().behind_rocket(),
    );
    let mut compared = 0;
    for look in [as_a_visitor, as_staff] {
        let (ours, theirs) = (look(&front), look(&rocket));
        assert_eq!(ours.len(), theirs.len());
        for ((label, ours), (_, theirs)) in ours.into_iter().zip(theirs) {
            let texts = (ours.text(), theirs.text());
            assert_eq!(
                (ours.status, &ours.headers),
                (theirs.status, &theirs.headers),
                "{label}"
            );
            assert!(ours.body == theirs.body, "{label}: {texts:?}");
            compared += 1;
        }
    }
    assert!(compared >= 400, "{compared} requests");
}

#[test]
fn both_servers_refuse_what_is_malformed() {
    let (front, rocket) = (
        prepared().behind_front(LIMITLESS),
        prepared().behind_rocket(),
    );
    for request in MALFORMED {
        for (name, served) in [("front", &front), ("rocket", &rocket)] {
            let status = served.ask(request).status;
            assert!(
                (400..500).contains(&status),
                "{name}: {status} to {request:?}"
            );
        }
        let answer = front.ask(request);
        assert_eq!(
            answer.header("x-request-id").map(str::len),
            Some(32),
            "a reference: {request:?}"
        );
    }
}
