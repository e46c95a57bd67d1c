//! A start looks at the database before it opens it: what is damaged, cut off, or not its own is left as it is.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::database::{WRITERS, all_refuse};
use super::run::Run;
use super::server::Server;

/// The size of a page in every database that we make.
const PAGE: usize = 4096;

/// A site that was stopped in order: one file, with the demo rows.
fn stopped() -> Run {
    let run = Run::new();
    run.run(&["demo"]).succeeded();
    assert_eq!(run.names(), ["site.sqlite3"]);
    run
}

/// A site whose server was killed: the file, its log with all that was written since the start, and the log's index.
fn crashed() -> Run {
    let run = stopped();
    let server = Server::start(&run);
    // As many pages again as the file has, so that it will have to grow.
    run.sql(
        "with recursive number (n) as (select 1 union all select n + 1 from number where n < 2000)
         insert into address (number, street, city, state, zip_code, country_iso_code, updated_at)
         select '1', 'Main Street', 'Irvine', 'CA', '92602', 'USA', '2026-01-01T00:00:00.000000Z' from number",
    );
    drop(server);
    assert_eq!(
        run.names(),
        ["site.sqlite3", "site.sqlite3-shm", "site.sqlite3-wal"]
    );
    run
}

fn bytes(run: &Run, name: &str) -> Vec<u8> {
    fs::read(run.path(name)).expect("a file that is there")
}

fn put(run: &Run, name: &str, bytes: &[u8]) {
    fs::write(run.path(name), bytes).expect("a folder of ours");
}

/// The site starts on what is there, and nothing of it is damaged or missing.
fn starts_with(run: &Run, addresses: &str) {
    let mut server = Server::start(run);
    assert_eq!(server.ask("GET", "/lettings/1/").status, 200);
    assert_eq!(run.ask("select count(*) from address"), addresses);
    let problems = run.ask("select group_concat(integrity_check) from pragma_integrity_check");
    assert_eq!(problems, "ok");
    server.stop();
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let run = stopped();
    let whole = bytes(&run, "site.sqlite3");
    for length in [
        whole.len() - 1,
        whole.len() - PAGE,
        whole.len() / 2,
        PAGE,
        PAGE - 1,
        100,
    ] {
        put(&run, "site.sqlite3", &whole[..length]);
        let words = format!(
            "site.sqlite3 is damaged (it was cut off: {length} bytes where its header says {})",
            whole.len()
        );
        all_refuse(&run, &[&words, "put the newest backup in its place"]);
    }
    for length in [99, 50, 1] {
        put(&run, "site.sqlite3", &whole[..length]);
        let words = format!("is damaged (it ends after {length} bytes, within its header)");
        all_refuse(&run, &[&words, "put the newest backup in its place"]);
    }
    put(&run, "site.sqlite3", &whole);
    starts_with(&run, "6");
}

#[test]
fn a_file_that_is_longer_than_it_says_is_none_the_worse() {
    let run = stopped();
    let mut longer = bytes(&run, "site.sqlite3");
    longer.resize(longer.len() + 3 * PAGE, 0);
    put(&run, "site.sqlite3", &longer);
    starts_with(&run, "6");
}

#[test]
fn a_header_that_makes_no_sense_is_refused() {
    let run = stopped();
    let whole = bytes(&run, "site.sqlite3");
    for (place, byte) in [
        (16, 0x11),
        (17, 0x20),
        (18, 3),
        (19, 0),
        (20, 255),
        (21, 0),
        (23, 31),
    ] {
        let mut broken = whole.clone();
        broken[place] = byte;
        if place == 20 {
            // So much is set aside of the smallest page that too little is left.
            broken[16..18].copy_from_slice(&[2, 0]);
        }
        put(&run, "site.sqlite3", &broken);
        all_refuse(
            &run,
            &[
                "site.sqlite3 is damaged (its header makes no sense)",
                "put the newest backup in its place",
            ],
        );
    }
    for place in [0, 14, 15] {
        let mut broken = whole.clone();
        broken[place] = b'x';
        put(&run, "site.sqlite3", &broken);
        all_refuse(&run, &["site.sqlite3 is not an SQLite database"]);
    }
}

#[test]
fn a_number_of_pages_that_nobody_keeps_is_not_believed() {
    let run = stopped();
    let mut older = bytes(&run, "site.sqlite3");
    // As a library before 3.7.0 leaves it: it counts the change and not the pages.
    older[27] ^= 1;
    older[28..32].fill(0x7F);
    put(&run, "site.sqlite3", &older);
    starts_with(&run, "6");
}

#[test]
fn what_a_killed_server_leaves_is_no_damage() {
    let run = crashed();
    run.run(&["check"]).succeeded();
    starts_with(&run, "2006");
    assert_eq!(run.names(), ["site.sqlite3"], "one file is all there is");
}

#[test]
fn a_file_to_which_the_log_was_being_moved_is_no_damage() {
    let run = crashed();
    let (short, log) = (bytes(&run, "site.sqlite3"), bytes(&run, "site.sqlite3-wal"));
    run.db().checkpoint().unwrap();
    let grown = bytes(&run, "site.sqlite3");
    assert!(grown.len() > short.len() + 10 * PAGE, "{}", grown.len());
    // The first page is there already and tells of pages that are only in the log.
    put(
        &run,
        "site.sqlite3",
        &[&grown[..PAGE], &short[PAGE..]].concat(),
    );
    put(&run, "site.sqlite3-wal", &log);
    starts_with(&run, "2006");
}

