//! `oc-lettings migrate` and `showmigrations`, and migrating at the start of what writes.

use std::fs;

use oc_lettings::db::migrate;

use super::run::{Done, Run};
use super::server::Server;

#[test]
fn migrate_makes_the_database_and_says_what_it_applied_and_a_second_run_does_nothing() {
    let run = Run::new();
    let first = run.run(&["migrate"]).succeeded();
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!(lines[0], "created site.sqlite3");
    assert_eq!(lines[1], "applied V1__settings");
    assert!(
        lines[2..].iter().all(|line| line.starts_with("applied V")),
        "{first}"
    );
    assert_eq!(run.names(), ["site.sqlite3"], "one file is all there is");
    assert_eq!(
        run.run(&["migrate"]).succeeded(),
        "no migrations to apply\n"
    );
    assert_eq!(
        run.run(&["migrate", "--check"]).succeeded(),
        "no migrations to apply\n"
    );
}

#[test]
fn migrate_check_fails_while_migrations_are_pending_and_makes_nothing() {
    let run = Run::new();
    let pending = run.run(&["migrate", "--check"]).found();
    assert!(pending.starts_with("pending V1__settings\n"), "{pending}");
    assert!(run.names().is_empty());

    run.run(&["migrate"]).succeeded();
    let last = forget_the_last(&run);
    let before = fs::read(run.path("site.sqlite3")).unwrap();
    assert_eq!(
        run.run(&["migrate", "--check"]).found(),
        format!("pending {last}\n")
    );
    assert_eq!(fs::read(run.path("site.sqlite3")).unwrap(), before);
    assert_eq!(run.names(), ["site.sqlite3"]);
}

/// Makes the database look as if its last migration were pending, and gives that one's name.
fn forget_the_last(run: &Run) -> String {
    run.sql("delete from refinery_schema_history where version = (select max(version) from refinery_schema_history)");
    run.db().checkpoint().expect("a log that nobody else reads");
    let last = migrate::all_pending().pop();
    last.expect("there are migrations").name
}

#[test]
fn a_database_that_is_there_is_migrated_and_not_made() {
    let run = Run::new();
    run.db().checkpoint().unwrap();
    assert!(run.path("site.sqlite3").metadata().unwrap().len() > 0);
    let output = run.run(&["migrate"]).succeeded();
    assert!(output.starts_with("applied V1__settings\n"), "{output}");
}

#[test]
fn showmigrations_marks_what_is_applied() {
    let run = Run::new();
    let pending = run.run(&["showmigrations"]).succeeded();
    assert!(
        pending.lines().all(|line| line.starts_with("[ ] V")),
        "{pending}"
    );
    assert!(run.names().is_empty());
    run.run(&["migrate"]).succeeded();
    let applied = run.run(&["showmigrations"]).succeeded();
    assert_eq!(applied, pending.replace("[ ]", "[X]"));
    let last = forget_the_last(&run);
    let mixed = run.run(&["showmigrations"]).succeeded();
    assert!(mixed.ends_with(&format!("\n[ ] {last}\n")), "{mixed}");
    assert_eq!(mixed.matches("[ ]").count(), 1, "{mixed}");
}

#[test]
fn a_migration_that_fails_changes_nothing_and_is_named() {
    let run = Run::new();
    run.run(&["migrate"]).succeeded();
    run.sql("drop table profile; delete from refinery_schema_history where version >= 6");
    let schema = "select group_concat(name || coalesce(sql, '')) from sqlite_schema";
    let before = run.ask(schema);
    for command in ["serve", "migrate", "demo"] {
        run.run(&[command]).refused(&[
            "migrate site.sqlite3",
            "nothing was changed",
            "V7__history",
            "already exists",
        ]);
    }
    assert_eq!(run.ask(schema), before);
    assert_eq!(
        run.ask("select max(version) from refinery_schema_history"),
        "5"
    );
}

#[test]
fn processes_that_migrate_at_once_all_succeed_and_one_of_them_does_the_work() {
    for _ in 0..3 {
        let run = Run::new();
        let running: Vec<_> = (0..6)
            .map(|_| run.prepared(&["migrate"]).spawn().unwrap())
            .collect();
        let outputs: Vec<String> = running
            .into_iter()
            .map(|child| Done::of(child.wait_with_output().unwrap()).succeeded())
            .collect();
        let applied = outputs
            .iter()
            .filter(|output| output.contains("applied V1__settings\n"))
            .count();
        let nothing = outputs
            .iter()
            .filter(|output| output.contains("no migrations to apply\n"))
            .count();
        assert_eq!((applied, nothing), (1, 5), "{outputs:?}");
        assert_eq!(
            run.ask("select count(*) from refinery_schema_history"),
            migrate::latest().to_string()
        );
    }
}

#[test]
fn servers_that_start_at_once_both_serve_one_key() {
    let run = Run::new();
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| Server::start(&run));
        let second = scope.spawn(|| Server::start(&run));
        (first.join().unwrap(), second.join().unwrap())
    });
    assert_eq!(first.ask("GET", "/readyz").status, 200);
    assert_eq!(second.ask("GET", "/readyz").status, 200);
    assert_eq!(
        run.ask("select count(*) from setting where name = 'secret_key'"),
        "1"
    );
}

#[test]
fn the_generated_key_is_long_and_stays() {
    let run = Run::new();
    run.run(&["migrate"]).succeeded();
    let key = run.ask("select value from setting where name = 'secret_key'");
    assert!(key.len() >= 64, "{} characters", key.len());
    run.run(&["migrate"]).succeeded();
    assert_eq!(
        run.ask("select value from setting where name = 'secret_key'"),
        key
    );
    let given = Run::new().with("SECRET_KEY", "0123456789abcdef0123456789abcdef");
    given.run(&["migrate"]).succeeded();
    assert_eq!(
        given.ask("select count(*) from setting"),
        "0",
        "a key that is given is not kept"
    );
}
