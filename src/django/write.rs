//! Rows of the file become rows of ours, each table after those that it points at.
//!
//! What the database refuses (a name or an id that is taken, a row that is not there) is a fault of the row like any
//! other. Rights are in `django/rights.rs`, the administrator who was here before in `django/local.rs`.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, ErrorCode, Params, Transaction, ffi};

use super::map::{self, Complaint, complaint, moment_of, reference_of};
use super::read::{self, Raw, Tables, Wanted};
use super::report::{Fault, Report};
use super::{Progress, log};
use crate::error::{Error, Result};
use crate::models::{self, history};

/// Rows between two reports of progress.
const STEP: u64 = 1000;

/// An import on its way.
pub(super) struct Writing<'t, 'p> {
    pub(super) tx: &'t Transaction<'t>,
    pub(super) tables: &'t Tables,
    pub(super) report: Report,
    pub(super) show_emails: bool,
    /// The moment that all rows have as their last change.
    pub(super) now: String,
    /// Rows that could not be taken and that others may hang on, by table.
    refused: HashMap<&'static str, HashSet<i64>>,
    progress: &'p mut dyn FnMut(Progress<'_>),
}

/// A row that another one points at.
pub(super) struct Target {
    pub(super) column: &'static str,
    pub(super) table: &'static Wanted,
    /// Ours, quoted where SQL demands it.
    pub(super) ours: &'static str,
    /// What it is called.
    pub(super) singular: &'static str,
}

pub(super) static USER: Target = Target {
    column: "user_id",
    table: &read::USERS,
    ours: "user",
    singular: "user",
};
pub(super) static GROUP: Target = Target {
    column: "group_id",
    table: &read::GROUPS,
    ours: "\"group\"",
    singular: "group",
};
static ADDRESS: Target = Target {
    column: "address_id",
    table: &read::ADDRESSES,
    ours: "address",
    singular: "address",
};

