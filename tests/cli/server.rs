//! The binary as a running server, its log lines, and HTTP by hand over its socket.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::Value;
use tempfile::TempDir;

use super::run::Run;

/// How long anything may take before a test gives up; never waited for when all is well.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; it is killed when the test is done with it.
pub(super) struct Server {
    child: Child,
    lines: Receiver<String>,
    _folder: Arc<TempDir>,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// What it logged until it listened.
    pub(super) start: Vec<Value>,
}

impl Server {
    /// Starts `serve` and waits for the line that says where it listens.
    pub(super) fn start(run: &Run) -> Self {
        Self::start_by(run, run.prepared(&["serve"]))
    }

    /// The same by this command.
    pub(super) fn start_by(run: &Run, mut command: Command) -> Self {
        let mut child = command.spawn().expect("our binary starts");
        let lines = lines_of(child.stdout.take().expect("a pipe was asked for"));
        let mut start = Vec::new();
        let address = loop {
            let Ok(line) = lines.recv_timeout(PATIENCE) else {
                let _ = child.kill();
                let output = child.wait_with_output();
                panic!("it did not start: {output:?} {start:?}");
            };
            let line = json(&line);
            let address = line["address"].as_str().map(str::to_owned);
            start.push(line);
            if let Some(address) = address {
                break address.parse().expect("an address with a port");
            }
        };
        Self {
            child,
            lines,
            _folder: run.folder(),
            address,
            start,
        }
    }

