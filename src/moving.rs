//! Moving in by the browser: a file that somebody sent is looked at, reported on, and then taken over.
//!
//! The code behind `import-django`, `loaddata` and `restore` does it, here for a site that is being served. Who may send
//! a file is decided where the pages are, in `admin/data.rs` and `pages/bring.rs`; they are drawn in `moving/page.rs`.

use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rocket::tokio::task::spawn_blocking;
use rusqlite::Transaction;

use crate::db::backup::Backups;
use crate::db::file::{self, Size};
use crate::db::{APPLICATION_ID, Db};
use crate::django::report::Outcome;
use crate::django::{self, Options, Source, Standing};
use crate::error::{Context, Error, Result};
use crate::fixtures::load;
use crate::models::{self, history, permission, session, setting};
use crate::schema::Author;
use crate::telemetry;
use crate::ui::office::{Level, Message};
use crate::web::jobs::{Begun, End, Jobs, Progress};
use crate::web::uploads::Sent;

pub mod page;

/// How long a file is kept for somebody who has seen what it holds and thinks about it.
const KEPT: Duration = Duration::from_mins(30);
/// How many files are kept at once; the oldest makes room.
const CASES: usize = 3;
/// What the history says these entries are about.
const ABOUT: (&str, &str) = ("data", "file");

/// The files that are being looked at on this site. Clones share them.
#[derive(Clone)]
pub struct Moving(Arc<Shared>);

struct Shared {
    backups: Backups,
    cases: Mutex<Vec<Arc<Case>>>,
}

/// One file, for whoever sent it.
pub struct Case {
    token: String,
    owner: String,
    since: Instant,
    file: Sent,
    seen: OnceLock<Seen>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Django site's database.
    Django,
    /// A fixture: JSON, or JSON Lines.
    Fixture,
    /// A backup of this site or of another one like it.
    Backup,
}

/// What became of a look: what would happen, and what stands against it.
pub struct Seen {
    /// What the file is.
    pub kind: Kind,
    /// Its name where it came from.
    pub name: String,
    /// Its size.
    pub size: Size,
    /// The report, line by line.
    pub lines: Vec<String>,
    /// How many rows would have to be left out.
    pub bad_rows: usize,
    /// What is here and would be replaced.
    pub replaces: Option<String>,
    /// Why it cannot be taken over at all.
    pub refusal: Option<String>,
}

/// What whoever takes a file over agrees to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choice {
    /// Rows that break the rules are left out.
    pub skip_bad: bool,
    /// What is here is replaced.
    pub replace: bool,
    /// E-mail addresses are published on profiles, as the old site did.
    pub show_emails: bool,
}

impl Moving {
    /// No file yet.
    pub fn new(backups: Backups) -> Self {
        Self(Arc::new(Shared {
            backups,
            cases: Mutex::default(),
        }))
    }

    /// The copies of the site's database.
    pub fn backups(&self) -> &Backups {
        &self.0.backups
    }

    /// The case of this name, for who sent the file, as long as it is kept.
    pub fn case(&self, owner: &str, token: &str) -> Option<Arc<Case>> {
        let mut cases = self.cases();
        cases.retain(|case| case.since.elapsed() < KEPT);
        cases
            .iter()
            .find(|case| case.owner == owner && case.token == token)
            .cloned()
    }

    /// Begins to look at a file. The way on is to its case below `base`.
    pub async fn look(
        &self,
        jobs: &Jobs,
        db: &Db,
        owner: &str,
        file: Sent,
        base: &str,
    ) -> Result<Begun> {
        let case = self.keep(owner, file)?;
        let title = format!("Reading {}", case.file.name);
        let next = format!("{base}{}/", case.token);
        let (moving, db) = (self.clone(), db.clone());
        let work = |progress: Progress| async move {
            let done = Arc::clone(&case);
            let look = telemetry::carried(move || moving.look_now(&db, &case, &progress));
            let seen = spawn_blocking(look).await.context("look at a file")??;
            let name = done.file.name.clone();
            // It is looked at once, and nobody else sets it.
            let _ = done.seen.set(seen);
            Ok(End {
                message: said(&name, " has been read. Nothing is changed yet."),
                next,
            })
        };
        jobs.start(None, title, work).await
    }

