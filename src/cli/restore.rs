//! `oc-lettings restore`: a backup in the database's place.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::db::backup::Backups;
use crate::db::migrate;
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup to put in the database's place
    file: PathBuf,
}

impl Restore {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        let restored = Backups::of(config).restore(&self.file)?;
        super::say(format_args!(
            "restored {} to {} ({})",
            self.file.display(),
            config.database.display(),
            restored.contents
        ))?;
        if let Some(kept) = &restored.kept {
            super::say(format_args!("what was there before is {}", kept.display()))?;
        }
        if restored.contents.version < migrate::latest() {
            super::say("its schema is older: the next start migrates it")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
