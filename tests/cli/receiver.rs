//! A stand-in for Sentry: takes what is posted to it, behaves well or badly, and hands over what was in the envelopes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, channel};
use std::time::Duration;

use serde_json::Value;

/// How long anything may take before a test gives up; never waited for when all is well.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running receiver; it ends with the test's process.
pub(crate) struct Receiver {
    address: SocketAddr,
    posts: Channel<Post>,
}

/// What the receiver does with a request that it has read.
#[derive(Clone, Copy)]
enum Manner {
    /// It answers with this first line and these headers.
    Answer(&'static str),
    /// It closes the connection.
    Close,
    /// It keeps the connection and never answers.
    Hold,
}

/// One request that came in.
#[derive(Debug)]
pub(crate) struct Post {
    /// The first line and the headers.
    pub(crate) head: String,
    /// The envelope as it was sent.
    pub(crate) body: String,
}

/// One thing in an envelope.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// What it is: `event`, `transaction`, `sessions`, `client_report`.
    pub(crate) kind: String,
    /// What it says.
    pub(crate) value: Value,
}

impl Receiver {
    /// Takes everything.
    pub(crate) fn willing() -> Self {
        Self::with(Manner::Answer("200 OK"))
    }

    /// Takes nothing, as for a key that it does not know.
    pub(crate) fn refusing() -> Self {
        Self::with(Manner::Answer("403 Forbidden"))
    }

    /// Wants to be left alone for an hour.
    pub(crate) fn tired() -> Self {
        Self::with(Manner::Answer("429 Too Many Requests\r\nRetry-After: 3600"))
    }

    /// Reads and goes away.
    pub(crate) fn rude() -> Self {
        Self::with(Manner::Close)
    }

    /// Reads and never answers.
    pub(crate) fn slow() -> Self {
        Self::with(Manner::Hold)
    }

    fn with(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, posts) = channel();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                let Ok(post) = take(&stream) else {
                    continue;
                };
                match manner {
                    Manner::Answer(status) => answer(&stream, status),
                    Manner::Close => {}
                    Manner::Hold => held.push(stream),
                }
                if sender.send(post).is_err() {
                    return;
                }
            }
        });
        Self { address, posts }
    }

    /// The DSN that leads here.
    pub(crate) fn dsn(&self) -> String {
        format!("http://publickey@{}/1", self.address)
    }

    /// The next request.
    pub(crate) fn post(&self) -> Post {
        self.posts.recv_timeout(PATIENCE).expect("a request")
    }

    /// The next thing of this kind; what comes before it is passed over.
    pub(crate) fn next(&self, kind: &str) -> Value {
        loop {
            let post = self.post();
            let item = post.items().into_iter().find(|item| item.kind == kind);
            if let Some(item) = item {
                return item.value;
            }
        }
    }

    /// All that has come, asked once whoever would send it is gone.
    pub(crate) fn rest(&self) -> Vec<Post> {
        self.posts.try_iter().collect()
    }
}

impl Post {
    /// What is in the envelope: a line about all of it, then for each thing a line with its kind and length, and the
    /// thing itself (develop.sentry.dev, "Envelopes").
    pub(crate) fn items(&self) -> Vec<Item> {
        let (_, mut rest) = self.body.split_once('\n').expect("a line about it");
        let mut items = Vec::new();
        while let Some((head, after)) = rest.split_once('\n') {
            let head = json(head);
            let length = head["length"].as_u64().expect("a length");
            let (value, after) = after.split_at(usize::try_from(length).expect("a length"));
            items.push(Item {
                kind: head["type"].as_str().expect("a kind").to_owned(),
                value: json(value),
            });
            rest = after.strip_prefix('\n').expect("a line break");
        }
        items
    }

    /// The line about all of it.
    pub(crate) fn header(&self) -> Value {
        json(self.body.lines().next().expect("a line about it"))
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn take(stream: &TcpStream) -> io::Result<Post> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().expect("a number"))
        })
        .expect("a length");
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    Ok(Post { head, body })
}

/// Whoever does not wait for the answer may be gone.
fn answer(mut stream: &TcpStream, status: &str) {
    let body = r#"{"detail":"said\nby the stand-in"}"#;
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
}
