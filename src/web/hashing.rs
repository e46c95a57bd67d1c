//! Where passwords are hashed: a few at a time, so that sign-ins can take neither all processors nor all memory.
//!
//! How a password is hashed is in `password.rs`, who may try again in `web/throttle.rs`.

use std::panic::resume_unwind;
use std::sync::Arc;

use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};
use rocket::tokio::task::spawn_blocking;

use crate::telemetry;

/// How many run at once.
const PLACES: u32 = 2;
/// How many may wait for a place: at some 50 ms each, the last of them waits less than a second.
const WAITING: usize = 16;
/// What needs more memory than this takes all places.
const LARGE_KIB: u32 = 64 * 1024;

/// The places where passwords are hashed, and the queue before them.
pub struct Hashing {
    places: Arc<Semaphore>,
    queue: Semaphore,
}

/// So many are waiting already that one more would wait too long; the visitor should come back in a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Default for Hashing {
    fn default() -> Self {
        Self::new()
    }
}

impl Hashing {
    /// All places free.
    pub fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES as usize)),
            queue: Semaphore::new(WAITING),
        }
    }

    /// Does the work on a thread for such work as soon as there is a place. `memory_kib` is what it will need
    /// ([`crate::password::memory_kib`]).
    ///
    /// Once begun, the work is finished and keeps its place even if nobody waits for it any more.
    pub async fn run<T: Send + 'static>(
        &self,
        memory_kib: u32,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Full> {
        let taken = if memory_kib > LARGE_KIB { PLACES } else { 1 };
        let place = self.place(taken).await?;
        let work = telemetry::carried(move || {
            let _place = place;
            work()
        });
        match spawn_blocking(work).await {
            Ok(answer) => Ok(answer),
            // A panic goes on where it was asked for; anything else is the end of the program.
            Err(error) => error
                .try_into_panic()
                .map_or(Err(Full), |panic| resume_unwind(panic)),
        }
    }

    /// Waits in the queue, unless there is a place at once. Places are given in the order of asking.
    async fn place(&self, taken: u32) -> Result<OwnedSemaphorePermit, Full> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_many_owned(taken) {
            return Ok(place);
        }
        let _waiting = self.queue.try_acquire().map_err(|_| Full)?;
        Arc::clone(&self.places)
            .acquire_many_owned(taken)
            .await
            .map_err(|_| Full)
    }
}
