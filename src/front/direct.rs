//! Requests for pages that are kept, answered from the very bytes that came, before hyper is begun.
//!
//! Hyper reads every request into a map of headers and writes every answer from one, which takes longer than to find the
//! page. Here only a request is answered that is plain and whole: GET or HEAD of HTTP/1.1, without a body, of a client
//! who stays, for a page that is there or has to be made to be kept. Everything else is hyper's, from its first byte on,
//! so that there is one reader of what is unusual; and until hyper has answered, what follows is hyper's as well, for it
//! may have read a part of it (`front/connection.rs`). `httparse` reads the heads for hyper and here.

use std::borrow::Cow;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use httparse::{Header, Status};
use hyper::body::{Buf, Bytes};
use rocket::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use rocket::tokio::net::TcpStream;

use super::cached::{Looked, Told};
use super::clock::{Clock, Phase};
use super::flights::Flight;
use super::socket::Socket;
use super::{Front, cached, connection, exchange};

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
    doing: Doing,
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

/// What is being done.
enum Doing {
    Nothing,
    /// The page is being made for the request ahead of the socket.
    Making(Pin<Box<dyn Future<Output = Option<Made>> + Send>>),
    /// An answer goes out.
    Sending(Unsent),
}

/// What was made for a request of so many bytes.
struct Made {
    length: usize,
    unsent: Unsent,
}

/// What the client has not taken yet of an answer.
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
            doing: Doing::Nothing,
            is_ending: false,
        }
    }

    pub(super) fn into_socket(self) -> Socket {
        self.socket
    }

    /// What was begun is finished, and nothing is begun any more.
    pub(super) fn finish(&mut self) {
        self.is_ending = true;
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            match &mut self.doing {
                Doing::Making(made) => match ready!(made.as_mut().poll(cx)) {
                    Some(Made { length, unsent }) => {
                        self.socket.ahead.advance(length);
                        self.doing = Doing::Sending(unsent);
                    }
                    None => return Poll::Ready(Ended::Beyond),
                },
                Doing::Sending(_) => {
                    if ready!(self.poll_send(cx)).is_err() {
                        return Poll::Ready(Ended::Over);
                    }
                }
                Doing::Nothing if self.is_ending => return Poll::Ready(Ended::Over),
                Doing::Nothing => match ready!(self.poll_read(cx)) {
                    // Clients leave; that is theirs to do.
                    Err(_) | Ok(0) => return Poll::Ready(Ended::Over),
                    Ok(_)
                        if matches!(self.doing, Doing::Nothing)
                            && !self.socket.ahead.is_empty() =>
                    {
                        let goes_on = self.clock.received();
                        return Poll::Ready(if goes_on { Ended::Beyond } else { Ended::Over });
                    }
                    Ok(_) => {}
                },
            }
        }
    }

    /// Answers what was read ahead or else what comes now, and keeps what is left ahead; gives how many bytes there were.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let ahead = std::mem::take(&mut self.socket.ahead);
        if !ahead.is_empty() {
            self.socket.ahead = ahead.slice(self.answered(&ahead, cx)..);
            return Poll::Ready(Ok(ahead.len()));
        }
        let mut room = [MaybeUninit::uninit(); ROOM];
        let mut came = ReadBuf::uninit(&mut room);
        ready!(Pin::new(self.socket.stream_mut()).poll_read(cx, &mut came))?;
        let came = came.filled();
        self.socket.ahead = Bytes::copy_from_slice(&came[self.answered(came, cx)..]);
        Poll::Ready(Ok(came.len()))
    }

    /// Answers what can be answered of what came, until something is for hyper, has to be made, or is not taken at once;
    /// tells how many bytes that were.
    fn answered(&mut self, came: &[u8], cx: &mut Context<'_>) -> usize {
        let mut read = 0;
        while read < came.len() && matches!(self.doing, Doing::Nothing) {
            let Some((length, doing)) = self.answer(&came[read..]) else {
                break;
            };
            read += length;
            self.doing = doing;
            // What became of it is seen where the connection goes on.
            let _ = self.poll_send(cx);
        }
        read
    }

    /// Sends what is left of an answer.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Doing::Sending(unsent) = &mut self.doing {
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
                        self.doing = Doing::Nothing;
                        self.clock.enter(Phase::Idle);
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// What is to be done for the request at the beginning of these bytes, and how many of them are done with, if it is one
    /// for here.
    fn answer(&self, came: &[u8]) -> Option<(usize, Doing)> {
        let mut room = [MaybeUninit::uninit(); HEADERS];
        let plain = Plain::read(came, &mut room)?;
        let length = plain.length;
        let headers = || plain.headers();
        let flight = connection::flight(self.peer, &headers, self.front).ok()?;
        let client = &self.front.client;
        // Whoever needs the place may have closed the connection meanwhile; then nothing is asked any more.
        match cached::look(plain.method, plain.target, self.peer, &headers, client) {
            Looked::Found(hit) if self.clock.asked() => {
                let unsent = Unsent::of(&hit.told(client), flight);
                Some((length, Doing::Sending(unsent)))
            }
            Looked::Missing(wanted) if self.clock.asked() => {
                let client = Arc::clone(client);
                let made = async move {
                    let told = cached::answer(*wanted, client).await?;
                    let unsent = Unsent::of(&told, flight);
                    Some(Made { length, unsent })
                };
                // It stays ahead until it is answered, for it may become hyper's.
                Some((0, Doing::Making(Box::pin(made))))
            }
            _ => None,
        }
    }
}

impl Unsent {
    fn of(told: &Told<'_>, flight: Option<Flight>) -> Self {
        let body = told.body();
        let together = body.len() <= SMALL;
        let mut head = Vec::with_capacity(if together { 1024 + body.len() } else { 1024 });
        told.write_head(&mut head);
        head.extend_from_slice(b"\r\n");
        let body = if together {
            head.extend_from_slice(&body);
            Bytes::new()
        } else {
            body
        };
        Self {
            head,
            body,
            sent: 0,
            _flight: flight,
        }
    }

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

    fn headers(&self) -> impl Iterator<Item = (&'b str, &'b [u8])> + use<'b, 'h> {
        let headers = self.headers.iter();
        headers.map(|header| (header.name, header.value))
    }
}

/// Whether a header leaves the connection and the form of messages on it as they are without it.
fn says_nothing_of_the_connection(header: &Header<'_>) -> bool {
    const OF_THE_CONNECTION: [&str; 4] =
        ["content-length", "expect", "transfer-encoding", "upgrade"];
    let is = |name: &&str| header.name.eq_ignore_ascii_case(name);
    if is(&"connection") {
        header.value.eq_ignore_ascii_case(b"keep-alive")
    } else {
        !OF_THE_CONNECTION.iter().any(is)
    }
}
