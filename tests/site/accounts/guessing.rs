//! Guessing passwords is slow, for whoever does it, and for nobody else.

use crate::support::Site;
use crate::support::accounts::PASSWORD;
use crate::support::answer::Answer;

fn site() -> Site {
    let site = Site::with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]);
    site.user("ada").staff().make();
    site
}

/// Tries to sign in, all at once, each as a name from a client.
fn tried(site: &Site, tries: &[(String, String)]) -> Vec<Answer> {
    let browsers: Vec<_> = tries
        .iter()
        .map(|(_, client)| site.browser().behind(client, "http"))
        .collect();
    let asks = browsers
        .iter()
        .zip(tries)
        .map(|(browser, (username, _))| browser.log_in_form(username, "wrong").ready());
    site.at_once(asks.collect())
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

fn says_how_long(answer: &Answer) {
    let words = answer.words();
    let wait = words
        .split_once("Too many attempts. Please wait ")
        .and_then(|(_, rest)| rest.split_once(" and try again."))
        .map_or("", |(wait, _)| wait);
    let (number, unit) = wait.split_once(' ').unwrap_or_default();
    let seconds: u32 = number.parse().unwrap_or_default();
    assert!(seconds > 0, "{words}");
    assert_eq!(unit, if seconds == 1 { "second" } else { "seconds" });
    assert_eq!(answer.header("retry-after"), number);
}

#[test]
fn tries_at_one_account_from_many_clients_are_held_back_and_others_are_not() {
    let site = site();
    site.user("bob").staff().make();
    let tries: Vec<_> = (1..=25)
        .map(|number| ("ada".to_owned(), format!("198.51.100.{number}")))
        .collect();
    let mut answers = Vec::new();
    for five in tries.chunks(5) {
        answers.extend(tried(&site, five));
    }
    assert!(
        (5..=8).contains(&count(&answers, 422)),
        "{}",
        count(&answers, 422)
    );
    assert_eq!(count(&answers, 422) + count(&answers, 429), 25);
    let held = answers.iter().find(|answer| answer.status == 429);
    says_how_long(held.expect("one that was held back"));
    // The owner waits too, with the right password: nothing tells a guesser that it was right.
    let owner = site.browser().behind("203.0.113.1", "http");
    let answer = owner.log_in("ada", PASSWORD);
    assert!(matches!(answer.status, 429 | 303), "{}", answer.status);
    let other = site.browser().behind("203.0.113.2", "http");
    assert_eq!(other.log_in("bob", PASSWORD).status, 303);
}

#[test]
fn tries_at_one_account_all_at_the_same_time_are_held_back_as_well() {
    let site = site();
    let tries: Vec<_> = (1..=16)
        .map(|number| ("ada".to_owned(), format!("198.51.100.{number}")))
        .collect();
    let answers = tried(&site, &tries);
    assert!(
        (5..=8).contains(&count(&answers, 422)),
        "{}",
        count(&answers, 422)
    );
    assert_eq!(count(&answers, 422) + count(&answers, 429), 16);
}

#[test]
fn tries_at_many_accounts_from_one_client_are_held_back_and_other_clients_are_not() {
    let site = site();
    let tries: Vec<_> = (1..=40)
        .map(|number| (format!("user{number}"), "198.51.100.1".to_owned()))
        .collect();
    let mut answers = Vec::new();
    for ten in tries.chunks(10) {
        answers.extend(tried(&site, ten));
    }
    assert!(
        (20..=24).contains(&count(&answers, 422)),
        "{}",
        count(&answers, 422)
    );
    assert_eq!(count(&answers, 422) + count(&answers, 429), 40);
    says_how_long(&answers[39]);
    let same = site.browser().behind("198.51.100.1", "http");
    assert!(matches!(same.log_in("ada", PASSWORD).status, 429 | 303));
    let other = site.browser().behind("198.51.100.2", "http");
    assert_eq!(other.log_in("ada", PASSWORD).status, 303);
}

#[test]
fn an_empty_form_costs_no_try_and_neither_does_success() {
    let site = site();
    let browser = site.browser().behind("198.51.100.1", "http");
    for _ in 0..30 {
        assert_eq!(browser.log_in("ada", "").status, 422);
    }
    for _ in 0..6 {
        assert_eq!(
            site.browser()
                .behind("198.51.100.1", "http")
                .log_in("ada", PASSWORD)
                .status,
            303
        );
    }
}

#[test]
fn more_than_a_few_at_once_are_asked_to_come_back() {
    let site = site();
    let tries: Vec<_> = (1..=40)
        .map(|number| (format!("user{number}"), format!("198.51.100.{number}")))
        .collect();
    let answers = tried(&site, &tries);
    let busy = answers.iter().find(|answer| answer.status == 503);
    assert_ne!(busy.expect("one too many").header("retry-after"), "");
    assert_eq!(count(&answers, 422) + count(&answers, 503), 40);
    assert!(count(&answers, 422) >= 18, "{}", count(&answers, 422));
}
