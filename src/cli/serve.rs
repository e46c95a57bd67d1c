//! `oc-lettings serve`: open, migrate, serve, and end in peace when asked to.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::local::asynchronous::Client;
use rocket::tokio::runtime::Builder;
use rocket::tokio::signal::unix::{SignalKind, signal};
use rocket::tokio::spawn;
use rocket::tokio::time::sleep;

use crate::config::Config;
use crate::db::backup::{Backups, schedule};
use crate::db::file::Lasting;
use crate::db::{Db, migrate};
use crate::error::{Context, Error, Result};
use crate::front::limits::Limits;
use crate::models::session;
use crate::telemetry::reporter;
use crate::web::setup::{self, SetUp};
use crate::{demo, front, site};

/// How long the end waits for threads that should have nothing left to do.
const TIDYING: Duration = Duration::from_secs(1);

pub(super) fn run(config: Config) -> Result<ExitCode> {
    let since = Instant::now();
    let (db, report) = super::open(&config)?;
    if let Some(copy) = &report.copy {
        log::info!("copied the database to {} first", copy.path.display());
    }
    if !report.applied.is_empty() {
        log::info!("migrated: {}", report.applied.join(", "));
    }
    let demo_loaded = config.debug && report.created;
    if demo_loaded {
        let loaded = db.write_now(demo::load)?;
        log::info!("loaded the demo rows: {loaded}");
    }
    let link = super::first::prepare(&config, &db, demo_loaded)?;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the threads that serve")?;
    let finished = runtime.block_on(serve(config, db.clone(), &report, link, since))?;
    // What is left of the last answers lets go of its connections, so that ours is the last and SQLite tidies up.
    runtime.shutdown_timeout(TIDYING);
    // On a full disk there may be no room for it. Nothing is lost: the next start reads the log.
    if let Err(error) = db.checkpoint() {
        log::warn!("the write-ahead log stays beside the database: {error}");
    }
    if finished {
        log::info!("stopped; every answer was finished");
    } else {
        log::warn!("stopped; some answers took too long to be finished");
    }
    log::logger().flush();
    Ok(ExitCode::SUCCESS)
}

async fn serve(
    config: Config,
    db: Db,
    report: &migrate::Report,
    link: Option<String>,
    since: Instant,
) -> Result<bool> {
    // Before the socket is open, so that no signal falls between.
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    // Before anything is opened that would have to fit into less.
    let limits = Limits::of_this_process();
    let listen = config.listen;
    let listener = front::bind(listen)
        .await
        .map_err(|error| explain(listen, &error))?;
    let address = listener
        .local_addr()
        .context("ask for the address listened on")?;
    let database = db.path().to_owned();
    let origin = config.site_url.as_ref().map_or_else(
        || format!("http://{}", reachable(address)),
        ToString::to_string,
    );
    spawn(clear_sessions(db.clone()));
    spawn(tell_health());
    let backups = Backups::of(&config);
    let mut site = site::build(config, db.clone());
    if let Some(token) = &link {
        site = site.manage(SetUp::new(token));
    }
    let client = Client::untracked(site).await.map_err(|error| {
        // Rocket's error panics when it is dropped unread.
        Error::internal(format!("put the site together: {}", error.kind()))
    })?;
    if let Some(token) = link {
        log::warn!(
            "there is no administrator yet: within {} minutes open {origin}/admin/setup/{token}/ once, or set ADMIN_USERNAME and ADMIN_PASSWORD",
            setup::GOOD_FOR.as_secs() / 60
        );
    }
    announce(address, &database, report, since);
    let stop = async {
        let name = rocket::tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        log::info!("{name}: taking no new connections, finishing what runs");
    };
    let schedule = schedule::start(backups, db)?;
    let finished = front::serve(listener, Arc::new(client), limits, stop).await;
    // Nobody is served any more who would wait for a copy to be given up.
    drop(schedule);
    Ok(finished)
}

/// An address that listens everywhere is none to open; loopback is, and is always an allowed host.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

/// Drops expired sessions now and once a day, so that the table does not grow for ever.
async fn clear_sessions(db: Db) {
    loop {
        if let Err(error) = db.write(session::clear).await {
            log::error!("expired sessions cannot be dropped: {error}");
        }
        sleep(Duration::from_hours(24)).await;
    }
}

/// Tells Sentry once a minute how this release does; the rest is told at the end.
async fn tell_health() {
    loop {
        sleep(Duration::from_mins(1)).await;
        reporter::tell_health();
    }
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
