//! `oc-lettings migrate` and `showmigrations`.

use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::db::backup::Backups;
use crate::db::{self, migrate};
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Change nothing; exit 1 if any migration is pending
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        if self.check {
            return check(config);
        }
        let (db, report) = super::open(config)?;
        if report.created {
            super::say(format_args!("created {}", db.path().display()))?;
        }
        if let Some(copy) = &report.copy {
            super::say(format_args!("copied to {} first", copy.path.display()))?;
        }
        for name in &report.applied {
            super::say(format_args!("applied {name}"))?;
        }
        if report.applied.is_empty() {
            super::say("no migrations to apply")?;
        }
        db.checkpoint()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn check(config: &Config) -> Result<ExitCode> {
    let pending: Vec<_> = known(config)?
        .into_iter()
        .filter(|migration| !migration.applied)
        .collect();
    for migration in &pending {
        super::say(format_args!("pending {}", migration.name))?;
    }
    if pending.is_empty() {
        super::say("no migrations to apply")?;
    }
    Ok(if pending.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

pub(super) fn show(config: &Config) -> Result<ExitCode> {
    for migration in known(config)? {
        super::say(format_args!(
            "[{}] {}",
            if migration.applied { 'X' } else { ' ' },
            migration.name
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A database that is not there yet has everything pending.
fn known(config: &Config) -> Result<Vec<migrate::Known>> {
    if !config.database.exists() {
        return Ok(migrate::all_pending());
    }
    let conn = db::inspect(&config.database)?;
    migrate::refuse_unfit(&Backups::of(config), &conn)?;
    migrate::known(&conn)
}
