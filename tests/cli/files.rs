//! The limit of open files: raised at the start, and survived when it is reached all the same.

use std::process::{Command, Stdio};

use rustix::process::{Resource, getrlimit};

use super::run::Run;
use super::server::Server;

#[test]
fn without_file_descriptors_connections_wait_and_nothing_ends() {
    let mut server = Server::start(&Run::new());
    assert_eq!(server.ask("GET", "/version").status, 200);
    server.limit_files(Some(3));
    let crowd: Vec<_> = (0..20).map(|_| server.connect()).collect();
    let line = server.line_with("cannot accept a connection");
    assert_eq!(line["level"], "warn");
    drop(crowd);
    assert_eq!(server.ask("GET", "/version").status, 200);
    server.limit_files(None);
    let rest = server.stop();
    let again = rest.iter().filter(|line| line["level"] == "warn");
    assert_eq!(again.count(), 0, "not a line for each try: {rest:?}");
}

#[test]
fn the_limit_of_open_files_is_raised_as_far_as_it_may() {
    let run = Run::new();
    let serve = run.prepared(&["serve"]);
    let mut low = Command::new("/bin/sh");
    low.args(["-c", "ulimit -Sn 100 && exec \"$0\" serve"])
        .arg(serve.get_program())
        .env_clear()
        .envs(
            serve
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(serve.get_current_dir().expect("a folder of its own"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let server = Server::start_by(&run, low);
    let hard = getrlimit(Resource::Nofile).maximum;
    assert_ne!(hard, Some(100), "this machine cannot tell");
    assert_eq!(server.soft_limit_of_files(), hard);
}
