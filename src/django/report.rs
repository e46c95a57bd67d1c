//! What an import did or would do, as data; and as the lines that a command prints.
//!
//! No hash and no e-mail address is ever in it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::read::Tables;

/// Names that are listed of what has no meaning here; the rest is counted.
const LISTED: usize = 8;

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
    /// Rows that were here and are gone.
    pub replaced: Option<Taken>,
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

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let bad = counted(self.bad_rows() as u64, "row", "rows");
        match &self.outcome {
            Outcome::Known(at) => {
                return vec![format!("imported already, at {at}: nothing was changed")];
            }
            _ if self.faults.is_empty() => {}
            Outcome::Imported => lines.push(format!("left out {bad}:")),
            Outcome::Rehearsed | Outcome::Refused => lines.push(format!("cannot take {bad}:")),
        }
        lines.extend(self.faults.iter().map(|fault| format!("  {fault}")));
        if let Some(replaced) = &self.replaced {
            lines.push(format!("replaced {replaced}"));
        }
        let verb = match self.outcome {
            Outcome::Imported => "imported",
            _ => "would import",
        };
        lines.push(format!("{verb} {}", self.taken));
        lines.push(format!("  with {}", self.taken.rights_and_history()));
        lines.extend(self.tidied.line());
        lines.extend(self.passwords.line());
        lines.extend(self.remarks());
        if self.outcome != Outcome::Imported {
            lines.push("nothing was written".to_owned());
        }
        lines
    }

    /// What whoever moves in should know or do.
    fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.meaningless.is_empty() {
            let sum = self.meaningless.values().sum();
            let names = listed(
                self.meaningless
                    .iter()
                    .map(|(name, count)| format!("{name} {count}")),
            );
            lines.push(format!(
                "left out {} of permissions without a meaning here: {names}",
                counted(sum, "grant", "grants")
            ));
        }
        if self.foreign_entries > 0 {
            let entries = counted(
                self.foreign_entries,
                "history entry is",
                "history entries are",
            );
            lines.push(format!(
                "{entries} about things that this site does not have; kept as text"
            ));
        }
        if !self.unread.is_empty() {
            let names = listed(self.unread.iter().map(ToString::to_string));
            lines.push(format!("not taken, this site has no place for it: {names}"));
        }
        if self.sessions > 0 {
            let sessions = counted(self.sessions, "session was", "sessions were");
            lines.push(format!("{sessions} not taken: everybody signs in anew"));
        }
        lines.extend(self.administrator.as_ref().map(ToString::to_string));
        for name in &self.published {
            lines.push(format!(
                "warning: the superuser {name} has the published password Abc1234!; change it with `oc-lettings changepassword {name}`"
            ));
        }
        if self.untried > 0 {
            lines.push(format!(
                "warning: {} not compared with the published password; run `oc-lettings check`",
                counted(self.untried as u64, "superuser was", "superusers were")
            ));
        }
        if !self.has_administrator {
            lines.push("warning: no superuser can sign in; run `oc-lettings createsuperuser`, or set ADMIN_USERNAME and ADMIN_PASSWORD and start the server".to_owned());
        }
        lines
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {}, {}, {}",
            counted(self.lettings, "letting", "lettings"),
            counted(self.addresses, "address", "addresses"),
            counted(self.users, "user", "users"),
            counted(self.profiles, "profile", "profiles"),
        )
    }
}

impl Taken {
    fn rights_and_history(&self) -> String {
        format!(
            "{}, {}, {}, {}",
            counted(self.groups, "group", "groups"),
            counted(self.memberships, "membership", "memberships"),
            counted(self.permissions, "permission", "permissions"),
            counted(self.history, "history entry", "history entries"),
        )
    }
}

impl Tidied {
    fn line(&self) -> Option<String> {
        let parts = [
            (self.zips, "ZIP (leading zeros)", "ZIPs (leading zeros)"),
            (self.states, "state (capitals)", "states (capitals)"),
            (self.countries, "country (capitals)", "countries (capitals)"),
            (
                self.blanks,
                "text (blanks around it)",
                "texts (blanks around them)",
            ),
            (self.usernames, "username (NFKC)", "usernames (NFKC)"),
        ];
        let done: Vec<String> = parts
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| counted(count, one, many))
            .collect();
        (!done.is_empty()).then(|| format!("tidied {}", done.join(", ")))
    }
}

impl Passwords {
    fn line(&self) -> Option<String> {
        let mut parts = vec![counted(self.usable, "password works", "passwords work")];
        parts.extend(
            self.unusable
                .iter()
                .map(|(kind, count)| format!("{count} {kind}")),
        );
        let line = parts.join(", ");
        Some(match self.unusable.is_empty() {
            true if self.usable == 0 => return None,
            true => line,
            false => format!("{line}: no sign-in until a new one is set"),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.table, self.id)?;
        if !self.column.is_empty() {
            let value = self.value.as_deref().unwrap_or("(not shown)");
            write!(f, "{} {value}: ", self.column)?;
        }
        f.write_str(&self.reason)
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { name, rows } => write!(f, "{name} ({})", counted(*rows, "row", "rows")),
            Self::Column { table, column } => write!(f, "{table}.{column}"),
        }
    }
}

impl fmt::Display for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(name) => write!(f, "the administrator {name}, who was here before, is kept"),
            Self::Merged(name) => write!(
                f,
                "{name} was here before and is in the file: one account now, with the file's data and the password and superuser status that it had here"
            ),
            Self::Taken(name) => write!(
                f,
                "{name} was here before without a password and is in the file: one account now, a superuser with the file's password"
            ),
        }
    }
}

/// `1 letting`, `6 lettings`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The first few, and how many more there are.
fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let mut first: Vec<String> = names.take(LISTED).collect();
    if more > 0 {
        first.push(format!("and {more} more"));
    }
    first.join(", ")
}
