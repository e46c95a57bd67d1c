//! The way of log lines to standard output: a buffer, and a thread that writes what is in it in one go.
//!
//! A request pays for handing a line over, not for writing it, and a log that nobody reads any more holds up no
//! request: what finds no room is dropped and counted. A line after a pause is written at once; those that follow are
//! gathered for some milliseconds, for to wake a thread and write a line each costs more than to answer from the cache.
//! Whoever must not lose a line waits until it is written.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// So many bytes wait, some thousand lines.
const ROOM: usize = 1024 * 1024;
/// What a burst needed beyond this is given back.
const USUAL: usize = 64 * 1024;
/// For so long lines are gathered after others were written.
const GATHERING: Duration = Duration::from_millis(5);
/// How long somebody waits for what was logged to be written, where nobody reads it any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes lines and has them written.
pub(super) struct Writer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Told when there is something to do and the thread waits for it.
    filled: Condvar,
    /// Told when everything is written.
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    dropped: u64,
    /// Whether the thread waits for lines; then all that it took before is written.
    is_idle: bool,
    /// Whether somebody waits until all is written, so that nothing is gathered.
    is_urgent: bool,
    is_over: bool,
}

impl Writer {
    /// Starts the thread. `complain` makes the line that says how many were dropped.
    pub(super) fn start(complain: impl Fn(u64) -> Vec<u8> + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                let mut piece = Vec::new();
                while let Some(dropped) = own.next(&mut piece) {
                    if dropped > 0 {
                        piece.extend(complain(dropped));
                    }
                    // A log that cannot be written has nowhere to complain.
                    let _ = io::stdout().lock().write_all(&piece);
                    own.gather();
                }
            })?;
        Ok(Self(shared))
    }

    pub(super) fn take(&self, line: &[u8]) {
        let mut state = self.0.state();
        if state.waiting.len() + line.len() > ROOM {
            state.dropped += 1;
        } else {
            state.waiting.extend_from_slice(line);
        }
        self.0.wake(state);
    }

    /// Waits until all is written that was taken before.
    pub(super) fn flush(&self) {
        let mut state = self.0.state();
        state.is_urgent = true;
        self.0.filled.notify_one();
        let is_busy = |state: &mut State| !state.is_idle || state.has_work();
        // It may take too long, and then the rest is lost.
        let _ = self.0.written.wait_timeout_while(state, PATIENCE, is_busy);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.filled.notify_one();
    }
}

impl State {
    fn has_work(&self) -> bool {
        !self.waiting.is_empty() || self.dropped > 0
    }
}

impl Shared {
    /// Nothing that panics runs behind the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waking a thread costs more than a line; one that writes or gathers looks again by itself.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if std::mem::take(&mut state.is_idle) {
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Lets lines come together for a while, unless they are waited for.
    fn gather(&self) {
        let may_wait = |state: &mut State| !state.is_urgent && !state.is_over;
        let _ = self
            .filled
            .wait_timeout_while(self.state(), GATHERING, may_wait);
    }

    /// Takes over what waits to be written, and tells how many lines found no room after it; nothing once nobody can log
    /// any more.
    fn next(&self, piece: &mut Vec<u8>) -> Option<u64> {
        piece.clear();
        piece.shrink_to(USUAL);
        let mut state = self.state();
        while !state.has_work() {
            if state.is_over {
                return None;
            }
            state.is_idle = true;
            state.is_urgent = false;
            self.written.notify_all();
            let woken = self.filled.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state.is_idle = false;
        std::mem::swap(&mut state.waiting, piece);
        Some(std::mem::take(&mut state.dropped))
    }
}
