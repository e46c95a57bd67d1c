//! Which writes make pages old, and that no page is older than a write that was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use oc_lettings::db::Db;
use oc_lettings::db::backup::{Backups, Reason};

use crate::support::Site;

#[test]
fn what_pages_show_makes_them_old_and_nothing_else_does() {
    let site = Site::demo();
    let front = site.front(&[]);
    site.user("ada").staff().make();
    for (sql, is_shown) in [
        ("update letting set title = 'Another' where id = 1", true),
        ("update address set street = 'Another' where id = 1", true),
        (
            "update profile set favorite_city = 'Another' where id = 1",
            true,
        ),
        (
            "update user set first_name = 'Another' where id = (select user_id from profile where id = 1)",
            true,
        ),
        (
            "update user set email = 'a@example.org' where id = (select user_id from profile where id = 1)",
            true,
        ),
        ("delete from letting where id = 2", true),
        ("delete from address where id = 3", true),
        (
            "delete from user where id = (select user_id from profile where id = 2)",
            true,
        ),
        (
            "update user set last_login = '2026-11-22T07:31:05.123456Z'",
            false,
        ),
        (
            "update user set password = '!', version = version + 1",
            false,
        ),
        (
            "update user set is_staff = 1 - is_staff where username = 'ada'",
            false,
        ),
        (
            "insert into session (token_hash, user_id, created_at, last_used_at) select randomblob(32), id, date_joined, date_joined from user",
            false,
        ),
        (
            "update session set last_used_at = '2026-11-22T07:31:05.123456Z'",
            false,
        ),
        ("delete from session", false),
        (
            "insert into history (at, username, action, app, model, row_id, label) values ('2026-11-22T07:31:05.123456Z', 'ada', 'add', 'a', 'm', '1', 'x')",
            false,
        ),
        (
            "insert into \"group\" (name, updated_at) values ('g', '')",
            false,
        ),
        ("insert into setting (name, value) values ('x', '1')", false),
    ] {
        let before = site.db().version();
        assert_eq!(site.db().version(), before, "it stands still by itself");
        site.sql(sql, []);
        assert_eq!(site.db().version() != before, is_shown, "{sql}");
    }
    assert_eq!(front.get("/").status, 200);
    front.asked();
    site.sql("update user set last_login = date_joined", []);
    assert_eq!(front.get("/").status, 200);
    assert_eq!(front.asked(), 0);
    site.sql("update letting set title = 'Seen at once' where id = 1", []);
    assert!(front.get("/").text().contains("Seen at once"));
    assert_eq!(front.asked(), 1);
}

#[test]
fn a_backup_that_is_put_back_is_seen_at_once() {
    let site = Site::demo();
    let front = site.front(&[]);
    let backups = Backups::beside(site.db().path());
    let copy = backups.make(site.db(), Reason::Manual).expect("a copy");
    site.sql("update letting set title = 'Later' where id = 1", []);
    assert!(front.get("/lettings/1/").text().contains("Later"));
    backups
        .restore_live(site.db(), &copy.path, |_| Ok(()))
        .expect("a copy that fits");
    assert!(!front.get("/lettings/1/").text().contains("Later"));
}

#[test]
fn no_table_that_pages_show_escapes_notice() {
    let site = Site::new();
    let escaping = site.value(
        "select group_concat(name, ' ') from
         (select name from sqlite_schema where type = 'table' and sql like '%without rowid%' order by name)
         where name not like '%\\_search\\_%' escape '\\'",
    );
    // Places, states and spans only change with homes and people, and of the others no page shows anything.
    assert_eq!(
        escaping,
        "group_permission place session setting span state user_group user_permission"
    );
}

#[test]
fn no_page_is_older_than_a_write_that_was_acknowledged() {
    let site = Site::demo();
    let front = Arc::new(site.front(&[]));
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (front, is_over) = (Arc::clone(&front), Arc::clone(&is_over));
            std::thread::spawn(move || {
                let mut seen = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let now = round(front.ask("GET", "/lettings/1/", "").text());
                    assert!(now >= seen, "{now} after {seen}");
                    seen = now;
                }
            })
        })
        .collect();
    for number in 1..=600 {
        let title = format!("Round {number}.");
        site.sql("update letting set title = ?1 where id = 1", [title]);
        // Every other write comes while the page is being made because of the one before.
        if number % 2 == 0 {
            // It is acknowledged: whoever asks now sees it or a later one.
            assert_eq!(round(front.get("/lettings/1/").text()), number);
        }
    }
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader
            .join()
            .expect("no page that was older than the one before");
    }
}

/// The round that the page's title tells; 0 before the first.
fn round(page: &str) -> u32 {
    let title = page.split_once("<h1>Round ");
    title.map_or(0, |(_, rest)| {
        let (number, _) = rest.split_once('.').expect("a whole title");
        number.parse().expect("a number")
    })
}

#[test]
fn what_another_process_writes_is_seen_within_moments() {
    let site = Site::demo();
    let front = site.front(&[]);
    // To SQLite a connection of its own is as foreign as another process's.
    let other = Db::open(site.db().path()).expect("the same file");
    for number in 1..=5 {
        assert_eq!(front.get("/lettings/1/").status, 200);
        let title = format!("Round {number}.");
        let change = other
            .write_now(|tx| Ok(tx.execute("update letting set title = ?1 where id = 1", [title])?));
        assert_eq!(change.expect("a file that can be written"), 1);
        let since = std::time::Instant::now();
        while round(front.get("/lettings/1/").text()) != number {
            assert!(since.elapsed().as_secs() < 10, "it is not seen at all");
            std::thread::yield_now();
        }
    }
}
