//! What files are read, in what state, and that nothing happens to them or beside them.

use std::fs::read;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::run::Run;

/// A run in whose folder the database is made already, so that what a file leaves behind can be seen.
fn migrated() -> Run {
    let run = Run::new();
    run.run(&["migrate"]).succeeded();
    run
}

#[test]
fn a_file_that_is_no_django_sites_database_is_refused_in_one_line() {
    let run = migrated()
        .file("empty", "")
        .file("text", "Not a database, but long enough to have a header of a hundred bytes if it were one. Not a database at all.")
        .file("short", "SQLite format 3\0");
    std::fs::create_dir(run.path("folder")).unwrap();
    let pipe = Command::new("mkfifo")
        .arg(run.path("pipe"))
        .status()
        .unwrap();
    assert!(pipe.success());
    run.run(&["import-django", "missing"])
        .refused(&["missing does not exist", "give the path"]);
    for (name, words) in [
        ("folder", "is not a file"),
        ("pipe", "is not a file"),
        ("empty", "is empty"),
        ("text", "is not an SQLite database"),
        ("short", "is not an SQLite database"),
        ("site.sqlite3", "is a database of oc-lettings itself"),
    ] {
        run.run(&["import-django", name]).refused(&[words, "give"]);
    }
    let django = run.django("drop table lettings_letting");
    run.run(&["import-django", "db.sqlite3"])
        .refused(&["has no table lettings_letting or oc_lettings_site_letting"]);
    django.sql("create view lettings_letting as select 1 as id, 'x' as title, 1 as address_id");
    run.run(&["import-django", "db.sqlite3"])
        .refused(&["has no table lettings_letting"]);
    run.django("alter table auth_user rename column email to mail; alter table auth_user drop column last_name");
    run.run(&["import-django", "db.sqlite3"])
        .refused(&["has no column last_name, email in auth_user"]);
    assert_eq!(
        run.ask("select (select count(*) from user) + (select count(*) from address)"),
        "0"
    );
}

