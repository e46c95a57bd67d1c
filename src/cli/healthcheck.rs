//! `oc-lettings healthcheck`: is the server on `$PORT` ready? For the image, which has no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, Result};

/// Render gives a health check five seconds.
const PATIENCE: Duration = Duration::from_secs(4);

pub(super) fn run(config: &Config) -> Result<ExitCode> {
    let address = reachable(config.listen);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let status = agent
        .get(format!("http://{address}/readyz"))
        .call()
        .map(|response| response.status().as_u16());
    match status {
        Ok(200) => {
            super::say(format_args!("http://{address}/readyz: ready")).map(|()| ExitCode::SUCCESS)
        }
        Ok(status) => Err(Error::Refused(format!(
            "http://{address}/readyz answers {status}: see the server's log"
        ))),
        Err(error) => Err(Error::Refused(format!(
            "http://{address}/readyz does not answer ({error}): is the server running on this port?"
        ))),
    }
}

/// A server that listens everywhere is asked on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listen.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(Ipv6Addr::LOCALHOST.into(), listen.port())
        }
        _ => listen,
    }
}
