//! Under which host names the site answers.
//!
//! The rule is Django's `ALLOWED_HOSTS`: exact names, `.example.com` for a domain with its sub-domains, `*` for all;
//! letter case, a port and one dot at the end do not matter. The request's side of it is in `web/gate.rs`.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

/// The names that may stand in a request's `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// A comma list of names and patterns.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let patterns: Vec<String> = text
            .split(',')
            .map(|pattern| pattern.trim().to_ascii_lowercase())
            .filter(|pattern| !pattern.is_empty())
            .collect();
        let fits = |pattern: &String| {
            pattern == "*"
                || host_of(pattern.strip_prefix('.').unwrap_or(pattern))
                    .is_some_and(|host| pattern.ends_with(&*host))
        };
        if patterns.is_empty() || !patterns.iter().all(fits) {
            return Err(
                "host names without scheme and port, separated by commas, such as www.example.com, .example.com or *",
            );
        }
        Ok(Self(patterns))
    }

    /// Adds a name that another setting brings along.
    pub fn add(&mut self, name: Option<&str>) {
        let name = name
            .map(str::to_ascii_lowercase)
            .filter(|name| !name.is_empty() && !self.0.contains(name));
        self.0.extend(name);
    }

    /// Whether every name is allowed.
    pub fn allow_all(&self) -> bool {
        self.0.iter().any(|pattern| pattern == "*")
    }

    /// Whether this host, in lower case and without its port, is one of ours.
    pub fn allow(&self, host: &str) -> bool {
        self.0
            .iter()
            .any(|pattern| match pattern.strip_prefix('.') {
                _ if pattern == "*" => true,
                Some(domain) => {
                    host == domain
                        || host
                            .strip_suffix(domain)
                            .is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
                }
                None => host == pattern,
            })
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// The host of a `Host` header (RFC 9110, section 7.2) in lower case, without port and final dot; nothing when the
/// header is no host at all.
pub fn host_of(header: &str) -> Option<Cow<'_, str>> {
    let is_v6 = header.starts_with('[');
    let end = if is_v6 {
        header.find(']')? + 1
    } else {
        header.find(':').unwrap_or(header.len())
    };
    let (host, rest) = header.split_at(end);
    let port = if rest.is_empty() {
        ""
    } else {
        rest.strip_prefix(':')?
    };
    if port.len() > 5 || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let host = if is_v6 {
        host[1..host.len() - 1].parse::<Ipv6Addr>().ok()?;
        host
    } else {
        let host = host.strip_suffix('.').unwrap_or(host);
        if host.len() > 253 || !host.split('.').all(is_label) {
            return None;
        }
        host
    };
    Some(if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        host.to_ascii_lowercase().into()
    } else {
        host.into()
    })
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn port_case_and_final_dot_do_not_matter() {
        for header in [
            "Example.com",
            "example.com:8000",
            "EXAMPLE.COM.",
            "example.com.:443",
            "example.com:",
        ] {
            assert_eq!(host_of(header).as_deref(), Some("example.com"), "{header}");
        }
        assert_eq!(host_of("[::1]:8000").as_deref(), Some("[::1]"));
    }

    #[test]
    fn what_is_no_host_is_none() {
        for header in [
            "",
            " ",
            "a b",
            "exa mple.com",
            "example.com:80a",
            "user@example.com",
            "a/b",
            "[::1",
            "[x]",
            "..",
            "a..b",
            "example.com:123456",
        ] {
            assert_eq!(host_of(header), None, "{header:?}");
        }
    }

    #[test]
    fn a_leading_dot_matches_the_domain_and_what_is_below_it_only() {
        let hosts = Hosts::parse(".example.com, exact.org").unwrap();
        assert!(
            hosts.allow("example.com")
                && hosts.allow("www.example.com")
                && hosts.allow("exact.org")
        );
        assert!(
            !hosts.allow("badexample.com") && !hosts.allow("www.exact.org") && !hosts.allow("com")
        );
    }

    #[test]
    fn an_address_with_scheme_or_port_is_no_pattern() {
        for text in [
            "https://example.com",
            "example.com:80",
            "a b",
            ",",
            "*.example.com",
        ] {
            assert!(Hosts::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_a_clean_host_or_none(header in ".*") {
            if let Some(host) = host_of(&header) {
                prop_assert!(host.bytes().all(|byte| !byte.is_ascii_uppercase() && !byte.is_ascii_whitespace() && byte != b'/'));
                prop_assert_eq!(host_of(&host), Some(host.clone()));
            }
        }
    }
}
