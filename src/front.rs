//! The sockets: accept, hand each request to Rocket in this process, answer, and end in peace.
//!
//! Rocket 0.5's own server has no time limit for headers and, once asked to stop, waits its whole grace period while
//! any connection is open, idle ones too. Here a client has ten seconds for its headers, idle connections are closed
//! at once at the end, and running answers are finished. HTTP is known here, no page: Rocket remains the application,
//! reached through its local client, which runs the same guards, fairings and catchers. What that client cannot do
//! is made up for in `front/exchange.rs`; pages that are kept are answered in `front/cached.rs` without it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rocket::local::asynchronous::Client;
use rocket::tokio::net::{TcpListener, TcpStream};
use rocket::tokio::sync::watch;
use rocket::tokio::task::JoinSet;
use rocket::tokio::time::{sleep, timeout};

mod cached;
mod exchange;
mod spool;

/// How long a client may take from its first byte to the end of its headers.
const HEADERS: Duration = Duration::from_secs(10);
/// Where a request's head is refused for its size: more than any browser sends, less than what is meant to hurt.
const HEAD: usize = 32 * 1024;
/// How long running answers may take once the end has begun; Render kills 30 seconds after it asked, and the last
/// events for Sentry have to go out as well.
const GRACE: Duration = Duration::from_secs(20);
/// The pause after a failed accept, so that a process without file descriptors does not spin.
const BREATH: Duration = Duration::from_millis(50);

/// Binds the address; port 0 takes any free one.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until `stop` resolves, then finishes what runs. Tells whether everything could be finished in time.
pub async fn serve(
    listener: TcpListener,
    client: Arc<Client>,
    stop: impl Future<Output = ()>,
) -> bool {
    let (ending, end) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        rocket::tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, Arc::clone(&client), end.clone()));
                }
                Err(error) => pause_after(&error).await,
            },
            // Finished connections are forgotten as they end, not all at the end.
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    // Nobody is listening when there is no connection, which is as well.
    let _ = ending.send(true);
    timeout(GRACE, async {
        while connections.join_next().await.is_some() {}
    })
    .await
    .is_ok()
}

/// A connection that was gone before it was accepted is nothing; without file descriptors a pause helps.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        log::warn!("cannot accept a connection: {error}");
        sleep(BREATH).await;
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    client: Arc<Client>,
    mut end: watch::Receiver<bool>,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let client = Arc::clone(&client);
        async move { Ok::<_, Infallible>(exchange::answer(request, peer, client).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEAD);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let result = rocket::tokio::select! {
        result = connection.as_mut() => result,
        _ = end.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        // Clients leave; that is theirs to do.
        log::debug!("connection from {peer} ended: {error}");
    }
}
