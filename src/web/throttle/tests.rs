//! Guessing as it is done, at moments that are made up.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn client(number: u32) -> IpAddr {
    IpAddr::V4((0x0a00_0000 + number).into())
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

#[test]
fn five_tries_are_free_and_then_waits_double_up_to_a_minute() {
    let (throttle, mut now) = (Throttle::new(), Instant::now());
    let mut waits = Vec::new();
    for _ in 0..13 {
        throttle.failed("ada", None, now);
        let wait = throttle.wait("ada", None, now);
        waits.push(wait.map_or(0, |wait| wait.as_secs()));
        now += wait.unwrap_or_default();
        assert_eq!(throttle.wait("ada", None, now), None);
    }
    assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn one_account_is_held_back_from_whatever_client() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    let allowed = (0..25).filter(|&number| {
        let free = throttle.wait("ada", Some(client(number)), now).is_none();
        if free {
            throttle.failed("ada", Some(client(number)), now);
        }
        free
    });
    assert_eq!(allowed.count(), 5);
    assert_eq!(
        throttle.wait("ada", Some(client(99)), now),
        Some(seconds(1))
    );
    assert_eq!(throttle.wait("grace", Some(client(0)), now), None);
}

#[test]
fn one_client_is_held_back_whatever_the_account() {
    let (throttle, mut now) = (Throttle::new(), Instant::now());
    let allowed = (0..40).filter(|number| {
        let account = format!("account {number}");
        let free = throttle.wait(&account, Some(client(1)), now).is_none();
        if free {
            throttle.failed(&account, Some(client(1)), now);
        }
        free
    });
    assert_eq!(allowed.count(), 20);
    assert_eq!(
        throttle.wait("another", Some(client(1)), now),
        Some(seconds(1))
    );
    assert_eq!(throttle.wait("another", Some(client(2)), now), None);
    assert_eq!(throttle.wait("another", None, now), None);
    for number in 0..12 {
        throttle.failed(&format!("later {number}"), Some(client(1)), now);
        now += SECOND;
    }
    assert_eq!(
        throttle.wait("another", Some(client(1)), now),
        Some(seconds(899))
    );
}

#[test]
fn the_longer_of_both_waits_counts() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for _ in 0..21 {
        throttle.failed("ada", Some(client(1)), now);
    }
    assert_eq!(
        throttle.wait("ada", Some(client(1)), now),
        Some(seconds(60))
    );
    assert_eq!(
        throttle.wait("grace", Some(client(1)), now),
        Some(seconds(2))
    );
}

#[test]
fn signing_in_clears_the_account_and_of_the_client_only_the_try_itself() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for _ in 0..21 {
        throttle.failed("ada", Some(client(1)), now);
    }
    throttle.succeeded("ada", Some(client(1)));
    assert_eq!(throttle.wait("ada", Some(client(2)), now), None);
    assert_eq!(throttle.wait("ada", Some(client(1)), now), Some(seconds(1)));
}

#[test]
fn tries_of_the_same_moment_count_before_the_next_one_asks() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for _ in 0..5 {
        assert_eq!(throttle.attempt("ada", None, now), Ok(()));
    }
    assert_eq!(throttle.attempt("ada", None, now), Err(seconds(1)));
    throttle.withdrawn("ada", None);
    assert_eq!(throttle.attempt("ada", None, now), Ok(()));
}

#[test]
fn a_try_that_succeeds_makes_nobody_else_of_its_client_wait() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for number in 0..30 {
        throttle.failed(&format!("account {number}"), Some(client(1)), now);
    }
    let later = now + Duration::from_mins(16);
    assert_eq!(throttle.attempt("ada", Some(client(1)), later), Ok(()));
    throttle.succeeded("ada", Some(client(1)));
    assert_eq!(throttle.attempt("grace", Some(client(1)), later), Ok(()));
}

#[test]
fn an_hour_without_failures_is_a_new_start() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for _ in 0..30 {
        throttle.failed("ada", Some(client(1)), now);
    }
    let later = now + Duration::from_mins(59);
    assert_eq!(throttle.wait("ada", Some(client(1)), later), None);
    throttle.failed("ada", Some(client(1)), later);
    assert!(
        throttle
            .wait("ada", Some(client(1)), later + SECOND)
            .is_some()
    );
    throttle.failed("ada", Some(client(1)), later + FADES);
    assert_eq!(throttle.wait("ada", Some(client(1)), later + FADES), None);
}

#[test]
fn a_client_of_ipv6_is_its_64_bits_and_one_of_ipv4_stays_it_in_both_forms() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    let address = |text: &str| Some(text.parse().unwrap());
    for number in 0..20 {
        throttle.failed("ada", address(&format!("2001:db8:0:7::{number:x}")), now);
        throttle.failed("ada", address("::ffff:192.0.2.1"), now);
    }
    let waits = |client| throttle.wait("grace", address(client), now).is_some();
    assert!(waits("2001:db8:0:7:ffff::1"));
    assert!(!waits("2001:db8:0:8::1"));
    assert!(waits("192.0.2.1"));
    assert!(!waits("192.0.2.2"));
}

#[test]
fn a_clock_that_seems_to_go_back_is_harmless() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for _ in 0..5 {
        throttle.failed("ada", None, now + SECOND);
    }
    assert_eq!(throttle.wait("ada", None, now), Some(seconds(1)));
}

#[test]
fn memory_is_bounded_and_the_oldest_are_forgotten_first() {
    let (mut counter, now) = (Counter::default(), Instant::now());
    for key in 0..MOST_ENTRIES + 10 {
        counter.failed(key, now);
    }
    assert_eq!(counter.entries.len(), MOST_ENTRIES);
    assert_eq!(counter.order.len(), MOST_ENTRIES);
    assert!(counter.entries.contains_key(&(MOST_ENTRIES + 9)));
    assert!(!counter.entries.contains_key(&0));
}

#[test]
fn faded_entries_make_room_two_for_one() {
    let (mut counter, now) = (Counter::default(), Instant::now());
    for key in 0..100 {
        counter.failed(key, now);
    }
    for key in 100..150 {
        counter.failed(key, now + FADES);
    }
    assert_eq!(counter.entries.len(), 50);
    assert_eq!(counter.order.len(), 50);
}
