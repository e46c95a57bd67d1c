//! Which state of the content is current: a number that moves with every write to what pages show.
//!
//! It moves after the commit and before the write is acknowledged. Who keeps what was read notes the number before
//! reading; what was kept under the current number is then never older than a write that was acknowledged. Written rows
//! are seen by SQLite's update hook, which costs a comparison of names for each. The hook is not called for tables
//! without rowid (<https://sqlite.org/c3ref/update_hook.html>): a table of that kind changes nothing here by itself.
//!
//! Other processes' commits are found by `pragma data_version` on the writer's connection, where its own do not count.
//! What tables there are is not known here: who does not show some of them says so.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::error::Result;

/// How old the news of other processes' commits may be.
const NEWS: Duration = Duration::from_millis(100);

/// The number and what moves it.
pub(super) struct Version {
    number: AtomicU64,
    hook: Arc<Hook>,
    /// The last `data_version`; changed only by who holds the writer.
    foreign: AtomicI64,
    since: Instant,
    /// When it was last looked for other processes' commits, in microseconds since the opening.
    looked: AtomicU64,
}

/// What the update hook shares with the rest.
#[derive(Default)]
struct Hook {
    touched: AtomicBool,
    unshown: OnceLock<&'static [&'static str]>,
}

impl Version {
    /// Watches what is written on this connection.
    pub(super) fn watch(writer: &Connection) -> Result<Self> {
        let hook = Arc::<Hook>::default();
        let watching = Arc::clone(&hook);
        writer.update_hook(Some(move |_, _: &str, table: &str, _| watching.see(table)))?;
        Ok(Self {
            number: AtomicU64::new(1),
            hook,
            foreign: AtomicI64::new(data_version(writer)?),
            since: Instant::now(),
            looked: AtomicU64::new(0),
        })
    }

    /// Tables whose rows, and whose index of words, no page shows. Said once; until then every table counts.
    pub(super) fn pass_over(&self, unshown: &'static [&'static str]) {
        // The same tables for every site on this database.
        let _ = self.hook.unshown.set(unshown);
    }

    /// The number as it is.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Whether to look for commits of other processes; one of many who ask at once is told to.
    pub(super) fn is_to_look(&self) -> bool {
        let now = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let looked = self.looked.load(Ordering::Relaxed);
        u128::from(now.saturating_sub(looked)) >= NEWS.as_micros()
            && self
                .looked
                .compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Moves the number if another process has committed something, whatever it was.
    pub(super) fn look(&self, writer: &Connection) {
        // Where the question fails, nothing that was kept can be trusted.
        let unchanged = data_version(writer)
            .is_ok_and(|found| self.foreign.swap(found, Ordering::Relaxed) == found);
        if !unchanged {
            self.advance();
        }
    }

    /// Moves the number if rows that are shown were written since the last time, be it in a change that failed.
    pub(super) fn settle(&self) {
        if self.hook.touched.swap(false, Ordering::Relaxed) {
            self.advance();
        }
    }

    /// Moves the number.
    pub(super) fn advance(&self) {
        self.number.fetch_add(1, Ordering::AcqRel);
    }
}

impl Hook {
    fn see(&self, table: &str) {
        let unshown = self.unshown.get().copied().unwrap_or_default();
        if !unshown.iter().any(|name| belongs(table, name)) {
            self.touched.store(true, Ordering::Relaxed);
        }
    }
}

/// Whether it is this table or one of those in which its index of words is kept (sqlite.org/fts5.html, section 9).
fn belongs(table: &str, name: &str) -> bool {
    table
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("_search_"))
}

fn data_version(writer: &Connection) -> Result<i64> {
    let mut statement = writer.prepare_cached("pragma data_version")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}
