//! Starting: where it listens, what keeps it from listening, and the health check that asks it.

use std::net::TcpListener;

use super::run::Run;
use super::server::Server;

#[test]
fn a_port_that_is_taken_is_refused_with_a_cure() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    Run::new().with("PORT", &port).run(&["serve"]).refused(&[
        &format!("cannot listen on 127.0.0.1:{port}"),
        "another process has the port",
        "set PORT",
    ]);
}

#[test]
fn an_address_that_is_not_this_machines_is_refused_with_a_cure() {
    Run::new()
        .with("BIND", "192.0.2.1")
        .run(&["serve"])
        .refused(&["cannot listen on 192.0.2.1:0", "set BIND"]);
}

#[test]
fn serve_is_the_default_command() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    Run::new()
        .with("PORT", &port)
        .run(&[])
        .refused(&["cannot listen on"]);
}

#[test]
fn healthcheck_finds_a_running_server_and_misses_one_that_is_not() {
    let run = Run::new();
    let mut server = Server::start(&run);
    let port = server.address.port().to_string();
    let run = run.with("PORT", &port);
    assert_eq!(
        run.run(&["healthcheck"]).succeeded(),
        format!("http://127.0.0.1:{port}/readyz: ready\n")
    );
    let run = run.with("BIND", "0.0.0.0");
    run.run(&["healthcheck"]).succeeded();
    let run = run
        .with("http_proxy", "http://192.0.2.1:9")
        .with("HTTP_PROXY", "http://192.0.2.1:9");
    run.run(&["healthcheck"]).succeeded();
    server.stop();
    run.run(&["healthcheck"]).refused(&[
        &format!("http://127.0.0.1:{port}/readyz"),
        "does not answer",
        "is the server running",
    ]);
}

#[test]
fn healthcheck_fails_while_the_database_does_not_answer() {
    let run = Run::new();
    let server = Server::start(&run);
    let port = server.address.port().to_string();
    run.sql("drop table refinery_schema_history");
    assert_eq!(server.ask("GET", "/readyz").status, 503);
    assert_eq!(server.ask("GET", "/up").status, 503);
    assert_eq!(server.ask("GET", "/healthz").status, 200);
    run.with("PORT", &port)
        .run(&["healthcheck"])
        .refused(&["answers 503", "see the server's log"]);
}
