//! The binary as a running server in a folder that vanishes: with the demo rows and one superuser, or new and empty.

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
    /// Starts one with the demo rows and the superuser.
    pub(crate) fn open() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        run(&folder, &["demo"]);
        let mut create = command(&folder, &["createsuperuser", "--noinput"]);
        create
            .env("ADMIN_USERNAME", ADA)
            .env("ADMIN_EMAIL", "ada@example.com")
            .env("ADMIN_PASSWORD", PASSWORD);
        finish(create);
        Self::serve(folder)
    }

    /// Starts one that has nothing yet, not even somebody who could sign in.
    pub(crate) fn open_empty() -> Self {
        Self::serve(TempDir::new().expect("a temporary folder"))
    }

    fn serve(folder: TempDir) -> Self {
        let mut server = command(&folder, &["serve"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("our binary starts");
        let mut lines = BufReader::new(server.stdout.take().expect("a pipe was asked for")).lines();
        let mut start = Vec::new();
        let origin = format!("http://{}", address(&mut lines, &mut start));
        let log = Arc::new(Mutex::new(start));
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

    /// The path of the link by which a site gets its first administrator, from the one line that tells it.
    pub(crate) fn set_up_link(&self) -> String {
        let log = self.log();
        let (_, rest) = log.split_once(&self.origin).expect("a link in the log");
        let (path, _) = rest.split_once(' ').expect("words after the link");
        path.to_owned()
    }

    /// What the server has logged.
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
        .env("PORT", "0");
    command
}

fn run(folder: &TempDir, arguments: &[&str]) {
    finish(command(folder, arguments));
}

fn finish(mut command: Command) {
    let done = command.output().expect("our binary starts");
    assert!(done.status.success(), "{command:?}: {done:?}");
}

/// Where the server listens, from its first line that says so; all lines up to it are kept.
fn address(
    lines: &mut impl Iterator<Item = std::io::Result<String>>,
    kept: &mut Vec<String>,
) -> String {
    lines
        .map_while(Result::ok)
        .find_map(|line| {
            kept.push(line.clone());
            let line: Value = serde_json::from_str(&line).ok()?;
            line["address"].as_str().map(str::to_owned)
        })
        .expect("a line that says where it listens")
}
