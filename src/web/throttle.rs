//! Slowing down who guesses passwords: sign-ins that failed make the next ones wait.
//!
//! Two counters are kept, in memory: how often an account was tried, from anywhere, and how often a client tried, any
//! account. Whose password it is and what the visitor is told is the sign-in page's affair.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::config::proxies::network;

/// For accounts: a minute at most, so that whoever guesses cannot keep the owner out for long.
const ACCOUNT: Rule = Rule {
    free: 5,
    longest: Duration::from_mins(1),
};
/// For clients, of which several people may be behind one address: more tries, then longer waits.
const CLIENT: Rule = Rule {
    free: 20,
    longest: Duration::from_mins(15),
};
/// Failures count until there was none for this long.
const FADES: Duration = Duration::from_hours(1);
/// The most entries of each counter; together they take some ten megabytes when full.
const MOST_ENTRIES: usize = 50_000;

/// How long to wait before the next try.
struct Rule {
    /// So many failures cost nothing.
    free: u32,
    /// Then one second, doubled by each further failure up to this.
    longest: Duration,
}

/// Who failed to sign in lately, and how often.
#[derive(Default)]
pub struct Throttle {
    counters: Mutex<Counters>,
}

#[derive(Default)]
struct Counters {
    /// By the SHA-256 of the name: what people type into that field may be a password.
    accounts: Counter<[u8; 32]>,
    clients: Counter<IpAddr>,
}

impl Throttle {
    /// Nobody failed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long this account must still wait for a try from this client; nothing when it may try now. Trying while
    /// one waits costs nothing more. A client that is not known is not counted.
    pub fn wait(&self, account: &str, client: Option<IpAddr>, now: Instant) -> Option<Duration> {
        self.counters().wait(account, client, now)
    }

    /// Lets a try begin and counts it as failed until it is known better: of many tries at the same moment each counts
    /// before the next one asks. Otherwise says how long to wait.
    pub fn attempt(
        &self,
        account: &str,
        client: Option<IpAddr>,
        now: Instant,
    ) -> Result<(), Duration> {
        let mut counters = self.counters();
        if let Some(wait) = counters.wait(account, client, now) {
            return Err(wait);
        }
        counters.failed(account, client, now);
        Ok(())
    }

    /// Takes back a try that was never decided, because there was no room to compute it.
    pub fn withdrawn(&self, account: &str, client: Option<IpAddr>) {
        let mut counters = self.counters();
        counters.accounts.take_back(&digest(account));
        if let Some(client) = client {
            counters.clients.take_back(&network(client));
        }
    }

    /// Counts a try that failed. The name need not be that of an account, or waiting would tell which names are.
    pub fn failed(&self, account: &str, client: Option<IpAddr>, now: Instant) {
        self.counters().failed(account, client, now);
    }

    /// Forgets the failures of the account. Those of the client stay, but for the try that succeeded: with one account
    /// of one's own, one could otherwise try those of others forever.
    pub fn succeeded(&self, account: &str, client: Option<IpAddr>) {
        let mut counters = self.counters();
        counters.accounts.forget(&digest(account));
        if let Some(client) = client {
            counters.clients.take_back(&network(client));
        }
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    fn wait(&self, account: &str, client: Option<IpAddr>, now: Instant) -> Option<Duration> {
        let account = self.accounts.wait(&digest(account), &ACCOUNT, now);
        let client = client.and_then(|client| self.clients.wait(&network(client), &CLIENT, now));
        account.max(client)
    }

    fn failed(&mut self, account: &str, client: Option<IpAddr>, now: Instant) {
        self.accounts.failed(digest(account), now);
        if let Some(client) = client {
            self.clients.failed(network(client), now);
        }
    }
}

/// Failures by who failed. The order of the last failures is kept beside, so that the oldest are found at once.
struct Counter<K> {
    entries: HashMap<K, Entry>,
    order: BTreeMap<u64, K>,
    next: u64,
}

struct Entry {
    failures: u32,
    last: Instant,
    /// The last one before the last, for a try that is taken back.
    before: Instant,
    place: u64,
}

impl<K> Default for Counter<K> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<K: Copy + Eq + Hash> Counter<K> {
    fn wait(&self, key: &K, rule: &Rule, now: Instant) -> Option<Duration> {
        let entry = self.entries.get(key).filter(|entry| !entry.faded(now))?;
        let beyond = entry.failures.checked_sub(rule.free)?;
        let seconds = 1_u64.checked_shl(beyond).unwrap_or(u64::MAX);
        let wait = Duration::from_secs(seconds).min(rule.longest);
        let left = wait.saturating_sub(now.saturating_duration_since(entry.last));
        (!left.is_zero()).then_some(left)
    }

    fn failed(&mut self, key: K, now: Instant) {
        let (failures, before) = match self.forget(&key) {
            Some(entry) if !entry.faded(now) => (entry.failures, entry.last),
            _ => (0, now),
        };
        self.make_room(now);
        let entry = Entry {
            failures: failures.saturating_add(1),
            last: now,
            before,
            place: self.next,
        };
        self.entries.insert(key, entry);
        self.order.insert(self.next, key);
        self.next += 1;
    }

    fn take_back(&mut self, key: &K) {
        match self.entries.get_mut(key) {
            Some(entry) if entry.failures > 1 => {
                entry.failures -= 1;
                entry.last = entry.before;
            }
            _ => drop(self.forget(key)),
        }
    }

    fn forget(&mut self, key: &K) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.place);
        Some(entry)
    }

    /// Two of the oldest go where one comes, if they have faded; so old ones get fewer without any long sweep.
    fn make_room(&mut self, now: Instant) {
        for _ in 0..2 {
            let Some((_, &oldest)) = self.order.first_key_value() else {
                return;
            };
            let full = self.entries.len() >= MOST_ENTRIES;
            if full
                || self
                    .entries
                    .get(&oldest)
                    .is_some_and(|entry| entry.faded(now))
            {
                self.forget(&oldest);
            }
        }
    }
}

impl Entry {
    fn faded(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= FADES
    }
}

/// What stands for an account.
fn digest(account: &str) -> [u8; 32] {
    Sha256::digest(account).into()
}

#[cfg(test)]
mod tests;
