//! Requests for pages that are kept, answered from the very bytes that came, before hyper is begun.
//!
//! Hyper reads every request into a map of headers and writes every answer from one, which takes longer than to find the
//! page. Here only a request is answered that is plain and whole: GET or HEAD of HTTP/1.1, without a body, of a client
//! who stays, for a page that is there. Everything else is hyper's, from its first byte on, so that there is one reader of
//! what is unusual; and once hyper has begun, what follows is hyper's as well (`front/connection.rs`), for it may have
//! read a part of it. `httparse` reads the heads for hyper and here.

use std::borrow::Cow;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use httparse::{Header, Status};
use hyper::body::Bytes;
use rocket::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use rocket::tokio::net::TcpStream;

use super::clock::{Clock, Phase};
use super::flights::Flight;
use super::socket::Socket;
use super::{Front, cached, connection, exchange};
use crate::clock;

/// So much is read at once. A head of a browser's has about a kilobyte; what is longer is hyper's.
const ROOM: usize = 4096;
/// So many headers are looked at here, more than a browser sends through two proxies.
const HEADERS: usize = 48;
/// A body up to this size is put behind its head in one piece: to copy it is cheaper than to tell the kernel of two.
const SMALL: usize = 16 * 1024;

/// A connection whose requests have been plain until now.
pub(super) struct Direct<'c> {
    socket: Socket,
    peer: SocketAddr,
    clock: &'c Arc<Clock>,
    front: &'c Front,
    /// What the client has not taken yet of an answer.
    unsent: Option<Unsent>,
    is_ending: bool,
}

/// How it ends.
#[derive(Debug)]
pub(super) enum Ended {
    /// The connection is over.
    Over,
    /// What came, and is kept ahead of the socket, is not for here.
    Beyond,
}

/// An answer on its way out.
struct Unsent {
    head: Vec<u8>,
    body: Bytes,
    sent: usize,
    _flight: Option<Flight>,
}

impl<'c> Direct<'c> {
    pub(super) fn new(
        socket: Socket,
        peer: SocketAddr,
        clock: &'c Arc<Clock>,
        front: &'c Front,
    ) -> Self {
        Self {
            socket,
            peer,
            clock,
            front,
            unsent: None,
            is_ending: false,
        }
    }

    pub(super) fn into_socket(self) -> Socket {
        self.socket
    }

