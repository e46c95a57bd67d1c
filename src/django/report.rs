//! What an import did or would do, as data: commands print it, pages may draw it.
//!
//! No hash and no e-mail address is ever in it. Its words are in `django/report/words.rs`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::read::Tables;

pub(super) mod words;

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// How many rows were written, or would be.
    pub taken: Taken,
    /// What was written in another form than it had.
    pub tidied: Tidied,
    /// What cannot be taken, row by row, in the order of the tables.
    pub faults: Vec<Fault>,
    /// Who can sign in with the password they have.
    pub passwords: Passwords,
    /// Superusers whose password is the one that the old site's repository publishes.
    pub published: Vec<String>,
    /// Superusers whose password was not compared with that one, since it would have taken too long.
    pub untried: usize,
    /// Whether somebody can sign in and do everything.
    pub has_administrator: bool,
    /// What became of the administrator who was here before.
    pub administrator: Option<Administrator>,
    /// Grants of permissions that have no meaning here, by the permission's name.
    pub meaningless: BTreeMap<String, u64>,
    /// History of models that this site does not have; it is kept.
    pub foreign_entries: u64,
    /// What the file holds besides, and nobody reads.
    pub unread: Vec<Unread>,
    /// Sessions of the old site; everybody signs in anew.
    pub sessions: u64,
    /// What was here and is gone.
    pub replaced: Option<Replaced>,
}

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// The rows are written.
    Imported,
    /// It was a dry run: all was done and taken back.
    Rehearsed,
    /// There are rows that cannot be taken; nothing was written.
    Refused,
    /// The same rows were imported before, at this moment; nothing was changed.
    Known(String),
}

/// Rows by what they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Homes.
    pub lettings: u64,
    /// Addresses.
    pub addresses: u64,
    /// Accounts.
    pub users: u64,
    /// Public pages of people.
    pub profiles: u64,
    /// Groups.
    pub groups: u64,
    /// Users in groups.
    pub memberships: u64,
    /// Permissions of groups and of users.
    pub permissions: u64,
    /// Entries of the history.
    pub history: u64,
}

/// What was here before a replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replaced {
    /// The rows.
    pub rows: Taken,
    /// Sessions that ended.
    pub sessions: u64,
    /// The copy of the database as it was, checked; none of a dry run.
    pub backup: Option<PathBuf>,
}

/// Values that were written in another form, by what was done to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tidied {
    /// ZIPs of the USA that regained their leading zeros.
    pub zips: u64,
    /// States that became capitals.
    pub states: u64,
    /// Countries that became capitals.
    pub countries: u64,
    /// Texts without the blanks around them.
    pub blanks: u64,
    /// Usernames in the one form of their characters in which the sign-in form asks for them.
    pub usernames: u64,
}

/// One thing that is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The table in the file.
    pub table: String,
    /// The row's id, as it stands there.
    pub id: String,
    /// The column; empty where it is the row as a whole.
    pub column: String,
    /// The value as it may be shown; nothing for hashes and e-mail addresses.
    pub value: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// Whether the row itself is right and only hangs on one that is not.
    pub hangs: bool,
}

/// Who can sign in with the password they have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Passwords {
    /// Accounts whose password works.
    pub usable: u64,
    /// Accounts that need a new password first, by the kind of what is stored.
    pub unusable: BTreeMap<String, u64>,
}

/// What became of the administrator who was here before the import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Administrator {
    /// Kept beside the imported accounts.
    Kept(String),
    /// The import has an account of that name: it is one account now, with the password that was set here.
    Merged(String),
    /// The same, but no password had been set here: the imported one counts.
    Taken(String),
}

/// What the file holds besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Unread {
    /// A table with rows.
    Table {
        /// Its name.
        name: String,
        /// How many.
        rows: u64,
    },
    /// A column of a table that is read.
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

impl Report {
    /// A report of which nothing is written yet.
    pub(super) fn of(tables: &Tables) -> Self {
        Self {
            outcome: Outcome::Imported,
            taken: Taken::default(),
            tidied: Tidied::default(),
            faults: Vec::new(),
            passwords: Passwords::default(),
            published: Vec::new(),
            untried: 0,
            has_administrator: true,
            administrator: None,
            meaningless: BTreeMap::new(),
            foreign_entries: 0,
            unread: tables.unread.clone(),
            sessions: tables.sessions,
            replaced: None,
        }
    }

    /// How many rows cannot be taken.
    pub fn bad_rows(&self) -> usize {
        let mut rows: Vec<_> = self
            .faults
            .iter()
            .map(|fault| (&fault.table, &fault.id))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows.len()
    }
}
