//! Crowds at the built binary: a thousand clients that are slow on purpose, and ten thousand that do nothing: `make slow`.
//!
//! The slow ones are slowhttptest's, which has to be installed, so `cargo test` leaves this alone. What is asserted is that
//! everybody else is served all the while; the figures are printed. Each limit by itself is tested in `tests/front/`.

mod crowd;
mod probe;
mod server;

use crowd::{Crowd, attack};
use probe::Probe;
use server::Server;

/// What the resident memory may come to, in megabytes.
const MOST_MEMORY: u64 = 150;

/// Runs slowhttptest in this manner; somebody at its own address and somebody elsewhere go on using the site.
fn withstands(manner: &[&str], path: &str) {
    let server = Server::start();
    let probes = [1, 9].map(|last| Probe::begin(server.address, last));
    let availability = attack(manner, &server.url(path));
    let figures = probes.map(Probe::end);
    eprintln!("{manner:?}: {figures:?}, {} MB", server.memory());
    assert!(
        availability.len() >= 5,
        "it told too little: {availability:?}"
    );
    assert!(!availability.contains(&0), "{availability:?}");
}

#[test]
fn slow_heads_keep_nobody_out() {
    withstands(&["-H", "-i", "3", "-x", "24"], "/lettings/");
}

#[test]
fn slow_bodies_keep_nobody_out() {
    withstands(
        &["-B", "-i", "3", "-s", "8192", "-x", "10"],
        "/admin/login/",
    );
}

#[test]
fn slow_readers_keep_nobody_out() {
    let manner = [
        "-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3",
    ];
    withstands(&manner, "/lettings/");
}

#[test]
fn ten_thousand_idle_connections_cost_little_and_disturb_nobody() {
    let server = Server::start();
    let alone = Probe::begin(server.address, 1);
    std::thread::sleep(probe::A_WHILE);
    eprintln!("alone: {:?}, {} MB", alone.end(), server.memory());
    let crowd = Crowd::of(10_000, &server);
    let beside = Probe::begin(server.address, 1);
    std::thread::sleep(probe::A_WHILE);
    let figures = beside.end();
    let (memory, files) = (server.memory(), server.open_files());
    eprintln!("beside {}: {figures:?}, {memory} MB", crowd.len());
    assert!(files >= crowd.len(), "some were closed: {files} are open");
    assert!(memory < MOST_MEMORY, "{memory} MB");
}