    /// The last answer is finished, and nothing is begun any more.
    pub(super) fn finish(&mut self) {
        self.is_ending = true;
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            if ready!(self.poll_send(cx)).is_err() || self.is_ending {
                return Poll::Ready(Ended::Over);
            }
            let mut room = [MaybeUninit::uninit(); ROOM];
            let ahead = std::mem::take(&mut self.socket.ahead);
            let left = if ahead.is_empty() {
                let mut came = ReadBuf::uninit(&mut room);
                let read = Pin::new(self.socket.stream_mut()).poll_read(cx, &mut came);
                let came = came.filled();
                // Clients leave; that is theirs to do.
                if ready!(read).is_err() || came.is_empty() {
                    return Poll::Ready(Ended::Over);
                }
                Bytes::copy_from_slice(&came[self.answered(came, cx)..])
            } else {
                ahead.slice(self.answered(&ahead, cx)..)
            };
            self.socket.ahead = left;
            if !self.socket.ahead.is_empty() && self.unsent.is_none() {
                let goes_on = self.clock.received();
                return Poll::Ready(if goes_on { Ended::Beyond } else { Ended::Over });
            }
        }
    }

    /// Answers what can be answered of what came, until something is for hyper, or the client does not take its answer at
    /// once; tells how many bytes that were.
    fn answered(&mut self, came: &[u8], cx: &mut Context<'_>) -> usize {
        let mut read = 0;
        while read < came.len() && self.unsent.is_none() {
            let Some((length, unsent)) = self.answer(&came[read..]) else {
                break;
            };
            read += length;
            self.unsent = Some(unsent);
            // What became of it is seen where the connection goes on.
            let _ = self.poll_send(cx);
        }
        read
    }

    /// Sends what is left of an answer.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(unsent) = &mut self.unsent {
            let stream = Pin::new(self.socket.stream_mut());
            match unsent.poll_send(stream, cx) {
                Poll::Pending => {
                    self.clock.awaits_reader();
                    return Poll::Pending;
                }
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => {
                    self.clock.taken(taken);
                    unsent.sent += taken;
                    if unsent.sent == unsent.head.len() + unsent.body.len() {
                        self.unsent = None;
                        self.clock.enter(Phase::Idle);
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The answer to the request at the beginning of these bytes, and its length, if it is one for here.
    fn answer(&self, came: &[u8]) -> Option<(usize, Unsent)> {
        let mut room = [MaybeUninit::uninit(); HEADERS];
        let plain = Plain::read(came, &mut room)?;
        let said = |name: &'static str| plain.lines(name);
        let flight = connection::flight(self.peer, &said, self.front).ok()?;
        let client = &self.front.client;
        let hit = cached::find(plain.method, plain.target, self.peer, &said, client)?;
        // Whoever needs the place may have closed the connection meanwhile.
        if !self.clock.asked() {
            return None;
        }
        let told = hit.told(client)?;
        let body = told.body();
        let together = body.len() <= SMALL;
        let mut head = Vec::with_capacity(if together { 1024 + body.len() } else { 1024 });
        told.write_head(&mut head);
        head.extend_from_slice(b"date: ");
        clock::push_http_now(&mut head);
        head.extend_from_slice(b"\r\n\r\n");
        let body = if together {
            head.extend_from_slice(&body);
            Bytes::new()
        } else {
            body
        };
        let unsent = Unsent {
            head,
            body,
            sent: 0,
            _flight: flight,
        };
        Some((plain.length, unsent))
    }
}

impl Unsent {
    fn poll_send(
        &self,
        stream: Pin<&mut TcpStream>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let head = self.head.get(self.sent..).unwrap_or_default();
        let of_body = self.sent.saturating_sub(self.head.len());
        let body = &self.body[of_body..];
        match (head, body) {
            (head, []) => stream.poll_write(cx, head),
            ([], body) => stream.poll_write(cx, body),
            (head, body) => {
                stream.poll_write_vectored(cx, &[IoSlice::new(head), IoSlice::new(body)])
            }
        }
    }
}

/// A request that is plain and whole.
struct Plain<'b, 'h> {
    method: &'b str,
    target: &'b str,
    headers: &'h [Header<'b>],
    /// How many bytes it has.
    length: usize,
}

impl<'b, 'h> Plain<'b, 'h> {
    /// Reads the request at the beginning of these bytes, if it is one.
    fn read(bytes: &'b [u8], room: &'h mut [MaybeUninit<Header<'b>>]) -> Option<Self> {
        let mut request = httparse::Request::new(&mut []);
        let Ok(Status::Complete(length)) = request.parse_with_uninit_headers(bytes, room) else {
            return None;
        };
        let (method, target, headers) = (request.method?, request.path?, request.headers);
        let is_plain = request.version == Some(1)
            && target.starts_with('/')
            && matches!(exchange::encoded(target), Cow::Borrowed(_))
            && headers.iter().all(says_nothing_of_the_connection);
        is_plain.then_some(Self {
            method,
            target,
            headers,
            length,
        })
    }

    /// The lines of a header that Rocket would see.
    fn lines(&self, name: &'static str) -> impl Iterator<Item = &'b str> {
        let lines = self.headers.iter();
        lines
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .filter_map(|header| std::str::from_utf8(header.value).ok())
    }
}

/// Whether a header leaves the connection and the form of messages on it as they are without it.
fn says_nothing_of_the_connection(header: &Header<'_>) -> bool {
    const OF_THE_CONNECTION: [&str; 5] = [
        "connection",
        "content-length",
        "expect",
        "transfer-encoding",
        "upgrade",
    ];
    !OF_THE_CONNECTION
        .iter()
        .any(|name| header.name.eq_ignore_ascii_case(name))
        || header.name.eq_ignore_ascii_case("connection")
            && header.value.eq_ignore_ascii_case(b"keep-alive")
}
