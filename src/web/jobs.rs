//! Actions that may take longer than a page should: they run on, and say where they are to whoever started them.
//!
//! A job belongs to an account, or, where the action may end everybody's session, to whoever knows its name.
//!
//! Kept in memory: what a job does is one transaction, so one that ends with the process has changed nothing. What
//! a job is about is its caller's affair, how it is drawn is in `admin/jobs.rs`.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rocket::futures::FutureExt;
use rocket::response::Redirect;
use rocket::tokio::spawn;
use rocket::tokio::sync::Notify;
use rocket::tokio::time::timeout;

use crate::digest;
use crate::error::{Error, Result};
use crate::telemetry;
use crate::ui::office::Message;

/// How long an answer waits for a job, so that a quick one needs no page of its own.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many jobs there may be; ended ones that nobody looked at again make room.
const REMEMBERED: usize = 64;

/// The jobs of this process.
#[derive(Default)]
pub struct Jobs(Mutex<BTreeMap<String, Arc<Job>>>);

/// How far a job is: so many of so many. Clones share it.
#[derive(Clone, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Default)]
struct Counters {
    done: AtomicU64,
    total: AtomicU64,
}

/// What a job leaves behind: words, and where to go.
pub struct End {
    /// What has happened.
    pub message: Message,
    /// The page to go on with.
    pub next: String,
}

/// What a start came to.
pub enum Begun {
    /// It has ended already.
    Ended(End),
    /// It is still running; under this name one can ask again.
    Running(String),
}

/// How a job stands.
pub enum Stage {
    /// It has ended, well or not.
    Ended(Result<End>),
    /// It is still running: what it does, and how far it is.
    Running(String, Progress),
}

struct Job {
    owner: Option<i64>,
    title: String,
    progress: Progress,
    outcome: Mutex<Option<Result<End>>>,
    ended: Notify,
}

impl Begun {
    /// The way on: to what it came to, with its words, or to the page that says where it is.
    pub fn way(self, say: impl FnOnce(Message)) -> Redirect {
        match self {
            Self::Ended(end) => {
                say(end.message);
                Redirect::to(end.next)
            }
            Self::Running(name) => Redirect::to(format!("/admin/jobs/{name}/")),
        }
    }
}

impl Progress {
    /// So many are to be done.
    pub fn expect(&self, total: u64) {
        self.0.total.store(total, Ordering::Relaxed);
    }

    /// So many more are done.
    pub fn advance(&self, count: u64) {
        self.0.done.fetch_add(count, Ordering::Relaxed);
    }

    /// So many of so many are done.
    pub fn at(&self, done: u64, total: u64) {
        self.0.done.store(done, Ordering::Relaxed);
        self.expect(total);
    }

    /// How many are done, of how many; of none as long as nobody knows.
    pub fn so_far(&self) -> (u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.0.done), read(&self.0.total))
    }
}

impl Jobs {
    /// Starts a job, for an account or for whoever knows its name, and waits a moment for its end.
    pub async fn start<F>(
        &self,
        owner: Option<i64>,
        title: impl Into<String>,
        work: impl FnOnce(Progress) -> F,
    ) -> Result<Begun>
    where
        F: Future<Output = Result<End>> + Send + 'static,
    {
        let name = digest::random::<16>()?;
        let job = Arc::new(Job {
            owner,
            title: title.into(),
            progress: Progress::default(),
            outcome: Mutex::new(None),
            ended: Notify::new(),
        });
        self.remember(&name, &job)?;
        let work = telemetry::along(work(job.progress.clone()));
        spawn({
            let job = Arc::clone(&job);
            async move {
                // The panic itself has been reported where it happened.
                let outcome = AssertUnwindSafe(work)
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Err(Error::internal("a job panicked")));
                *lock(&job.outcome) = Some(outcome);
                job.ended.notify_waiters();
            }
        });
        match self.look(&name, owner).await {
            Some(Stage::Ended(outcome)) => outcome.map(Begun::Ended),
            _ => Ok(Begun::Running(name)),
        }
    }

    /// How a job stands that this account may see, after waiting a moment for its end. Its end is told once.
    pub async fn look(&self, name: &str, account: Option<i64>) -> Option<Stage> {
        let job = lock(&self.0)
            .get(name)
            .filter(|job| job.owner.is_none() || job.owner == account)
            .cloned()?;
        let ended = job.ended.notified();
        // Whoever asks for the outcome from here on is told of its coming.
        if lock(&job.outcome).is_none() {
            // Running on is as good an answer as the end.
            let _ = timeout(PATIENCE, ended).await;
        }
        let outcome = lock(&job.outcome).take();
        Some(match outcome {
            Some(outcome) => {
                lock(&self.0).remove(name);
                Stage::Ended(outcome)
            }
            None => Stage::Running(job.title.clone(), job.progress.clone()),
        })
    }

    fn remember(&self, name: &str, job: &Arc<Job>) -> Result<()> {
        let mut jobs = lock(&self.0);
        if jobs.len() >= REMEMBERED {
            jobs.retain(|_, job| lock(&job.outcome).is_none());
        }
        if jobs.len() >= REMEMBERED {
            return Err(Error::Busy);
        }
        jobs.insert(name.to_owned(), Arc::clone(job));
        Ok(())
    }
}

/// Nothing that panics runs behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
