//! What holds between rows: ids, names, references, what goes along with what, and history that stays.

use rusqlite::Transaction;

use super::fresh::{Fresh, NOW, insert, text};

#[test]
fn an_id_is_never_given_out_twice() {
    let fresh = Fresh::new();
    for table in [
        "user",
        "group",
        "permission",
        "address",
        "letting",
        "profile",
    ] {
        let given = |tx: &Transaction<'_>| {
            insert(tx, table, &[])?;
            Ok(tx.last_insert_rowid())
        };
        let first = fresh.db.write_now(given).unwrap();
        fresh.sql(&format!("delete from \"{table}\" where id = {first}"));
        let second = fresh.db.write_now(given).unwrap();
        assert!(second > first, "{table}: {first} and then {second}");
    }
}

#[test]
fn names_are_unique_and_a_user_and_an_address_have_one_profile_and_one_letting() {
    let fresh = Fresh::new();
    for table in [
        "user",
        "group",
        "permission",
        "letting",
        "profile",
        "setting",
        "session",
    ] {
        fresh.db.write_now(|tx| insert(tx, table, &[])).unwrap();
        let error = fresh.db.write_now(|tx| insert(tx, table, &[])).unwrap_err();
        assert!(
            error.to_string().contains("UNIQUE constraint failed"),
            "{table}: {error}"
        );
    }
    assert_eq!(
        fresh.attempt("user", "username", "'Ada'"),
        Ok(()),
        "case counts"
    );
}

#[test]
fn a_row_cannot_point_at_one_that_is_not_there() {
    let fresh = Fresh::new();
    assert_eq!(
        fresh
            .db
            .write_now(|tx| text(tx, "select foreign_keys from pragma_foreign_keys"))
            .unwrap(),
        "1"
    );
    for (table, column) in [
        ("letting", "address_id"),
        ("profile", "user_id"),
        ("session", "user_id"),
    ] {
        let error = fresh.attempt(table, column, "99").unwrap_err();
        assert!(
            error.contains("FOREIGN KEY constraint failed"),
            "{table}: {error}"
        );
    }
    fresh.refused("insert into user_group values (1, 99)");
    fresh.refused("insert into user_permission values (1, 99)");
    fresh.refused("insert into group_permission values (99, 99)");
}

#[test]
fn a_user_who_goes_takes_profile_sessions_groups_and_permissions_along_and_no_history() {
    let fresh = Fresh::new();
    fresh.sql(&format!(
        "insert into profile (user_id, updated_at) values (1, {NOW});
         insert into session (token_hash, user_id, created_at, last_used_at) values (randomblob(32), 1, {NOW}, {NOW});
         insert into \"group\" (id, name, updated_at) values (1, 'editors', {NOW});
         insert into permission (id, app, model, action) values (1, 'a', 'm', 'add');
         insert into user_group values (1, 1);
         insert into user_permission values (1, 1);
         insert into group_permission values (1, 1);
         insert into history (at, user_id, username, action, app, model, row_id, label)
             values ({NOW}, 1, 'user1', 'add', 'a', 'm', '1', '');
         delete from user where id = 1;"
    ));
    for (table, left) in [
        ("profile", "0"),
        ("session", "0"),
        ("user_group", "0"),
        ("user_permission", "0"),
        ("group_permission", "1"),
        ("history", "1"),
    ] {
        assert_eq!(
            fresh.ask(&format!("select count(*) from {table}")),
            left,
            "{table}"
        );
    }
    fresh.sql("delete from \"group\"; delete from permission;");
    assert_eq!(fresh.ask("select count(*) from group_permission"), "0");
}

#[test]
fn history_is_neither_rewritten_nor_erased() {
    let fresh = Fresh::new();
    fresh.db.write_now(|tx| insert(tx, "history", &[])).unwrap();
    for sql in ["update history set username = 'eve'", "delete from history"] {
        let error = fresh.refused(sql);
        assert!(error.contains("history is append-only"), "{error}");
    }
    assert_eq!(fresh.ask("select username from history"), "ada");
}