    /// Begins to take a file over that was looked at.
    pub async fn take(
        &self,
        jobs: &Jobs,
        db: &Db,
        case: Arc<Case>,
        author: Author,
        choice: Choice,
    ) -> Result<Begun> {
        let title = format!("Taking over {}", case.file.name);
        let (moving, db) = (self.clone(), db.clone());
        let work = |progress: Progress| async move {
            let name = case.file.name.clone();
            let take = telemetry::carried(move || {
                let words = moving.take_now(&db, &case, &author, choice, &progress)?;
                moving.forget(&case);
                Ok::<_, Error>(words)
            });
            let words = spawn_blocking(take).await.context("take a file over")??;
            Ok(End {
                message: said(&name, &format!(" is taken over: {words}.")),
                next: "/admin/".to_owned(),
            })
        };
        jobs.start(None, title, work).await
    }

    fn keep(&self, owner: &str, file: Sent) -> Result<Arc<Case>> {
        let case = Arc::new(Case {
            token: crate::digest::random::<16>()?,
            owner: owner.to_owned(),
            since: Instant::now(),
            file,
            seen: OnceLock::new(),
        });
        let mut cases = self.cases();
        cases.retain(|case| case.since.elapsed() < KEPT);
        if cases.len() >= CASES {
            cases.remove(0);
        }
        cases.push(Arc::clone(&case));
        Ok(case)
    }

    fn forget(&self, done: &Case) {
        self.cases().retain(|case| case.token != done.token);
    }

    /// Nothing that panics runs behind this lock.
    fn cases(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Case>>> {
        self.0.cases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_now(&self, db: &Db, case: &Case, progress: &Progress) -> Result<Seen> {
        let kind = Kind::of(&case.file)?;
        let seen = match kind {
            Kind::Django => look_at_django(db, &self.0.backups, case, progress),
            Kind::Fixture => look_at_fixture(db, case, progress),
            Kind::Backup => self.look_at_backup(case),
        };
        seen.map_err(|error| case.named(error))
    }

    fn look_at_backup(&self, case: &Case) -> Result<Seen> {
        let contents = self.0.backups.examine(&case.file.path)?;
        Ok(Seen {
            lines: vec![format!("holds {contents}")],
            replaces: Some("everything in the database".to_owned()),
            ..case.blank(Kind::Backup)
        })
    }

    fn take_now(
        &self,
        db: &Db,
        case: &Case,
        author: &Author,
        choice: Choice,
        progress: &Progress,
    ) -> Result<String> {
        let kind = Kind::of(&case.file)?;
        let words = match kind {
            Kind::Django => self.take_django(db, case, choice, progress),
            Kind::Fixture => take_fixture(db, case, author, progress),
            Kind::Backup => self.take_backup(db, case),
        };
        let words = words.map_err(|error| case.named(error))?;
        db.write_now(|tx| history::note(tx, author, ABOUT, &case.file.name, &words))?;
        Ok(words)
    }

    fn take_django(
        &self,
        db: &Db,
        case: &Case,
        choice: Choice,
        progress: &Progress,
    ) -> Result<String> {
        let source = case.django(db)?;
        let options = Options {
            dry_run: false,
            skip_bad: choice.skip_bad,
            replace: choice.replace,
            show_emails: choice.show_emails,
        };
        let report = django::import(db, &self.0.backups, &source, options, &mut |at| {
            progress.at(at.done, at.of);
        })?;
        match report.outcome {
            Outcome::Imported | Outcome::Rehearsed => Ok(format!("imported {}", report.taken)),
            Outcome::Known(at) => Ok(format!("the same rows were imported before, at {at}")),
            Outcome::Refused => Err(Error::Refused(
                "There are rows that cannot be taken; nothing was changed.".to_owned(),
            )),
        }
    }

    fn take_backup(&self, db: &Db, case: &Case) -> Result<String> {
        let key = db.read(setting::made_key)?;
        let prepare = |tx: &Transaction<'_>| {
            // Whoever was signed in when the copy was made may be nobody any more.
            session::delete_all(tx)?;
            if let Some(key) = &key {
                setting::keep_key(tx, key)?;
            }
            permission::bring_up_to_date(tx, models::ALL)
        };
        let restored = self.0.backups.restore_live(db, &case.file.path, prepare)?;
        let kept = restored.kept.as_deref().and_then(|path| path.file_name());
        let kept = kept.unwrap_or_default().to_string_lossy();
        Ok(format!(
            "put back {}; what was there before is {kept}",
            restored.contents
        ))
    }
}

impl Case {
    /// What became of the look at it.
    pub fn seen(&self) -> Option<&Seen> {
        self.seen.get()
    }

