//! Into what databases: empty ones, those with the administrator who is setting the site up, and filled ones.

use crate::run::Run;

const ADMIN: [(&str, &str); 3] = [
    ("ADMIN_USERNAME", "operator"),
    ("ADMIN_EMAIL", "operator@example.com"),
    ("ADMIN_PASSWORD", "Rain on the roof 7"),
];

/// A database with the one administrator of this name.
fn with_admin(username: &str) -> Run {
    let run = ADMIN
        .into_iter()
        .fold(Run::new(), |run, (name, value)| run.with(name, value));
    let run = run.with("ADMIN_USERNAME", username);
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    run
}

/// Everything that an import writes, and what says when it was.
fn all(run: &Run) -> String {
    run.ask(
        "select json_array((select json_group_array(json_array(id, username, password, version, updated_at)) from user),
                           (select json_group_array(json_array(id, title, version, updated_at)) from letting),
                           (select json_group_array(json_array(id, street)) from address),
                           (select json_group_array(json_array(id, at, label)) from history),
                           (select json_group_array(json_array(name, value)) from setting),
                           (select json_group_array(json_array(name, seq)) from sqlite_sequence where name <> 'permission'))",
    )
}

#[test]
fn twice_is_once() {
    let run = Run::new();
    let django = run.django("");
    run.run(&["import-django", "db.sqlite3"]).succeeded();
    run.sql(
        "update letting set title = 'Edited here' where id = 1; delete from letting where id = 2",
    );
    let before = all(&run);
    // The bytes of a file that is in use change without any row that matters: somebody signs out, the file is tidied.
    for sql in [
        "",
        "delete from django_session",
        "vacuum",
        "pragma journal_mode = wal",
    ] {
        django.sql(sql);
        for options in [
            &[][..],
            &["--skip-bad", "--show-emails"],
            &["--replace"],
            &["--dry-run"],
        ] {
            let arguments = [&["import-django", "db.sqlite3"], options].concat();
            let out = run.run(&arguments).succeeded();
            assert!(
                out.starts_with("imported already, at 20")
                    && out.ends_with("Z: nothing was changed\n"),
                "{out}"
            );
        }
    }
    assert_eq!(all(&run), before);
}

#[test]
fn another_file_does_not_go_into_a_filled_database() {
    let run = Run::new();
    run.django("");
    run.run(&["import-django", "db.sqlite3"]).succeeded();
    let before = all(&run);
    run.django("update lettings_letting set title = 'Another' where id = 1");
    for option in ["--skip-bad", "--dry-run"] {
        run.run(&["import-django", option, "db.sqlite3"]).refused(&[
            "the database has 15 lettings, 18 addresses, 30 users, 28 profiles, 1 group already",
            "--replace",
            "DATABASE",
        ]);
    }
    assert_eq!(all(&run), before);
    for (sql, words) in [
        (
            "delete from address; delete from user; delete from \"group\"; insert into \"group\" (name, updated_at) values ('x', '')",
            "1 group ",
        ),
        (
            "delete from \"group\"; insert into user (username, password, date_joined, updated_at) values ('x', '!', '2020-01-01T00:00:00.000000Z', '')",
            "1 user ",
        ),
        ("update user set is_superuser = 1, is_active = 0", "1 user "),
        (
            "update user set is_active = 1; insert into user (username, password, is_superuser, date_joined, updated_at) values ('y', '!', 1, '2020-01-01T00:00:00.000000Z', '')",
            "2 users ",
        ),
    ] {
        run.sql(sql);
        run.run(&["import-django", "db.sqlite3"])
            .refused(&[&format!("the database has {words}already")]);
    }
    run.sql("delete from user where username = 'y'");
    run.run(&["import-django", "db.sqlite3"]).succeeded();
}

#[test]
fn the_administrator_of_the_set_up_gets_out_of_the_way_and_keeps_name_password_session_and_history()
{
    let run = with_admin("operator");
    run.sql(
        "insert into session values (zeroblob(32), 1, '', '', '', '');
         insert into history (at, user_id, username, action, app, model, row_id, label)
         values ('2026-01-01T00:00:00.000000Z', 1, 'operator', 'add', 'lettings', 'address', '1', 'a home that is gone')",
    );
    let hash = run.ask("select password from user");
    let triggers = "select json_group_array(json_array(name, tbl_name, sql)) from (select * from sqlite_schema where type = 'trigger' order by name)";
    let before = run.ask(triggers);
    run.django(
        "delete from auth_user where id = 1; delete from django_admin_log where user_id = 1",
    );
    let out = run
        .run(&["import-django", "--skip-bad", "db.sqlite3"])
        .succeeded();
    assert!(
        out.contains("\nthe administrator operator, who was here before, is kept\n"),
        "{out}"
    );
    assert_eq!(
        run.ask("select id || ' ' || password || ' ' || is_superuser || ' ' || email from user where username = 'operator'"),
        format!("31 {hash} 1 operator@example.com")
    );
    assert_eq!(run.ask("select user_id from session"), "31");
    assert_eq!(
        run.ask("select seq from sqlite_sequence where name = 'user'"),
        "31"
    );
    assert_eq!(
        run.ask("select group_concat(id || ' ' || coalesce(user_id, '-') || ' ' || username || ' ' || model || ' ' || row_id, '; ') from history"),
        "20 6 lena.editor address 21; 21 - operator user 31; 22 31 operator address 1".replace("- operator", "- ")
    );
    assert_eq!(
        run.ask(triggers),
        before,
        "the history is as closed as before"
    );
    assert!(
        run.run(&["migrate"]).succeeded().contains("no migrations"),
        "the schema is the one it was"
    );
}

