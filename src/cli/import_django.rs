//! `oc-lettings import-django`: moving in from a Django site.
//!
//! What is taken over, and what is not, is decided in `django.rs`; here are the options, the progress and the last line.

use std::io::{IsTerminal, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::config::Config;
use crate::db::backup::Backups;
use crate::db::file;
use crate::django::report::Outcome;
use crate::django::{self, Options, Progress, Source};
use crate::error::{Error, Result};

/// Rows between two lines of progress where no bar can be drawn.
const LINE_EVERY: u64 = 100_000;

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four switches, of which any may be given with any other"
)]
pub(super) struct ImportDjango {
    /// The Django site's database, such as db.sqlite3; it is only read, and the site may run on
    file: PathBuf,
    /// Do everything, print the report and take all of it back
    #[arg(long)]
    dry_run: bool,
    /// Leave out rows that break the rules, and what hangs on them; without this they end the import
    #[arg(long)]
    skip_bad: bool,
    /// Back up the database, then replace all rows in it and end all sessions
    #[arg(long)]
    replace: bool,
    /// Publish e-mail addresses on profiles, as the old site did
    #[arg(long)]
    show_emails: bool,
}

impl ImportDjango {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        let (db, _) = super::open(config)?;
        let source = Source::open(&self.file, &file::folder(db.path()))?;
        let options = Options {
            dry_run: self.dry_run,
            skip_bad: self.skip_bad,
            replace: self.replace,
            show_emails: self.show_emails,
        };
        let shown = Shown::new();
        let report = django::import(
            &db,
            &Backups::of(config),
            &source,
            options,
            &mut |progress| {
                shown.progress(progress);
            },
        )?;
        shown.finish();
        db.checkpoint()?;
        super::say(&report)?;
        if report.outcome == Outcome::Refused {
            return Err(Error::Refused(format!(
                "{} cannot be taken from {}, nothing was written: mend what is listed in Django, or pass --skip-bad to leave it out",
                match report.bad_rows() {
                    1 => "1 row".to_owned(),
                    rows => format!("{rows} rows"),
                },
                self.file.display()
            )));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A bar on a terminal, lines elsewhere.
struct Shown(Option<ProgressBar>);

impl Shown {
    fn new() -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len}");
            let bar = ProgressBar::new(0);
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self(bar)
    }

    fn progress(&self, progress: Progress<'_>) {
        let Progress { table, done, of } = progress;
        match &self.0 {
            Some(bar) => {
                if bar.message() != table {
                    bar.set_message(table.to_owned());
                }
                bar.set_length(of);
                bar.set_position(done);
            }
            None if done % LINE_EVERY == 0 => {
                // A reader that went away does not stop an import.
                let _ = super::say(format_args!("{table}: {done} of {of} rows"));
            }
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
