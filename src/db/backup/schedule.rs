//! The copies that the running server makes by itself: one whenever the newest of them has become too old.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::snapshot::Stop;
use super::{Backups, Reason};
use crate::config::value::written_interval;
use crate::db::Db;
use crate::error::{Context, Result};

/// How long until a copy that failed is tried again.
const AGAIN: Duration = Duration::from_hours(1);
/// How long at most until the folder is looked at again: clocks are set, machines sleep, and people clear away.
const LOOK: Duration = Duration::from_mins(10);

/// What makes the copies; once dropped, a copy that is being made is given up and nothing is left of it.
#[must_use]
pub struct Schedule {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

/// Begins to make them, on a thread of its own; nothing where none are to be made.
pub fn start(backups: Backups, db: Db) -> Result<Option<Schedule>> {
    let Some(every) = backups.every() else {
        return Ok(None);
    };
    let stop = Stop::never();
    let asked = stop.clone();
    let thread = thread::Builder::new()
        .name("backups".to_owned())
        .spawn(move || keep_making(&backups, &db, every, &asked))
        .context("start the thread that makes backups")?;
    Ok(Some(Schedule {
        stop,
        thread: Some(thread),
    }))
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.stop.ask();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in it has been logged where it happened.
            let _ = thread.join();
        }
    }
}

fn keep_making(backups: &Backups, db: &Db, every: Duration, stop: &Stop) {
    while !stop.asked() {
        let wait = match make_if_due(backups, db, every, stop) {
            Ok(wait) => wait.min(LOOK),
            Err(_) if stop.asked() => {
                log::info!("the backup that was being made is given up");
                return;
            }
            Err(error) => {
                let wait = AGAIN.min(every);
                log::error!(
                    "the scheduled backup failed, the next try is in {}: {error}",
                    written_interval(Some(wait))
                );
                wait
            }
        };
        thread::park_timeout(wait);
    }
}

/// Makes a copy where it is time for one; tells how long it is until the next.
fn make_if_due(backups: &Backups, db: &Db, every: Duration, stop: &Stop) -> Result<Duration> {
    let newest = backups.newest()?.map(|backup| backup.at);
    let due = until_due(newest, Timestamp::now(), every);
    if !due.is_zero() {
        return Ok(due);
    }
    let since = Instant::now();
    let backup = backups.make_until(db, Reason::Scheduled, stop)?;
    log::info!(
        bytes = backup.size.0, ms = since.elapsed().as_secs_f64() * 1000.0;
        "backed up to {} ({})", backup.path.display(), backup.size
    );
    backups.prune()?;
    Ok(every)
}

fn until_due(newest: Option<Timestamp>, now: Timestamp, every: Duration) -> Duration {
    let Some(newest) = newest else {
        return Duration::ZERO;
    };
    // A clock that was set back in this moment makes it neither old nor new.
    let age = Duration::try_from(now.duration_since(newest)).unwrap_or_default();
    every.saturating_sub(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_due_where_there_is_none_and_once_the_newest_is_too_old() {
        let now: Timestamp = "2026-11-22T07:31:05Z".parse().unwrap();
        let every = Duration::from_hours(24);
        let hours_ago = |hours| Some(now - Duration::from_hours(hours));
        assert_eq!(until_due(None, now, every), Duration::ZERO);
        assert_eq!(until_due(hours_ago(25), now, every), Duration::ZERO);
        assert_eq!(until_due(hours_ago(24), now, every), Duration::ZERO);
        assert_eq!(
            until_due(hours_ago(23), now, every),
            Duration::from_hours(1)
        );
        assert_eq!(until_due(Some(now), now, every), every);
    }
}
