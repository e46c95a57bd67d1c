//! A stand-in for Sentry: takes what is posted to it, answers with one status, and hands the events over.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, channel};

use serde_json::Value;

use super::server::PATIENCE;

/// A running receiver; it ends with the test's process.
pub(super) struct Receiver {
    address: SocketAddr,
    posts: Channel<Post>,
}

/// One request that came in.
#[derive(Debug)]
pub(super) struct Post {
    /// The first line and the headers.
    pub(super) head: String,
    /// The envelope as it was sent.
    pub(super) body: String,
}

impl Receiver {
    /// Answers every request with this status.
    pub(super) fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, posts) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if sender.send(take(stream, status)).is_err() {
                    return;
                }
            }
        });
        Self { address, posts }
    }

    /// The DSN that leads here.
    pub(super) fn dsn(&self) -> String {
        format!("http://publickey@{}/1", self.address)
    }

    /// The next request.
    pub(super) fn post(&self) -> Post {
        self.posts.recv_timeout(PATIENCE).expect("an event")
    }

    /// Whether nothing more has come, asked once whoever would send it is gone.
    pub(super) fn is_empty(&self) -> bool {
        self.posts.try_recv().is_err()
    }
}

impl Post {
    /// The event in the envelope: the line after the one that says its type.
    pub(super) fn event(&self) -> Value {
        let line = self.body.lines().nth(2).expect("an envelope with an item");
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

fn take(stream: TcpStream, status: u16) -> Post {
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut reader = BufReader::new(&stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("a head") > 0, "{head}");
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
    reader
        .take(length)
        .read_to_string(&mut body)
        .expect("a body");
    write!(
        &stream,
        "HTTP/1.1 {status} Whatever\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    )
    .expect("a client that listens");
    Post { head, body }
}
