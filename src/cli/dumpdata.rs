//! `oc-lettings dumpdata`: all rows as a fixture, for standard output or a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::config::Config;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::fixtures::Counts;
use crate::fixtures::dump::{self, Failure};

#[derive(Debug, Args)]
pub(super) struct DumpData {
    /// A list of rows, or one row a line
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Take the hashes of passwords along
    #[arg(long)]
    with_passwords: bool,
    /// Write to a file, for its owner alone, in place of what it held
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Json,
    Jsonl,
}

impl DumpData {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        let db = super::open_as_it_is(config)?;
        match &self.output {
            None => self.print(&db)?,
            Some(path) => {
                let counts = self.save(&db, path)?;
                super::say(format_args!("dumped {counts} to {}", path.display()))?;
            }
        }
        eprintln!(
            "oc-lettings: {}",
            if self.with_passwords {
                "the dump has the hashes of passwords in it: keep it as safe as the database"
            } else {
                "the dump has no passwords in it; --with-passwords takes their hashes along"
            }
        );
        Ok(ExitCode::SUCCESS)
    }

    /// To standard output; a reader that went away, as `head` does, ends it quietly.
    fn print(&self, db: &Db) -> Result<()> {
        match self.write(db, io::stdout().lock()) {
            Err(Failure::Write(error)) if error.kind() != ErrorKind::BrokenPipe => Err(
                Error::Refused(format!("cannot write to standard output: {error}")),
            ),
            Err(Failure::Read(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// To a file that is whole or not there: what it held before stays until the new dump is on the disk.
    fn save(&self, db: &Db, path: &Path) -> Result<Counts> {
        let refused = |error: io::Error| {
            Error::Refused(format!(
                "{} cannot be written: {error}; choose another place with --output",
                path.display()
            ))
        };
        let target = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(refused(ErrorKind::IsADirectory.into()));
            }
            // A pipe or a device is written to; nothing can take its place.
            Ok(metadata) if !metadata.is_file() => {
                let out = OpenOptions::new().write(true).open(path).map_err(refused)?;
                return self
                    .write(db, out)
                    .map_err(|failure| explained(failure, refused));
            }
            Ok(_) => {
                refuse_database(path)?;
                path.canonicalize().map_err(refused)?
            }
            Err(_) => path.to_owned(),
        };
        let mut part = target.clone().into_os_string();
        part.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(part);
        let written = self
            .write_new(db, &part)
            .and_then(|counts| Ok(fs::rename(&part, &target).map(|()| counts)?));
        if written.is_err() {
            // Whatever is left of it helps nobody.
            let _ = fs::remove_file(&part);
        }
        written.map_err(|failure| explained(failure, refused))
    }

    /// To a new file that only its owner can read.
    fn write_new(&self, db: &Db, path: &Path) -> std::result::Result<Counts, Failure> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let counts = self.write(db, &file)?;
        file.sync_all()?;
        Ok(counts)
    }

    fn write(&self, db: &Db, out: impl Write) -> std::result::Result<Counts, Failure> {
        let format = match self.format {
            Format::Json => dump::Format::Json,
            Format::Jsonl => dump::Format::Lines,
        };
        let mut out = BufWriter::new(out);
        db.read(|conn| Ok(dump::dump(conn, &mut out, format, self.with_passwords)))?
    }
}

fn explained(failure: Failure, refused: impl Fn(io::Error) -> Error) -> Error {
    match failure {
        Failure::Read(error) => error,
        Failure::Write(error) => refused(error),
    }
}

/// A slip of the hand must not put a dump in the place of the site.
fn refuse_database(path: &Path) -> Result<()> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    if read.is_ok() && head == b"SQLite format 3\0" {
        return Err(Error::Refused(format!(
            "{} is a database: choose another place with --output",
            path.display()
        )));
    }
    Ok(())
}
