//! Whether backups are made, can be made, and outlast what they are made against.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::{Finding, error, warning};
use crate::config::Config;
use crate::config::value::written_interval;
use crate::db::backup::Backups;
use crate::db::file::{self, Lasting};
use crate::db::{self, migrate};
use crate::error::Result;

/// How late a backup may be: the server tries again once an hour.
const LATE: Duration = Duration::from_hours(1);

pub(super) fn check(config: &Config, deploy: bool, findings: &mut Vec<Finding>) -> Result<()> {
    let backups = Backups::of(config);
    place(&backups, findings);
    match backups.every() {
        Some(every) => age(&backups, every, findings)?,
        None if deploy => findings.push(warning(
            "BACKUP_EVERY is off: the server makes no backups",
            "set it to a time such as 24h, or see to it that something else makes them",
        )),
        None => {}
    }
    Ok(())
}

fn place(backups: &Backups, findings: &mut Vec<Finding>) {
    let shown = backups.folder().display();
    let there = nearest(backups.folder());
    // A folder that is missing is made in the one above it.
    let allowed = accessat(
        CWD,
        &there,
        Access::WRITE_OK | Access::EXEC_OK,
        AtFlags::EACCESS,
    );
    if allowed.is_err() || !there.is_dir() {
        let uid = rustix::process::geteuid().as_raw();
        findings.push(error(
            format!(
                "backups cannot be made in {shown}: uid {uid} cannot write {}",
                there.display()
            ),
            "run as its owner, give it to that user, or set BACKUP_DIR to a folder that can be written",
        ));
    }
    if let lasting @ (Lasting::Memory | Lasting::ContainerLayer) = Lasting::of(&there) {
        findings.push(warning(
            format!("the backups in {shown} are {}", lasting.words()),
            "mount a disk or volume and set BACKUP_DIR to a folder on it",
        ));
    }
}

/// The folder itself, or the lowest one above it that is there.
fn nearest(folder: &Path) -> PathBuf {
    let mut there = folder.to_owned();
    while !there.exists() {
        there = file::folder(&there);
    }
    there
}

fn age(backups: &Backups, every: Duration, findings: &mut Vec<Finding>) -> Result<()> {
    let newest = backups.newest()?.map(|backup| backup.at);
    // Without any, one could have been made since there is a database.
    let Some(since) = newest.or_else(|| born(backups.database())) else {
        return Ok(());
    };
    let age = Duration::try_from(Timestamp::now().duration_since(since)).unwrap_or_default();
    if age <= every + LATE {
        return Ok(());
    }
    let what = match newest {
        Some(at) => format!("the newest scheduled backup is from {at}"),
        None => format!(
            "there is no scheduled backup in {}",
            backups.folder().display()
        ),
    };
    findings.push(warning(
        format!(
            "{what}, and BACKUP_EVERY is {}",
            written_interval(Some(every))
        ),
        "see the server's log for what kept it from making one, or run `oc-lettings backup`",
    ));
    Ok(())
}

/// When the database was made. What cannot be read has been found elsewhere.
fn born(database: &Path) -> Option<Timestamp> {
    let conn = db::inspect(database).ok()?;
    migrate::begun(&conn).ok()?
}
