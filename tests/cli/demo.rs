//! The demo rows: loaded by command or by a first start in development, and never over anything.

use std::time::Instant;

use super::run::Run;
use super::server::{PATIENCE, Server};

#[test]
fn demo_loads_its_rows_and_says_how_many() {
    let run = Run::new();
    assert_eq!(
        run.run(&["demo"]).succeeded(),
        "loaded 6 lettings, 6 addresses, 5 users, 4 profiles\n"
    );
    assert_eq!(
        run.ask("select title from letting where id = 1"),
        "Joshua Tree Green Haus /w Hot Tub"
    );
    assert_eq!(
        run.ask("select count(*) from user where password = '!'"),
        "5",
        "nobody can sign in"
    );
}

#[test]
fn demo_is_refused_where_there_are_rows_already() {
    let run = Run::new();
    run.run(&["demo"]).succeeded();
    for sql in [
        "",
        "delete from letting",
        "delete from address",
        "delete from user where id <> 5",
    ] {
        run.sql(sql);
        let before =
            run.ask("select (select count(*) from user) || ' ' || (select count(*) from profile)");
        run.run(&["demo"]).refused(&[
            "has addresses, lettings or profiles already",
            "set DATABASE",
        ]);
        assert_eq!(
            run.ask("select (select count(*) from user) || ' ' || (select count(*) from profile)"),
            before
        );
    }
    run.sql("delete from profile");
    assert_eq!(
        run.run(&["demo"]).succeeded(),
        "loaded 6 lettings, 6 addresses, 4 users, 4 profiles\n"
    );
}

#[test]
fn a_user_of_the_same_name_is_kept_and_given_the_profile() {
    let run = Run::new();
    run.run(&["migrate"]).succeeded();
    run.sql(
        "insert into user (id, username, first_name, email, password, is_active, date_joined, updated_at) values
            (2, 'AirWow', 'Mine', 'mine@example.com', 'hash', 0, '2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:00.000000Z'),
            (3, 'other', '', '', 'hash', 1, '2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:00.000000Z')",
    );
    assert_eq!(
        run.run(&["demo"]).succeeded(),
        "loaded 6 lettings, 6 addresses, 4 users, 4 profiles\n"
    );
    assert_eq!(
        run.ask("select user.id || ' ' || first_name || ' ' || email || ' ' || password || ' ' || is_active || ' ' || favorite_city
                 from user join profile on user_id = user.id where username = 'AirWow'"),
        "2 Mine mine@example.com hash 0 Budapest"
    );
    assert_eq!(
        run.ask("select favorite_city from profile join user on user.id = user_id where username = '4meRomance'"),
        "Berlin",
        "whose id was taken"
    );
    assert_eq!(run.ask("select count(*) from user"), "6");
}

#[test]
fn a_first_start_in_development_loads_the_demo_rows_and_a_second_keeps_edits() {
    let run = Run::new().with("DEBUG", "true");
    let mut server = Server::start(&run);
    assert!(
        server.start.iter().any(|line| line["msg"]
            == "loaded the demo rows: 6 lettings, 6 addresses, 5 users, 4 profiles"),
        "{:?}",
        server.start
    );
    assert!(
        server
            .ask("GET", "/lettings/1/")
            .text()
            .contains("Joshua Tree Green Haus /w Hot Tub")
    );
    run.sql("update letting set title = 'Edited' where id = 1; delete from letting where id = 2");
    // Another process's change is looked for ten times a second.
    let since = Instant::now();
    while !server.ask("GET", "/lettings/1/").text().contains("Edited") {
        assert!(since.elapsed() < PATIENCE, "a change is seen");
    }
    server.stop();

    let server = Server::start(&run);
    assert!(
        !server
            .start
            .iter()
            .any(|line| line["msg"].as_str().unwrap().contains("demo")),
        "{:?}",
        server.start
    );
    assert!(server.ask("GET", "/lettings/1/").text().contains("Edited"));
    assert_eq!(server.ask("GET", "/lettings/2/").status, 404);
}

#[test]
fn an_emptied_database_is_not_filled_again_and_production_never_is() {
    let run = Run::new();
    Server::start(&run).stop();
    assert_eq!(run.ask("select count(*) from letting"), "0");
    Server::start(&run.with("DEBUG", "true")).stop();
    let run = Run::new().with("DEBUG", "true");
    Server::start(&run).stop();
    run.sql("delete from address; delete from user");
    Server::start(&run).stop();
    assert_eq!(run.ask("select count(*) from letting"), "0");
}
