//! The numbers of homes in each place and of rows in each span of ids, which triggers keep.

use oc_lettings::db::Db;
use tempfile::TempDir;

use super::fresh::{Fresh, NOW, migrated_to, series};

#[test]
fn an_address_that_goes_takes_its_letting_along_and_out_of_the_numbers() {
    let fresh = Fresh::new();
    fresh.sql(&format!("insert into letting (title, address_id, updated_at) values ('a', 1, {NOW}), ('b', 2, {NOW})"));
    assert_eq!(fresh.places(), "CA City 1 1, CA City 2 1");
    fresh.sql("delete from address where id = 1");
    assert_eq!(fresh.ask("select group_concat(title) from letting"), "b");
    assert_eq!(fresh.places(), "CA City 2 1");
}

#[test]
fn places_follow_lettings_and_addresses_that_come_move_and_go() {
    let fresh = Fresh::new();
    fresh.sql(&format!("insert into letting (id, title, address_id, updated_at) values (1, 'a', 1, {NOW}), (2, 'b', 2, {NOW})"));
    fresh.sql("update address set city = 'City 1' where id = 2");
    assert_eq!(fresh.places(), "CA City 1 2", "two homes in one city");
    fresh.sql("update letting set address_id = 3 where id = 2");
    assert_eq!(fresh.places(), "CA City 1 1, CA City 3 1", "one moved");
    fresh.sql("update address set state = 'NY' where id = 3");
    assert_eq!(fresh.places(), "CA City 1 1, NY City 3 1", "another state");
    fresh.sql("update address set street = 'Side Street'; update letting set title = 'c'; update address set city = 'City 9' where id = 4");
    assert_eq!(
        fresh.places(),
        "CA City 1 1, NY City 3 1",
        "what does not matter"
    );
    fresh.sql("delete from letting where id = 2");
    assert_eq!(fresh.places(), "CA City 1 1", "one gone");
    fresh.sql("delete from letting");
    assert_eq!(fresh.places(), "");
}

#[test]
fn places_are_what_counting_would_say_after_any_series_of_changes() {
    let fresh = Fresh::new();
    let mut below = series();
    for _ in 0..400 {
        let (id, other, city) = (below(8) * 300 + 1, below(8) * 300 + 1, below(3));
        let sql = match below(9) {
            0 => format!(
                "insert or ignore into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
                 values ({id}, '1', 'Main Street', 'City {city}', 'CA', '90000', 'USA', {NOW})"
            ),
            1 => format!(
                "insert or ignore into letting (id, title, address_id, updated_at) select {id}, 'a', id, {NOW} from address where id = {other}"
            ),
            2 => format!("update address set city = 'City {city}', state = 'NY' where id = {id}"),
            3 => format!("update or ignore letting set address_id = (select max(id) from address where id <= {other}) where id = {id}"),
            4 => format!("delete from letting where id = {id}"),
            5 => format!("update or ignore letting set id = {other} where id = {id}"),
            6 => format!("insert or ignore into profile (id, user_id, updated_at) values ({id}, {city} + 1, {NOW})"),
            7 => format!("update or ignore profile set id = {other} where user_id = {city} + 1"),
            8 => format!("delete from profile where id = {id}"),
            _ => format!("delete from address where id = {id}"),
        };
        // A move to no address at all is refused, and then nothing may have changed either.
        let _ = fresh.try_sql(&sql);
        let (kept, counted) = fresh.kept_and_counted();
        assert_eq!(kept, counted, "after {sql}");
    }
}

#[test]
fn what_was_there_before_is_counted_as_what_comes_later() {
    let filling = |first: u32| {
        format!(
            "with recursive number (n) as (select {first} union all select n + 7 from number where n < {first} + 9000)
             insert into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
             select n, '1', 'Main Street', 'City ' || (n % 5), 'CA', '90000', 'USA', {NOW} from number;
             insert into letting (id, title, address_id, updated_at)
             select id + 3, 'Home', id, updated_at from address where id >= {first};
             insert into user (id, username, password, date_joined, updated_at)
             values ({first}, 'user{first}', '!', {NOW}, {NOW});
             insert into profile (id, user_id, updated_at) values ({first}, {first}, {NOW});"
        )
    };
    for (version, next) in [(9, "V10__long_lists"), (11, "V12__finer_spans")] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("site.sqlite3");
        let before = migrated_to(&path, version);
        before.execute_batch(&filling(10)).unwrap();
        let (db, report) = Db::open_and_migrate(&path).unwrap();
        assert!(report.applied.contains(&next.to_owned()));
        let fresh = Fresh::of(db, folder);
        let (kept, counted) = fresh.kept_and_counted();
        assert_eq!(kept, counted, "after {version}");
        fresh.sql(&filling(20_002));
        let (kept, counted) = fresh.kept_and_counted();
        assert_eq!(kept, counted, "after {version}");
    }
}
