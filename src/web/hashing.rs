//! Where passwords are hashed: a few at a time, so that sign-ins can take neither all processors nor all memory.
//!
//! How a password is hashed is in `password.rs`, who may try again in `web/throttle.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread::spawn;

use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use rustix::process::setpriority_process;

use crate::error::Error;
use crate::{password, telemetry};

/// How far a hash steps back behind everything else (nice(2); on Linux the value is the thread's own).
const POLITE: i32 = 10;
/// How many run at once.
const PLACES: u32 = 2;
/// How many may wait for a place: at some 50 ms for each of our own hashes, the last of them waits half a second.
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
        let (sender, receiver) = oneshot::channel();
        // A thread of its own, because it lowers its priority and could not raise it again: pages go first.
        spawn(move || {
            let _ = setpriority_process(None, POLITE);
            // Nobody may be waiting any more; then the answer is forgotten.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        });
        match receiver.await {
            Ok(Ok(answer)) => Ok(answer),
            // A panic goes on where it was asked for; without an answer the program is ending.
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Full),
        }
    }

    /// Hashes a new password, where there is room for it.
    pub async fn hash(&self, plain: String) -> Result<String, Error> {
        self.run(0, move || password::hash(&plain))
            .await
            .map_err(|_| Error::Busy)?
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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::{Context, Poll, Waker};

    use super::*;

    const SMALL: u32 = 19_456;
    const LARGE: u32 = 100 * 1024;

    type Running<'a> = Pin<Box<dyn Future<Output = Result<&'static str, Full>> + 'a>>;

    /// Work that says that it has begun and goes on until it is told to end.
    struct Held {
        begun: Receiver<()>,
        end: Sender<()>,
    }

    fn held(hashing: &Hashing, memory_kib: u32) -> (Held, Running<'_>) {
        let (has_begun, begun) = channel();
        let (end, ended) = channel::<()>();
        let work = move || {
            let _ = has_begun.send(());
            let _ = ended.recv();
            "done"
        };
        (Held { begun, end }, Box::pin(hashing.run(memory_kib, work)))
    }

    /// Asks once, without waiting.
    fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[rocket::async_test]
    async fn two_run_at_once_and_the_third_waits_for_the_first_to_end() {
        let hashing = Hashing::new();
        let (first, mut first_running) = held(&hashing, SMALL);
        let (second, mut second_running) = held(&hashing, SMALL);
        let (third, mut third_running) = held(&hashing, SMALL);
        assert!(poll(first_running.as_mut()).is_pending());
        assert!(poll(second_running.as_mut()).is_pending());
        first.begun.recv().unwrap();
        second.begun.recv().unwrap();
        assert!(poll(third_running.as_mut()).is_pending());
        assert!(third.begun.try_recv().is_err());
        drop((first.end, third.end));
        assert_eq!(first_running.await, Ok("done"));
        assert_eq!(third_running.await, Ok("done"));
        drop(second.end);
        assert_eq!(second_running.await, Ok("done"));
    }

    #[rocket::async_test]
    async fn a_hash_that_needs_much_memory_runs_alone() {
        let hashing = Hashing::new();
        let (large, mut large_running) = held(&hashing, LARGE);
        assert!(poll(large_running.as_mut()).is_pending());
        large.begun.recv().unwrap();
        let (small, mut small_running) = held(&hashing, SMALL);
        let (second, mut second_running) = held(&hashing, LARGE);
        assert!(poll(small_running.as_mut()).is_pending());
        assert!(poll(second_running.as_mut()).is_pending());
        assert!(small.begun.try_recv().is_err());
        drop((large.end, second.end));
        assert_eq!(large_running.await, Ok("done"));
        // The small one, asked for earlier, holds one place: the second large one waits for it.
        assert!(poll(small_running.as_mut()).is_pending());
        small.begun.recv().unwrap();
        assert!(poll(second_running.as_mut()).is_pending());
        drop(small.end);
        assert_eq!(small_running.await, Ok("done"));
        assert_eq!(second_running.await, Ok("done"));
    }

    #[rocket::async_test]
    async fn beyond_sixteen_waiting_the_answer_is_full_at_once() {
        let hashing = Hashing::new();
        let mut running: Vec<_> = (0..18).map(|_| held(&hashing, SMALL)).collect();
        for (_, running) in &mut running {
            assert!(poll(running.as_mut()).is_pending());
        }
        let (_, mut one_more) = held(&hashing, SMALL);
        assert_eq!(poll(one_more.as_mut()), Poll::Ready(Err(Full)));
        // One that no longer waits, as when a visitor goes away, leaves its place in the queue to another.
        drop(running.pop());
        let (held_after, mut after) = held(&hashing, SMALL);
        assert!(poll(after.as_mut()).is_pending());
        drop(held_after);
        for (held, running) in running {
            drop(held);
            assert_eq!(running.await, Ok("done"));
        }
        assert_eq!(after.await, Ok("done"));
    }

    #[rocket::async_test]
    async fn what_was_begun_keeps_its_place_when_nobody_waits_for_it() {
        let hashing = Hashing::new();
        let (left, mut left_running) = held(&hashing, LARGE);
        assert!(poll(left_running.as_mut()).is_pending());
        left.begun.recv().unwrap();
        drop(left_running);
        let mut next = pin!(hashing.run(SMALL, || "next"));
        assert!(poll(next.as_mut()).is_pending());
        drop(left);
        assert_eq!(next.await, Ok("next"));
    }

    #[rocket::async_test]
    async fn a_panic_goes_on_where_the_work_was_asked_for_and_frees_the_place() {
        let hashing = Arc::new(Hashing::new());
        let asked = Arc::clone(&hashing);
        let task =
            rocket::tokio::spawn(async move { asked.run(LARGE, || panic!("on purpose")).await });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(hashing.run(LARGE, || "next").await, Ok("next"));
    }
}
