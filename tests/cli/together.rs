//! Two servers on one file, as while a deploy puts a new one in the old one's place. How two start at once on a file that
//! is not there yet is tested in `migrate.rs`.

use super::load::{Load, acknowledged, assert_kept};
use super::run::Run;
use super::server::Server;
use super::staff::Staff;

/// Clients of each server.
const CLIENTS: usize = 2;

#[test]
fn two_servers_on_one_file_both_write_and_nothing_is_lost_when_the_old_one_stops() {
    let run = Run::new().administered();
    let mut old = Server::start(&run);
    let staff = Staff::sign_in(&old);
    let olds = Load::begin("old", &staff, &[&old], CLIENTS);
    olds.acknowledged(5);

    // The new one starts while the old one writes; who is signed in at one is at the other.
    let mut new = Server::start(&run);
    let news = Load::begin("new", &staff, &[&new], CLIENTS);
    news.acknowledged(25);
    olds.acknowledged(25);
    old.stop();
    let olds = olds.ended();
    news.acknowledged(25);
    let news = news.end();
    for ledger in olds.iter().chain(&news) {
        assert!(ledger.refusal.is_none(), "{:?}", ledger.refusal);
    }
    assert!(acknowledged(&olds) >= 30 && acknowledged(&news) >= 50);
    assert_kept(&run, "old", &olds);
    assert_kept(&run, "new", &news);
    new.stop();
    assert_eq!(run.names(), ["site.sqlite3"], "one file is all there is");
}

#[test]
fn commands_look_at_a_site_while_it_is_written() {
    let run = Run::new().administered();
    let mut server = Server::start(&run);
    let staff = Staff::sign_in(&server);
    let load = Load::begin("busy", &staff, &[&server], 4);
    for command in [
        &["check"][..],
        &["showmigrations"],
        &["migrate", "--check"],
        &["migrate"],
        &["clearsessions"],
    ] {
        // In between the log is moved into the file, which then grows under the eyes of whoever looks.
        load.acknowledged(40);
        run.run(command).succeeded();
    }
    let ledgers = load.end();
    assert!(ledgers.iter().all(|ledger| ledger.refusal.is_none()));
    assert_kept(&run, "busy", &ledgers);
    server.stop();
}

#[test]
fn a_program_that_does_not_stop_writing_keeps_nobody_waiting_for_ever() {
    let run = Run::new().administered();
    let mut server = Server::start(&run);
    let mut staff = Staff::sign_in(&server);
    let answer = run
        .db()
        .write_now(|_| Ok(staff.add_address("Patience Road")));
    let answer = answer.expect("a lock of ours");
    assert_eq!(answer.status, 503);
    let page = answer.text();
    assert!(
        page.contains("so nothing was saved. Please send it again in a moment."),
        "{page}"
    );
    assert!(
        page.contains("value=\"Patience Road\""),
        "what was typed is still there: {page}"
    );
    let line = server.line_with("is locked by another process");
    assert_eq!(line["level"], "error");
    assert_eq!(staff.add_address("Patience Road").status, 303);
    server.stop();
}
