//! `oc-lettings loaddata`: rows from a fixture, all of them or none.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::progress::Progress;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::fixtures::load::{self, Progress as Step};
use crate::schema::Author;

#[derive(Debug, Args)]
pub(super) struct LoadData {
    /// The fixture, JSON or JSON Lines; `-` is standard input
    file: PathBuf,
    /// Say what would be loaded, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl LoadData {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        // Before a database is made for it.
        let (input, size) = open(&self.file)?;
        let db = if self.dry_run {
            super::open_as_it_is(config)?
        } else {
            super::open(config)?.0
        };
        let mut telling = Telling::new(size);
        let report = db
            .write_now(|tx| {
                load::load(tx, &Author::command(), input, self.dry_run, &mut |step| {
                    telling.tell(step);
                })
            })
            .map_err(|error| self.explain(error))?;
        drop(telling);
        super::say(&report)?;
        if !report.is_good() {
            return Err(Error::Refused(format!(
                "{} cannot be loaded and nothing was changed: mend the rows that are named on standard output",
                self.shown()
            )));
        }
        if report.written {
            db.checkpoint()?;
            super::check::warn_of_published_password(&db)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// A file that is no fixture is named.
    fn explain(&self, error: Error) -> Error {
        match error {
            Error::Refused(words) => Error::Refused(format!(
                "{} cannot be loaded and nothing was changed: {words}",
                self.shown()
            )),
            other => other,
        }
    }

    fn shown(&self) -> String {
        if self.file == Path::new("-") {
            "standard input".to_owned()
        } else {
            self.file.display().to_string()
        }
    }
}

/// The file's bytes, and how many where that is known.
fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let refused = |error: io::Error| {
        Error::Refused(format!(
            "{} cannot be read: {error}; name a file that dumpdata wrote, here or in Django",
            path.display()
        ))
    };
    let file = File::open(path).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    let size = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), size))
}

/// Two pieces of work, one after the other: finding the rows, and putting them in.
struct Telling {
    finding: Option<Progress>,
    putting: Option<Progress>,
}

impl Telling {
    fn new(size: Option<u64>) -> Self {
        Self {
            finding: Some(Progress::new("found", size)),
            putting: None,
        }
    }

    fn tell(&mut self, step: Step) {
        match step {
            Step::Found { rows, bytes } => {
                if let Some(finding) = &mut self.finding {
                    finding.at(bytes, rows);
                }
            }
            Step::Put { rows, of } => {
                self.finding = None;
                self.putting
                    .get_or_insert_with(|| Progress::new("put in", Some(of)))
                    .at(rows, rows);
            }
        }
    }
}
