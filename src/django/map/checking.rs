//! A row while it is looked at: its values are given to the declaration, and what is wrong is collected.

use rusqlite::types::ValueRef;

use super::{Checked, Complaint, StandIn, complaint, text};
use crate::django::moment;
use crate::django::read::Raw;
use crate::password::{self, Grade};
use crate::schema::Model;
use crate::schema::draft::{Draft, Errors, Fields, REQUIRED};

/// The characters that our column for hashes takes.
const LONGEST_HASH: usize = 1024;

/// A row that is being looked at: what it gives to its declaration, and what is wrong already.
pub(super) struct Checking<'r> {
    raw: &'r Raw<'r>,
    pub(super) fields: Fields,
    complaints: Vec<Complaint>,
}

impl<'r> Checking<'r> {
    pub(super) fn new(raw: &'r Raw<'r>) -> Self {
        Self {
            raw,
            fields: Fields::default(),
            complaints: Vec::new(),
        }
    }

    pub(super) fn complain(&mut self, column: &'static str, reason: impl Into<String>) {
        self.complaints.push(complaint(self.raw, column, reason));
    }

    /// A text, or a number that is written as one.
    pub(super) fn text(&mut self, column: &'static str) {
        match text(self.raw.get(column)) {
            Ok(text) => self.fields.set(column, text),
            Err(reason) => self.complain(column, reason),
        }
    }

    /// The id of another row.
    pub(super) fn reference(&mut self, column: &'static str) {
        match self.raw.get(column) {
            ValueRef::Null => self.complain(column, REQUIRED),
            ValueRef::Integer(id) if id > 0 => self.fields.set(column, id.to_string()),
            _ => self.complain(column, "This is no positive whole number."),
        }
    }

    /// Django writes 0 and 1. To Python any text is true, `false` as well: such a right is not guessed at.
    pub(super) fn flag(&mut self, column: &'static str) {
        match self.raw.get(column) {
            ValueRef::Integer(0) => {}
            ValueRef::Integer(1) => self.fields.set(column, "on"),
            _ => self.complain(column, "This is neither 0 nor 1."),
        }
    }

    pub(super) fn moment(&mut self, column: &'static str, required: bool) {
        let value = self.raw.get(column);
        if value == ValueRef::Null && !required {
            return;
        }
        match text(value).ok().and_then(|text| moment::written(&text)) {
            Some(moment) => set_moment(&mut self.fields, column, &moment),
            None => self.complain(column, "This is no moment, such as 2026-11-22 07:31:05."),
        }
    }

    /// What is stored, and why no password matches it where none does.
    pub(super) fn password(&mut self) -> Option<(String, Option<&'static str>)> {
        let stored = match text(self.raw.get("password")) {
            Ok(stored) if !stored.contains('\0') => stored,
            _ => return self.refuse_password("This is no text."),
        };
        if stored.chars().count() > LONGEST_HASH {
            return self.refuse_password("This is too long.");
        }
        match password::grade(&stored) {
            Grade::Usable => Some((stored.into_owned(), None)),
            // An account made without a password has an empty one, which ours cannot be.
            Grade::Unusable if stored.is_empty() => {
                Some((password::UNUSABLE.to_owned(), Some("unusable")))
            }
            Grade::Unusable => Some((stored.into_owned(), Some("unusable"))),
            Grade::Abandoned(kind) => Some((stored.into_owned(), Some(kind))),
            Grade::TooCostly => self.refuse_password(
                "Checking a password against this hash would take too much time or memory (more than 10 million rounds of PBKDF2, 256 MiB, or a bcrypt cost of 14).",
            ),
            Grade::Malformed => self.refuse_password("This is no hash of a kind that Django writes."),
        }
    }

    fn refuse_password(&mut self, reason: &'static str) -> Option<(String, Option<&'static str>)> {
        self.complain("password", reason);
        None
    }

    /// Asks the declaration. A rule across columns speaks only when each is right by itself, so wrong ones are replaced
    /// by right ones and it is asked again: all that is wrong is said at once.
    pub(super) fn checked(mut self, model: &Model, right: &[StandIn]) -> Checked<Draft> {
        for (column, value) in right {
            if self.complaints.iter().any(|known| known.column == *column) {
                self.stand_in(column, value);
            }
        }
        // Each turn rights a column, or it is the last.
        for _ in 0..=right.len() {
            match model.check(&self.fields, false) {
                Ok(draft) if self.complaints.is_empty() => return Ok(draft),
                Ok(_) => break,
                Err(errors) => self.take(&errors, right),
            }
        }
        Err(self.complaints)
    }

    fn take(&mut self, errors: &Errors, right: &[StandIn]) {
        for (column, value) in right {
            for reason in errors.of(column) {
                self.complain(column, reason);
                self.stand_in(column, value);
            }
        }
        // A rule about something that the file has no column for; said once, since it stays.
        let other = errors
            .iter()
            .find(|(name, _)| right.iter().all(|(column, _)| column != name));
        if let Some((name, words)) = other.filter(|_| self.complaints.is_empty()) {
            let reason = format!("{name}: {}", words.join(" "));
            self.complaints.push(Complaint {
                column: "",
                value: None,
                reason,
            });
        }
    }

    fn stand_in(&mut self, column: &str, value: &str) {
        match moment::written(value) {
            Some(moment) => set_moment(&mut self.fields, column, &moment),
            None => self.fields.set(column, value),
        }
    }
}

/// As the declaration's form would send it.
fn set_moment(fields: &mut Fields, column: &str, moment: &str) {
    let (date, time) = moment.split_once('T').unwrap_or((moment, ""));
    fields.set(&format!("{column}_0"), date);
    fields.set(&format!("{column}_1"), time.trim_end_matches('Z'));
}
