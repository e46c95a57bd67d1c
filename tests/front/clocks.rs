//! Being late: each test makes one limit short and leaves the others at an hour, so that only that one can end it.

use std::time::{Duration, Instant};

use oc_lettings::front::limits::{Limits, Pace};
use oc_lettings::models::session;

use super::broken::with_odd_handlers;
use super::served::{LIMITLESS, SOON, site};
use super::wire::{pass, request};

const NOW: Pace = Pace {
    free: SOON,
    rate: u64::MAX,
};

/// What ends earlier was ended by a clock of the connection, and not by the time that any body may take.
const ANY_BODY: Duration = Duration::from_secs(30);

#[test]
fn a_connection_on_which_nothing_comes_is_closed() {
    let served = site(&[]).behind_front(Limits {
        first_byte: SOON,
        ..LIMITLESS
    });
    assert!(served.connect().was_closed());
}

#[test]
fn a_head_that_does_not_end_is_answered_with_408_and_a_reference() {
    let served = site(&[]).behind_front(Limits {
        head: SOON,
        ..LIMITLESS
    });
    let mut wire = served.connect();
    wire.send("GET / HTTP/1.1\r\nHost: local");
    let answer = wire.answer();
    assert_eq!(answer.status, 408);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(answer.header("x-request-id").map(str::len), Some(32));
    assert!(wire.was_closed());
}

#[test]
fn a_head_that_is_sent_byte_by_byte_wins_no_time() {
    let served = site(&[]).behind_front(Limits {
        head: SOON,
        ..LIMITLESS
    });
    let mut wire = served.connect();
    let since = Instant::now();
    // Each byte is on its way before the limit is reached anew; all together are not.
    for byte in request("GET", "/", &"X: y\r\n".repeat(40)).as_bytes() {
        wire.send([*byte]);
        pass(SOON / 50);
    }
    assert!(since.elapsed() > SOON, "it took too little time to tell");
    assert_eq!(wire.answer().status, 408);
}

#[test]
fn a_connection_that_asks_for_nothing_more_is_closed_and_was_good_until_then() {
    let served = site(&[]).behind_front(Limits {
        idle: SOON,
        ..LIMITLESS
    });
    let mut wire = served.connect();
    wire.send(request("GET", "/", ""));
    assert_eq!(wire.answer().status, 200);
    assert!(wire.was_closed());
}

#[test]
fn a_connection_that_rested_is_as_good_as_before() {
    let served = site(&[]).behind_front(LIMITLESS);
    let mut wire = served.connect();
    for _ in 0..2 {
        wire.send(request("GET", "/lettings/1/", ""));
        assert_eq!(wire.answer().status, 200);
        // Half a request follows, and once the server has looked at it the rest.
        let (start, rest) = "GET /profiles/ HTTP/1.1\r\nHost: localhost\r\n\r\n".split_at(20);
        wire.send(start);
        assert_eq!(served.ask(&request("GET", "/healthz", "")).status, 200);
        wire.send(rest);
        assert!(wire.answer().text().contains("AirWow"));
    }
}

#[test]
fn a_request_of_which_a_part_came_with_the_one_before_has_its_time_too() {
    let served = site(&[]).behind_front(Limits {
        head: SOON,
        ..LIMITLESS
    });
    let mut wire = served.connect();
    wire.send(request("GET", "/", "") + "GET /profiles/ HT");
    assert_eq!(wire.answer().status, 200);
    assert_eq!(wire.answer().status, 408);
    assert!(wire.was_closed());
}

#[test]
fn a_body_that_stops_is_answered_with_the_sites_408() {
    let served = site(&[]).behind_front(Limits {
        stall: SOON,
        ..LIMITLESS
    });
    let since = Instant::now();
    for framing in ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut wire = served.connect();
        wire.send(request("POST", "/admin/login/", framing) + "5\r\nhello");
        let answer = wire.answer();
        assert_eq!(answer.status, 408, "{framing}");
        assert!(answer.text().contains("Request took too long"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert!(wire.was_closed());
    }
    assert!(since.elapsed() < ANY_BODY);
}

#[test]
fn a_body_that_trickles_is_too_slow_on_the_whole() {
    let served = site(&[]).behind_front(Limits {
        pace: NOW,
        ..LIMITLESS
    });
    let since = Instant::now();
    let mut wire = served.connect();
    wire.send(request(
        "POST",
        "/admin/login/",
        "Content-Length: 100000\r\n",
    ));
    for _ in 0..50 {
        wire.send("x");
        pass(SOON / 20);
    }
    assert_eq!(wire.answer().status, 408);
    assert!(since.elapsed() < ANY_BODY);
}

#[test]
fn an_upload_that_stops_is_answered_too() {
    let token = session::new_token().expect("random bytes");
    let served = site(&[])
        .changed(|tx| {
            tx.execute_batch(
                "insert into user (id, username, password, is_staff, is_superuser, date_joined, updated_at)
                 values (77, 'ada', '!', true, true, '2026-11-03T07:31:05.000000Z', '2026-11-03T07:31:05.000000Z')",
            )
            .expect("a user the schema takes");
            session::create(tx, &token, 77, "127.0.0.1", "a test").expect("a session");
        })
        .behind_front(Limits {
            stall: SOON,
            ..LIMITLESS
        });
    let mut wire = served.connect();
    let headers = format!(
        "Cookie: session={token}\r\nContent-Type: multipart/form-data; boundary=edge\r\nContent-Length: 100000\r\n"
    );
    wire.send(request("POST", "/admin/data/", &headers) + "--edge\r\n");
    let answer = wire.answer();
    assert_eq!(answer.status, 408, "{}", answer.text());
    assert!(answer.text().contains("The file did not come to its end"));
    assert!(wire.was_closed());
}

#[test]
fn an_answer_that_is_not_read_is_given_up() {
    let served = site(&[]).and(with_odd_handlers).behind_front(Limits {
        stall: SOON,
        ..LIMITLESS
    });
    let mut wire = served.connect();
    wire.send(request("GET", "/flood/", ""));
    assert_eq!(wire.head().status, 200);
    assert!(wire.was_reset());
}

#[test]
fn an_answer_that_is_read_in_sips_is_too_slow_on_the_whole() {
    let served = site(&[]).and(with_odd_handlers).behind_front(Limits {
        pace: NOW,
        ..LIMITLESS
    });
    let mut wire = served.connect();
    wire.send(request("GET", "/flood/", ""));
    assert_eq!(wire.head().status, 200);
    wire.read_some(1);
    assert!(wire.was_reset());
}

#[test]
fn at_the_end_nobody_who_is_idle_is_waited_for() {
    let served = site(&[]).behind_front(LIMITLESS);
    let silent = served.connect();
    let mut used = served.connect();
    used.send(request("GET", "/", ""));
    assert_eq!(used.answer().status, 200);
    assert!(served.stop(), "everything was finished");
    assert!(silent.was_closed() && used.was_closed());
}
