//! The lines that a command prints of an import.

use std::fmt;

use super::{Administrator, Fault, Outcome, Passwords, Replaced, Report, Taken, Tidied, Unread};

/// Names that are listed of what has no meaning here; the rest is counted.
const LISTED: usize = 8;

impl Report {
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
        let is_written = self.outcome == Outcome::Imported;
        let verbs = if is_written {
            ["replaced", "imported"]
        } else {
            ["would replace", "would import"]
        };
        if let Some(replaced) = &self.replaced {
            lines.push(format!("{} {replaced}", verbs[0]));
        }
        lines.push(format!("{} {}", verbs[1], self.taken));
        lines.push(format!("  with {}", self.taken.rights_and_history()));
        lines.extend(self.tidied.line());
        lines.extend(self.passwords.line());
        lines.extend(self.remarks());
        if !is_written {
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
                    .map(|(name, count)| format!("{} {count}", name.escape_debug())),
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

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {}",
            self.rows,
            counted(self.sessions, "session", "sessions")
        )?;
        match &self.backup {
            Some(path) => write!(f, "; the backup is {}", path.display()),
            None => Ok(()),
        }
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
            // Whoever made the file chose the names; they must not draw on a terminal.
            Self::Table { name, rows } => {
                let rows = counted(*rows, "row", "rows");
                write!(f, "{} ({rows})", name.escape_debug())
            }
            Self::Column { table, column } => {
                write!(f, "{}.{}", table.escape_debug(), column.escape_debug())
            }
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
pub(in crate::django) fn counted(count: u64, one: &str, many: &str) -> String {
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
