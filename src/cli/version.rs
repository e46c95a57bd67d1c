//! `oc-lettings version`: what this binary is.

use std::process::ExitCode;

use clap::Args;

use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct Version {
    /// Print an object with version, commit, target and sqlite
    #[arg(long)]
    json: bool,
}

/// What `--version` prints after the program's name.
pub(super) fn short() -> String {
    format!(
        "{} (commit {}, {}, SQLite {})",
        env!("CARGO_PKG_VERSION"),
        env!("OC_LETTINGS_COMMIT"),
        env!("OC_LETTINGS_TARGET"),
        rusqlite::version()
    )
}

impl Version {
    pub(super) fn run(&self) -> Result<ExitCode> {
        if self.json {
            super::say(serde_json::json!({
                "version": env!("CARGO_PKG_VERSION"),
                "commit": env!("OC_LETTINGS_COMMIT"),
                "target": env!("OC_LETTINGS_TARGET"),
                "sqlite": rusqlite::version(),
            }))?;
        } else {
            super::say(format_args!("oc-lettings {}", short()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
