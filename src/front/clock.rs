//! What a connection is doing and since when, and when that is too long.
//!
//! Every part of a connection writes here and the one who watches it reads: the socket (`front/socket.rs`), the bodies
//! (`front/body.rs`), the connection itself (`front/connection.rs`), and the table of all of them
//! (`front/seats.rs`), which may close one that does nothing. Nothing here waits or wakes anybody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rocket::tokio::time::Instant;

use super::limits::{Limits, Pace};

/// A head that takes longer than this is one of a very slow client, or of one that means to be.
const SLOW_HEAD: Duration = Duration::from_secs(1);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is open, and nothing came yet.
    Silent,
    /// A request's head is on its way.
    Head,
    /// A request is being answered.
    Answering,
    /// The answer needs more of the request's body.
    Body,
    /// The body came too slowly; whoever reads it is told so.
    Late,
    /// The answer is out, the next request has not begun.
    Idle,
    /// The last answer is out; what the client still sends is thrown away.
    Parting,
    /// Somebody else needs its place.
    Closing,
}

const PHASES: [Phase; 8] = [
    Phase::Silent,
    Phase::Head,
    Phase::Answering,
    Phase::Body,
    Phase::Late,
    Phase::Idle,
    Phase::Parting,
    Phase::Closing,
];

/// The clocks of one connection.
#[derive(Debug)]
pub(super) struct Clock {
    /// Moments are kept as microseconds since this one, which all connections share.
    origin: Instant,
    /// The phase in the lowest three bits and its beginning above them, so that both change at once.
    state: AtomicU64,
    coming: Passage,
    going: Passage,
    /// Whether anything of an answer may still be in our own buffers.
    unsent: AtomicBool,
    /// Whether an answer was given before the request's body was read to its end.
    unread: AtomicBool,
}

/// The bytes of one request or answer on their way, as far as we had to wait for them.
#[derive(Debug, Default)]
struct Passage {
    /// Since when we wait, plus one; zero while we do not.
    since: AtomicU64,
    /// How long we waited before, in microseconds.
    waited: AtomicU64,
    bytes: AtomicU64,
}

/// Why a connection is taken from who has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spare {
    /// Its head comes slowly.
    Slow,
    /// It does nothing.
    Idle,
    /// It is on its way out.
    Parting,
}

impl Clock {
    /// A new connection.
    pub(super) fn new(origin: Instant) -> Self {
        let clock = Self {
            origin,
            state: AtomicU64::new(0),
            coming: Passage::default(),
            going: Passage::default(),
            unsent: AtomicBool::new(false),
            unread: AtomicBool::new(false),
        };
        clock.enter(Phase::Silent);
        clock
    }

    pub(super) fn phase(&self) -> Phase {
        split(self.state.load(Relaxed)).0
    }

    /// Begins a phase now. A connection that is being closed stays so.
    pub(super) fn enter(&self, phase: Phase) -> bool {
        self.state
            .fetch_update(Relaxed, Relaxed, |state| {
                (split(state).0 != Phase::Closing).then(|| join(phase, self.now()))
            })
            .is_ok()
    }

    /// Bytes came. Whether the connection may go on.
    pub(super) fn received(&self) -> bool {
        match self.phase() {
            Phase::Silent | Phase::Idle => self.enter(Phase::Head),
            Phase::Closing => false,
            _ => true,
        }
    }

    /// A request's head is complete. Whether it may be answered.
    pub(super) fn asked(&self) -> bool {
        self.coming.reset();
        self.going.reset();
        self.enter(Phase::Answering)
    }

    /// More of a body is needed than is there.
    pub(super) fn awaits_body(&self) {
        if self.phase() == Phase::Answering && self.enter(Phase::Body) {
            self.coming.wait(self.now());
        }
    }

    /// More of a body is there.
    pub(super) fn body_came(&self, bytes: usize) {
        self.coming.moved(bytes, || self.now());
        if self.phase() == Phase::Body {
            self.enter(Phase::Answering);
        }
    }

    /// The request's body is not read to its end and never will be.
    pub(super) fn leaves_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// An answer has begun to go out, or its last piece was handed on.
    pub(super) fn sends(&self) {
        self.unsent.store(true, Relaxed);
    }

    /// Nothing of an answer is left with us.
    pub(super) fn sent(&self) {
        if self.unsent.swap(false, Relaxed) && self.phase() == Phase::Idle {
            self.enter(Phase::Idle);
        }
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.unsent.load(Relaxed)
    }

    /// The client takes no more bytes for now.
    pub(super) fn awaits_reader(&self) {
        self.going.wait(self.now());
    }

    /// The client took bytes.
    pub(super) fn taken(&self, bytes: usize) {
        self.going.moved(bytes, || self.now());
    }

    /// When what happens now will have taken too long; nothing while it is our turn.
    pub(super) fn due(&self, limits: &Limits) -> Option<Instant> {
        let (phase, since) = split(self.state.load(Relaxed));
        // Who does not take its answer is not asked for anything else.
        if let Some(due) = self.going.due(limits) {
            return Some(self.moment(due));
        }
        let allowed = match phase {
            Phase::Silent => limits.first_byte,
            Phase::Head => limits.head,
            Phase::Idle if self.has_unsent() => return None,
            Phase::Idle => limits.idle,
            Phase::Body => return self.coming.due(limits).map(|due| self.moment(due)),
            Phase::Answering | Phase::Late | Phase::Parting | Phase::Closing => return None,
        };
        Some(self.moment(since) + allowed)
    }

