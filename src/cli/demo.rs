//! `oc-lettings demo`: demo rows for a site that has none of its own.

use std::process::ExitCode;

use crate::config::Config;
use crate::demo;
use crate::error::Result;

pub(super) fn run(config: &Config) -> Result<ExitCode> {
    let (db, _) = super::open(config)?;
    let loaded = db.write_now(demo::load)?;
    db.checkpoint()?;
    super::say(format_args!("loaded {loaded}"))?;
    Ok(ExitCode::SUCCESS)
}
