//! `oc-lettings loaddata`: rows from a fixture, all of them or none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::progress::Progress;
use crate::config::Config;
use crate::error::{Context, Error, Result};
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
        let input = open(&self.file)?;
        let db = if self.dry_run {
            super::open_as_it_is(config)?
        } else {
            super::open(config)?.0
        };
        let input = match input {
            Input::File(file) => file,
            Input::Pipe(pipe) => spooled(pipe, db.path())?,
        };
        let size = input.metadata().map_or(0, |metadata| metadata.len());
        let mut telling = Telling::new(size);
        let report = db
            .write_much(|tx| {
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

/// Where the rows come from.
enum Input {
    File(File),
    Pipe(Box<dyn Read>),
}

fn open(path: &Path) -> Result<Input> {
    if path == Path::new("-") {
        return Ok(Input::Pipe(Box::new(io::stdin())));
    }
    let refused = |error: io::Error| {
        Error::Refused(format!(
            "{} cannot be read: {error}; name a file that dumpdata wrote, here or in Django",
            path.display()
        ))
    };
    let file = File::open(path).map_err(refused)?;
    let kind = file.metadata().map_err(refused)?.file_type();
    if kind.is_dir() {
        return Err(refused(ErrorKind::IsADirectory.into()));
    }
    Ok(if kind.is_file() {
        Input::File(file)
    } else {
        Input::Pipe(Box::new(file))
    })
}

/// All of a pipe, in a file without a name beside the database: while a pipe takes its time, nobody else should have to
/// wait for the database.
fn spooled(mut pipe: impl Read, database: &Path) -> Result<File> {
    let mut name = database.as_os_str().to_owned();
    name.push(format!(".{}.load", std::process::id()));
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&name)
        .context("make a file for what is read")?;
    fs::remove_file(&name).context("take the name off the file for what is read")?;
    io::copy(&mut pipe, &mut file).context("read all that is to be loaded")?;
    file.rewind()
        .context("go back to the start of what was read")?;
    Ok(file)
}

/// Pieces of work, one after the other: finding the rows, putting them in, and making the indexes of words anew.
struct Telling {
    size: u64,
    work: Option<(&'static str, Progress)>,
}

impl Telling {
    fn new(size: u64) -> Self {
        Self { size, work: None }
    }

    fn tell(&mut self, step: Step) {
        let (what, position, of, rows) = match step {
            Step::Found { rows, bytes } => ("found", bytes, self.size, rows),
            Step::Put { rows, of } => ("put in", rows, of, rows),
            Step::Indexed { rows, of } => ("indexed", rows, of, rows),
        };
        if self.work.as_ref().is_none_or(|(doing, _)| *doing != what) {
            // The bar of what is done goes before there is another.
            self.work = None;
        }
        let (_, progress) = self
            .work
            .get_or_insert_with(|| (what, Progress::new(what, of)));
        progress.at(position, rows);
    }
}
