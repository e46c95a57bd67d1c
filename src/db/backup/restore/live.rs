//! Putting a copy in the place of a database that is being served, where nobody can stop the server.
//!
//! The rows come in as one transaction: readers see what was there, then what is there, and never a part of it.

use std::path::Path;

use rusqlite::{OpenFlags, Transaction, TransactionBehavior};

use super::{Backups, Restored, fit};
use crate::db::backup::Reason;
use crate::db::backup::contents::{self, Contents, Depth};
use crate::db::backup::snapshot::Stop;
use crate::db::{Db, connect, file, migrate};
use crate::error::{Context, Error, Result};

impl Backups {
    /// What a copy holds, when all of it has been read and nothing stands against putting it back.
    pub fn examine(&self, copy: &Path) -> Result<Contents> {
        let unfit = |error: Error| fit::refusal(copy, &error.to_string());
        drop(fit::open(copy, &file::real(self.database()))?);
        let problems = contents::problems(copy, Depth::Whole, &Stop::never()).map_err(unfit)?;
        match problems.first() {
            Some(problem) => Err(fit::refusal(copy, &format!("it is damaged ({problem})"))),
            None => Contents::of(copy),
        }
    }

    /// Puts the rows of a copy in the place of those that are served; what was there before is kept as a backup.
    ///
    /// The copy must be the caller's own to change: it is brought up to this binary's schema first, and `prepare` may
    /// change rows in it.
    pub fn restore_live(
        &self,
        db: &Db,
        own_copy: &Path,
        prepare: impl FnOnce(&Transaction<'_>) -> Result<()>,
    ) -> Result<Restored> {
        self.examine(own_copy)?;
        let mut source = connect(own_copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Alone and without a log beside it, as it is thrown away afterwards.
        source
            .query_row("pragma journal_mode = delete", [], |_| Ok(()))
            .context("take the copy over")?;
        migrate::apply_to_own(&source)?;
        let tx = source.transaction_with_behavior(TransactionBehavior::Immediate)?;
        prepare(&tx)?;
        tx.commit().context("change the copy")?;
        let contents = Contents::of(own_copy)?;
        let kept = self.make(db, Reason::BeforeRestore)?;
        db.replace_with(&source)?;
        Ok(Restored {
            contents,
            kept: Some(kept.path),
        })
    }
}
