//! What is known of a request before it is routed: its id, its client, its scheme, its host.
//!
//! Worked out once by the gate and kept with the request. The arithmetic on addresses is in `config/proxies.rs`.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rocket::Request;
use rocket::http::Method;

use super::notices::Notices;
use super::refused::Refused;
use super::seldom::Seldom;
use crate::config::Config;
use crate::config::hosts::host_of;
use crate::digest;
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

/// What is believed of a request, for as long as it is looked at: [`Asked`] keeps it.
pub struct Believed<'a> {
    /// When it arrived here.
    pub since: Instant,
    /// Ours, or the one that a trusted proxy gave.
    pub request_id: Cow<'a, str>,
    /// The method.
    pub method: Method,
    /// Its name as it was sent.
    pub method_name: &'a str,
    /// The raw path and, where there is one, `?query`.
    pub target: &'a str,
    /// The path as it may be written down.
    pub path: Cow<'a, str>,
    /// Where the visitor is, as far as trusted proxies tell; nothing for a request without a connection.
    pub client: Option<IpAddr>,
    /// Whether the visitor came by HTTPS, as far as trusted proxies tell.
    pub https: bool,
    /// The host in lower case without its port; nothing when the header is missing, doubled or no host.
    pub host: Option<Cow<'a, str>>,
    /// The `Host` header as it was sent.
    authority: Option<&'a str>,
    /// The peer, if it speaks as only a proxy does and is none of ours.
    pretender: Option<IpAddr>,
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

    /// Believes of it what can be believed.
    pub fn believed(self, config: &Config) -> Believed<'a> {
        let peer = self.peer.map(|peer| peer.to_canonical());
        let trusted = peer.is_some_and(|peer| config.trusted_proxies.trust(peer));
        let proto = self.forwarded_proto;
        let id = self.request_id.filter(|id| trusted && is_plain_id(id));
        Believed {
            since: Instant::now(),
            request_id: id.map_or_else(|| new_id().into(), Cow::Borrowed),
            method: self.method,
            method_name: self.method_name,
            target: self.target,
            path: scrub::path(self.target),
            client: peer.map(|peer| config.trusted_proxies.client(peer, &self.forwarded_for)),
            // Several proxies append to a list; the nearest one's word is the last.
            https: trusted
                && proto.is_some_and(|proto| {
                    let nearest = proto.rsplit(',').next().unwrap_or(proto);
                    nearest.trim().eq_ignore_ascii_case("https")
                }),
            host: self.host.and_then(host_of),
            authority: self.host,
            pretender: peer
                .filter(|_| !trusted && (proto.is_some() || !self.forwarded_for.is_empty())),
        }
    }
}

impl Believed<'_> {
    /// All of it to be kept, for as long as the request is being answered.
    pub fn kept(self, notices: Option<&Notices>) -> Asked {
        self.warn(notices);
        Asked {
            since: self.since,
            facts: Arc::new(self.facts()),
            method: self.method,
            target: self.target.to_owned(),
            client: self.client,
            https: self.https,
            host: self.host.map(Cow::into_owned),
            authority: self.authority.map(str::to_owned),
        }
    }

    /// Tells operators and staff of a peer who speaks as only a proxy does, and is none of ours.
    pub fn warn(&self, notices: Option<&Notices>) {
        if let Some(peer) = self.pretender {
            telemetry::within(&Arc::new(self.facts()), || {
                warn_of_untrusted(notices, peer);
            });
        }
    }

    /// The origin that links are written with, if that depends on the request.
    pub fn own_origin(&self, config: &Config) -> Option<String> {
        let host = self.authority.filter(|_| self.host.is_some());
        own_origin(config, self.https, host)
    }

    fn facts(&self) -> Facts {
        Facts::new(
            self.request_id.clone().into_owned(),
            self.method_name.to_owned(),
            self.path.clone().into_owned(),
        )
    }
}

impl Asked {
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
            said.believed(config.expect("site::build manages the configuration"))
                .kept(rocket.state::<Notices>())
        })
    }

    /// The origin that links are written with: the configured one, else the request's scheme and checked host.
    pub fn origin(&self, config: &Config) -> String {
        let host = self.authority.as_deref().filter(|_| self.host.is_some());
        own_origin(config, self.https, host).unwrap_or_else(|| match &config.site_url {
            Some(url) => url.to_string(),
            None => format!("http://{}", config.listen),
        })
    }
}

/// The request's scheme and checked host, where no origin is configured.
fn own_origin(config: &Config, https: bool, host: Option<&str>) -> Option<String> {
    let host = host.filter(|_| config.site_url.is_none())?;
    let scheme = if https { "https://" } else { "http://" };
    let mut origin = [scheme, host].concat();
    origin.make_ascii_lowercase();
    Some(origin)
}

fn warn_of_untrusted(notices: Option<&Notices>, peer: IpAddr) {
    if let Some(notices) = notices {
        notices.untrusted(peer);
    }
    if UNTRUSTED.now().is_some() {
        let peer = peer.to_string();
        log::warn!(
            peer = peer.as_str();
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

/// 128 bits in hexadecimal that nobody can foresee, in the shape of a UUID of version 4 (RFC 9562), so that Sentry takes it
/// as its own.
pub fn new_id() -> String {
    /// Two keys that are random for each process turn a number of its own into as many bits as if they were random too;
    /// to ask the system for each request takes as long as to find a page.
    static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let [high, low] = KEYS.each_ref().map(|key| key.hash_one(number));
    let bits = u128::from(high) << 64 | u128::from(low);
    let version = 4 << 76;
    let variant = 2 << 62;
    let id = bits & !(0xF << 76 | 3 << 62) | version | variant;
    digest::hex(&id.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn an_id_is_a_random_uuid_and_nobody_elses() {
        let ids: HashSet<String> = (0..1000).map(|_| new_id()).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert!(is_plain_id(&id) && id.len() == 32, "{id}");
            assert_eq!(&id[12..13], "4", "{id}");
            assert!(matches!(&id[16..17], "8" | "9" | "a" | "b"), "{id}");
        }
    }
}
