//! `/metrics`: the site's numbers for Prometheus, for whoever has the token.
//!
//! Without a token in the configuration the address does not exist (`site.rs`). What is counted and how it is written
//! is in `telemetry/metrics.rs`; here is what has to be looked at for it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rocket::http::Header;
use rocket::tokio::task::spawn_blocking;
use rocket::{Responder, Route, State, get, routes};

use crate::config::Config;
use crate::db::backup::Backups;
use crate::db::file;
use crate::error::{Context, Result};
use crate::telemetry::metrics::{CONTENT_TYPE, Metrics, Seen};
use crate::web::guards::Scraper;

/// The address.
pub fn routes() -> Vec<Route> {
    routes![show]
}

#[derive(Responder)]
struct Numbers {
    text: String,
    kind: Header<'static>,
    caching: Header<'static>,
}

#[get("/metrics")]
async fn show(
    _scraper: Scraper,
    metrics: &State<Arc<Metrics>>,
    config: &State<Config>,
) -> Result<Numbers> {
    let config = config.inner().clone();
    let seen = spawn_blocking(move || look(&config))
        .await
        .context("look at the files")?;
    Ok(Numbers {
        text: metrics.text(&seen)?,
        kind: Header::new("Content-Type", CONTENT_TYPE),
        caching: Header::new("Cache-Control", "no-store"),
    })
}

fn look(config: &Config) -> Seen {
    Seen {
        database: size(&config.database),
        write_ahead_log: size(&file::write_ahead_log(&config.database)),
        newest_backup: newest_backup(config),
    }
}

/// A file that is not there has no bytes: SQLite removes the log when the last connection closes.
fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

/// How old the newest copy is that the server made by itself. What cannot be seen has no number, and `check` says why.
fn newest_backup(config: &Config) -> Option<Duration> {
    let newest = Backups::of(config).newest().ok().flatten()?;
    let age = Timestamp::now().duration_since(newest.at);
    Some(age.unsigned_abs())
}
