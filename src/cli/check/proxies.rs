//! Whose word about clients and about HTTPS is believed, and what becomes of cookies then.

use super::{Finding, error, warning};
use crate::config::Config;
use crate::config::proxies::TrustedProxies;

/// What only matters where others can reach the site.
pub(super) fn judge(config: &Config, findings: &mut Vec<Finding>) {
    let is_public = config.site_url.as_ref().map(ToString::to_string);
    let has_tls = is_public.is_some_and(|url| url.starts_with("https://"));
    match &config.trusted_proxies {
        // TLS ends somewhere before us, and whoever ends it is not asked.
        TrustedProxies::None if has_tls => findings.push(error(
            "TRUSTED_PROXIES is not set, though SITE_URL is https: all clients look like one, and cookies are not marked Secure",
            "set it to the address of the proxy that ends TLS",
        )),
        TrustedProxies::None if config.listen.ip().is_unspecified() => findings.push(warning(
            "TRUSTED_PROXIES is not set: behind a proxy all clients look like one, and cookies are not marked Secure",
            "set it to the proxy's address if there is one",
        )),
        TrustedProxies::Render if !config.on_render => findings.push(warning(
            "TRUSTED_PROXIES is render, and this is not Render: every private address is believed",
            "set it to the proxy's address",
        )),
        TrustedProxies::Networks(networks)
            if networks.iter().any(|network| network.prefix_len() == 0) =>
        {
            findings.push(error(
                "TRUSTED_PROXIES trusts the whole internet: anybody can pretend to be any client, and to have come by HTTPS",
                "set it to the proxy's address",
            ));
        }
        _ => {}
    }
}
