//! Handlers that break, and how little of that a connection notices.

use rocket::response::stream::ByteStream;
use rocket::{Build, Rocket, get, routes};

use super::served::{LIMITLESS, site};
use super::wire::request;

/// Breaks before there is an answer.
#[get("/broken")]
fn broken() -> &'static str {
    panic!("on purpose")
}

/// Breaks in the middle of its answer.
#[get("/broken/halfway")]
fn halfway() -> ByteStream![&'static [u8]] {
    ByteStream! {
        yield &b"so far, so good"[..];
        panic!("on purpose");
    }
}

/// More than any socket holds.
#[get("/flood")]
fn flood() -> Vec<u8> {
    vec![b'x'; 64 * 1024 * 1024]
}

/// A site with handlers that no site should have.
pub(crate) fn with_odd_handlers(site: Rocket<Build>) -> Rocket<Build> {
    site.mount("/", routes![broken, halfway, flood])
}

#[test]
fn a_handler_that_panics_is_a_500_and_the_connection_goes_on() {
    let served = site(&[]).and(with_odd_handlers).behind_front(LIMITLESS);
    let mut wire = served.connect();
    for _ in 0..3 {
        wire.send(request("GET", "/broken/", ""));
        let answer = wire.answer();
        assert_eq!(answer.status, 500);
        let reference = answer.header("x-request-id").expect("a reference");
        assert!(answer.text().contains(reference), "{}", answer.text());
        wire.send(request("GET", "/lettings/1/", ""));
        assert_eq!(wire.answer().status, 200);
    }
}

#[test]
fn an_answer_that_breaks_in_the_middle_never_looks_whole() {
    let served = site(&[]).and(with_odd_handlers).behind_front(LIMITLESS);
    let mut wire = served.connect();
    wire.send(request("GET", "/broken/halfway/", ""));
    let came = wire.rest();
    assert!(!came.ends_with("0\r\n\r\n"), "a last chunk: {came}");
    assert_eq!(served.ask(&request("GET", "/", "")).status, 200);
}

#[test]
fn clients_that_leave_in_the_middle_leave_nothing_behind() {
    let served = site(&[]).and(with_odd_handlers).behind_front(LIMITLESS);
    for _ in 0..20 {
        let mut wire = served.connect();
        wire.send(request("GET", "/flood/", ""));
        assert_eq!(wire.head().status, 200);
    }
    assert_eq!(served.ask(&request("GET", "/", "")).status, 200);
    assert!(served.stop(), "nothing of them is waited for");
}
