//! `oc-lettings backup`: a copy of the database, while the server runs or not.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::db::backup::contents::Contents;
use crate::db::backup::{Backups, Reason};
use crate::db::{self, Db, migrate};
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to make, which must not be there yet; by default one in `BACKUP_DIR` that is named after the moment
    file: Option<PathBuf>,
}

impl Backup {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        // Whatever its schema: before a new version is tried is a good moment to make a copy.
        let conn = db::inspect(&config.database)?;
        migrate::refuse_foreign(&config.database, &conn)?;
        drop(conn);
        let db = Db::open(&config.database)?;
        let backups = Backups::of(config);
        let backup = match &self.file {
            Some(file) => backups.make_as(&db, file)?,
            None => backups.make(&db, Reason::Manual)?,
        };
        super::say(format_args!(
            "backed up to {} ({}, {})",
            backup.path.display(),
            backup.size,
            Contents::of(&backup.path)?
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
