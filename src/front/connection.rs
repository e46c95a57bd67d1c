//! One connection from its first byte to its end.
//!
//! While nothing happens, and while requests are plain (`front/direct.rs`), a connection is its socket and a timer. A
//! conversation, hyper's state machine with its buffers, is begun when something else comes, and given up once the answer
//! is out. One timer watches over each of them; it is set again only where something is due earlier than it would ring.

use std::convert::Infallible;
use std::future::{Ready, pending, poll_fn, ready};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper::{Request, Response, StatusCode};
use rocket::futures::future::Either;
use rocket::tokio::net::TcpStream;
use rocket::tokio::select;
use rocket::tokio::sync::watch;
use rocket::tokio::time::{Instant, Sleep, sleep};

use super::body::{Arriving, Leaving};
use super::clock::{Clock, Phase};
use super::direct::{Direct, Ended};
use super::flights::Flight;
use super::limits::Limits;
use super::socket::Socket;
use super::{Front, bare, exchange};
use crate::config::proxies::network;
use crate::web::asked;

/// Where a request's head is refused for its size: more than any browser sends, less than what is meant to hurt.
const HEAD: usize = 32 * 1024;
/// When to look again where nothing is due.
const LATER: Duration = Duration::from_mins(1);

/// Serves a connection until it ends, or until the end of all.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    clock: Arc<Clock>,
    front: Arc<Front>,
    mut end: watch::Receiver<bool>,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let mut socket = Socket::new(stream, Arc::clone(&clock));
    loop {
        let mut direct = Direct::new(socket, peer, &clock, &front);
        match attend(&mut direct, &clock, &front.limits, &mut end).await {
            Outcome::Over(Ended::Beyond) => {}
            Outcome::Late if clock.is_stalled() => return give_up(&direct.into_socket(), peer),
            Outcome::Over(Ended::Over) | Outcome::AtRest | Outcome::Late => return,
        }
        // On the heap, so that a connection at rest is small.
        let talked = Box::pin(converse(
            direct.into_socket(),
            peer,
            &clock,
            &front,
            &mut end,
        ));
        match talked.await {
            Some(at_rest) => socket = at_rest,
            None => return,
        }
    }
}

/// Who speaks with a client.
trait Speaker {
    /// How that ends.
    type End;
    /// Whether it leaves a connection at rest to others.
    const LEAVES: bool;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::End>;

    /// What was begun is finished, and nothing is begun any more.
    fn finish(&mut self);
}

impl Speaker for Direct<'_> {
    type End = Ended;
    const LEAVES: bool = false;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        Direct::poll(self, cx)
    }

    fn finish(&mut self) {
        Direct::finish(self);
    }
}