impl<'t, 'p> Writing<'t, 'p> {
    pub(super) fn new(
        tx: &'t Transaction<'t>,
        tables: &'t Tables,
        report: Report,
        show_emails: bool,
        progress: &'p mut dyn FnMut(Progress<'_>),
    ) -> Self {
        let now = crate::clock::now();
        Self {
            tx,
            tables,
            report,
            show_emails,
            now,
            refused: HashMap::new(),
            progress,
        }
    }

    pub(super) fn groups(&mut self) -> Result<()> {
        self.each(&read::GROUPS, |writing, raw| {
            let checked = map::group(raw, &mut writing.report.tidied);
            let Some((id, draft)) = writing.sound(&read::GROUPS, raw, checked) else {
                return Ok(());
            };
            let values = (id, draft.text("name"), &writing.now);
            let written = writing.insert(
                "insert into \"group\" (id, name, updated_at) values (?1, ?2, ?3)",
                values,
            );
            let written = writing.settle(&read::GROUPS, raw, written)?;
            writing.report.taken.groups += u64::from(written);
            Ok(())
        })
    }

    pub(super) fn users(&mut self) -> Result<()> {
        self.each(&read::USERS, |writing, raw| {
            let checked = map::user(raw, &mut writing.report.tidied);
            let Some((id, account)) = writing.sound(&read::USERS, raw, checked) else {
                return Ok(());
            };
            let draft = &account.draft;
            let written = writing.insert(
                "insert into user (id, username, first_name, last_name, email, password, is_active, is_staff,
                                   is_superuser, date_joined, last_login, updated_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                (
                    id,
                    draft.text("username"),
                    draft.text("first_name"),
                    draft.text("last_name"),
                    draft.text("email"),
                    &account.password,
                    draft.flag("is_active"),
                    draft.flag("is_staff"),
                    draft.flag("is_superuser"),
                    moment_of(draft, "date_joined"),
                    moment_of(draft, "last_login"),
                    &writing.now,
                ),
            );
            if writing.settle(&read::USERS, raw, written)? {
                writing.report.taken.users += 1;
                match account.unusable {
                    None => writing.report.passwords.usable += 1,
                    Some(kind) => *writing.report.passwords.unusable.entry(kind.to_owned()).or_default() += 1,
                }
            }
            Ok(())
        })
    }

    pub(super) fn addresses(&mut self) -> Result<()> {
        self.each(&read::ADDRESSES, |writing, raw| {
            let checked = map::address(raw, &mut writing.report.tidied);
            let Some((id, draft)) = writing.sound(&read::ADDRESSES, raw, checked) else {
                return Ok(());
            };
            let written = writing.insert(
                "insert into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                (
                    id,
                    draft.text("number"),
                    draft.text("street"),
                    draft.text("city"),
                    draft.text("state"),
                    draft.text("zip_code"),
                    draft.text("country_iso_code"),
                    &writing.now,
                ),
            );
            let written = writing.settle(&read::ADDRESSES, raw, written)?;
            writing.report.taken.addresses += u64::from(written);
            Ok(())
        })
    }

    pub(super) fn lettings(&mut self) -> Result<()> {
        self.each(&read::LETTINGS, |writing, raw| {
            let checked = map::letting(raw);
            let Some((id, draft)) = writing.hanging(&read::LETTINGS, raw, &ADDRESS, checked)?
            else {
                return Ok(());
            };
            let written = writing.insert(
                "insert into letting (id, title, address_id, updated_at) values (?1, ?2, ?3, ?4)",
                (
                    id,
                    draft.text("title"),
                    reference_of(&draft, "address_id"),
                    &writing.now,
                ),
            );
            let written = writing.settle_pointing(&read::LETTINGS, raw, &ADDRESS, written)?;
            writing.report.taken.lettings += u64::from(written);
            Ok(())
        })
    }

    pub(super) fn profiles(&mut self) -> Result<()> {
        let show_emails = self.show_emails;
        self.each(&read::PROFILES, |writing, raw| {
            let checked = map::profile(raw, show_emails, &mut writing.report.tidied);
            let Some((id, draft)) = writing.hanging(&read::PROFILES, raw, &USER, checked)? else {
                return Ok(());
            };
            let written = writing.insert(
                "insert into profile (id, user_id, favorite_city, show_email, updated_at) values (?1, ?2, ?3, ?4, ?5)",
                (
                    id,
                    reference_of(&draft, "user_id"),
                    draft.text("favorite_city"),
                    draft.flag("show_email"),
                    &writing.now,
                ),
            );
            let written = writing.settle_pointing(&read::PROFILES, raw, &USER, written)?;
            writing.report.taken.profiles += u64::from(written);
            Ok(())
        })
    }

    /// The admin's log. It outlives rows and people, so nothing that it speaks of need be there.
    pub(super) fn history(&mut self) -> Result<()> {
        let content_types = self.content_types()?;
        let mut author = (0, String::new());
        self.each(&read::LOG, |writing, raw| {
            let Some((_, mut logged)) = writing.sound(&read::LOG, raw, log::entry(raw)) else {
                return Ok(());
            };
            if author.0 != logged.user_id {
                author = (logged.user_id, writing.name_of(logged.user_id)?);
            }
            logged.entry.username.clone_from(&author.1);
            let unknown = || ("unknown".to_owned(), "object".to_owned());
            let model = logged
                .content_type
                .and_then(|id| content_types.get(&id).cloned());
            logged.entry.model = model.unwrap_or_else(unknown);
            let (app, slug) = &logged.entry.model;
            let is_foreign = models::ALL.named(app, slug).is_none();
            let written = history::insert(writing.tx, logged.id, logged.user_id, &logged.entry);
            if writing.settle(&read::LOG, raw, written)? {
                writing.report.taken.history += 1;
                writing.report.foreign_entries += u64::from(is_foreign);
            }
            Ok(())
        })
    }

    /// The name that an author has now; history keeps it as text, so it need not be one that could sign in.
    fn name_of(&self, id: i64) -> Result<String> {
        let ours = self
            .tx
            .prepare_cached("select username from user where id = ?1")?
            .query_row([id], |row| row.get(0));
        if let Ok(name) = ours {
            return Ok(name);
        }
        let name = self
            .tables
            .username(id)?
            .map(|name| name.replace('\0', "").chars().take(150).collect());
        Ok(name
            .filter(|name: &String| !name.is_empty())
            .unwrap_or_else(|| format!("user {id}")))
    }

    /// No id that was ever given out there or here is given out again.
    pub(super) fn keep_ids(&self) -> Result<()> {
        let tables = [
            (&read::GROUPS, "group"),
            (&read::USERS, "user"),
            (&read::ADDRESSES, "address"),
            (&read::LETTINGS, "letting"),
            (&read::PROFILES, "profile"),
            (&read::LOG, "history"),
        ];
        for (wanted, ours) in tables {
            let highest: i64 = self.tx.query_row(
                &format!("select coalesce(max(id), 0) from \"{ours}\""),
                [],
                |row| row.get(0),
            )?;
            let highest = highest.max(self.tables.highest_id(wanted));
            let known = self.tx.execute(
                "update sqlite_sequence set seq = max(seq, ?2) where name = ?1",
                (ours, highest),
            )?;
            if known == 0 {
                self.tx.execute(
                    "insert into sqlite_sequence (name, seq) values (?1, ?2)",
                    (ours, highest),
                )?;
            }
        }
        Ok(())
    }

    /// Runs over a table and says now and then how far it is.
    pub(super) fn each(
        &mut self,
        wanted: &'static Wanted,
        mut take: impl FnMut(&mut Self, &Raw<'_>) -> Result<()>,
    ) -> Result<()> {
        let tables = self.tables;
        let Some(table) = tables.get(wanted) else {
            return Ok(());
        };
        let mut done = 0;
        tables.each(wanted, |raw| {
            take(self, raw)?;
            done += 1;
            if done % STEP == 0 || done == table.rows {
                (self.progress)(Progress {
                    table: &table.name,
                    done,
                    of: table.rows,
                });
            }
            Ok(())
        })
    }

    /// The id and the values of a row that has nothing wrong with it; what is wrong is noted.
    pub(super) fn sound<T>(
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
    fn hanging<T>(
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
    pub(super) fn hangs(
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
    pub(super) fn refuse_dangling(
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
    pub(super) fn refuse(
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

    fn insert(&self, sql: &str, values: impl Params) -> Result<()> {
        self.tx.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// Whether the row was written. What the schema refuses is noted as the row's fault.
    fn settle(
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
    fn settle_pointing(
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
pub(super) fn exists(conn: &Connection, target: &Target, id: i64) -> Result<bool> {
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
            .columns()
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