#[test]
fn a_file_that_is_damaged_or_cut_off_is_refused() {
    let run = migrated();
    let django = run.django("");
    let whole = read(&django.path).unwrap();
    for length in [100, 4096, 50_000, whole.len() - 4096, whole.len() - 1] {
        std::fs::write(&django.path, &whole[..length]).unwrap();
        run.run(&["import-django", "db.sqlite3"])
            .refused(&["db.sqlite3"]);
    }
    // The page of a table's rows, not of the schema: what is read before would look right.
    let root: usize = {
        std::fs::write(&django.path, &whole).unwrap();
        let sql = "select rootpage from sqlite_schema where name = 'lettings_letting'";
        django.open().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let mut damaged = whole;
    damaged[(root - 1) * 4096..][..64].fill(0xAB);
    std::fs::write(&django.path, &damaged).unwrap();
    run.run(&["import-django", "db.sqlite3"])
        .refused(&["db.sqlite3 is damaged"]);
    assert_eq!(run.ask("select count(*) from user"), "0");
}

#[test]
fn the_file_is_only_read_and_nothing_is_left_beside_it_or_us() {
    let run = migrated();
    let django = run.django("");
    let before = (read(&django.path).unwrap(), run.names());
    // Whoever runs the tests may write all the same; but the file is not asked to be writable.
    std::fs::set_permissions(&django.path, std::fs::Permissions::from_mode(0o444)).unwrap();
    run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert_eq!((read(&django.path).unwrap(), run.names()), before);
}

#[test]
fn what_is_only_in_the_write_ahead_log_comes_along_from_a_site_that_runs() {
    let run = migrated();
    let django = run.django("pragma journal_mode = wal");
    let running = django.open();
    running
        .execute_batch("pragma wal_autocheckpoint = 0; update lettings_letting set title = 'From the log' where id = 1")
        .unwrap();
    let before = (
        read(&django.path).unwrap(),
        read(run.path("db.sqlite3-wal")).unwrap(),
        run.names(),
    );
    run.run(&["import-django", "db.sqlite3"]).succeeded();
    let after = (
        read(&django.path).unwrap(),
        read(run.path("db.sqlite3-wal")).unwrap(),
        run.names(),
    );
    assert!(after == before, "the file or its log was changed");
    assert_eq!(
        run.ask("select title from letting where id = 1"),
        "From the log"
    );
    // The same rows from the one file that is left when the site has stopped.
    drop(running);
    assert!(!run.names().contains(&"db.sqlite3-wal".to_owned()));
    let out = run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert!(out.starts_with("imported already"), "{out}");
    assert!(
        !run.names()
            .iter()
            .any(|name| name.starts_with("db.sqlite3-")),
        "{:?}",
        run.names()
    );
}

#[test]
fn a_log_that_was_copied_without_its_index_is_read_without_making_one() {
    let run = migrated();
    let django = run.django("pragma journal_mode = wal");
    let running = django.open();
    running
        .execute_batch("pragma wal_autocheckpoint = 0; update lettings_letting set title = 'From the log' where id = 1")
        .unwrap();
    for suffix in ["", "-wal"] {
        std::fs::copy(
            run.path(&format!("db.sqlite3{suffix}")),
            run.path(&format!("copy{suffix}")),
        )
        .unwrap();
    }
    let before = (read(run.path("copy")).unwrap(), run.names());
    run.run(&["import-django", "copy"]).succeeded();
    assert_eq!((read(run.path("copy")).unwrap(), run.names()), before);
    assert_eq!(
        run.ask("select title from letting where id = 1"),
        "From the log"
    );
}

#[test]
fn what_a_crashed_writer_left_half_done_is_rolled_back_in_a_copy() {
    let run = migrated();
    let django = run.django("");
    let writing = django.open();
    // With next to no cache the pages are in the file before the commit, and what they were is in the journal.
    writing
        .execute_batch(
            "pragma cache_size = 1; begin; update lettings_address set street = 'Half done';
             update auth_user set first_name = 'Half done'; update lettings_letting set title = 'Half done'",
        )
        .unwrap();
    for suffix in ["", "-journal"] {
        std::fs::copy(
            run.path(&format!("db.sqlite3{suffix}")),
            run.path(&format!("crashed{suffix}")),
        )
        .unwrap();
    }
    assert!(
        read(run.path("crashed"))
            .unwrap()
            .windows(9)
            .any(|bytes| bytes == b"Half done")
    );
    let before = (
        read(run.path("crashed")).unwrap(),
        read(run.path("crashed-journal")).unwrap(),
        run.names(),
    );
    run.run(&["import-django", "crashed"]).succeeded();
    let after = (
        read(run.path("crashed")).unwrap(),
        read(run.path("crashed-journal")).unwrap(),
        run.names(),
    );
    assert!(after == before, "the file or its journal was changed");
    assert_eq!(
        run.ask("select street from address where id = 1"),
        "Bedford Street"
    );
    assert_eq!(
        run.ask("select count(*) from user where first_name = 'Half done'"),
        "0"
    );
}

#[test]
fn a_writer_that_has_not_committed_is_neither_waited_for_nor_seen() {
    let run = migrated();
    let django = run.django("");
    let writing = django.open();
    writing
        .execute_batch("begin immediate; update lettings_letting set title = 'Not yet'")
        .unwrap();
    run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert_eq!(
        run.ask("select count(*) from letting where title = 'Not yet'"),
        "0"
    );
    writing.execute_batch("commit").unwrap();
}

#[test]
fn a_file_that_stays_locked_is_refused_with_the_cure() {
    let run = migrated();
    let django = run.django("");
    let writing = django.open();
    writing.execute_batch("begin exclusive").unwrap();
    run.run(&["import-django", "db.sqlite3"])
        .refused(&["db.sqlite3 is locked by another process", "try again"]);
}

#[test]
fn a_database_in_another_encoding_is_read_as_well() {
    let run = migrated();
    let django = run.django("");
    // A new file whose first statement is about its encoding has that.
    let dump = "select group_concat(sql, ';') from sqlite_schema where type = 'table' and name not like 'sqlite_%'";
    let schema: String = django.open().query_row(dump, [], |row| row.get(0)).unwrap();
    let other = crate::django::Django {
        path: run.path("utf16.sqlite3"),
    };
    other.sql(&format!("pragma encoding = 'UTF-16'; {schema}"));
    other.sql(
        "insert into auth_user values (1, 'pbkdf2_sha256$1000$seasalt$xLtcw5Eni/f0yu4GtaUc/tGVui1yO/AxQnFBrESFXqM=', null, 0, 'zoë', '', '', 0, 1, '2020-01-01 00:00:00', '')",
    );
    run.run(&["import-django", "utf16.sqlite3"]).succeeded();
    assert_eq!(run.ask("select username from user"), "zoë");
}
