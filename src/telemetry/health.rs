//! Release health: of the requests that a release answered, how many went well; Sentry calls each a session.
//!
//! Three counters, told once a minute. Sentry's crate would make a session with an id for every request and hold a lock
//! to add it to the same three numbers.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sentry::protocol::{SessionAggregateItem, SessionAggregates, SessionAttributes};

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Well; what a visitor does wrong is well too.
    Exited,
    /// It was answered, and something of ours went wrong on the way.
    Errored,
    /// The visitor got an error page instead of an answer.
    Crashed,
}

impl Outcome {
    pub(super) fn of(status: u16, errors: u32) -> Self {
        match status {
            500 => Self::Crashed,
            // A method that nobody knows.
            501 => Self::Exited,
            502.. => Self::Errored,
            _ if errors > 0 => Self::Errored,
            _ => Self::Exited,
        }
    }
}

/// The requests since the last time that they were told.
#[derive(Debug)]
pub(super) struct Health {
    exited: AtomicU32,
    errored: AtomicU32,
    crashed: AtomicU32,
    since: Mutex<SystemTime>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            exited: AtomicU32::new(0),
            errored: AtomicU32::new(0),
            crashed: AtomicU32::new(0),
            since: Mutex::new(SystemTime::now()),
        }
    }
}

impl Health {
    pub(super) fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Exited => &self.exited,
            Outcome::Errored => &self.errored,
            Outcome::Crashed => &self.crashed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What there is to tell, if there is anything; from here on it counts anew.
    pub(super) fn take(
        &self,
        release: String,
        environment: Option<Cow<'static, str>>,
    ) -> Option<SessionAggregates<'static>> {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let started = std::mem::replace(&mut *since, SystemTime::now());
        let take = |counter: &AtomicU32| counter.swap(0, Ordering::Relaxed);
        let (exited, errored, crashed) =
            (take(&self.exited), take(&self.errored), take(&self.crashed));
        if exited + errored + crashed == 0 {
            return None;
        }
        Some(SessionAggregates {
            aggregates: vec![SessionAggregateItem {
                started,
                distinct_id: None,
                exited,
                errored,
                abnormal: 0,
                crashed,
            }],
            attributes: SessionAttributes {
                release: release.into(),
                environment,
                ip_address: None,
                user_agent: None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_visitors_do_wrong_is_healthy_and_a_500_is_not() {
        assert_eq!(Outcome::of(200, 0), Outcome::Exited);
        assert_eq!(Outcome::of(404, 0), Outcome::Exited);
        assert_eq!(Outcome::of(501, 0), Outcome::Exited);
        assert_eq!(Outcome::of(200, 1), Outcome::Errored);
        assert_eq!(Outcome::of(503, 0), Outcome::Errored);
        assert_eq!(Outcome::of(500, 1), Outcome::Crashed);
    }

    #[test]
    fn a_request_is_told_once() {
        let health = Health::default();
        assert_eq!(health.take(String::new(), None), None);
        for outcome in [Outcome::Exited, Outcome::Exited, Outcome::Crashed] {
            health.count(outcome);
        }
        let told = health.take("oc-lettings@1+2".to_owned(), None).unwrap();
        assert_eq!(told.attributes.release, "oc-lettings@1+2");
        let [item] = &told.aggregates[..] else {
            panic!("{told:?}");
        };
        assert_eq!((item.exited, item.errored, item.crashed), (2, 0, 1));
        assert_eq!(health.take(String::new(), None), None);
    }
}
