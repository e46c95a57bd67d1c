//! One connection from its first byte to its end.
//!
//! While nothing happens a connection is its socket and a timer. A conversation, hyper's state machine with its buffers,
//! is begun when bytes are there, and given up once an answer is out and no other request has followed. One timer watches
//! over everything; it is set again only where something is due earlier than it would ring.

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
use hyper::{HeaderMap, Request, Response, StatusCode};
use rocket::futures::future::Either;
use rocket::tokio::net::TcpStream;
use rocket::tokio::select;
use rocket::tokio::sync::watch;
use rocket::tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::body::{Arriving, Leaving};
use super::clock::{Clock, Phase};
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
    let mut resting = Some(Socket::new(stream, Arc::clone(&clock)));
    while let Some(socket) = resting.take() {
        let goes_on = select! {
            biased;
            _ = end.wait_for(|is_over| *is_over) => false,
            goes_on = is_spoken_to(&socket, &clock, &front.limits) => goes_on,
        };
        if goes_on {
            // On the heap, so that a connection at rest is small.
            resting = Box::pin(converse(socket, peer, &clock, &front, &mut end)).await;
        }
    }
}

/// Waits for bytes; tells whether they came in time.
async fn is_spoken_to(socket: &Socket, clock: &Clock, limits: &Limits) -> bool {
    if !socket.ahead.is_empty() {
        return true;
    }
    let due = clock.due(limits).unwrap_or_else(Instant::now);
    select! {
        biased;
        readable = socket.stream().readable() => readable.is_ok(),
        () = sleep_until(due) => false,
    }
}

/// What hyper is given.
type Answer = Result<Response<Leaving>, Infallible>;

/// How a conversation ended.
enum Outcome {
    /// By itself.
    Over(hyper::Result<()>),
    /// Everything is answered, and nothing follows for now.
    AtRest,
    /// The client was too slow.
    Late,
}

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
    let mut timer = pin!(sleep(LATER));
    let mut over = pin!(end.wait_for(|is_over| *is_over));
    let mut is_ending = false;
    let outcome = loop {
        select! {
            biased;
            outcome = poll_fn(|cx| watched(&mut conversation, timer.as_mut(), clock, &front.limits, cx)) => break outcome,
            _ = &mut over, if !is_ending => {
                is_ending = true;
                Pin::new(&mut conversation).graceful_shutdown();
            }
        }
    };
    let parts = conversation.into_parts();
    let mut socket = parts.io;
    match outcome {
        Outcome::AtRest if is_ending => return None,
        Outcome::AtRest => {
            if !parts.read_buf.is_empty() {
                socket.ahead = parts.read_buf;
                clock.enter(Phase::Head);
            }
            return Some(socket);
        }
        Outcome::Late if clock.is_stalled() => {
            log::debug!("connection from {peer} ended: it took its answer too slowly");
            // What the kernel still holds for such a client is given up too.
            let _ = socket.stream().set_zero_linger();
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

/// Drives a conversation and looks at the clock whenever something could be due.
fn watched<S>(
    conversation: &mut http1::Connection<Socket, S>,
    mut timer: Pin<&mut Sleep>,
    clock: &Clock,
    limits: &Limits,
    cx: &mut Context<'_>,
) -> Poll<Outcome>
where
    S: HttpService<Incoming, ResBody = Leaving, Error = Infallible> + Unpin,
    S::Future: Unpin,
{
    loop {
        if let Poll::Ready(result) = conversation.poll_without_shutdown(cx) {
            return Poll::Ready(Outcome::Over(result));
        }
        let due = loop {
            let due = clock.due_or_settled(limits);
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
    let flight = match flight(peer, request.headers(), front) {
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
fn flight(
    peer: SocketAddr,
    headers: &HeaderMap,
    front: &Front,
) -> Result<Option<Flight>, StatusCode> {
    let peer = peer.ip().to_canonical();
    if !front.proxies.trust(peer) {
        return Ok(None);
    }
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| std::str::from_utf8(line.as_bytes()).ok())
        .collect();
    let client = front.proxies.client(peer, &lines);
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
    bare::write(socket.stream(), known, &request_id);
    log_refusal(status, &request_id, peer, front);
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
