//! Putting a copy in the database's place.
//!
//! The copy is looked at, copied beside the database and checked there; what was there before is kept as a backup; then
//! one rename puts the new in the place of the old. Whoever interrupts it finds the one or the other. No schema is changed:
//! the next start migrates what is older. What may be put back is decided in `restore/fit.rs`; that nobody has the
//! database open, in `restore/current.rs`. A database that is being served is another matter: `restore/live.rs`.

use std::path::{Path, PathBuf};

use super::contents::{self, Contents, Depth};
use super::place::Place;
use super::snapshot::{self, Stop};
use super::unfinished::Unfinished;
use super::{Backups, Reason};
use crate::db::file;
use crate::error::{Error, Result};
use current::Current;

mod current;
mod fit;
mod live;

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What is in the database now.
    pub contents: Contents,
    /// Where what was there before is kept; nothing where there was nothing.
    pub kept: Option<PathBuf>,
}

impl Backups {
    /// Puts a copy in the database's place, unless another process has the database open; this one must not either.
    pub fn restore(&self, copy: &Path) -> Result<Restored> {
        // Where a link leads, so that the link itself stays.
        let database = file::real(self.database());
        let unfit = |error: Error| fit::refusal(copy, &error.to_string());
        let source = fit::open(copy, &database)?;
        let mut current = Current::find(&database)?;
        let mut new =
            snapshot::copy(&source, &self.place_of(&database), &Stop::never()).map_err(unfit)?;
        drop(source);
        let problems =
            contents::problems(new.path(), Depth::Whole, &Stop::never()).map_err(unfit)?;
        if let Some(problem) = problems.first() {
            return Err(fit::refusal(copy, &format!("it is damaged ({problem})")));
        }
        let contents = Contents::of(new.path()).map_err(unfit)?;
        if let Some(owner) = current.owner() {
            new.belong_to(owner)?;
        }
        current.take()?;
        let kept = self.keep_current(&current)?;
        current.give_way_to(&mut new)?;
        Ok(Restored { contents, kept })
    }

    /// Keeps what is in the database's place, byte for byte, whole or not.
    fn keep_current(&self, current: &Current) -> Result<Option<PathBuf>> {
        let Some(main) = current.main()? else {
            return Ok(None);
        };
        let mut copy = Unfinished::begin(&self.place(), main.size)?;
        copy.fill(main.bytes)?;
        let kept = self.finish(&mut copy, Reason::BeforeRestore)?.path;
        // Where SQLite could not bring them together, what goes with it stays with it, under the name that makes it so.
        for ending in current::LOGS {
            if let Some((bytes, size)) = current.beside(ending)? {
                let mut copy = Unfinished::begin(&self.place(), size)?;
                copy.fill(&bytes)?;
                let path = file::beside(&kept, ending);
                if !copy.keep_as(&path)? {
                    return Err(Error::Refused(format!(
                        "{} is there already: remove it; nothing was changed",
                        path.display()
                    )));
                }
            }
        }
        Ok(Some(kept))
    }

    fn place_of(&self, database: &Path) -> Place {
        Place {
            folder: file::folder(database),
            stem: self.stem(),
            otherwise: "set DATABASE to a path that can be written",
        }
    }
}