    /// Whether everything is answered and sent, and nothing follows for now.
    pub(super) fn is_at_rest(&self) -> bool {
        self.phase() == Phase::Idle && !self.has_unsent() && !self.has_unread()
    }

    /// Whether it is the reader who keeps us waiting.
    pub(super) fn is_stalled(&self) -> bool {
        self.going.since.load(Relaxed) != 0
    }

    /// Whether the connection could be spared, how readily, and for how long that has been so.
    pub(super) fn spare(&self) -> Option<(Spare, Duration)> {
        self.spare_in(self.state.load(Relaxed))
    }

    fn spare_in(&self, state: u64) -> Option<(Spare, Duration)> {
        let (phase, since) = split(state);
        let age = Duration::from_micros(self.now().saturating_sub(since));
        let spare = match phase {
            Phase::Parting => Spare::Parting,
            Phase::Silent | Phase::Idle if !self.has_unsent() => Spare::Idle,
            Phase::Head if age >= SLOW_HEAD => Spare::Slow,
            _ => return None,
        };
        Some((spare, age))
    }

    /// Takes the connection from its client, unless a request came meanwhile.
    pub(super) fn close(&self) -> bool {
        let state = self.state.load(Relaxed);
        self.spare_in(state).is_some()
            && self
                .state
                .compare_exchange(state, join(Phase::Closing, self.now()), Relaxed, Relaxed)
                .is_ok()
    }

    fn now(&self) -> u64 {
        let passed = Instant::now().saturating_duration_since(self.origin);
        u64::try_from(passed.as_micros()).unwrap_or(u64::MAX >> 3)
    }

    fn moment(&self, microseconds: u64) -> Instant {
        self.origin + Duration::from_micros(microseconds)
    }
}

impl Passage {
    fn reset(&self) {
        self.since.store(0, Relaxed);
        self.waited.store(0, Relaxed);
        self.bytes.store(0, Relaxed);
    }

    fn wait(&self, now: u64) {
        if self.since.load(Relaxed) == 0 {
            self.since.store(now + 1, Relaxed);
        }
    }

    /// Mostly nobody waited, and then nobody asks what time it is.
    fn moved(&self, bytes: usize, now: impl FnOnce() -> u64) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        let since = self.since.swap(0, Relaxed);
        if since != 0 {
            let waited = (now() + 1).saturating_sub(since);
            self.waited.fetch_add(waited, Relaxed);
        }
    }

    /// The moment at which the other side has stalled, or was too slow on the whole.
    fn due(&self, limits: &Limits) -> Option<u64> {
        let since = self.since.load(Relaxed).checked_sub(1)?;
        let allowed = limits.pace.allows(self.bytes.load(Relaxed));
        let left = allowed.saturating_sub(self.waited.load(Relaxed));
        Some(since + left.min(microseconds(limits.stall)))
    }
}

impl Pace {
    /// How long so many bytes may keep us waiting, in microseconds.
    fn allows(&self, bytes: u64) -> u64 {
        microseconds(self.free).saturating_add(bytes.saturating_mul(1_000_000) / self.rate.max(1))
    }
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX >> 4)
}

fn join(phase: Phase, since: u64) -> u64 {
    since << 3 | phase as u64
}

fn split(state: u64) -> (Phase, u64) {
    // Three bits are one of eight phases.
    (PHASES[(state & 7) as usize], state >> 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock::new(Instant::now())
    }

    #[test]
    fn every_phase_is_read_as_it_was_written() {
        for phase in PHASES {
            assert_eq!(split(join(phase, 12_345)), (phase, 12_345));
        }
    }

    #[test]
    fn whoever_waits_for_us_is_never_too_late() {
        let clock = clock();
        clock.received();
        assert!(clock.due(&Limits::STANDARD).is_some());
        clock.asked();
        assert_eq!(clock.due(&Limits::STANDARD), None);
        clock.awaits_body();
        assert!(clock.due(&Limits::STANDARD).is_some());
        clock.body_came(1);
        assert_eq!(clock.due(&Limits::STANDARD), None);
    }

    #[test]
    fn a_passage_is_too_slow_on_the_whole_or_when_it_stops() {
        let limits = Limits {
            stall: Duration::from_secs(3),
            pace: Pace {
                free: Duration::from_secs(2),
                rate: 1_000,
            },
            ..Limits::STANDARD
        };
        let passage = Passage::default();
        assert_eq!(passage.due(&limits), None, "nobody waits");
        passage.wait(0);
        assert_eq!(passage.due(&limits), Some(2_000_000));
        // A byte a second wins no time but its own, which is a millisecond here.
        for second in 1..=2 {
            passage.moved(1, || second * 900_000);
            passage.wait(second * 900_000);
        }
        assert_eq!(passage.due(&limits), Some(2_002_000));
        // Whoever was quick before may stop only as long as anybody.
        passage.moved(1_000_000, || 2_000_000);
        passage.wait(2_000_000);
        assert_eq!(passage.due(&limits), Some(5_000_000));
    }

    #[test]
    fn a_connection_that_is_closed_for_another_takes_no_request_any_more() {
        let clock = clock();
        assert!(clock.close());
        assert!(!clock.received() && !clock.asked() && !clock.enter(Phase::Idle));
        let busy = self::clock();
        busy.received();
        busy.asked();
        assert!(!busy.close());
    }
}