    /// The next log line.
    pub(super) fn line(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE);
        json(&line.expect("a line in the log"))
    }

    /// The address in the line that invites a first administrator at the start, where there is such a line.
    pub(super) fn invitation(&self) -> Option<String> {
        self.start.iter().find_map(invited)
    }

    /// The next log line that says this.
    pub(super) fn line_with(&self, words: &str) -> Value {
        loop {
            let line = self.line();
            if line["msg"].as_str().is_some_and(|msg| msg.contains(words)) {
                return line;
            }
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("a process of ours");
    }

    fn id(&self) -> Pid {
        let id = i32::try_from(self.child.id()).expect("process ids are positive");
        Pid::from_raw(id).expect("a process id")
    }

    /// Does something while the server can make no thread: its memory may grow by less than a thread's stack. It has to
    /// have been started just now, since the stack of a thread that has ended would be used again.
    pub(super) fn without_threads<T>(&self, work: impl FnOnce() -> T) -> T {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("what the system says of it");
        let size = status.lines().find_map(|line| {
            let kilobytes = line.strip_prefix("VmSize:")?.strip_suffix("kB")?;
            kilobytes.trim().parse::<u64>().ok()
        });
        let room = 1024 * (1024 + size.expect("the size of its memory"));
        let limit = |current| Rlimit {
            current,
            maximum: None,
        };
        prlimit(Some(self.id()), Resource::As, limit(Some(room))).expect("a process of ours");
        let done = work();
        prlimit(Some(self.id()), Resource::As, limit(None)).expect("a process of ours");
        done
    }

    /// The files that it has open and that are no longer there under their names.
    pub(super) fn files_that_are_gone(&self) -> Vec<PathBuf> {
        let handles =
            std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("its files");
        handles
            .flatten()
            .filter_map(|handle| std::fs::read_link(handle.path()).ok())
            .filter(|path| path.to_string_lossy().ends_with(" (deleted)"))
            .collect()
    }

    /// How many files it may open.
    pub(super) fn soft_limit_of_files(&self) -> Option<u64> {
        let path = format!("/proc/{}/limits", self.child.id());
        let limits = std::fs::read_to_string(path).expect("a process of ours");
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"));
        let soft = line.and_then(|line| line.split_whitespace().next());
        soft.expect("a limit of files").parse().ok()
    }

    /// Lets it open so many files more than it has open, or, without a number, as many as it likes.
    pub(super) fn limit_files(&self, more: Option<usize>) {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("its files");
        // The limit is one of numbers, of which the next file takes the lowest that is free.
        let taken: BTreeSet<u64> = open
            .flatten()
            .filter_map(|file| file.file_name().to_str()?.parse().ok())
            .collect();
        let mut free = (0..).filter(|number| !taken.contains(number));
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = more.map_or(limit.maximum, |more| free.nth(more));
        prlimit(Some(self.id()), Resource::Nofile, limit).expect("a process of ours");
    }

    /// Whether it is still there.
    pub(super) fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a process of ours").is_none()
    }

    /// Its exit code and the rest of its log, once it ends.
    pub(super) fn ended(&mut self) -> (Option<i32>, Vec<Value>) {
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => rest.push(json(&line)),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("it does not end: {error}"),
            }
        }
        let status = self.child.wait().expect("a process of ours");
        (status.code(), rest)
    }

    /// Asks it to stop and waits until it did.
    pub(super) fn stop(&mut self) -> Vec<Value> {
        self.signal(Signal::TERM);
        let (code, rest) = self.ended();
        assert_eq!(code, Some(0), "{rest:?}");
        rest
    }

    /// What it wrote to standard error until now; asked for after its end.
    pub(super) fn complaints(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut err) = self.child.stderr.take() {
            err.read_to_string(&mut text).expect("text");
        }
        text
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a server that listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time");
        stream
    }

    /// Sends these bytes on a connection of their own and reads one answer.
    pub(super) fn send(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut stream = self.connect();
        // Where the server has refused already, the rest of the request finds nobody.
        let _ = stream.write_all(request.as_ref());
        Answer::read(&mut BufReader::new(stream))
    }

    /// `METHOD /path` with a host and nothing else.
    pub(super) fn ask(&self, method: &str, path: &str) -> Answer {
        self.ask_with(method, path, "")
    }

    /// The same with more header lines, each ending in a line break.
    pub(super) fn ask_with(&self, method: &str, path: &str, headers: &str) -> Answer {
        let headers = format!("{headers}Connection: close\r\n");
        self.send(request(method, path, &headers))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running server with the demo rows.
pub(super) fn demo_site() -> (Run, Server) {
    let run = Run::new();
    run.run(&["demo"]).succeeded();
    let server = Server::start(&run);
    (run, server)
}

/// A request as text.
pub(super) fn request(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

/// An answer of the server.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Reads one answer; its body as its length says, or to the end where it says none.
    pub(super) fn read(stream: &mut impl BufRead) -> Self {
        let mut answer = Self::read_head(stream);
        match answer.header("content-length").map(str::parse) {
            // The answer to HEAD has a length and no body, and then the end.
            Some(length) => {
                let length = u64::from(length.unwrap_or(0u32));
                stream
                    .take(length)
                    .read_to_end(&mut answer.body)
                    .expect("a body");
            }
            None => {
                if !matches!(answer.status, 204 | 304) {
                    stream.read_to_end(&mut answer.body).expect("a body");
                }
            }
        }
        answer
    }

    /// Reads an answer up to its body.
    pub(super) fn read_head(stream: &mut impl BufRead) -> Self {
        Self::receive_head(stream).expect("the head of an answer")
    }

    /// Reads one answer from a server that may be gone in the middle of it; what did not come whole is none.
    pub(super) fn receive(stream: &mut impl BufRead) -> io::Result<Self> {
        let mut answer = Self::receive_head(stream)?;
        let length = answer.header("content-length").map(str::parse);
        let length: usize = length.and_then(Result::ok).expect("a length");
        answer.body.resize(length, 0);
        stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    fn receive_head(stream: &mut impl BufRead) -> io::Result<Self> {
        let first = head_line(stream)?;
        let status = first
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5)?.parse().ok())
            .unwrap_or_else(|| panic!("no status: {first:?}"));
        let mut headers = Vec::new();
        loop {
            let line = head_line(stream)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line
                .split_once(':')
                .unwrap_or_else(|| panic!("no header: {line:?}"));
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Self {
            status,
            headers,
            body: Vec::new(),
        })
    }

    /// A cookie that it sets.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known == "set-cookie")
            .find_map(|(_, line)| {
                line.split(';')
                    .next()?
                    .strip_prefix(name)?
                    .strip_prefix('=')
            })
    }

    /// A header's value, by its name in small letters.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The values of a header that may come more than once.
    pub(super) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }
}

fn head_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::Error::new(
            ErrorKind::UnexpectedEof,
            format!("no end of line: {line:?}"),
        )),
    }
}

/// Lines as they come, read on a thread so that waiting for them can end.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // A test that has ended reads no more.
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn invited(line: &Value) -> Option<String> {
    let msg = line["msg"].as_str()?;
    let mut words = msg.strip_prefix("there is no administrator")?.split(' ');
    let word = words.find(|word| word.contains("/admin/setup/"))?;
    Some(word.to_owned())
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
