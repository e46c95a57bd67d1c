//! What many rows at once leave behind: indexes of words that have each of them, and go on being kept row by row.

use std::fs;

use serde_json::json;

use super::django;
use super::run::Run;

/// The statements of all triggers.
const TRIGGERS: &str =
    "select group_concat(sql, char(10) order by name) from sqlite_schema where type = 'trigger'";

/// How many homes there are in each place and state and how many rows there are, as it is kept and as one would count it.
const KEPT: &str = "select coalesce((select group_concat(state || city || lettings order by state, city) from place), '')
     || coalesce((select group_concat(state || lettings order by state) from state), '')
     || coalesce((select group_concat(letting_id || state || city order by letting_id) from letting_place), '')
     || (select coalesce(sum(rows), 0) from span where list = 'letting' and ids = 32)
     || (select coalesce(sum(rows), 0) from span where list = 'profile' and ids = 32768)";
const COUNTED: &str = "with home as (select letting.id, state, city from letting join address on address.id = address_id)
     select coalesce((select group_concat(state || city || n order by state, city) from (select state, city, count(*) as n from home group by 1, 2)), '')
     || coalesce((select group_concat(state || n order by state) from (select state, count(*) as n from home group by 1)), '')
     || coalesce((select group_concat(id || state || city order by id) from home), '')
     || (select count(*) from letting) || (select count(*) from profile)";

/// Every row of each table is in its index, none besides, and it is kept from now on as in a new database.
fn assert_whole(run: &Run) {
    for table in ["address", "letting", "user", "profile"] {
        let strays = run.ask(&format!(
            "select count(*) from (select id from {table} union all select rowid from {table}_search)
             where id not in (select rowid from {table}_search) or id not in (select id from {table})"
        ));
        assert_eq!(strays, "0", "{table}");
    }
    for table in ["address", "letting", "user", "profile", "history"] {
        let gathered = run.ask(&format!(
            "select coalesce(max(v), 1048576) from {table}_search_config where k = 'hashsize'"
        ));
        assert_eq!(gathered, "1048576", "{table}");
    }
    assert_eq!(run.ask(KEPT), run.ask(COUNTED));
    let new = Run::new();
    new.run(&["migrate"]).succeeded();
    assert_eq!(run.ask(TRIGGERS), new.ask(TRIGGERS));
}

/// The ids of the rows in whose index these words stand.
fn found(run: &Run, index: &str, words: &str) -> String {
    run.ask(&format!(
        "select coalesce(group_concat(rowid order by rowid), '') from {index} where {index} match '\"{words}\"'"
    ))
}

#[test]
fn after_an_import_every_row_is_found_and_the_next_one_too() {
    let run = Run::new();
    let refused = run.run(&["import-django", django::refactored().to_str().unwrap()]);
    refused.refused(&["nothing was written"]);
    assert_whole(&run);
    let file = django::refactored();
    run.run(&["import-django", "--skip-bad", file.to_str().unwrap()])
        .succeeded();
    assert_whole(&run);
    assert_eq!(
        found(&run, "address_search", "by lena"),
        run.ask("select id from address where street = 'By Lena'")
    );
    run.sql("update letting set title = 'A lighthouse' where id = 1");
    assert_eq!(found(&run, "letting_search", "lighthouse"), "1");
    // What was there goes, with its words.
    let other = django::original();
    run.run(&[
        "import-django",
        "--skip-bad",
        "--replace",
        other.to_str().unwrap(),
    ])
    .succeeded();
    assert_whole(&run);
    assert_eq!(found(&run, "letting_search", "lighthouse"), "");
}

#[test]
fn after_a_large_fixture_every_row_is_found_and_the_next_one_too() {
    let run = Run::new();
    let rows: Vec<_> = (1..=1200)
        .map(|id| json!({"model": "lettings.address", "pk": id, "fields": {"number": id, "street": format!("Street of the {id}th home"),
            "city": "Irvine", "state": "CA", "zip_code": 92602, "country_iso_code": "USA"}}))
        .collect();
    fs::write(run.path("rows.json"), json!(rows).to_string()).unwrap();
    run.run(&["loaddata", "rows.json"]).succeeded();
    assert_whole(&run);
    assert_eq!(found(&run, "address_search", "of the 777th home"), "777");
    assert_eq!(found(&run, "history_search", "of the 777th home"), "777");
    let one = json!([{"model": "lettings.address", "pk": 777, "fields": {"number": 7, "street": "Ocean Avenue", "city": "Irvine",
        "state": "CA", "zip_code": 92602, "country_iso_code": "USA"}}]);
    fs::write(run.path("one.json"), one.to_string()).unwrap();
    run.run(&["loaddata", "one.json"]).succeeded();
    assert_whole(&run);
    assert_eq!(found(&run, "address_search", "of the 777th home"), "");
    assert_eq!(found(&run, "address_search", "ocean avenue"), "777");
    assert_eq!(found(&run, "history_search", "ocean avenue"), "1201");
}
