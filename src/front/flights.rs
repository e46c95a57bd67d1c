//! How many requests of one client are being answered: behind a proxy it is the client who counts, not the connection.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The requests that are being answered, by who asked.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<IpAddr, usize>>);

/// One of them, until it is dropped.
pub(super) struct Flight {
    flights: Arc<Flights>,
    client: IpAddr,
}

impl Flights {
    /// One more of this client; nothing when it has as many already.
    pub(super) fn begin(self: &Arc<Self>, client: IpAddr, most: usize) -> Option<Flight> {
        let mut flights = self.lock();
        let count = flights.entry(client).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Flight {
            flights: Arc::clone(self),
            client,
        })
    }

    /// Nothing that panics runs behind this lock.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        if let Some(count) = flights.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                flights.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_makes_room_and_is_forgotten() {
        let flights = Arc::new(Flights::default());
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let first = flights.begin(one, 2);
        let second = flights.begin(one, 2);
        assert!(first.is_some() && second.is_some());
        assert!(flights.begin(one, 2).is_none() && flights.begin(other, 2).is_some());
        drop(first);
        assert!(flights.begin(one, 2).is_some());
        drop(second);
        assert!(flights.lock().is_empty());
    }
}