    fn blank(&self, kind: Kind) -> Seen {
        Seen {
            kind,
            name: self.file.name.clone(),
            size: Size(self.file.size),
            lines: Vec::new(),
            bad_rows: 0,
            replaces: None,
            refusal: None,
        }
    }

    fn django(&self, db: &Db) -> Result<Source> {
        Source::open(&self.file.path, &file::folder(db.path()))
    }

    /// Refusals name the file that a command was given; here it is the one that was sent.
    fn named(&self, error: Error) -> Error {
        match error {
            Error::Refused(words) => {
                let ours = self.file.path.display().to_string();
                let name = &self.file.name;
                let words = words.replace(&ours, name);
                Error::Refused(if words.contains(name.as_str()) {
                    words
                } else {
                    format!("{name}: {words}")
                })
            }
            other => other,
        }
    }
}

impl Kind {
    /// Tells by its beginning what a file is; what is no database is for the fixtures' reader to judge.
    fn of(sent: &Sent) -> Result<Self> {
        let mut start = Vec::new();
        File::open(&sent.path)
            .and_then(|file| file.take(100).read_to_end(&mut start))
            .context("look at a file that was sent")?;
        // sqlite.org/fileformat2.html, "The Database Header".
        Ok(match start.get(68..72) {
            _ if !start.starts_with(b"SQLite format 3\0") => Self::Fixture,
            Some(mark) if mark == APPLICATION_ID.to_be_bytes() => Self::Backup,
            _ => Self::Django,
        })
    }

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Django => "A Django site’s database",
            Self::Fixture => "A fixture",
            Self::Backup => "A backup",
        }
    }
}

fn look_at_django(db: &Db, backups: &Backups, case: &Case, progress: &Progress) -> Result<Seen> {
    let source = case.django(db)?;
    let standing = db.read(|conn| source.standing(conn))?;
    let everything = Options {
        dry_run: true,
        skip_bad: true,
        replace: true,
        show_emails: false,
    };
    let report = django::import(db, backups, &source, everything, &mut |at| {
        progress.at(at.done, at.of);
    })?;
    Ok(Seen {
        lines: lines(&report),
        bad_rows: report.bad_rows(),
        replaces: match &standing {
            Standing::Filled(rows) => Some(rows.clone()),
            Standing::Free | Standing::Known(_) => None,
        },
        refusal: matches!(standing, Standing::Known(_))
            .then(|| "These rows were taken over before.".to_owned()),
        ..case.blank(Kind::Django)
    })
}

fn look_at_fixture(db: &Db, case: &Case, progress: &Progress) -> Result<Seen> {
    let report = load(db, case, &Author::command(), true, progress)?;
    Ok(Seen {
        lines: lines(&report),
        refusal: (!report.is_good()).then(|| {
            "Rows of the file cannot be taken. Mend them in the file, and send it again.".to_owned()
        }),
        ..case.blank(Kind::Fixture)
    })
}

fn take_fixture(db: &Db, case: &Case, author: &Author, progress: &Progress) -> Result<String> {
    let report = load(db, case, author, false, progress)?;
    if report.is_good() {
        Ok(format!("loaded {}", report.loaded()))
    } else {
        Err(Error::Refused(
            "There are rows that cannot be taken; nothing was changed.".to_owned(),
        ))
    }
}

fn load(
    db: &Db,
    case: &Case,
    author: &Author,
    rehearsal: bool,
    progress: &Progress,
) -> Result<crate::fixtures::report::Report> {
    let file = File::open(&case.file.path).context("read a file that was sent")?;
    db.write_much(|tx| {
        load::load(tx, author, file, rehearsal, &mut |step| match step {
            load::Progress::Found { bytes, .. } => progress.at(bytes, case.file.size),
            load::Progress::Put { rows, of } | load::Progress::Indexed { rows, of } => {
                progress.at(rows, of);
            }
        })
    })
}

fn lines(report: &impl ToString) -> Vec<String> {
    let text = report.to_string();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

fn said(name: &str, rest: &str) -> Message {
    Message {
        level: Level::Success,
        words: String::new(),
        object: Some((name.to_owned(), None)),
        rest: rest.to_owned(),
    }
}
