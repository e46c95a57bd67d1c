//! `oc-lettings config`: the configuration in effect, a line each.

use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::error::{Context, Result};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Print an array of objects with name, value and source
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        let lines = config.lines();
        if self.json {
            super::say(
                serde_json::to_string_pretty(lines).context("write the configuration as JSON")?,
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        let name = lines
            .iter()
            .map(|line| line.name.len())
            .max()
            .unwrap_or_default();
        let value = lines
            .iter()
            .map(|line| shown(&line.value).len())
            .max()
            .unwrap_or_default();
        for line in lines {
            super::say(format_args!(
                "{:name$} {:value$} {}",
                line.name,
                shown(&line.value),
                line.source
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Three columns even where there is no value.
fn shown(value: &str) -> &str {
    if value.is_empty() { "-" } else { value }
}
