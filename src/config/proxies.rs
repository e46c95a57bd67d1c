//! Whose word about a client's address is believed, and what that word is.
//!
//! Pure arithmetic on addresses; the headers are read in `web/asked.rs`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// The proxies before us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustedProxies {
    /// There is none: headers about clients are not read.
    #[default]
    None,
    /// Render's edge: a private peer, and the client is the second entry from the right.
    Render,
    /// These networks: the client is the rightmost entry that is in none of them.
    Networks(Vec<IpNet>),
}

impl TrustedProxies {
    /// `render`, or a comma list of addresses and CIDR networks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.trim().eq_ignore_ascii_case("render") {
            return Ok(Self::Render);
        }
        text.split(',')
            .map(|network| {
                let network = network.trim();
                network.parse::<IpNet>().or_else(|_| network.parse::<IpAddr>().map(IpNet::from))
            })
            .collect::<Result<_, _>>()
            .map(Self::Networks)
            .map_err(|_| "`render`, or addresses and networks separated by commas, such as 10.0.0.0/8,192.0.2.7")
    }

    /// Whether headers from this peer are believed.
    pub fn trust(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        match self {
            Self::None => false,
            Self::Render => is_private(peer),
            Self::Networks(networks) => networks.iter().any(|network| network.contains(&peer)),
        }
    }

    /// The client's address: the peer's, or what the proxies wrote down from left to right in `X-Forwarded-For`.
    pub fn client(&self, peer: IpAddr, forwarded_for: &[&str]) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            return peer;
        }
        let entries = || {
            forwarded_for
                .iter()
                .flat_map(|line| line.split(','))
                .rev()
                .map(|entry| address_of(entry.trim()))
        };
        if *self == Self::Render {
            return entries().nth(1).flatten().unwrap_or(peer);
        }
        // An entry that is no address says nothing, nor does what stands left of it: the last good hop counts.
        let mut last = peer;
        for entry in entries() {
            let Some(address) = entry else { break };
            last = address;
            if !self.trust(address) {
                break;
            }
        }
        last
    }
}

/// What stands for an address where its owner is counted: whoever has one of IPv6 has the 2^64 around it as well.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Render => f.write_str("render"),
            Self::Networks(networks) => f.write_str(
                &networks
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(","),
            ),
        }
    }
}

/// An entry may carry a port, as some proxies write it.
fn address_of(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| {
            entry
                .parse::<std::net::SocketAddr>()
                .ok()
                .map(|address| address.ip())
        })
        .map(|address| address.to_canonical())
}

/// Loopback, RFC 1918, RFC 6598 and RFC 4193: where a peer inside a hosting network lives.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private()
                || address.is_loopback()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn without_trust_the_peer_is_the_client_whatever_it_says() {
        assert_eq!(
            TrustedProxies::None.client(ip("10.0.0.1"), &["203.0.113.9"]),
            ip("10.0.0.1")
        );
        let proxies = TrustedProxies::parse("192.0.2.0/24").unwrap();
        assert_eq!(
            proxies.client(ip("198.51.100.1"), &["203.0.113.9"]),
            ip("198.51.100.1")
        );
    }

    #[test]
    fn the_rightmost_untrusted_entry_is_the_client() {
        let proxies = TrustedProxies::parse("10.0.0.0/8, 192.0.2.7").unwrap();
        let client = |lines: &[&str]| proxies.client(ip("10.0.0.1"), lines);
        assert_eq!(
            client(&["6.6.6.6, 203.0.113.9, 192.0.2.7"]),
            ip("203.0.113.9")
        );
        assert_eq!(
            client(&["6.6.6.6", "203.0.113.9, 10.1.1.1"]),
            ip("203.0.113.9")
        );
        assert_eq!(client(&["203.0.113.9:4711"]), ip("203.0.113.9"));
        assert_eq!(client(&["nonsense"]), ip("10.0.0.1"));
        assert_eq!(client(&["6.6.6.6, nonsense, 10.2.2.2"]), ip("10.2.2.2"));
        assert_eq!(client(&[]), ip("10.0.0.1"));
    }

    #[test]
    fn on_render_the_second_entry_from_the_right_counts_and_only_from_a_private_peer() {
        let client = |peer, lines: &[&str]| TrustedProxies::Render.client(ip(peer), lines);
        assert_eq!(
            client("10.1.2.3", &["6.6.6.6, 203.0.113.9, 172.68.1.1"]),
            ip("203.0.113.9")
        );
        assert_eq!(
            client("203.0.113.50", &["1.2.3.4, 172.68.1.1"]),
            ip("203.0.113.50")
        );
        assert_eq!(client("10.1.2.3", &["172.68.1.1"]), ip("10.1.2.3"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_owner() {
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(network(ip("192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(network(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
    }

    #[test]
    fn a_mapped_address_is_the_one_it_maps() {
        let proxies = TrustedProxies::parse("10.0.0.0/8").unwrap();
        assert_eq!(
            proxies.client(ip("::ffff:10.0.0.1"), &["203.0.113.9"]),
            ip("203.0.113.9")
        );
    }
}
