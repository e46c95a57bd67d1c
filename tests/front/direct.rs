//! Requests that are answered before hyper is begun: nobody can tell, but by the time it takes and the order of headers.

use std::io::{ErrorKind, Write};

use super::served::{LIMITLESS, SOON, Served, site};
use super::wire::{Answer, request};
use oc_lettings::front::limits::Limits;

const ID: &str = "X-Request-Id: 0123456789abcdef0123456789abcdef\r\n";
/// A header that changes nothing but who reads the request.
const BY_HYPER: &str = "Connection: keep-alive, x\r\n";

/// A site whose pages are kept already.
fn warm(limits: Limits) -> Served {
    // So that the request's id and the scheme may be given.
    let served = site(&[("TRUSTED_PROXIES", "127.0.0.0/8")])
        .changed(|tx| {
            // A sitemap that is larger than what is sent in one piece.
            tx.execute_batch(
                "with recursive n(id) as (select 1001 union all select id + 1 from n where id < 3000)
                 insert into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
                     select id, id, 'Main Street', 'Irvine', 'CA', '92602', 'USA', '2026-11-03T07:31:05.000000Z' from n;
                 insert into letting (id, title, address_id, updated_at)
                     select id, 'Home ' || id, id, updated_at from address where id > 1000;",
            )
            .expect("rows the schema takes");
        })
        .behind_front(limits);
    for target in [
        "/",
        "/lettings/",
        "/lettings/1/",
        "/lettings/7/",
        "/profiles/",
        "/sitemap-1.xml",
    ] {
        for form in ["", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip\r\n"] {
            served.ask(&request(
                "GET",
                target,
                &format!("Accept: text/html\r\n{form}"),
            ));
        }
    }
    served
}

/// Whether hyper has not written it, which puts the date last.
fn was_direct(answer: &Answer) -> bool {
    let last = answer.headers.last();
    last.is_some_and(|(name, _)| name == "x-request-id")
}

/// Without what differs between any two answers, and in one order.
fn compared(mut answer: Answer) -> Answer {
    answer
        .headers
        .retain(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    answer.headers.sort();
    answer
}

#[test]
fn a_kept_page_is_the_same_whoever_reads_its_request() {
    let served = warm(LIMITLESS);
    let tag = served.ask(&request("GET", "/lettings/1/", ""));
    let known = format!(
        "If-None-Match: {}\r\n",
        tag.header("etag").expect("a page has a tag")
    );
    let unknown = "If-None-Match: \"x\"\r\n".to_owned();
    let html = "Accept: text/html\r\n".to_owned();
    for target in [
        "/",
        "/lettings/",
        "/lettings/1/",
        "/lettings/1/?utm_source=x",
        "/lettings/7/",
        "/profiles/",
        "/sitemap-1.xml",
    ] {
        for method in ["GET", "HEAD"] {
            for more in [
                "",
                "Accept-Encoding: br\r\n",
                "accept-encoding: gzip\r\n",
                "X-Forwarded-Proto: https\r\n",
                "Connection: Keep-Alive\r\n",
                "Cookie: session=no\r\n",
                ID,
                &known,
                &unknown,
            ] {
                let headers = format!("{html}{more}");
                let plain = request(method, target, &headers);
                let unusual = request(method, target, &format!("{headers}{BY_HYPER}"));
                // The host of a page that holds its own address counts with its scheme.
                served.ask(&unusual);
                let (direct, by_hyper) = (served.ask(&plain), served.ask(&unusual));
                assert!(
                    was_direct(&direct) && !was_direct(&by_hyper),
                    "{plain}: {:?}",
                    direct.headers
                );
                if more == ID {
                    assert_eq!(
                        direct.header("x-request-id"),
                        by_hyper.header("x-request-id")
                    );
                }
                assert!(
                    direct
                        .header("date")
                        .is_some_and(|date| date.ends_with(" GMT")),
                    "{direct:?}"
                );
                assert_eq!(compared(direct), compared(by_hyper), "{plain}");
            }
        }
    }
}

#[test]
fn requests_that_come_together_are_answered_in_their_order() {
    let served = warm(LIMITLESS);
    let targets = [
        "/",
        "/lettings/1/",
        "/healthz",
        "/",
        "/none/",
        "/lettings/1/",
        "/version",
        "/",
    ];
    let alone: Vec<Answer> = targets
        .iter()
        .map(|target| served.ask(&request("GET", target, "")))
        .collect();
    let together: String = targets
        .iter()
        .map(|target| request("GET", target, ""))
        .collect();
    let mut wire = served.connect();
    for _ in 0..3 {
        wire.send(&together);
        for (target, alone) in targets.iter().zip(&alone) {
            let answer = wire.answer();
            assert_eq!(
                (answer.status, &answer.body),
                (alone.status, &alone.body),
                "{target}"
            );
        }
    }
}

#[test]
fn a_request_in_two_pieces_is_one_request_wherever_it_is_cut() {
    let served = warm(LIMITLESS);
    let whole = request("GET", "/lettings/1/", "Accept: text/html\r\n");
    let expected = compared(served.ask(&whole));
    let (mut wire, mut other) = (served.connect(), served.connect());
    for cut in 1..whole.len() {
        // Between the pieces the server has time to look at the first one.
        wire.send(&whole[..cut]);
        other.send(&whole);
        assert_eq!(compared(other.answer()), expected);
        wire.send(&whole[cut..]);
        assert_eq!(compared(wire.answer()), expected, "cut at {cut}");
        wire = served.connect();
    }
}

#[test]
fn what_stands_in_a_body_is_no_request() {
    let served = warm(LIMITLESS);
    let hidden = request("GET", "/lettings/1/", "");
    let post = format!(
        "POST /lettings/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        hidden.len()
    );
    let get = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        hidden.len()
    );
    for (head, status) in [(post, 405), (get, 200)] {
        let mut wire = served.connect();
        wire.send(request("GET", "/", ""));
        assert!(was_direct(&wire.answer()));
        wire.send(head);
        wire.send(&hidden);
        wire.send(request("GET", "/profiles/", "Connection: close\r\n"));
        assert_eq!(wire.answer().status, status);
        let rest = wire.rest();
        assert!(!rest.contains("/lettings/1/\">"), "{rest}");
        assert!(rest.matches("HTTP/1.1 ").count() <= 1, "{rest}");
    }
}

#[test]
fn answers_that_are_not_taken_at_once_come_whole_and_in_order() {
    // More than the kernel holds for both sides.
    const MANY: usize = 300;
    const TARGETS: [&str; 3] = ["/", "/sitemap-1.xml", "/lettings/1/"];
    let served = warm(LIMITLESS);
    let pages = TARGETS.map(|target| served.ask(&request("GET", target, "")).body);
    let all: usize = pages.iter().map(|page| page.len() * MANY / 3).sum();
    assert!(all > 20_000_000, "{all} bytes");
    let mut wire = served.connect();
    let requests = (0..MANY).map(|number| request("GET", TARGETS[number % 3], ""));
    wire.send(requests.collect::<String>());
    for number in 0..MANY {
        let answer = wire.answer();
        assert_eq!(answer.status, 200, "{number}");
        assert!(answer.body == pages[number % 3], "{number}");
    }
}

#[test]
fn a_client_that_takes_no_answers_is_given_up() {
    let served = warm(Limits {
        stall: SOON,
        ..LIMITLESS
    });
    let mut sender = served.connect().sender();
    let error = loop {
        if let Err(error) = sender.write_all(request("GET", "/", "").as_bytes()) {
            break error.kind();
        }
    };
    assert!(
        matches!(error, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{error}"
    );
}
