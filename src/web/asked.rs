//! What is known of a request before it is routed: its id, its client, its scheme, its host.
//!
//! Worked out once by the gate and kept with the request. The arithmetic on addresses is in `config/proxies.rs`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::Request;
use rocket::http::Method;

use super::notices::Notices;
use super::refused::Refused;
use super::seldom::Seldom;
use crate::config::Config;
use crate::config::hosts::host_of;
use crate::telemetry;
use crate::telemetry::request::Facts;
use crate::telemetry::scrub;

/// Headers about the client from a peer that is not trusted are worth one line in a while.
static UNTRUSTED: Seldom = Seldom::every(Duration::from_hours(1));

/// What is known of a request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// When it arrived here.
    pub since: Instant,
    /// Id, method and path, as logs and events name it.
    pub facts: Arc<Facts>,
    /// The method as it was asked, before anything rewrote it.
    pub method: Method,
    /// The raw path and, where there is one, `?query`.
    pub target: String,
    /// Where the visitor is, as far as trusted proxies tell; nothing for a request without a connection.
    pub client: Option<IpAddr>,
    /// Whether the visitor came by HTTPS, as far as trusted proxies tell.
    pub https: bool,
    /// The host in lower case without its port; nothing when the header is missing, doubled or no host.
    pub host: Option<String>,
    /// The `Host` header as it was sent, for links when no public origin is configured.
    pub authority: Option<String>,
}

/// What a request says of itself, before any of it is believed.
pub struct Said<'a> {
    /// The method.
    pub method: Method,
    /// Its name as it was sent: one that Rocket does not know travels as another.
    pub method_name: &'a str,
    /// The raw path and, where there is one, `?query`.
    pub target: &'a str,
    /// Who is at the other end of the connection.
    pub peer: Option<IpAddr>,
    /// `Host`, where there is exactly one.
    pub host: Option<&'a str>,
    /// Each line of `X-Forwarded-For`.
    pub forwarded_for: Vec<&'a str>,
    /// The last line of `X-Forwarded-Proto`.
    pub forwarded_proto: Option<&'a str>,
    /// The first line of `X-Request-Id`.
    pub request_id: Option<&'a str>,
}

impl<'a> Said<'a> {
    /// Reads the lines of each header by its name in small letters.
    pub fn by<I: Iterator<Item = &'a str>>(
        method: Method,
        target: &'a str,
        peer: Option<IpAddr>,
        lines: impl Fn(&'static str) -> I,
    ) -> Self {
        let mut hosts = lines("host");
        Self {
            method,
            method_name: method.as_str(),
            target,
            peer,
            host: hosts.next().filter(|_| hosts.next().is_none()),
            forwarded_for: lines("x-forwarded-for").collect(),
            forwarded_proto: lines("x-forwarded-proto").last(),
            request_id: lines("x-request-id").next(),
        }
    }
}

impl Asked {
    /// Believes of a request what can be believed.
    pub fn new(said: &Said<'_>, config: &Config, notices: Option<&Notices>) -> Self {
        let peer = said.peer.map(|peer| peer.to_canonical());
        let trusted = peer.is_some_and(|peer| config.trusted_proxies.trust(peer));
        let proto = said.forwarded_proto;
        let id = said
            .request_id
            .filter(|id| trusted && is_plain_id(id))
            .map(str::to_owned);
        let facts = Arc::new(Facts::new(
            id.unwrap_or_else(new_id),
            said.method_name.to_owned(),
            scrub::path(said.target),
        ));
        if !trusted && (proto.is_some() || !said.forwarded_for.is_empty()) {
            telemetry::within(&facts, || warn_of_untrusted(notices, peer));
        }
        Self {
            since: Instant::now(),
            facts,
            method: said.method,
            target: said.target.to_owned(),
            client: peer.map(|peer| config.trusted_proxies.client(peer, &said.forwarded_for)),
            // Several proxies append to a list; the nearest one's word is the last.
            https: trusted
                && proto.is_some_and(|proto| {
                    proto
                        .rsplit(',')
                        .next()
                        .unwrap_or(proto)
                        .trim()
                        .eq_ignore_ascii_case("https")
                }),
            host: said.host.and_then(host_of),
            authority: said.host.map(str::to_owned),
        }
    }

    /// What is known of this request, read when it is first asked for.
    pub fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(|| {
            let target = request.uri().to_string();
            let peer = request.remote().map(|address| address.ip());
            let headers = request.headers();
            let mut said = Said::by(request.method(), &target, peer, |name| headers.get(name));
            if let Some(refused) = Refused::of(request) {
                said.method_name = &refused.method;
            }
            let rocket = request.rocket();
            let config = rocket.state::<Config>();
            Self::new(
                &said,
                config.expect("site::build manages the configuration"),
                rocket.state::<Notices>(),
            )
        })
    }

    /// The origin that links are written with: the configured one, else the request's scheme and checked host.
    pub fn origin(&self, config: &Config) -> String {
        match (&config.site_url, &self.authority) {
            (Some(url), _) => url.to_string(),
            (None, Some(authority)) if self.host.is_some() => {
                format!(
                    "{}://{}",
                    if self.https { "https" } else { "http" },
                    authority.to_ascii_lowercase()
                )
            }
            _ => format!("http://{}", config.listen),
        }
    }
}

fn warn_of_untrusted(notices: Option<&Notices>, peer: Option<IpAddr>) {
    if let (Some(notices), Some(peer)) = (notices, peer) {
        notices.untrusted(peer);
    }
    if UNTRUSTED.now().is_some() {
        let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
        log::warn!(
            peer;
            "X-Forwarded headers from a peer that is not in TRUSTED_PROXIES are not believed; if it is your proxy, add its address"
        );
    }
}

/// What may be taken over into logs and headers without a second thought.
fn is_plain_id(id: &str) -> bool {
    (8..=128).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// 128 random bits in hexadecimal, in the shape of a UUID of version 4 (RFC 9562), so that Sentry takes it as its own.
pub fn new_id() -> String {
    let mut bytes = [0; 16];
    // Without the system's random numbers the id is only less unique; a page is not refused for that.
    let _ = getrandom::fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    format!("{:032x}", u128::from_be_bytes(bytes))
}