#[test]
fn a_file_that_lacks_more_than_its_log_holds_is_refused() {
    let run = crashed();
    let log = bytes(&run, "site.sqlite3-wal");
    run.db().checkpoint().unwrap();
    let grown = bytes(&run, "site.sqlite3");
    put(&run, "site.sqlite3", &grown[..PAGE]);
    // A log with its header and two pages.
    put(&run, "site.sqlite3-wal", &log[..32 + 2 * (24 + PAGE)]);
    all_refuse(
        &run,
        &[
            "site.sqlite3 is damaged (it was cut off: 4096 bytes",
            "put the newest backup in its place",
        ],
    );
}

#[test]
fn what_a_log_seems_to_hold_does_not_count_when_it_is_none() {
    let run = stopped();
    let whole = bytes(&run, "site.sqlite3");
    put(&run, "site.sqlite3", &whole[..PAGE]);
    put(&run, "site.sqlite3-wal", &vec![0; 100 * PAGE]);
    all_refuse(&run, &["site.sqlite3 is damaged (it was cut off"]);
}

#[test]
fn a_file_put_beside_the_log_of_another_is_refused() {
    let run = crashed();
    let log = bytes(&run, "site.sqlite3-wal");
    let copy = run.path("copy.sqlite3");
    run.foreign_sql(&format!("vacuum into '{}'", copy.display()));
    fs::rename(copy, run.path("site.sqlite3")).unwrap();
    put(&run, "site.sqlite3-wal", &log);
    all_refuse(
        &run,
        &[
            "site.sqlite3-wal is the write-ahead log of another file than site.sqlite3",
            "move site.sqlite3-wal away",
        ],
    );
    fs::remove_file(run.path("site.sqlite3-wal")).unwrap();
    starts_with(&run, "2006");
}

#[test]
fn a_log_without_its_file_is_not_thrown_away() {
    let run = crashed();
    let log = bytes(&run, "site.sqlite3-wal");
    let words: &[&str] = &[
        "site.sqlite3-wal holds changes to a file site.sqlite3 that is not there or empty",
        "put the file back",
        "move site.sqlite3-wal away",
    ];
    fs::rename(run.path("site.sqlite3"), run.path("elsewhere")).unwrap();
    for command in WRITERS {
        run.run(command).refused(words);
        assert!(!run.path("site.sqlite3").exists(), "made by {command:?}");
    }
    assert_eq!(bytes(&run, "site.sqlite3-wal"), log);
    put(&run, "site.sqlite3", b"");
    all_refuse(&run, words);
    fs::rename(run.path("elsewhere"), run.path("site.sqlite3")).unwrap();
    starts_with(&run, "2006");
}

#[test]
fn a_database_of_a_newer_version_keeps_its_log_too() {
    let run = stopped();
    let server = Server::start(&run);
    run.sql(
        "insert into refinery_schema_history values (99, 'future', '2030-01-01T00:00:00Z', '1')",
    );
    drop(server);
    all_refuse(&run, &["schema version 99", "start the newer one"]);
}

#[test]
fn what_is_no_file_at_all_is_refused() {
    let words = "is a device, pipe or socket, expected the database's file: set DATABASE";
    let run = Run::new();
    let pipe = Mode::from_raw_mode(0o600);
    mknodat(CWD, run.path("site.sqlite3"), FileType::Fifo, pipe, 0).expect("a folder of ours");
    all_refuse(&run, &["site.sqlite3", words]);
    let run = Run::new().with("DATABASE", "/dev/null");
    all_refuse(&run, &["/dev/null", words]);
}

#[test]
fn a_symbolic_link_is_followed_and_the_log_lies_beside_the_file() {
    let run = Run::new();
    fs::create_dir(run.path("disk")).unwrap();
    symlink("disk/target.sqlite3", run.path("site.sqlite3")).unwrap();
    let server = Server::start(&run);
    let beside = super::run::names(&run.path("disk"));
    assert!(
        beside.contains(&"target.sqlite3-wal".to_owned()),
        "{beside:?}"
    );
    assert_eq!(run.names(), ["disk", "site.sqlite3"]);
    run.run(&["demo"]).succeeded();
    // What is only in the log is seen through the link as well.
    run.sql(
        "insert into refinery_schema_history values (99, 'future', '2030-01-01T00:00:00Z', '1')",
    );
    drop(server);
    run.run(&["showmigrations"]).refused(&["schema version 99"]);
    run.sql("delete from refinery_schema_history where version = 99");
    starts_with(&run, "6");
    assert!(run.path("site.sqlite3").is_symlink());
    assert_eq!(super::run::names(&run.path("disk")), ["target.sqlite3"]);
}

#[test]
fn a_symbolic_link_to_itself_is_refused() {
    let run = Run::new();
    symlink("site.sqlite3", run.path("site.sqlite3")).unwrap();
    for command in WRITERS {
        run.run(command).refused(&[
            "site.sqlite3 is a symbolic link that leads to itself",
            "set DATABASE",
        ]);
    }
}
