//! `oc-lettings serve`: open, migrate, serve, and end in peace when asked to.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::local::asynchronous::Client;
use rocket::tokio::runtime::Builder;
use rocket::tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::db::file::Lasting;
use crate::db::{Db, migrate};
use crate::error::{Context, Error, Result};
use crate::{demo, front, site};

/// How long the end waits for threads that should have nothing left to do.
const TIDYING: Duration = Duration::from_secs(1);

pub(super) fn run(config: Config) -> Result<ExitCode> {
    let since = Instant::now();
    let (db, report) = super::open(&config)?;
    if !report.applied.is_empty() {
        log::info!("migrated: {}", report.applied.join(", "));
    }
    if config.debug && report.created {
        let loaded = db.write_now(demo::load)?;
        log::info!("loaded the demo rows: {loaded}");
    }
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the threads that serve")?;
    let finished = runtime.block_on(serve(config, db.clone(), &report, since))?;
    // What is left of the last answers lets go of its connections, so that ours is the last and SQLite tidies up.
    runtime.shutdown_timeout(TIDYING);
    db.checkpoint()?;
    if finished {
        log::info!("stopped; every answer was finished");
    } else {
        log::warn!("stopped; some answers took too long to be finished");
    }
    log::logger().flush();
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config, db: Db, report: &migrate::Report, since: Instant) -> Result<bool> {
    // Before the socket is open, so that no signal falls between.
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let listen = config.listen;
    let listener = front::bind(listen)
        .await
        .map_err(|error| explain(listen, &error))?;
    let address = listener
        .local_addr()
        .context("ask for the address listened on")?;
    let database = db.path().to_owned();
    let client = Client::untracked(site::build(config, db))
        .await
        .map_err(|error| {
            // Rocket's error panics when it is dropped unread.
            Error::internal(format!("put the site together: {}", error.kind()))
        })?;
    announce(address, &database, report, since);
    let stop = async {
        let name = rocket::tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        log::info!("{name}: taking no new connections, finishing what runs");
    };
    let serving = front::serve(listener, Arc::new(client), stop);
    Ok(serving.await)
}

/// What an operator wants to know first: where, on which file, whether it lasts, at which version, how quickly.
fn announce(
    address: SocketAddr,
    database: &std::path::Path,
    report: &migrate::Report,
    since: Instant,
) {
    let lasting = Lasting::of(database);
    if let Some(cure) = lasting.cure() {
        log::warn!("the database is {}: {cure}", lasting.words());
    }
    let shown = database
        .canonicalize()
        .unwrap_or_else(|_| database.to_owned());
    log::info!(
        address:%, database:% = shown.display(), schema = report.version, start_ms = since.elapsed().as_secs_f64() * 1000.0;
        "listening on http://{address}, database {} ({}), schema version {}", shown.display(), lasting.words(), report.version
    );
}

fn explain(listen: SocketAddr, error: &std::io::Error) -> Error {
    let cure = match error.kind() {
        ErrorKind::AddrInUse => "another process has the port: stop it, or set PORT to a free one",
        ErrorKind::PermissionDenied => "ports below 1024 are for root: set PORT to a higher one",
        ErrorKind::AddrNotAvailable => {
            "this machine does not have the address: set BIND to one it has, or to 0.0.0.0"
        }
        _ => "set BIND and PORT to an address that can be listened on",
    };
    Error::Refused(format!("cannot listen on {listen}: {error}; {cure}"))
}
