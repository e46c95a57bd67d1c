//! The binary as a running server with the demo rows, and what it holds.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A running server; it is killed when the test is done with it.
pub(crate) struct Server {
    child: Child,
    _folder: TempDir,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let prepared = |command: &str| {
            let mut prepared = Command::new(env!("CARGO_BIN_EXE_oc-lettings"));
            prepared
                .arg(command)
                .env_clear()
                .env("DATABASE", "site.sqlite3")
                .env("BIND", "127.0.0.1")
                .env("PORT", "0")
                .env("BACKUP_EVERY", "off")
                .env("LOG_FORMAT", "json")
                .current_dir(folder.path())
                .stdout(Stdio::piped());
            prepared
        };
        let demo = prepared("demo").status().expect("our binary starts");
        assert!(demo.success(), "{demo}");
        let mut child = prepared("serve").spawn().expect("our binary starts");
        let log = child.stdout.take().expect("a pipe was asked for");
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let address = lines
            .by_ref()
            .find_map(|line| {
                let line: Value = serde_json::from_str(&line).expect("a line of JSON");
                line["address"].as_str()?.parse().ok()
            })
            .expect("a line that says where it listens");
        // Somebody has to read the log, or the server waits for it.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            _folder: folder,
            address,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }

    /// Its resident memory in megabytes.
    pub(crate) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("a process of ours");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes.expect("its memory").parse().expect("a number");
        kilobytes / 1024
    }

    /// How many files it has open, its connections among them.
    pub(crate) fn open_files(&self) -> usize {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        files.expect("a process of ours").count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
