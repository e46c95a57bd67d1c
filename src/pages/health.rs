//! For machines that watch the site: whether it lives, whether it is ready, and what it is.

use rocket::http::Status;
use rocket::response::content::RawJson;
use rocket::{Route, State, get, routes};

use crate::db::Db;

/// The addresses for machines.
pub fn routes() -> Vec<Route> {
    routes![healthz, readyz, up, version]
}

/// The process answers; nothing else is asked.
#[get("/healthz")]
fn healthz() -> &'static str {
    "ok\n"
}

/// The database answers too.
#[get("/readyz")]
fn readyz(db: &State<Db>) -> (Status, &'static str) {
    readiness(db)
}

/// The same under the name that other platforms ask for.
#[get("/up")]
fn up(db: &State<Db>) -> (Status, &'static str) {
    readiness(db)
}

fn readiness(db: &Db) -> (Status, &'static str) {
    match db.read(|conn| {
        Ok(conn
            .prepare_cached("select 1 from refinery_schema_history")?
            .exists([])?)
    }) {
        Ok(true) => (Status::Ok, "ok\n"),
        Ok(false) => (Status::ServiceUnavailable, "the database has no schema\n"),
        Err(error) => {
            log::error!("not ready: {error}");
            (Status::ServiceUnavailable, "the database does not answer\n")
        }
    }
}

/// What is running, for the pipeline to wait for.
#[get("/version")]
fn version() -> RawJson<String> {
    let body = serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "commit": env!("OC_LETTINGS_COMMIT") });
    RawJson(body.to_string())
}
