//! The sockets: accept, hand each request to Rocket in this process, answer, and end in peace.
//!
//! Rocket 0.5's own server has no limit of time or number, and once asked to stop waits its whole grace period while any
//! connection is open, idle ones too. Here both are limited (`front/limits.rs`): `front/seats.rs` knows who is connected,
//! `front/connection.rs` serves one of them, and at the end idle ones are closed at once and running answers finished.
//! HTTP is known here, no page: Rocket remains the application, reached through its local client, which runs the same
//! guards, fairings and catchers. What that client cannot do is made up for in `front/exchange.rs`; pages that are kept are
//! answered in `front/cached.rs` without it, and to plain requests in `front/direct.rs` without hyper either.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use rocket::local::asynchronous::Client;
use rocket::tokio::net::{TcpListener, TcpSocket, TcpStream};
use rocket::tokio::sync::{Semaphore, watch};
use rocket::tokio::task::JoinSet;
use rocket::tokio::time::{Instant, sleep, timeout};

use crate::config::Config;
use crate::config::proxies::{TrustedProxies, network};
use crate::telemetry::metrics::Metrics;
use crate::web::asked;
use crate::web::seldom::Seldom;

mod bare;
mod body;
mod cached;
mod clock;
mod connection;
mod direct;
mod exchange;
mod flights;
pub mod limits;
mod seats;
mod socket;
mod spool;

use clock::Clock;
use flights::Flights;
use limits::Limits;
use seats::Seats;

/// So many connections wait in the kernel while a crowd comes; with its usual 128 the rest would be lost for a second.
const WAITING: u32 = 4_096;
/// The pause after a failed accept, so that a process without file descriptors does not spin.
const BREATH: Duration = Duration::from_millis(50);
/// So many refused clients are told why at once; more just find the connection closed.
static REFUSALS: Semaphore = Semaphore::const_new(64);
/// Connections that cannot be accepted, or find no place, come in crowds: a line a minute is enough.
static NOT_ACCEPTED: Seldom = Seldom::every(Duration::from_mins(1));
static WITHOUT_PLACE: Seldom = Seldom::every(Duration::from_mins(1));

/// What all connections share.
struct Front {
    client: Arc<Client>,
    limits: Limits,
    proxies: TrustedProxies,
    flights: Arc<Flights>,
    metrics: Arc<Metrics>,
}

/// Binds the address; port 0 takes any free one.
#[expect(
    clippy::unused_async,
    reason = "a socket belongs to a runtime, and an asynchronous function is only called where there is one"
)]
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A new process may listen while connections of the last one are not quite forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// Serves until `stop` resolves, then finishes what runs. Tells whether everything could be finished in time.
pub async fn serve(
    listener: TcpListener,
    client: Arc<Client>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> bool {
    let config = client.rocket().state::<Config>();
    let front = Arc::new(Front {
        limits,
        proxies: config
            .map(|config| config.trusted_proxies.clone())
            .unwrap_or_default(),
        flights: Arc::default(),
        metrics: client
            .rocket()
            .state::<Arc<Metrics>>()
            .cloned()
            .unwrap_or_default(),
        client,
    });
    let origin = Instant::now();
    let (ending, end) = watch::channel(false);
    let (mut connections, mut seats) = (JoinSet::new(), Seats::default());
    let mut stop = std::pin::pin!(stop);
    loop {
        rocket::tokio::select! {
            biased;
            () = &mut stop => break,
            // Finished connections are forgotten before new ones are counted.
            Some(ended) = connections.join_next_with_id(), if !connections.is_empty() => {
                seats.leave(ended.map_or_else(|error| error.id(), |(id, ())| id));
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let peer_ip = peer.ip().to_canonical();
                    let of = (!front.proxies.trust(peer_ip)).then(|| network(peer_ip));
                    if let Err(status) = seats.make_room(of, &front.limits) {
                        turn_away(stream, status, peer, &front.metrics);
                        continue;
                    }
                    let clock = Arc::new(Clock::new(origin));
                    let task = connections.spawn(connection::serve(
                        stream, peer, Arc::clone(&clock), Arc::clone(&front), end.clone(),
                    ));
                    seats.take(task, clock, of);
                }
                Err(error) => pause_after(&error).await,
            },
        }
    }
    drop(listener);
    // Nobody is listening when there is no connection, which is as well.
    let _ = ending.send(true);
    timeout(limits.grace, async {
        while connections.join_next().await.is_some() {}
    })
    .await
    .is_ok()
}

/// Tells a client that there is no place for it.
fn turn_away(stream: TcpStream, status: StatusCode, peer: SocketAddr, metrics: &Metrics) {
    if let Some(skipped) = WITHOUT_PLACE.now() {
        let peer = peer.ip().to_canonical().to_string();
        log::warn!(
            peer = peer.as_str(), status = status.as_u16(), skipped;
            "no place for another connection{}",
            if status == StatusCode::TOO_MANY_REQUESTS {
                " of this address; if it is your proxy, add it to TRUSTED_PROXIES"
            } else {
                ": all are at work"
            }
        );
    }
    metrics.refused(status.as_u16());
    if let Ok(permit) = REFUSALS.try_acquire() {
        rocket::tokio::spawn(async move {
            bare::write(&stream, status, &asked::new_id());
            bare::part(stream).await;
            drop(permit);
        });
    }
}

/// A connection that was gone before it was accepted is nothing; without file descriptors a pause helps.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        if let Some(skipped) = NOT_ACCEPTED.now() {
            log::warn!(skipped; "cannot accept a connection: {error}");
        }
        sleep(BREATH).await;
    }
}
