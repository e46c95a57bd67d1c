//! HTTP by hand: bytes out, an answer in.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rocket::tokio::net::TcpSocket;
use rocket::tokio::runtime::Builder;

use super::served::Served;

/// How long anything may take before a test gives up; never waited for when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A connection to a served site.
pub(crate) struct Wire(BufReader<TcpStream>);

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Served {
    /// A new connection from this machine.
    pub(crate) fn connect(&self) -> Wire {
        self.connect_from(1)
    }

    /// A new connection from another address of this machine: 127.0.0.`last`.
    pub(crate) fn connect_from(&self, last: u8) -> Wire {
        let from = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0);
        // The standard library cannot say from where it connects.
        let runtime = Builder::new_current_thread().enable_io().build();
        let stream = runtime.expect("one thread").block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(from)?;
            socket.connect(self.address).await?.into_std()
        });
        let stream = stream.expect("a server that listens");
        stream.set_nonblocking(false).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time");
        Wire(BufReader::new(stream))
    }

    /// Sends these bytes on a connection of their own and reads one answer.
    pub(crate) fn ask(&self, request: &str) -> Answer {
        let mut wire = self.connect();
        wire.send(request);
        wire.answer_to(request)
    }
}

impl Wire {
    /// Sends bytes; where the server has left, they find nobody.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.get_mut().write_all(bytes.as_ref());
    }

    /// The same connection, for who wants to hear what becomes of bytes that are sent.
    pub(crate) fn sender(&self) -> TcpStream {
        self.0.get_ref().try_clone().expect("a file descriptor")
    }

    /// Reads one answer to anything but `HEAD`.
    pub(crate) fn answer(&mut self) -> Answer {
        self.answer_to("GET")
    }

    /// Reads the answer to this request.
    pub(crate) fn answer_to(&mut self, request: &str) -> Answer {
        let mut answer = self.head();
        let length = answer
            .header("content-length")
            .map(|length| length.parse().expect("a length in digits"));
        let has_none = request.starts_with("HEAD ") || matches!(answer.status, 204 | 304);
        if has_none {
            return answer;
        }
        if answer.header("transfer-encoding").is_some() {
            answer.body = self.chunks();
        } else if let Some(length) = length {
            answer.body.resize(length, 0);
            self.0.read_exact(&mut answer.body).expect("a whole body");
        } else {
            self.0.read_to_end(&mut answer.body).expect("a body");
        }
        answer
    }

    /// Reads an answer up to its body.
    pub(crate) fn head(&mut self) -> Answer {
        let first = self.line();
        let status = first
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5)?.parse().ok())
            .unwrap_or_else(|| panic!("no status: {first:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Answer {
            status,
            headers,
            body: Vec::new(),
        }
    }

    /// Waits until the server has closed the connection, without another word.
    pub(crate) fn was_closed(mut self) -> bool {
        match self.0.read(&mut [0]) {
            Ok(bytes) => bytes == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    /// Waits until the server has broken the connection off, what was on its way included.
    pub(crate) fn was_reset(&self) -> bool {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let error = self.0.get_ref().take_error().expect("a socket");
            if let Some(error) = error {
                return error.kind() == ErrorKind::ConnectionReset;
            }
            std::thread::yield_now();
        }
        false
    }

    /// Reads whatever comes until the end.
    pub(crate) fn rest(mut self) -> String {
        let mut rest = Vec::new();
        // One that is broken off has ended too.
        let _ = self.0.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Reads so many bytes of a body and leaves the rest.
    pub(crate) fn read_some(&mut self, bytes: usize) {
        self.0.read_exact(&mut vec![0; bytes]).expect("bytes");
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(&self.line(), 16).expect("the size of a chunk");
            let mut chunk = vec![0; size];
            self.0.read_exact(&mut chunk).expect("a chunk");
            body.extend(chunk);
            assert_eq!(self.line(), "");
            if size == 0 {
                return body;
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line of an answer");
        let whole = line.strip_suffix("\r\n");
        whole
            .unwrap_or_else(|| panic!("cut off: {line:?}"))
            .to_owned()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.iter().filter(|(known, _)| known == name);
        lines.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request as text.
pub(crate) fn request(method: &str, target: &str, headers: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

/// Lets a little time pass where it is time that a test is about.
pub(crate) fn pass(time: Duration) {
    let since = Instant::now();
    while since.elapsed() < time {
        std::thread::yield_now();
    }
}
