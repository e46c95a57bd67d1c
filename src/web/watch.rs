//! Running each handler as part of its request, so that whatever it logs or breaks names the request.

use std::sync::Arc;

use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route, async_trait};

use super::asked::Asked;
use crate::telemetry;

/// The same routes, watched.
pub fn watched(routes: Vec<Route>) -> Vec<Route> {
    routes
        .into_iter()
        .map(|mut route| {
            route.handler = Box::new(Watched(route.handler));
            route
        })
        .collect()
}

#[derive(Clone)]
struct Watched(Box<dyn Handler>);

#[async_trait]
impl Handler for Watched {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let facts = Arc::clone(&Asked::of(request).facts);
        telemetry::during(facts, self.0.handle(request, data)).await
    }
}
