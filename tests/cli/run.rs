//! A folder with settings, in which the binary is run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use oc_lettings::db::Db;
use tempfile::TempDir;

/// A temporary folder and the only variables that the binary sees in it.
pub(super) struct Run {
    folder: Arc<TempDir>,
    environment: BTreeMap<String, OsString>,
}

/// What became of a command.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) code: Option<i32>,
    /// What ended it, where it did not end by itself.
    pub(super) signal: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Run {
    /// An empty folder, in which `DATABASE` is `site.sqlite3`, and the server takes any free port on loopback and makes
    /// no backups by itself.
    pub(super) fn new() -> Self {
        let run = Self {
            folder: Arc::new(TempDir::new().expect("a temporary folder")),
            environment: profile().into_iter().collect(),
        };
        run.with("DATABASE", "site.sqlite3")
            .with("BIND", "127.0.0.1")
            .with("PORT", "0")
            .with("BACKUP_EVERY", "off")
    }

    /// An empty folder without any setting.
    pub(super) fn bare() -> Self {
        Self::new()
            .without("DATABASE")
            .without("BIND")
            .without("PORT")
            .without("BACKUP_EVERY")
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// The folder, which is there as long as somebody holds it.
    pub(super) fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The names of what is in the folder, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// Writes a file in the folder.
    pub(super) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path(name), text).expect("a folder of ours");
        self
    }

    /// The database, opened by this process as it is; an empty file serves as well.
    pub(super) fn db(&self) -> Db {
        let path = self.path("site.sqlite3");
        if !path.exists() {
            std::fs::write(&path, "").expect("a folder of ours");
        }
        Db::open(&path).expect("a database that can be opened")
    }

    /// Changes rows behind the binary's back.
    pub(super) fn sql(&self, sql: &str) {
        self.db()
            .write_now(|tx| Ok(tx.execute_batch(sql)?))
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// The same as a program does it that knows nothing of our rules: without foreign keys.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is about what others do to the file"
    )]
    pub(super) fn foreign_sql(&self, sql: &str) {
        rusqlite::Connection::open(self.path("site.sqlite3"))
            .and_then(|conn| conn.execute_batch(&format!("pragma foreign_keys = off; {sql}")))
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// The first column of the first row, as text.
    pub(super) fn ask(&self, sql: &str) -> String {
        self.db()
            .read(|conn| {
                Ok(
                    conn.query_row(&format!("select cast(({sql}) as text)"), [], |row| {
                        row.get(0)
                    })?,
                )
            })
            .unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// The command, not started yet.
    pub(super) fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the command to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Done {
        Done::of(
            self.prepared(arguments)
                .output()
                .expect("our binary starts"),
        )
    }
}

impl Done {
    pub(super) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            out: String::from_utf8(output.stdout).expect("text on standard output"),
            err: String::from_utf8(output.stderr).expect("text on standard error"),
        }
    }

    /// It succeeded and had nothing to complain about: what it printed.
    pub(super) fn succeeded(self) -> String {
        let ended = (self.code, self.signal, self.err.as_str());
        assert_eq!(ended, (Some(0), None, ""), "{self:?}");
        self.out
    }

    /// It found something, said it on standard output and so failed.
    pub(super) fn found(self) -> String {
        let ended = (self.code, self.signal, self.err.as_str());
        assert_eq!(ended, (Some(1), None, ""), "{self:?}");
        self.out
    }

    /// It refused in exactly one line on standard error, which has each of these words.
    pub(super) fn refused(self, words: &[&str]) -> String {
        let line = self
            .err
            .strip_suffix('\n')
            .unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!((self.code, line.lines().count()), (Some(1), 1), "{self:?}");
        assert!(line.starts_with("oc-lettings: "), "{line}");
        for word in words {
            assert!(line.contains(word), "no {word:?} in: {line}");
        }
        line.to_owned()
    }
}

/// The binary that is run: what cargo built along with these tests, or, as CI tests it before it is published, the
/// release that `OC_LETTINGS_BINARY` names.
#[expect(
    clippy::disallowed_methods,
    reason = "the variable is for the tests, not for our configuration"
)]
pub(super) fn binary() -> OsString {
    std::env::var_os("OC_LETTINGS_BINARY")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_oc-lettings").into())
}

/// The names of what is in a folder, in their order.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder that is there")
        .map(|entry| entry.expect("a folder of ours").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Says that a test could not be made here, and why.
pub(super) fn passed_over(why: &str) {
    eprintln!("passed over: {why}");
}

/// Where a measurement of coverage collects what the binary did, when there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "the variable is for the compiler's profiler, not for our configuration"
)]
fn profile() -> Option<(String, OsString)> {
    let name = "LLVM_PROFILE_FILE";
    Some((name.to_owned(), std::env::var_os(name)?))
}