#[test]
fn an_account_of_the_same_name_in_the_file_becomes_one_with_the_administrator() {
    let run = with_admin("lena.editor");
    run.sql("insert into session values (zeroblob(32), 1, '', '', '', '')");
    let hash = run.ask("select password from user");
    run.django("");
    let out = run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert!(
        out.contains("\nlena.editor was here before and is in the file: one account now, with the file's data and the password and superuser status that it had here\n"),
        "{out}"
    );
    assert_eq!(
        run.ask("select id || ' ' || first_name || ' ' || email || ' ' || password || ' ' || is_superuser || is_staff || is_active from user where username = 'lena.editor'"),
        format!("6 Lena lena@example.com {hash} 111")
    );
    assert_eq!(run.ask("select user_id from session"), "6");
    assert_eq!(run.ask("select count(*) from user"), "30");
    assert_eq!(
        run.ask("select row_id from history where app = 'auth' and id > 20"),
        "6"
    );
}

#[test]
fn the_published_password_of_the_file_does_not_come_in_for_an_administrator_who_has_set_one_here() {
    let run = with_admin("admin");
    run.django_of(&crate::django::original(), "");
    let out = run
        .run(&["import-django", "--skip-bad", "db.sqlite3"])
        .succeeded();
    assert!(
        out.contains("\nadmin was here before and is in the file: one account now"),
        "{out}"
    );
    assert!(!out.contains("published"), "{out}");
    assert!(
        run.run(&["check"])
            .succeeded()
            .ends_with("0 errors, 0 warnings\n")
    );
    // Without a password here, that of the file is the only one there is.
    let run = Run::new().with("ADMIN_USERNAME", "admin");
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    run.django_of(&crate::django::original(), "");
    let out = run
        .run(&["import-django", "--skip-bad", "db.sqlite3"])
        .succeeded();
    assert!(out.contains("\nadmin was here before without a password and is in the file: one account now, a superuser with the file's password\n"), "{out}");
    assert!(
        out.contains("warning: the superuser admin has the published password"),
        "{out}"
    );
}

#[test]
fn a_refused_import_leaves_the_administrator_where_they_were() {
    let run = with_admin("operator");
    let before = all(&run);
    run.django("update lettings_address set state = 'C' where id = 1");
    run.run(&["import-django", "db.sqlite3"])
        .refused(&["2 rows cannot be taken"]);
    run.run(&["import-django", "--dry-run", "--skip-bad", "db.sqlite3"])
        .succeeded();
    assert_eq!(all(&run), before);
}

#[test]
fn a_file_without_anybody_who_could_administer_is_said() {
    let run = Run::new();
    run.django("update auth_user set password = '!x' where is_superuser");
    let out = run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert!(
        out.contains("\nwarning: no superuser can sign in; run `oc-lettings createsuperuser`"),
        "{out}"
    );
}

#[test]
fn replace_makes_a_checked_backup_names_it_and_removes_all_that_was_there() {
    let run = with_admin("operator");
    run.run(&["demo"]).succeeded();
    run.sql("insert into session values (zeroblob(32), (select id from user where username = 'operator'), '', '', '', '')");
    let before = all(&run);
    let triggers = "select json_group_array(json_array(name, tbl_name, sql)) from (select * from sqlite_schema where type = 'trigger' order by name)";
    let schema = run.ask(triggers);
    run.django("");
    let out = run
        .run(&["import-django", "--replace", "db.sqlite3"])
        .succeeded();
    let line = out.lines().next().unwrap();
    let (words, path) = line
        .split_once("; the backup is ")
        .unwrap_or_else(|| panic!("{out}"));
    assert_eq!(
        words,
        "replaced 6 lettings, 6 addresses, 6 users, 4 profiles, 1 session"
    );
    assert!(
        out.contains("\nimported 15 lettings, 18 addresses, 30 users, 28 profiles\n"),
        "{out}"
    );
    assert_eq!(
        run.ask("select (select count(*) from session) || ' ' || (select count(*) from user where username = 'operator') || ' ' || (select count(*) from history)"),
        "0 0 20"
    );
    assert_eq!(run.ask("select sum(lettings) from place"), "15");
    assert_eq!(run.ask(triggers), schema);
    assert!(path.contains("before-replace"), "{path}");
    run.run(&["restore", path]).succeeded();
    assert_eq!(all(&run), before, "the backup is what was there");
}

#[test]
fn a_replacement_that_is_refused_or_only_tried_leaves_all_as_it_was_and_no_backup() {
    let run = Run::new();
    run.run(&["demo"]).succeeded();
    let before = all(&run);
    run.django("update lettings_address set state = 'C' where id = 1");
    let names = run.names();
    run.run(&["import-django", "--replace", "db.sqlite3"])
        .refused(&["2 rows cannot be taken"]);
    let out = run
        .run(&[
            "import-django",
            "--replace",
            "--dry-run",
            "--skip-bad",
            "db.sqlite3",
        ])
        .succeeded();
    assert!(out.contains("\nwould replace 6 lettings, 6 addresses, 5 users, 4 profiles, 0 sessions\nwould import 14 lettings"), "{out}");
    // Where no backup can be made, nothing is replaced either.
    let run = run
        .file("in-the-way", "")
        .with("BACKUP_DIR", "in-the-way/folder");
    run.run(&["import-django", "--replace", "--skip-bad", "db.sqlite3"])
        .refused(&["in-the-way"]);
    assert_eq!(all(&run), before);
    assert_eq!(run.names().len(), names.len() + 1, "{:?}", run.names());
}