impl<S> Speaker for http1::Connection<Socket, S>
where
    S: HttpService<Incoming, ResBody = Leaving, Error = Infallible> + Unpin,
    S::Future: Unpin,
{
    type End = hyper::Result<()>;
    const LEAVES: bool = true;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.poll_without_shutdown(cx)
    }

    fn finish(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

/// How it ended.
enum Outcome<E> {
    /// By itself.
    Over(E),
    /// Everything is answered, and nothing follows for now.
    AtRest,
    /// The client was too slow.
    Late,
}

/// Lets somebody speak with the client until that ends, while watching the clock and the end of all.
async fn attend<P: Speaker>(
    speaker: &mut P,
    clock: &Clock,
    limits: &Limits,
    end: &mut watch::Receiver<bool>,
) -> Outcome<P::End> {
    let mut timer = pin!(sleep(LATER));
    let mut over = pin!(end.wait_for(|is_over| *is_over));
    let mut is_ending = false;
    loop {
        select! {
            biased;
            outcome = poll_fn(|cx| watched(speaker, timer.as_mut(), clock, limits, cx)) => return outcome,
            _ = &mut over, if !is_ending => {
                is_ending = true;
                speaker.finish();
            }
        }
    }
}

/// What the kernel still holds for a client that does not take its answer is given up too.
fn give_up(socket: &Socket, peer: SocketAddr) {
    log::debug!("connection from {peer} ended: it took its answer too slowly");
    let _ = socket.stream().set_zero_linger();
}

/// What hyper is given.
type Answer = Result<Response<Leaving>, Infallible>;

/// Serves requests; gives the socket back when the connection may be kept.
async fn converse(
    socket: Socket,
    peer: SocketAddr,
    clock: &Arc<Clock>,
    front: &Arc<Front>,
    end: &mut watch::Receiver<bool>,
) -> Option<Socket> {
    let service = service_fn(|request| answer(request, peer, clock, front));
    let mut conversation = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(HEAD)
        .serve_connection(socket, service);
    let outcome = attend(&mut conversation, clock, &front.limits, end).await;
    let parts = conversation.into_parts();
    let mut socket = parts.io;
    match outcome {
        Outcome::AtRest if *end.borrow() => return None,
        Outcome::AtRest => {
            if !parts.read_buf.is_empty() {
                socket.ahead = parts.read_buf;
                clock.enter(Phase::Head);
            }
            return Some(socket);
        }
        Outcome::Late if clock.is_stalled() => {
            give_up(&socket, peer);
            return None;
        }
        Outcome::Late if clock.phase() == Phase::Head => refuse(&socket, 408, peer, front),
        Outcome::Late => return None,
        Outcome::Over(result) => match (socket.refusal, result) {
            (Some(status), _) => refuse(&socket, status, peer, front),
            // Hyper's own words went out together with the answer before.
            (None, Err(error)) if error.is_parse() => {
                log_refusal(400, &asked::new_id(), peer, front);
            }
            (None, Err(error)) => {
                // Clients leave; that is theirs to do.
                log::debug!("connection from {peer} ended: {error}");
                return None;
            }
            (None, Ok(())) if clock.has_unread() => {}
            (None, Ok(())) => return None,
        },
    }
    clock.enter(Phase::Parting);
    bare::part(socket.into_stream()).await;
    None
}

/// Lets somebody speak, and looks at the clock whenever something could be due.
fn watched<P: Speaker>(
    speaker: &mut P,
    mut timer: Pin<&mut Sleep>,
    clock: &Clock,
    limits: &Limits,
    cx: &mut Context<'_>,
) -> Poll<Outcome<P::End>> {
    loop {
        if let Poll::Ready(end) = speaker.poll(cx) {
            return Poll::Ready(Outcome::Over(end));
        }
        if P::LEAVES && clock.is_at_rest() {
            return Poll::Ready(Outcome::AtRest);
        }
        let due = loop {
            let due = clock.due(limits);
            if let Some(due) = due.filter(|due| *due < timer.deadline()) {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            // It rang, but perhaps for something that has long been over.
            let now = Instant::now();
            match due {
                Some(due) if due <= now => break due,
                _ => timer.as_mut().reset(due.unwrap_or(now + LATER)),
            }
        };
        timer.as_mut().reset(due + LATER);
        match clock.phase() {
            Phase::Body if !clock.is_stalled() => {
                // Whoever reads the body learns it as soon as it looks again.
                clock.enter(Phase::Late);
            }
            Phase::Idle if !clock.is_stalled() => return Poll::Ready(Outcome::AtRest),
            _ => return Poll::Ready(Outcome::Late),
        }
    }
}

/// Answers one request: at once where nothing has to be waited for, so that such an answer costs no more than itself.
fn answer<'c>(
    request: Request<Incoming>,
    peer: SocketAddr,
    clock: &'c Arc<Clock>,
    front: &Front,
) -> Either<Ready<Answer>, Pin<Box<dyn Future<Output = Answer> + Send + 'c>>> {
    if !clock.asked() {
        // The connection is being closed; what was not begun is not begun any more.
        return Either::Right(Box::pin(pending()));
    }
    let request = request.map(|body| Arriving::new(body, Arc::clone(clock)));
    let headers = || exchange::all(request.headers());
    let flight = match flight(peer, &headers, front) {
        Ok(flight) => flight,
        Err(status) => {
            let client = Arc::clone(&front.client);
            let (parts, _) = request.into_parts();
            return Either::Right(Box::pin(async move {
                let answer = exchange::refuse(client, parts, peer, status).await;
                Ok(leaving(answer, clock, None))
            }));
        }
    };
    match exchange::answer(request, peer, &front.client) {
        Either::Left(answer) => Either::Left(ready(Ok(leaving(answer, clock, flight)))),
        Either::Right(answer) => {
            Either::Right(Box::pin(
                async move { Ok(leaving(answer.await, clock, flight)) },
            ))
        }
    }
}

/// An answer on its way out.
fn leaving(
    answer: Response<exchange::Body>,
    clock: &Arc<Clock>,
    flight: Option<Flight>,
) -> Response<Leaving> {
    let mut answer = answer.map(|body| Leaving::new(body, Arc::clone(clock), flight));
    if clock.has_unread() {
        // What is left of the body is not read, so nothing can follow it.
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(CONNECTION, close);
    }
    answer
}

/// Counts a request that came through a trusted proxy among those of its client.
pub(super) fn flight<'a, I: Iterator<Item = (&'a str, &'a [u8])>>(
    peer: SocketAddr,
    headers: &impl Fn() -> I,
    front: &Front,
) -> Result<Option<Flight>, StatusCode> {
    let peer = peer.ip().to_canonical();
    if !front.proxies.trust(peer) {
        return Ok(None);
    }
    let client = exchange::client_of(peer, headers(), &front.proxies);
    if client == peer {
        // The proxy's own health checks.
        return Ok(None);
    }
    let flight = front
        .flights
        .begin(network(client), front.limits.of_a_client);
    flight.map(Some).ok_or(StatusCode::TOO_MANY_REQUESTS)
}

/// Answers what could not be read as a request.
fn refuse(socket: &Socket, status: u16, peer: SocketAddr, front: &Front) {
    let request_id = asked::new_id();
    let known = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    // Told before it is sent: who has the answer finds it in the numbers.
    log_refusal(status, &request_id, peer, front);
    bare::write(socket.stream(), known, &request_id);
}

fn log_refusal(status: u16, request_id: &str, peer: SocketAddr, front: &Front) {
    let peer = peer.ip().to_canonical();
    // Of whoever is behind a proxy nothing is known yet.
    let client = Some(peer).filter(|peer| !front.proxies.trust(*peer));
    let client = client.map(|peer| peer.to_string()).unwrap_or_default();
    log::info!(
        request_id, status, client = client.as_str();
        "a request that could not be read: {status}"
    );
    front.metrics.refused(status);
}
