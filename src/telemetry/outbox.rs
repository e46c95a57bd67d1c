//! The way to Sentry: a short queue, a thread that empties it, and a count of what did not go out.
//!
//! Sentry's own transport does not tell what it drops, and its end waits for as long as the queue has no room. Here
//! nobody ever waits but for the farewell, which has a limit. How often Sentry wants to be left alone is worked out by
//! Sentry's crate; the post itself is in `telemetry/post.rs`.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use sentry::client_report::{Reason, Recorder};
use sentry::protocol::EnvelopeItem;
use sentry::transports::{RateLimiter, RateLimitingCategory};
use sentry::{Envelope, Transport, TransportFactory, TransportOptions};

use super::post::{Answer, Post};

/// So many envelopes wait; a burst of errors says nothing new after that.
const ROOM: usize = 100;
/// So many before requests that are traced find no room any more; the rest is for errors.
const ROOM_FOR_TRACES: usize = 50;
/// What was dropped is worth a line a minute.
const EVERY: Duration = Duration::from_mins(1);

/// Makes the way.
pub(super) struct Outbox;

impl TransportFactory for Outbox {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let (sender, queue) = sync_channel(ROOM);
        let post = Post::to(&options.dsn);
        let state = Arc::new(State {
            recorder: options.client_report_recorder,
            counts: Mutex::default(),
            emptied: Condvar::new(),
        });
        let shared = Arc::clone(&state);
        let started = thread::Builder::new()
            .name("sentry".to_owned())
            .spawn(move || empty(&queue, &post, &shared));
        if let Err(error) = started {
            log::warn!("events are not sent to Sentry, its thread cannot be started: {error}");
        }
        Arc::new(Queue { sender, state })
    }
}

/// Where envelopes are put.
struct Queue {
    sender: SyncSender<Envelope>,
    state: Arc<State>,
}

/// What the queue and its thread both know.
struct State {
    recorder: Recorder,
    counts: Mutex<Counts>,
    /// Told when nothing is waiting any more.
    emptied: Condvar,
}

#[derive(Default)]
struct Counts {
    waiting: usize,
    lost: u64,
    why: String,
    said: Option<Instant>,
}

impl Transport for Queue {
    fn send_envelope(&self, envelope: Envelope) {
        let room = match category(&envelope) {
            RateLimitingCategory::Transaction => ROOM_FOR_TRACES,
            _ => ROOM,
        };
        let waiting = {
            let mut counts = self.state.counts();
            counts.waiting += 1;
            counts.waiting
        };
        let refused = if waiting > room {
            Some(envelope)
        } else {
            match self.sender.try_send(envelope) {
                Ok(()) => None,
                Err(TrySendError::Full(envelope) | TrySendError::Disconnected(envelope)) => {
                    Some(envelope)
                }
            }
        };
        if let Some(envelope) = refused {
            self.state
                .lost(&envelope, Some(Reason::QueueOverflow), "too many at once");
        }
    }

    fn flush(&self, patience: Duration) -> bool {
        let waited =
            self.state
                .emptied
                .wait_timeout_while(self.state.counts(), patience, |counts| counts.waiting > 0);
        let (counts, _) = waited.unwrap_or_else(PoisonError::into_inner);
        counts.waiting == 0
    }

    fn shutdown(&self, patience: Duration) -> bool {
        let is_empty = self.flush(patience);
        self.state.say_at_last();
        is_empty
    }
}

impl State {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sent(&self) {
        self.left(&mut self.counts());
    }

    /// Counts what did not go out. Sentry is told of it with the next that does, unless it knows already.
    fn lost(&self, envelope: &Envelope, reason: Option<Reason>, why: &str) {
        if let Some(reason) = reason {
            self.recorder.record_lost_data(envelope, reason);
        }
        let mut counts = self.counts();
        counts.lost += 1;
        why.clone_into(&mut counts.why);
        self.left(&mut counts);
    }

    fn left(&self, counts: &mut Counts) {
        counts.waiting -= 1;
        if counts.waiting == 0 {
            self.emptied.notify_all();
        }
    }

