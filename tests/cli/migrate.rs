//! `oc-lettings migrate` and `showmigrations`, and migrating at the start of what writes.

use std::fs;

use oc_lettings::db::backup::Backups;
use oc_lettings::db::{self, Db, migrate};
use refinery::Migration;

use super::backup::{backups, older};
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
fn before_a_database_is_migrated_it_is_copied_and_the_copy_is_named() {
    let run = older();
    let (from, to) = (migrate::latest() - 1, migrate::latest());
    let output = run.run(&["migrate"]).succeeded();
    let made = backups(&run);
    assert_eq!(made.len(), 1, "{made:?}");
    let name = made[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        name.ends_with(&format!("Z-before-migration-v{from}-v{to}.sqlite3")),
        "{name}"
    );
    let last = migrate::all_pending().pop().unwrap().name;
    assert_eq!(
        output,
        format!("copied to backups/{name} first\napplied {last}\n")
    );
    let conn = db::inspect(&made[0]).unwrap();
    assert_eq!(migrate::version(&conn).unwrap(), from);
    run.run(&["migrate"]).succeeded();
    assert_eq!(backups(&run), made);
}

#[test]
fn processes_that_migrate_a_database_at_once_leave_one_copy() {
    let run = older();
    let running: Vec<_> = (0..6)
        .map(|_| run.prepared(&["migrate"]).spawn().unwrap())
        .collect();
    let outputs: Vec<String> = running
        .into_iter()
        .map(|child| Done::of(child.wait_with_output().unwrap()).succeeded())
        .collect();
    let copied = |output: &&String| output.starts_with("copied to ");
    assert_eq!(outputs.iter().filter(copied).count(), 1, "{outputs:?}");
    assert_eq!(backups(&run).len(), 1, "{:?}", backups(&run));
}

#[test]
fn a_migration_that_fails_names_the_copy_and_a_crash_loop_makes_one() {
    let run = older();
    run.foreign_sql("insert into profile (id, user_id, updated_at) values (7, 99, '')");
    let first = run.run(&["serve"]).refused(&[
        "migrate site.sqlite3: 1 rows would point at rows that do not exist; nothing was changed",
    ]);
    let made = backups(&run);
    assert_eq!(made.len(), 1, "{made:?}");
    let name = made[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        first.ends_with(&format!(" a copy of it is backups/{name}")),
        "{first}"
    );
    assert_eq!(run.run(&["serve"]).refused(&[]), first);
    assert_eq!(backups(&run), made);
}

#[test]
fn the_way_back_from_a_newer_version_is_the_command_that_the_refusal_names() {
    let run = Run::new().with("BACKUP_DIR", "backups");
    run.run(&["demo"]).succeeded();
    let newer = migrate::latest() + 1;
    let mut migrations = migrate::all();
    migrations
        .push(Migration::unapplied(&format!("V{newer}__next"), "delete from letting").unwrap());
    let backups = Backups::in_folder(&run.path("site.sqlite3"), &run.path("backups"));
    let (db, _) = Db::open_and_migrate_with(&backups, &migrations).unwrap();
    db.checkpoint().unwrap();
    drop(db);
    let words = run
        .run(&["serve"])
        .refused(&[&format!("schema version {newer}")]);
    let (_, command) = words.split_once("`oc-lettings restore ").unwrap();
    let (path, _) = command.split_once('`').unwrap();
    run.run(&["restore", path]).succeeded();
    let server = Server::start(&run);
    assert!(
        server
            .ask("GET", "/lettings/")
            .text()
            .contains("Joshua Tree")
    );
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
