//! Running each handler as part of its request, so that whatever it logs or breaks names the request.
//!
//! Here a request gets the template of its address, under which it counts and, where it is drawn, is traced.

use std::sync::Arc;

use rocket::catcher::{self, Catcher};
use rocket::http::Status;
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route, async_trait};

use super::asked::Asked;
use crate::telemetry;

/// What machines ask every few seconds, whatever the host: nothing for the log, for traces or for a release's health.
pub const CHECKS: &[&str] = &["/healthz", "/readyz", "/up", "/metrics"];

/// The same routes, watched.
pub fn watched(routes: Vec<Route>) -> Vec<Route> {
    routes
        .into_iter()
        .map(|mut route| {
            let template = route.uri.path();
            route.handler = Box::new(Watched {
                template: template.into(),
                is_check: CHECKS.contains(&template),
                handler: route.handler,
            });
            route
        })
        .collect()
}

/// The same catchers, watched: a page that says that something broke may break as well.
pub fn watched_catchers(catchers: Vec<Catcher>) -> Vec<Catcher> {
    catchers
        .into_iter()
        .map(|mut catcher| {
            catcher.handler = Box::new(WatchedCatcher(catcher.handler));
            catcher
        })
        .collect()
}

#[derive(Clone)]
struct Watched {
    template: Arc<str>,
    is_check: bool,
    handler: Box<dyn Handler>,
}

#[async_trait]
impl Handler for Watched {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let facts = Arc::clone(&Asked::of(request).facts);
        facts.enter(&self.template, !self.is_check);
        telemetry::during(facts, self.handler.handle(request, data)).await
    }
}

#[derive(Clone)]
struct WatchedCatcher(Box<dyn catcher::Handler>);

#[async_trait]
impl catcher::Handler for WatchedCatcher {
    async fn handle<'r>(&self, status: Status, request: &'r Request<'_>) -> catcher::Result<'r> {
        let facts = Arc::clone(&Asked::of(request).facts);
        telemetry::during(facts, self.0.handle(status, request)).await
    }
}
