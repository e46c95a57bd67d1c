//! The backups that the running server makes by itself.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::backup::{backups, site, wait_until};
use super::moments::{fill, pass_while, shown};
use super::receiver::Receiver;
use super::run::{Run, names};
use super::server::Server;

/// A site whose server makes a backup a day.
fn daily() -> Run {
    site().with("BACKUP_EVERY", "24h")
}

fn scheduled(run: &Run) -> Vec<PathBuf> {
    let mut all = backups(run);
    all.retain(|path| path.to_string_lossy().ends_with("Z-scheduled.sqlite3"));
    all
}

/// Gives the only backup the name of another day.
fn rename_to_day(run: &Run, day: &str) -> PathBuf {
    let path = run.path(&format!("backups/site-{day}T000000Z-scheduled.sqlite3"));
    fs::rename(&scheduled(run)[0], &path).expect("a backup of ours");
    path
}

#[test]
fn a_server_without_a_recent_backup_makes_one_while_it_serves() {
    let run = daily();
    let server = Server::start(&run);
    let line = pass_while(&run, || server.line_with("backed up to backups/site-"));
    assert_eq!(line["level"], "info");
    let made = scheduled(&run);
    assert_eq!(made.len(), 1, "{made:?}");
    shown(&made[0]);
    assert_eq!(line["bytes"], made[0].metadata().unwrap().len());
}

#[test]
fn a_restart_makes_no_other_until_the_newest_is_too_old() {
    let run = daily();
    let mut server = Server::start(&run);
    server.line_with("backed up");
    server.stop();
    let mut server = Server::start(&run);
    assert_eq!(server.ask("GET", "/readyz").status, 200);
    let rest = server.stop();
    assert_eq!(scheduled(&run).len(), 1, "{rest:?}");

    let old = rename_to_day(&run, "20200101");
    let server = Server::start(&run);
    server.line_with("backed up");
    let made = scheduled(&run);
    assert_eq!(made.len(), 2, "{made:?}");
    assert_eq!(made[0], old);
}

#[test]
fn a_backup_of_tomorrow_does_not_keep_the_server_from_making_one() {
    let run = daily();
    let mut server = Server::start(&run);
    server.line_with("backed up");
    server.stop();
    rename_to_day(&run, "29990101");
    let mut server = Server::start(&run);
    server.line_with("backed up");
    server.stop();
    let mut server = Server::start(&run);
    server.stop();
    assert_eq!(scheduled(&run).len(), 2);
}

#[test]
fn only_the_oldest_of_its_own_scheduled_backups_are_cleared_away() {
    let run = daily().with("BACKUP_KEEP", "3");
    let folder = run.path("backups");
    fs::create_dir(&folder).unwrap();
    let file = |name: &str| fs::write(folder.join(name), "").unwrap();
    let own: Vec<String> = (1..=5)
        .map(|day| format!("site-2020010{day}T000000Z-scheduled.sqlite3"))
        .collect();
    let others = [
        "site-20200101T000000Z-manual.sqlite3",
        "site-20200101T000000Z-before-migration-v1-v2.sqlite3",
        "site-20200101T000000Z-before-replace.sqlite3",
        "site-20200101T000000Z-before-restore.sqlite3",
        "site-20200101T000000Z-scheduled.sqlite3.gz",
        "site-20200101T000000Z-scheduled-kept.sqlite3",
        "site-20200101-scheduled.sqlite3",
        "other-20200101T000000Z-scheduled.sqlite3",
        "site.sqlite3",
    ];
    for name in own.iter().map(String::as_str).chain(others) {
        file(name);
    }
    fs::create_dir(folder.join("site-20200101T000001Z-scheduled.sqlite3")).unwrap();
    symlink(
        "site.sqlite3",
        folder.join("site-20200101T000002Z-scheduled.sqlite3"),
    )
    .unwrap();

    let mut server = Server::start(&run);
    server.line_with("backed up");
    server.stop();
    let left = names(&folder);
    for name in others {
        assert!(left.iter().any(|other| other == name), "{name}: {left:?}");
    }
    let is_left = |name: &String| left.contains(name);
    assert_eq!(
        own.iter().map(is_left).collect::<Vec<_>>(),
        [false, false, false, true, true]
    );
    // The others, the two kept ones with the new, and what only looks like one.
    assert_eq!(left.len(), others.len() + 3 + 2, "{left:?}");
}

#[test]
fn a_server_that_is_told_so_makes_none() {
    let run = site().with("BACKUP_EVERY", "off");
    let mut server = Server::start(&run);
    assert_eq!(server.ask("GET", "/readyz").status, 200);
    server.stop();
    assert!(backups(&run).is_empty());
}

#[test]
fn a_backup_that_fails_is_an_error_in_the_log_and_for_sentry_and_the_site_goes_on() {
    let sentry = Receiver::willing();
    let run = daily()
        .file("file", "")
        .with("BACKUP_DIR", "file/backups")
        .with("SENTRY_DSN", sentry.dsn());
    let mut server = Server::start(&run);
    let line = server.line_with("the scheduled backup failed, the next try is in 1h: ");
    assert_eq!(line["level"], "error");
    let words = line["msg"].as_str().unwrap();
    assert!(words.contains("file/backups"), "{words}");
    assert!(words.contains("set BACKUP_DIR"), "{words}");
    assert_eq!(server.ask("GET", "/readyz").status, 200);
    let event = sentry.next("event");
    assert!(
        event.to_string().contains("the scheduled backup failed"),
        "{event}"
    );
    let rest = server.stop();
    let tries = rest.iter().filter(|line| line["level"] == "error").count();
    assert_eq!(tries, 0, "it tries no second time at once: {rest:?}");
}

#[test]
fn a_backup_that_is_being_made_when_the_server_stops_is_given_up_and_leaves_nothing() {
    let run = daily();
    fill(&run, 60);
    let mut server = Server::start(&run);
    wait_until(|| !backups(&run).is_empty());
    let rest = server.stop();
    let said = |words: &str| {
        rest.iter()
            .any(|line| line["msg"].as_str().is_some_and(|msg| msg.contains(words)))
    };
    assert!(
        said("the backup that was being made is given up"),
        "{rest:?}"
    );
    assert!(backups(&run).is_empty(), "{:?}", backups(&run));
    assert_eq!(run.names(), ["backups", "site.sqlite3"]);
}
