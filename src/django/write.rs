//! Rows of the file become rows of ours, each table after those that it points at.
//!
//! What is wrong with a row is noted in `django/write/faults.rs`. Rights are in `django/rights.rs`, the administrator who was here before in `django/local.rs`.

use std::collections::{HashMap, HashSet};

use rusqlite::{Params, Transaction};

use super::map::{self, moment_of, reference_of};
use super::read::{Raw, Tables};
use super::report::Report;
use super::wanted::{self, Wanted};
use super::{Progress, log};
use crate::error::Result;
use crate::models::{self, history};
use faults::{ADDRESS, USER};

pub(super) mod faults;

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
        self.each(&wanted::GROUPS, |writing, raw| {
            let mut tidied = writing.report.tidied;
            let checked = map::group(raw, &mut tidied);
            let Some((id, draft)) = writing.sound(&wanted::GROUPS, raw, checked) else {
                return Ok(());
            };
            let values = (id, draft.text("name"), &writing.now);
            let written = writing.insert(
                "insert into \"group\" (id, name, updated_at) values (?1, ?2, ?3)",
                values,
            );
            if writing.settle(&wanted::GROUPS, raw, written)? {
                writing.report.taken.groups += 1;
                writing.report.tidied = tidied;
            }
            Ok(())
        })
    }

    pub(super) fn users(&mut self) -> Result<()> {
        self.each(&wanted::USERS, |writing, raw| {
            let mut tidied = writing.report.tidied;
            let checked = map::user(raw, &mut tidied);
            let Some((id, account)) = writing.sound(&wanted::USERS, raw, checked) else {
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
            if writing.settle(&wanted::USERS, raw, written)? {
                writing.report.taken.users += 1;
                writing.report.tidied = tidied;
                match account.unusable {
                    None => writing.report.passwords.usable += 1,
                    Some(kind) => *writing.report.passwords.unusable.entry(kind.to_owned()).or_default() += 1,
                }
            }
            Ok(())
        })
    }

    pub(super) fn addresses(&mut self) -> Result<()> {
        self.each(&wanted::ADDRESSES, |writing, raw| {
            let mut tidied = writing.report.tidied;
            let checked = map::address(raw, &mut tidied);
            let Some((id, draft)) = writing.sound(&wanted::ADDRESSES, raw, checked) else {
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
            if writing.settle(&wanted::ADDRESSES, raw, written)? {
                writing.report.taken.addresses += 1;
                writing.report.tidied = tidied;
            }
            Ok(())
        })
    }

    pub(super) fn lettings(&mut self) -> Result<()> {
        self.each(&wanted::LETTINGS, |writing, raw| {
            let checked = map::letting(raw);
            let Some((id, draft)) = writing.hanging(&wanted::LETTINGS, raw, &ADDRESS, checked)?
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
            let written = writing.settle_pointing(&wanted::LETTINGS, raw, &ADDRESS, written)?;
            writing.report.taken.lettings += u64::from(written);
            Ok(())
        })
    }

    pub(super) fn profiles(&mut self) -> Result<()> {
        let show_emails = self.show_emails;
        self.each(&wanted::PROFILES, |writing, raw| {
            let mut tidied = writing.report.tidied;
            let checked = map::profile(raw, show_emails, &mut tidied);
            let Some((id, draft)) = writing.hanging(&wanted::PROFILES, raw, &USER, checked)? else {
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
            if writing.settle_pointing(&wanted::PROFILES, raw, &USER, written)? {
                writing.report.taken.profiles += 1;
                writing.report.tidied = tidied;
            }
            Ok(())
        })
    }

    /// The admin's log. It outlives rows and people, so nothing that it speaks of need be there.
    pub(super) fn history(&mut self) -> Result<()> {
        let content_types = self.content_types()?;
        let mut author = (0, String::new());
        self.each(&wanted::LOG, |writing, raw| {
            let Some((_, mut logged)) = writing.sound(&wanted::LOG, raw, log::entry(raw)) else {
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
            let written = history::insert(writing.tx, logged.id, &logged.entry);
            if writing.settle(&wanted::LOG, raw, written)? {
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
            (&wanted::GROUPS, "group"),
            (&wanted::USERS, "user"),
            (&wanted::ADDRESSES, "address"),
            (&wanted::LETTINGS, "letting"),
            (&wanted::PROFILES, "profile"),
            (&wanted::LOG, "history"),
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

    fn insert(&self, sql: &str, values: impl Params) -> Result<()> {
        self.tx.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}
