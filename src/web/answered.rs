//! What became of a request: its line in the log, its place in the numbers, and what Sentry hears of it.
//!
//! One function for every answer, whoever gave it: the site itself, or somebody before it who never asked Rocket.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rocket::http::Method;
use rocket::{Request, Response};

use super::asked::Asked;
use super::watch::CHECKS;
use crate::telemetry;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::reporter;
use crate::telemetry::request::Facts;

/// So much of a method is worth a place in the log; HTTP's own are shorter.
const LONGEST: usize = 20;

/// What became of a request, in plain facts.
#[derive(Debug, Clone)]
pub struct Answered<'a> {
    /// The request's id, as in the answer's `X-Request-Id`.
    pub request_id: &'a str,
    /// The method as it was written, which may be none of HTTP's.
    pub method: &'a str,
    /// The path without its query, secrets in it masked ([`telemetry::scrub::path`] does both).
    pub path: &'a str,
    /// The template of its address, such as `/lettings/<id>`, of which there are few; nothing where there is none.
    pub route: Option<&'a Arc<str>>,
    /// The status of the answer.
    pub status: u16,
    /// How long it took from the request's arrival until the answer began.
    pub took: Duration,
    /// How many bytes go out as the body, where that is known.
    pub bytes: usize,
    /// Where the visitor is, as far as trusted proxies tell.
    pub client: Option<IpAddr>,
}

impl<'a> Answered<'a> {
    /// The answer to this request, which is ready now.
    pub fn of(asked: &'a Asked, route: Option<&'a Arc<str>>, status: u16, bytes: usize) -> Self {
        Self {
            request_id: &asked.facts.request_id,
            method: &asked.facts.method,
            path: &asked.facts.path,
            route,
            status,
            took: asked.since.elapsed(),
            bytes,
            client: asked.client,
        }
    }

    /// Tells of it, once: a line in the log, a place in the numbers, one more for the health of the release and, if the dice
    /// say so, a trace. Health checks are for `debug` and the numbers alone.
    ///
    /// What the site answers is told by `finish.rs`, with what was noted meanwhile. Whoever answers without asking Rocket
    /// calls this with no notes, when the answer is ready and before it is sent; the numbers are those that `site::build`
    /// manages (`client.rocket().state::<Arc<Metrics>>()`). It waits for nobody and cannot fail.
    pub fn told(&self, notes: Option<&Facts>, metrics: &Metrics) {
        self.log();
        metrics.answered(self.method, self.route, self.status, self.took);
        match (self.is_check(), notes) {
            (true, _) => {}
            (false, Some(facts)) => reporter::answered(facts, self.status, self.took),
            (false, None) => {
                reporter::answered_at_once(self.status, self.took, self.route, || self.facts());
            }
        }
    }

    fn facts(&self) -> Facts {
        let [id, method, path] = [self.request_id, self.method, self.path].map(str::to_owned);
        Facts::new(id, method, path)
    }

    /// Health checks come every few seconds and say nothing new.
    fn is_check(&self) -> bool {
        self.route.is_some_and(|route| CHECKS.contains(&&**route))
    }

    fn log(&self) {
        let level = if self.is_check() {
            log::Level::Debug
        } else {
            log::Level::Info
        };
        if !log::log_enabled!(level) {
            return;
        }
        let Self {
            request_id,
            path,
            status,
            bytes,
            ..
        } = self;
        let method = self.method.get(..LONGEST).unwrap_or(self.method);
        let route = self.route.map_or("", |route| route);
        let ms = (self.took.as_secs_f64() * 1_000_000.0).round() / 1000.0;
        let client = self.client.map(text).unwrap_or_default();
        log::log!(
            level,
            request_id, method, path, route, status, ms, bytes, client = client.as_str();
            "{method} {path} {status}"
        );
    }
}

/// An address as it is read. The standard library can fill it up to any width as well, and takes a twentieth of the time
/// that an answer from memory costs.
fn text(client: IpAddr) -> String {
    let IpAddr::V4(client) = client else {
        return client.to_string();
    };
    let mut text = String::with_capacity(15);
    for octet in client.octets() {
        if !text.is_empty() {
            text.push('.');
        }
        for (least, place) in [(100, 100), (10, 10), (0, 1)] {
            if octet >= least {
                text.push(char::from(b'0' + octet / place % 10));
            }
        }
    }
    text
}

/// A mark for a request that nobody sent: the front asks the site something by itself, and tells what comes of it where that
/// is anybody's answer. Nothing is told of it here.
pub struct Untold;

/// Tells of an answer of the site's that is finished.
pub(super) fn told(request: &Request<'_>, response: &Response<'_>, metrics: &Metrics) {
    let asked = Asked::of(request);
    let facts = &asked.facts;
    let status = response.status().code;
    if status == 500 && facts.errors() == 0 {
        telemetry::within(facts, || log::error!("answered 500, and nothing said why"));
    }
    if request.local_cache(|| None::<Untold>).is_some() {
        return;
    }
    let route = facts.route();
    let answered = Answered::of(asked, route.as_ref(), status, sent(asked, response));
    answered.told(Some(facts), metrics);
}

/// How many bytes go out as the body, where that is known.
fn sent(asked: &Asked, response: &Response<'_>) -> usize {
    let has_body = !matches!(response.status().code, 204 | 304) && asked.method != Method::Head;
    let size = response.body().preset_size();
    size.filter(|_| has_body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_address_reads_as_everywhere(client: IpAddr) {
            prop_assert_eq!(text(client), client.to_string());
        }
    }
}
