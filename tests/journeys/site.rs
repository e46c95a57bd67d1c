//! The binary as a running server with the demo rows and one superuser, in a folder that vanishes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

/// The superuser of each site.
pub(crate) const ADA: &str = "ada";
/// Her password.
pub(crate) const PASSWORD: &str = "quiet orange grove";

/// A running server; it is killed when the journey is over.
pub(crate) struct Site {
    server: Child,
    log: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
    origin: String,
}

impl Site {
    /// Starts one.
    pub(crate) fn open() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        run(&folder, &["demo"]);
        run(&folder, &["createsuperuser", "--noinput"]);
        let mut server = command(&folder, &["serve"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("our binary starts");
        let mut lines = BufReader::new(server.stdout.take().expect("a pipe was asked for")).lines();
        let origin = format!("http://{}", address(&mut lines));
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().expect("nobody panics with it").push(line);
            }
        });
        Self {
            server,
            log,
            folder,
            origin,
        }
    }

    /// The whole address of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What the server has logged since it began to listen.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("nobody panics with it").join("\n")
    }

    /// A folder below the site's, for what else shall vanish with it.
    pub(crate) fn folder(&self) -> TempDir {
        TempDir::new_in(&self.folder).expect("a folder of ours")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oc-lettings"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("DATABASE", "site.sqlite3")
        .env("BIND", "127.0.0.1")
        .env("PORT", "0")
        .env("ADMIN_USERNAME", ADA)
        .env("ADMIN_EMAIL", "ada@example.com")
        .env("ADMIN_PASSWORD", PASSWORD);
    command
}

fn run(folder: &TempDir, arguments: &[&str]) {
    let done = command(folder, arguments).output();
    let done = done.expect("our binary starts");
    assert!(done.status.success(), "{arguments:?}: {done:?}");
}

/// Where the server listens, from its first line that says so.
fn address(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> String {
    lines
        .map_while(Result::ok)
        .find_map(|line| {
            let line: Value = serde_json::from_str(&line).ok()?;
            line["address"].as_str().map(str::to_owned)
        })
        .expect("a line that says where it listens")
}
