//! Saying a thing now and then, however often it happens.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets one of many through in a given time and counts the others.
pub struct Seldom {
    every: Duration,
    state: Mutex<(Option<Instant>, u64)>,
}

impl Seldom {
    /// One in this time.
    pub const fn every(every: Duration) -> Self {
        Self {
            every,
            state: Mutex::new((None, 0)),
        }
    }

    /// Whether it is time to say it, and if so how often it was not said since.
    pub fn now(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.0 {
            Some(last) if last.elapsed() < self.every => {
                state.1 += 1;
                None
            }
            _ => Some(std::mem::replace(&mut *state, (Some(Instant::now()), 0)).1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_let_through_and_the_others_are_counted() {
        let seldom = Seldom::every(Duration::from_hours(1));
        assert_eq!(
            (seldom.now(), seldom.now(), seldom.now()),
            (Some(0), None, None)
        );
        let often = Seldom::every(Duration::ZERO);
        assert_eq!((often.now(), often.now()), (Some(0), Some(0)));
    }
}
