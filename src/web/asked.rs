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

impl Asked {
    /// Reads the request as it came.
    pub fn read(request: &Request<'_>, config: &Config) -> Self {
        let headers = request.headers();
        let peer = request.remote().map(|address| address.ip().to_canonical());
        let trusted = peer.is_some_and(|peer| config.trusted_proxies.trust(peer));
        let forwarded_for: Vec<&str> = headers.get("x-forwarded-for").collect();
        let proto = headers.get("x-forwarded-proto").last();
        let mut hosts = headers.get("host");
        let authority = hosts
            .next()
            .filter(|_| hosts.next().is_none())
            .map(str::to_owned);
        let uri = request.uri();
        let id = headers
            .get_one("x-request-id")
            .filter(|id| trusted && is_plain_id(id))
            .map(str::to_owned);
        let facts = Arc::new(Facts::new(
            id.unwrap_or_else(new_id),
            Refused::of(request).map_or_else(
                || request.method().as_str().to_owned(),
                |refused| refused.method.clone(),
            ),
            scrub::path(uri.path().as_str()),
        ));
        if !trusted && (proto.is_some() || !forwarded_for.is_empty()) {
            telemetry::within(&facts, || warn_of_untrusted(request, peer));
        }
        Self {
            since: Instant::now(),
            facts,
            method: request.method(),
            target: uri.to_string(),
            client: peer.map(|peer| config.trusted_proxies.client(peer, &forwarded_for)),
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
            host: authority.as_deref().and_then(host_of),
            authority,
        }
    }

    /// What is known of this request, read when it is first asked for.
    pub fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(|| {
            let config = request.rocket().state::<Config>();
            Self::read(
                request,
                config.expect("site::build manages the configuration"),
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

fn warn_of_untrusted(request: &Request<'_>, peer: Option<IpAddr>) {
    if let (Some(notices), Some(peer)) = (request.rocket().state::<Notices>(), peer) {
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
