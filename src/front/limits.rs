//! How long a client may take and how much of the server it may hold, each number with its reason.
//!
//! The times are kept by `front/clock.rs`, the numbers of connections by `front/seats.rs`.

use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};

/// File descriptors that are not for connections: the database's, the log's, a backup's, a file that is sent.
const KEPT_BACK: u64 = 256;
/// More connections than any lettings agency has visitors; at rest they take some 40 MB.
const MOST_CONNECTIONS: usize = 16_384;
/// The most from one address: an office or a mobile carrier's gateway, with some 170 browsers of six connections each.
const MOST_OF_A_PEER: usize = 1_024;

/// What a client is allowed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until the first byte of a new connection: browsers open some on suspicion and use them within seconds.
    pub first_byte: Duration,
    /// From the first byte of a request's head to its end. A head is one packet or a few.
    pub head: Duration,
    /// Between an answer and the next request: longer than a visitor takes from a page to its pictures, shorter than
    /// proxies need to miss it.
    pub idle: Duration,
    /// How long a client may not send what it announced, or not read what it asked for, while we wait for it.
    pub stall: Duration,
    /// How slowly it may do so.
    pub pace: Pace,
    /// For the end, so that nobody waits in vain for the last answer; Render kills 30 seconds after it asked, and the last
    /// events for Sentry have to go out as well.
    pub grace: Duration,
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address, or of one network of IPv6. Trusted proxies may have all.
    pub of_a_peer: usize,
    /// Requests of one client behind a trusted proxy that are answered at once: several pages with all that is on them.
    pub of_a_client: usize,
}

/// The slowest that a client may be: so long for nothing, and then so many bytes a second.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Waited for without a word.
    pub free: Duration,
    /// Bytes a second on the average: a tenth of the slowest telephone line that is still in use.
    pub rate: u64,
}

impl Limits {
    /// What fits most processes; how many connections depends on the file descriptors, see [`Limits::of_this_process`].
    pub const STANDARD: Self = Self {
        first_byte: Duration::from_secs(10),
        head: Duration::from_secs(10),
        idle: Duration::from_secs(30),
        stall: Duration::from_secs(30),
        pace: Pace {
            free: Duration::from_secs(10),
            rate: 500,
        },
        grace: Duration::from_secs(20),
        connections: MOST_CONNECTIONS,
        of_a_peer: MOST_OF_A_PEER,
        of_a_client: 64,
    };

    /// Raises this process's limit of file descriptors as far as it may, and fits the connections into it.
    pub fn of_this_process() -> Self {
        Self::STANDARD.with_descriptors(raise_descriptors())
    }

    fn with_descriptors(self, descriptors: u64) -> Self {
        let free = descriptors.saturating_sub(KEPT_BACK).max(descriptors / 2);
        let connections = usize::try_from(free)
            .unwrap_or(usize::MAX)
            .clamp(1, self.connections);
        Self {
            connections,
            // However few there are, one address does not get them all.
            of_a_peer: self.of_a_peer.min(connections.div_ceil(4)),
            ..self
        }
    }
}

/// The soft limit is for programs that still use `select`; the hard one is what the operator means.
fn raise_descriptors() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    let reached = match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.current,
        Err(error) => {
            log::warn!("the limit of open files stays as it is: {error}");
            before
        }
    };
    reached.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_file_descriptors_and_one_peer_never_gets_them_all() {
        let fitted = |descriptors| {
            let limits = Limits::STANDARD.with_descriptors(descriptors);
            (limits.connections, limits.of_a_peer)
        };
        assert_eq!(fitted(u64::MAX), (16_384, 1_024));
        assert_eq!(fitted(4_096), (3_840, 960));
        assert_eq!(fitted(1_024), (768, 192));
        assert_eq!(fitted(64), (32, 8));
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        let limits = Limits::of_this_process();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert!(limits.connections >= 1);
    }
}
