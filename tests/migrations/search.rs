//! The indexes of words, which triggers keep: what they find is what the rows say.

use oc_lettings::db::{self, Db};
use tempfile::TempDir;

use super::fresh::{Fresh, NOW, migrated_to, series};

/// Each index, the texts that a row has in it, and where these come from.
const INDEXES: [(&str, &str, &str); 5] = [
    ("address_search", "line", "address"),
    (
        "letting_search",
        "title, line",
        "(select letting.id, title, line from letting join address on address.id = address_id)",
    ),
    ("user_search", "names, email", "user"),
    (
        "profile_search",
        "names, favorite_city",
        "(select profile.id, names, favorite_city from profile join user on user.id = user_id)",
    ),
    ("history_search", "label, username, client", "history"),
];

/// Words of rows that the tests make, and one that none has.
const WORDS: [&str; 9] = [
    "home", "garden", "street", "city 1", "city 2", "user", "ada", "192.0", "nowhere",
];

/// For each index and word, the rows that the index finds and those that have it in their texts.
fn found_and_said(fresh: &Fresh) -> (Vec<String>, Vec<String>) {
    let (mut found, mut said) = (Vec::new(), Vec::new());
    for (index, columns, rows) in INDEXES {
        for word in WORDS {
            let ids = |ids: String| format!("{index} {word}: {}", fresh.ask(&ids));
            found.push(ids(format!(
                "select coalesce(group_concat(rowid order by rowid), '') from {index} where {index} match '\"{word}\"'"
            )));
            let any: Vec<String> = columns
                .split(", ")
                .map(|column| format!("{column} like '%{word}%'"))
                .collect();
            said.push(ids(format!(
                "select coalesce(group_concat(id order by id), '') from {rows} where {}",
                any.join(" or ")
            )));
        }
    }
    (found, said)
}

#[test]
fn an_index_finds_what_the_rows_say_after_any_series_of_changes() {
    let fresh = Fresh::new();
    let mut below = series();
    let mut found_any = 0;
    for _ in 0..400 {
        let (id, other) = (below(8) + 1, below(8) + 1);
        let word = ["Home", "Garden", "Ada", "City 1", "City 2", "x"][below(6) as usize];
        let sql = match below(14) {
            0 => format!(
                "insert or ignore into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
                 values ({id}, '{other}', '{word} Street', 'City {other}', 'CA', '90000', 'USA', {NOW})"
            ),
            1 => format!(
                "insert or ignore into letting (id, title, address_id, updated_at) select {id}, '{word} {other}', id, {NOW} from address where id = {other}"
            ),
            2 => format!("update address set city = '{word}', number = number where id = {id}"),
            3 => format!("update letting set title = '{word}' where id = {id}"),
            4 => format!("update or ignore letting set address_id = (select max(id) from address where id <= {other}) where id = {id}"),
            5 => format!("update or ignore letting set id = {other} where id = {id}"),
            6 => format!("delete from letting where id = {id}"),
            7 => format!("delete from address where id in ({id}, {other})"),
            8 => format!("insert or ignore into user (id, username, password, date_joined, updated_at) values ({id}, 'user{id}', '!', {NOW}, {NOW})"),
            9 => format!("update user set first_name = '{word}', email = 'ada{other}@example.com' where id = {id}"),
            10 => format!("insert or ignore into profile (id, user_id, favorite_city, updated_at) select {other}, id, '{word}', {NOW} from user where id = {id}"),
            11 => format!("update profile set favorite_city = '{word}'; update or ignore profile set user_id = {other} where id = {id}"),
            12 => format!("delete from user where id = {id}"),
            _ => format!("insert into history (at, username, client, action, app, model, row_id, label) values ({NOW}, 'ada', '192.0.2.{id}', 'add', 'a', 'm', '1', '{word}')"),
        };
        // What is refused must leave the indexes as they were, too; and a row may come, change and go in one change.
        let twice = format!("{sql}; {sql};");
        let _ = fresh.try_sql(if below(2) == 0 { &sql } else { &twice });
        let (found, said) = found_and_said(&fresh);
        assert_eq!(found, said, "after {sql}");
        found_any += found.iter().filter(|ids| !ids.ends_with(": ")).count();
    }
    assert!(found_any > 4_000, "{found_any}");
    assert_eq!(fresh.db.read(db::problems).unwrap(), Vec::<String>::new());
}

#[test]
fn a_change_that_is_taken_back_is_taken_out_of_the_index() {
    let fresh = Fresh::new();
    let before = found_and_said(&fresh);
    fresh.refused(
        "update address set city = 'Garden'; delete from address where id = 3; select raise",
    );
    assert_eq!(found_and_said(&fresh), before);
}

#[test]
fn capitals_and_accents_make_no_difference() {
    let fresh = Fresh::new();
    fresh.sql(&format!(
        "insert into letting (id, title, address_id, updated_at)
             values (1, 'Chez Zoë', 1, {NOW}), (2, 'CHEZ ZOE\u{308}', 2, {NOW}), (3, 'ВИЛЛА Ω', 3, {NOW}), (4, '東京の家', 4, {NOW})"
    ));
    for (word, ids) in [
        ("zoe", "1,2"),
        ("ZOË", "1,2"),
        ("e zoë", ""),
        ("zoe\u{308}", "1,2"),
        ("вилла", "3"),
        ("東京の", "4"),
        ("の家", ""),
    ] {
        let sql = format!(
            "select coalesce(group_concat(rowid order by rowid), '') from letting_search where letting_search match '\"{word}\"'"
        );
        assert_eq!(fresh.ask(&sql), ids, "{word}");
    }
}

#[test]
fn rows_from_before_the_indexes_are_in_them() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("site.sqlite3");
    migrated_to(&path, 7)
        .execute_batch(&format!(
            "insert into user (id, username, first_name, password, date_joined, updated_at) values (3, 'ada', 'Augusta', '!', {NOW}, {NOW});
             insert into profile (id, user_id, favorite_city, updated_at) values (5, 3, 'City 1', {NOW});
             insert into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
                 values (7, '12', 'Garden Street', 'City 2', 'CA', '90000', 'USA', {NOW});
             insert into letting (id, title, address_id, updated_at) values (9, 'Home', 7, {NOW});
             insert into history (id, at, username, client, action, app, model, row_id, label)
                 values (11, {NOW}, 'ada', '192.0.2.1', 'add', 'a', 'm', '1', 'Home');"
        ))
        .unwrap();
    let (db, report) = Db::open_and_migrate(&path).unwrap();
    assert!(report.applied.contains(&"V8__search".to_owned()));
    let fresh = Fresh::of(db, folder);
    let (found, said) = found_and_said(&fresh);
    assert_eq!(found, said);
    for row in [
        "address_search garden: 7",
        "letting_search garden: 9",
        "letting_search home: 9",
        "user_search ada: 3",
        "profile_search ada: 5",
        "profile_search city 1: 5",
        "history_search home: 11",
    ] {
        assert!(found.contains(&row.to_owned()), "{row}: {found:#?}");
    }
    assert_eq!(fresh.db.read(db::problems).unwrap(), Vec::<String>::new());
}
