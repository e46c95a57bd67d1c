//! What is wrong with rows: what their columns say, what they hang on, and what the database refuses.
//!
//! Every fault is noted in the report; whether anything is written in spite of it is for the caller to decide.

use rusqlite::{Connection, ErrorCode, ffi};

use super::Writing;
use crate::django::map::{self, Complaint, complaint};
use crate::django::read::Raw;
use crate::django::report::Fault;
use crate::django::wanted::{self, Wanted};
use crate::error::{Error, Result};

/// A row that another one points at.
pub(in crate::django) struct Target {
    pub(in crate::django) column: &'static str,
    pub(in crate::django) table: &'static Wanted,
    /// Ours, quoted where SQL demands it.
    pub(in crate::django) ours: &'static str,
    /// What it is called.
    pub(in crate::django) singular: &'static str,
}

pub(in crate::django) static USER: Target = Target {
    column: "user_id",
    table: &wanted::USERS,
    ours: "user",
    singular: "user",
};
pub(in crate::django) static GROUP: Target = Target {
    column: "group_id",
    table: &wanted::GROUPS,
    ours: "\"group\"",
    singular: "group",
};
pub(super) static ADDRESS: Target = Target {
    column: "address_id",
    table: &wanted::ADDRESSES,
    ours: "address",
    singular: "address",
};

impl Writing<'_, '_> {
    /// The id and the values of a row that has nothing wrong with it; what is wrong is noted.
    pub(in crate::django) fn sound<T>(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        checked: map::Checked<T>,
    ) -> Option<(i64, T)> {
        match (map::id(raw, "id"), checked) {
            (Ok(id), Ok(values)) => return Some((id, values)),
            (Ok(_), Err(complaints)) => self.refuse(wanted, raw, complaints, false),
            (Err(complaint), Ok(_)) => self.refuse(wanted, raw, vec![complaint], false),
            (Err(complaint), Err(complaints)) => {
                self.refuse(wanted, raw, vec![complaint], false);
                self.refuse(wanted, raw, complaints, false);
            }
        }
        None
    }

    /// The same for a row that points at another one, which may be one that could not be taken.
    pub(super) fn hanging<T>(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        target: &Target,
        checked: map::Checked<T>,
    ) -> Result<Option<(i64, T)>> {
        let hangs = self.hangs(wanted, raw, target)?;
        Ok(self.sound(wanted, raw, checked).filter(|_| !hangs))
    }

    /// Notes that a row hangs on one that could not be taken, if it does.
    pub(in crate::django) fn hangs(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        target: &Target,
    ) -> Result<bool> {
        let Ok(id) = map::id(raw, target.column) else {
            return Ok(false);
        };
        let refused = self.refused.get(target.table.name());
        // Where ids repeat, another row of the same id may have been taken.
        let hangs =
            refused.is_some_and(|refused| refused.contains(&id)) && !exists(self.tx, target, id)?;
        if hangs {
            let reason = format!(
                "It hangs on {} {id}, which cannot be taken.",
                self.tables.called(target.table)
            );
            self.refuse(
                wanted,
                raw,
                vec![complaint(raw, target.column, reason)],
                true,
            );
        }
        Ok(hangs)
    }

    /// Notes that what a row points at is nowhere.
    pub(in crate::django) fn refuse_dangling(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        target: &Target,
    ) {
        let reason = format!("There is no {} of this id.", target.singular);
        self.refuse(
            wanted,
            raw,
            vec![complaint(raw, target.column, reason)],
            false,
        );
    }

    /// Notes all that is wrong with a row, and that others may hang on it.
    pub(in crate::django) fn refuse(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        complaints: Vec<Complaint>,
        hangs: bool,
    ) {
        if let Ok(id) = map::id(raw, "id") {
            self.refused.entry(wanted.name()).or_default().insert(id);
        }
        let (table, id) = (self.tables.called(wanted), map::shown_id(raw));
        self.report
            .faults
            .extend(complaints.into_iter().map(|complaint| Fault {
                table: table.clone(),
                id: id.clone(),
                column: complaint.column.to_owned(),
                value: complaint.value,
                reason: complaint.reason,
                hangs,
            }));
    }

    /// Whether the row was written. What the schema refuses is noted as the row's fault.
    pub(super) fn settle(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        written: Result<()>,
    ) -> Result<bool> {
        let Err(error) = written else {
            return Ok(true);
        };
        let Some((column, reason)) = refusal(&error, wanted) else {
            return Err(error);
        };
        let complaint = match column {
            Some(column) => complaint(raw, column, reason),
            None => Complaint {
                column: "",
                value: None,
                reason,
            },
        };
        self.refuse(wanted, raw, vec![complaint], false);
        Ok(false)
    }

    /// The same where a foreign key may be what refuses it.
    pub(super) fn settle_pointing(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        target: &Target,
        written: Result<()>,
    ) -> Result<bool> {
        let is_dangling = written.as_ref().is_err_and(|error| {
            constraint(error).is_some_and(|(code, _)| code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY)
        });
        if is_dangling {
            self.refuse_dangling(wanted, raw, target);
            return Ok(false);
        }
        self.settle(wanted, raw, written)
    }
}

/// Whether one of our rows is there.
pub(in crate::django) fn exists(conn: &Connection, target: &Target, id: i64) -> Result<bool> {
    let sql = format!(
        "select exists (select 1 from {} where id = ?1)",
        target.ours
    );
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id], |row| row.get(0))?)
}

/// What the schema has against a row: a column, where it is one, and the words.
fn refusal(error: &Error, wanted: &Wanted) -> Option<(Option<&'static str>, String)> {
    let (code, words) = constraint(error)?;
    // `UNIQUE constraint failed: letting.address_id`
    let named = words.rsplit_once('.').map(|(_, column)| column);
    let column = named.and_then(|named| {
        wanted
            .columns
            .iter()
            .find(|column| **column == named)
            .copied()
    });
    match (code, column) {
        (ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY, Some(column)) => {
            Some((Some(column), "An earlier row has the same.".to_owned()))
        }
        _ => Some((
            None,
            format!("The database does not take this row ({words})."),
        )),
    }
}

/// The kind of constraint that SQLite found broken, and its words.
fn constraint(error: &Error) -> Option<(i32, &str)> {
    match error.sqlite()? {
        rusqlite::Error::SqliteFailure(failure, words)
            if failure.code == ErrorCode::ConstraintViolation =>
        {
            Some((failure.extended_code, words.as_deref().unwrap_or_default()))
        }
        _ => None,
    }
}
