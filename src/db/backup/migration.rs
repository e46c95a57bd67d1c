//! The copies of what was there before the schema changed, and the way back to them.

use rusqlite::OpenFlags;

use super::contents::Depth;
use super::snapshot::Stop;
use super::{Backup, Backups, Reason, remove};
use crate::db::connect;
use crate::error::Result;

impl Backups {
    /// A copy of the database as it is before a migration, made while the caller keeps others from writing. There is
    /// one for each pair of versions; where nothing has changed since, it stays the one that it was.
    pub(in crate::db) fn before_migration(&self, from: u32, to: u32) -> Result<Backup> {
        let reason = Reason::BeforeMigration { from, to };
        let mut known = self.all()?;
        known.retain(|backup| backup.reason == reason);
        let source = connect(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut copy = self.copy(&source, &self.place(), Depth::Quick, &Stop::never())?;
        for backup in &known {
            // One that cannot be read is as good as another.
            if copy.is_the_same_as(&backup.path).unwrap_or(false) {
                return Ok(backup.clone());
            }
        }
        let made = self.finish(&mut copy, reason)?;
        for old in known {
            if let Err(error) = remove(&old.path) {
                log::warn!(
                    "an older copy stays beside {}: {error}",
                    made.path.display()
                );
            }
        }
        Ok(made)
    }

    /// The newest copy before a migration that a binary can use which knows schemas up to this version.
    pub(in crate::db) fn fitting(&self, version: u32) -> Option<Backup> {
        let all = self.all().unwrap_or_default();
        all.into_iter().find(|backup| {
            matches!(backup.reason, Reason::BeforeMigration { from, .. } if from <= version)
        })
    }
}
