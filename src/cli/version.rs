//! `oc-lettings version`: what this binary is.

use std::io::Read;
use std::process::ExitCode;

use clap::Args;
use flate2::read::GzDecoder;

use crate::error::{Context, Result};

/// The licenses of what is compiled in, with the crates under each; written by `make licenses`.
static LICENSES: &[u8] = include_bytes!("../../data/licenses.txt.gz");

#[derive(Debug, Args)]
pub(super) struct Version {
    /// Print an object with version, commit, target and sqlite
    #[arg(long)]
    json: bool,
    /// Print the licenses of everything that is in this executable
    #[arg(long, conflicts_with = "json")]
    licenses: bool,
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
        if self.licenses {
            let mut texts = String::new();
            GzDecoder::new(LICENSES)
                .read_to_string(&mut texts)
                .context("unpack the licenses")?;
            super::say(texts.trim_end())?;
        } else if self.json {
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
