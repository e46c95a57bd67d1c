//! A server that is killed while it writes, again and again: what was acknowledged is there, and it starts again.
//!
//! `CRASH_ROUNDS` says how often, 5 times when it says nothing; `make soak` is for a night.

use std::thread::sleep;
use std::time::Instant;

use rustix::process::Signal;

use super::load::{Load, acknowledged, assert_kept};
use super::run::Run;
use super::server::Server;
use super::staff::Staff;

/// Clients that write at once.
const CLIENTS: usize = 4;
/// A server is killed after at most so many acknowledgments.
const MOST: u32 = 60;

#[expect(
    clippy::disallowed_methods,
    reason = "the number of rounds is the test's setting, not the site's"
)]
fn rounds() -> u32 {
    let rounds = std::env::var("CRASH_ROUNDS").unwrap_or_else(|_| "5".to_owned());
    rounds.parse().expect("CRASH_ROUNDS is a number")
}

/// Any number below this one.
fn any(below: u32) -> u32 {
    getrandom::u32().expect("random bytes") % below
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let run = Run::new().administered();
    let mut server = Server::start(&run);
    let staff = Staff::sign_in(&server);
    let mut total = 0;
    for round in 0..rounds() {
        let name = format!("round {round}");
        let load = Load::begin(&name, &staff, &[&server], CLIENTS);
        let pace = load.acknowledged(1 + any(MOST));
        // Every third time it has been asked to stop, so that it dies while it moves its log into the file.
        if any(3) == 0 {
            server.signal(Signal::TERM);
        }
        // Somewhere in the middle of a write.
        sleep(pace * any(100) / 100);
        server.signal(Signal::KILL);
        let ledgers = load.ended();
        server.ended();

        // Sometimes somebody looks at what is left before the next start.
        if any(3) == 0 {
            run.run(&["check"]).succeeded();
        }
        server = Server::start(&run);
        assert_eq!(server.ask("GET", "/").status, 200);
        assert_kept(&run, &name, &ledgers);
        total += acknowledged(&ledgers);
    }
    assert!(total > 0, "nothing was written");
    server.stop();
    assert_eq!(run.names(), ["site.sqlite3"], "one file is all there is");
}

#[test]
fn a_first_start_that_was_killed_at_any_moment_is_made_up_for_by_the_next() {
    let since = Instant::now();
    Run::new().run(&["migrate"]).succeeded();
    let whole = since.elapsed();
    for _ in 0..rounds() {
        let run = Run::new();
        let mut first = run
            .prepared(&["migrate"])
            .spawn()
            .expect("our binary starts");
        sleep(whole * any(110) / 100);
        // It may be done already.
        let _ = first.kill();
        first.wait().expect("a process of ours");
        let left = run.names();

        let mut server = Server::start(&run);
        assert_eq!(server.ask("GET", "/readyz").status, 200, "{left:?}");
        assert_kept(&run, "", &[]);
        server.stop();
        assert_eq!(run.names(), ["site.sqlite3"], "after {left:?}");
    }
}