    /// Says what was lost, now and then.
    fn say(&self) {
        let counts = self.counts();
        if counts.said.is_none_or(|said| said.elapsed() >= EVERY) {
            say(counts);
        }
    }

    /// Says what was lost, with what is still waiting and will never go.
    fn say_at_last(&self) {
        let mut counts = self.counts();
        if counts.waiting > 0 {
            counts.lost += counts.waiting as u64;
            "it took too long".clone_into(&mut counts.why);
        }
        say(counts);
    }
}

fn say(mut counts: MutexGuard<'_, Counts>) {
    let lost = std::mem::take(&mut counts.lost);
    if lost == 0 {
        return;
    }
    let why = std::mem::take(&mut counts.why);
    counts.said = Some(Instant::now());
    // Whatever the log does with the line, it finds nothing locked here.
    drop(counts);
    let events = if lost == 1 { "event" } else { "events" };
    log::warn!(lost; "Sentry did not take {lost} {events}: {why}");
}

/// Takes from the queue until nobody can put anything into it any more.
fn empty(queue: &Receiver<Envelope>, post: &Post, state: &State) {
    let mut limits = RateLimiter::new();
    loop {
        match queue.recv_timeout(EVERY) {
            Ok(envelope) => send(&envelope, post, &mut limits, state),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        state.say();
    }
}

fn send(envelope: &Envelope, post: &Post, limits: &mut RateLimiter, state: &State) {
    if limits.is_disabled(category(envelope)).is_some() {
        state.lost(
            envelope,
            Some(Reason::RatelimitBackoff),
            "it asked for a pause",
        );
        return;
    }
    match post.send(envelope) {
        Ok(answer) => {
            heed(&answer, limits);
            match answer.status {
                200..=299 => state.sent(),
                // Whoever says this has counted it already.
                429 => state.lost(envelope, None, "it asked for a pause"),
                status => state.lost(
                    envelope,
                    Some(Reason::SendError),
                    &format!("it answered {status}"),
                ),
            }
        }
        Err(error) => state.lost(envelope, Some(Reason::NetworkError), &error.to_string()),
    }
}

/// How long Sentry wants to be left alone, where it says so.
fn heed(answer: &Answer, limits: &mut RateLimiter) {
    let header = |name: &str| answer.headers.get(name)?.to_str().ok();
    if let Some(header) = header("x-sentry-rate-limits") {
        limits.update_from_sentry_header(header);
    } else if let Some(header) = header("retry-after") {
        limits.update_from_retry_after(header);
    } else if answer.status == 429 {
        limits.update_from_429();
    }
}

/// What Sentry counts an envelope as; each of ours holds one thing.
fn category(envelope: &Envelope) -> RateLimitingCategory {
    match envelope.items().next() {
        Some(EnvelopeItem::Event(_)) => RateLimitingCategory::Error,
        Some(EnvelopeItem::Transaction(_)) => RateLimitingCategory::Transaction,
        Some(EnvelopeItem::SessionAggregates(_)) => RateLimitingCategory::Session,
        _ => RateLimitingCategory::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentry::protocol::{Event, Transaction};

    #[test]
    fn errors_find_room_where_traces_do_not() {
        let (sender, queue) = sync_channel(ROOM);
        let outbox = Queue {
            sender,
            state: Arc::new(State {
                recorder: Recorder::default(),
                counts: Mutex::default(),
                emptied: Condvar::new(),
            }),
        };
        for _ in 0..ROOM {
            let mut envelope = Envelope::new();
            envelope.add_item(Transaction::default());
            outbox.send_envelope(envelope);
        }
        assert_eq!(outbox.state.counts().lost, 50);
        for _ in 0..ROOM {
            outbox.send_envelope(Event::default().into());
        }
        assert_eq!(outbox.state.counts().lost, 100);
        let kinds = queue.try_iter().map(|envelope| envelope.event().is_some());
        assert_eq!(kinds.filter(|is_error| *is_error).count(), 50);
    }
}
