//! All places taken: who makes room, who is refused, and that nobody takes everything.

use std::sync::Arc;

use oc_lettings::front::limits::Limits;
use rocket::tokio::sync::Semaphore;
use rocket::{Build, Rocket, State, get, routes};

use super::served::{LIMITLESS, SOON, Served, site};
use super::wire::{Wire, pass, request};

/// Waits until a test lets it go on.
#[get("/slow")]
async fn slow(gate: &State<Gate>) -> &'static str {
    gate.begun.add_permits(1);
    let _passed = gate.open.acquire().await;
    "done"
}

/// What slow handlers wait for, and what says that they do.
#[derive(Clone)]
struct Gate {
    begun: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        Self {
            begun: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    fn mounted(&self) -> impl FnOnce(Rocket<Build>) -> Rocket<Build> {
        let gate = self.clone();
        |site| site.manage(gate).mount("/", routes![slow])
    }

    /// Waits until so many handlers wait.
    fn wait_for(&self, handlers: usize) {
        let since = std::time::Instant::now();
        while self.begun.available_permits() < handlers {
            assert!(since.elapsed() < super::wire::PATIENCE, "they do not begin");
            std::thread::yield_now();
        }
    }

    fn open(&self) {
        self.open.add_permits(1_000);
    }
}

fn at_work(served: &Served, last: u8) -> Wire {
    let mut wire = served.connect_from(last);
    wire.send(request("GET", "/slow/", ""));
    wire
}

/// A connection that was used and now rests.
fn used(served: &Served, last: u8) -> Wire {
    let mut wire = served.connect_from(last);
    wire.send(request("GET", "/version", ""));
    assert_eq!(wire.answer().status, 200);
    wire
}

#[test]
fn the_connection_that_rests_longest_makes_room() {
    let served = site(&[]).behind_front(Limits {
        connections: 3,
        ..LIMITLESS
    });
    let oldest = used(&served, 1);
    // Who answers knows a moment later than who asked that the answer is out.
    pass(SOON);
    let mut younger = [used(&served, 2), used(&served, 3)];
    let mut new = used(&served, 4);
    assert!(oldest.was_closed());
    for wire in younger.iter_mut().chain([&mut new]) {
        wire.send(request("GET", "/version", ""));
        assert_eq!(wire.answer().status, 200, "the others were left alone");
    }
}

#[test]
fn when_all_are_at_work_the_next_is_told_to_come_back() {
    let gate = Gate::new();
    let served = site(&[]).and(gate.mounted()).behind_front(Limits {
        connections: 2,
        ..LIMITLESS
    });
    let mut workers = [at_work(&served, 1), at_work(&served, 2)];
    gate.wait_for(2);
    let refused = served.ask(&request("GET", "/", ""));
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(refused.header("x-request-id").map(str::len), Some(32));
    gate.open();
    for wire in &mut workers {
        assert_eq!(wire.answer().text(), "done");
    }
    assert_eq!(served.ask(&request("GET", "/", "")).status, 200);
}

#[test]
fn one_address_cannot_take_all_connections() {
    let gate = Gate::new();
    let served = site(&[]).and(gate.mounted()).behind_front(Limits {
        of_a_peer: 2,
        ..LIMITLESS
    });
    let workers = [at_work(&served, 1), at_work(&served, 1)];
    gate.wait_for(2);
    assert_eq!(served.ask(&request("GET", "/", "")).status, 429);
    // Others have their own.
    used(&served, 2);
    gate.open();
    drop(workers);
}

#[test]
fn an_address_that_has_all_it_may_makes_room_for_itself() {
    let served = site(&[]).behind_front(Limits {
        of_a_peer: 2,
        ..LIMITLESS
    });
    let mut other = used(&served, 2);
    let oldest = used(&served, 1);
    pass(SOON);
    let _younger = used(&served, 1);
    let _new = used(&served, 1);
    assert!(oldest.was_closed());
    other.send(request("GET", "/version", ""));
    assert_eq!(other.answer().status, 200, "nobody else pays for it");
}

#[test]
fn silent_connections_make_room_as_well() {
    let served = site(&[]).behind_front(Limits {
        connections: 5,
        ..LIMITLESS
    });
    let silent: Vec<Wire> = (0..20).map(|_| served.connect()).collect();
    assert_eq!(served.ask(&request("GET", "/", "")).status, 200);
    drop(silent);
}

#[test]
fn a_trusted_proxy_may_have_all_connections_and_its_clients_their_share_of_requests() {
    let gate = Gate::new();
    let served = site(&[("TRUSTED_PROXIES", "127.0.0.0/8")])
        .and(gate.mounted())
        .behind_front(Limits {
            of_a_peer: 1,
            of_a_client: 2,
            ..LIMITLESS
        });
    let from = |client: &str| format!("X-Forwarded-For: {client}\r\n");
    let mut workers = Vec::new();
    // The whole of a network of IPv6 is one client, whichever of its addresses is used.
    for client in ["192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2"] {
        let mut wire = served.connect();
        wire.send(request("GET", "/slow/", &from(client)));
        workers.push(wire);
    }
    gate.wait_for(4);
    for client in ["192.0.2.1", "2001:db8::3"] {
        let refused = served.ask(&request("GET", "/", &from(client)));
        assert_eq!(refused.status, 429, "{client}");
        assert_eq!(refused.header("retry-after"), Some("5"));
        assert!(
            refused.text().contains("Too many requests"),
            "a page of ours"
        );
    }
    for client in ["192.0.2.2", "2001:db8:0:1::1"] {
        let answer = served.ask(&request("GET", "/", &from(client)));
        assert_eq!(answer.status, 200, "{client}");
    }
    assert_eq!(served.ask(&request("GET", "/", "")).status, 200, "itself");
    gate.open();
    for wire in &mut workers {
        assert_eq!(wire.answer().text(), "done");
    }
    let again = served.ask(&request("GET", "/", &from("192.0.2.1")));
    assert_eq!(again.status, 200, "what has ended does not count");
}

#[test]
fn slow_senders_of_one_address_leave_room_for_the_large_bodies_of_others() {
    let served = site(&[]).behind_front(LIMITLESS);
    let large = |sent: usize| {
        request("POST", "/lettings/", "Content-Length: 20000\r\n") + &"x".repeat(sent)
    };
    let ask_from = |last: u8| {
        let mut wire = served.connect_from(last);
        wire.send(large(20_000));
        wire.answer().status
    };
    // Until the slow ones have all the places that one address may have.
    let mut slow = Vec::new();
    while ask_from(2) != 429 {
        let mut wire = served.connect_from(2);
        wire.send(large(10_000));
        slow.push(wire);
    }
    assert_eq!(ask_from(3), 405);
    drop(slow);
    while ask_from(2) == 429 {}
}
