//! Who is connected, and who makes room when all places are taken.
//!
//! At a limit the connection goes that is missed least: one on its way out, else the one that did nothing for the longest
//! time (HTTP allows it at any time, and clients come back), else the slowest head. Only when every place is at work is
//! the new one refused. An address that has all it may have makes room for itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::StatusCode;
use rocket::tokio::task::{AbortHandle, Id};

use super::clock::Clock;
use super::limits::Limits;

/// The connections that are open.
#[derive(Default)]
pub(super) struct Seats {
    taken: HashMap<Id, Seat>,
    by_network: HashMap<IpAddr, Vec<Id>>,
}

struct Seat {
    clock: Arc<Clock>,
    task: AbortHandle,
    network: Option<IpAddr>,
}

impl Seats {
    /// Makes room for one more, or says with which status it is refused. A network is where untrusted peers come from;
    /// without one only the number of all counts.
    pub(super) fn make_room(
        &mut self,
        network: Option<IpAddr>,
        limits: &Limits,
    ) -> Result<(), StatusCode> {
        let of_it = network.and_then(|network| self.by_network.get(&network));
        if let Some(ids) = of_it.filter(|ids| ids.len() >= limits.of_a_peer) {
            let seats = ids.iter().filter_map(|id| Some((*id, self.taken.get(id)?)));
            let freed = free_one(seats).ok_or(StatusCode::TOO_MANY_REQUESTS)?;
            self.leave(freed);
        }
        if self.taken.len() >= limits.connections {
            let freed = free_one(self.taken.iter().map(|(id, seat)| (*id, seat)))
                .ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
            self.leave(freed);
        }
        Ok(())
    }

    /// A connection has begun.
    pub(super) fn take(&mut self, task: AbortHandle, clock: Arc<Clock>, network: Option<IpAddr>) {
        let id = task.id();
        if let Some(network) = network {
            self.by_network.entry(network).or_default().push(id);
        }
        self.taken.insert(
            id,
            Seat {
                clock,
                task,
                network,
            },
        );
    }

    /// A connection has ended.
    pub(super) fn leave(&mut self, id: Id) {
        let network = self.taken.remove(&id).and_then(|seat| seat.network);
        let Some(network) = network else { return };
        if let Some(ids) = self.by_network.get_mut(&network) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_network.remove(&network);
            }
        }
    }
}

/// Ends the connection that is missed least, if there is one.
fn free_one<'s>(seats: impl Iterator<Item = (Id, &'s Seat)>) -> Option<Id> {
    let spare = |(id, seat): (Id, &'s Seat)| Some((seat.clock.spare()?, id, seat));
    let (_, id, seat) = seats.filter_map(spare).max_by_key(|(spare, ..)| *spare)?;
    // A request that comes at this very moment keeps its connection, and the new one has bad luck.
    seat.clock.close().then(|| seat.task.abort())?;
    Some(id)
}
