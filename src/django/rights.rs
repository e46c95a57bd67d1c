//! Who belongs to which group, and who may do what: permissions are found by app, model and action, since their ids
//! differ from site to site.

use std::collections::HashMap;

use super::map::{self, text};
use super::read::Raw;
use super::wanted::{self, Wanted};
use super::write::Writing;
use super::write::faults::{GROUP, Target, USER, exists};
use crate::error::Result;
use crate::schema::Action;

/// The app that had every model before the site was refactored; where that was done in place, rows still name it.
const OLD_APP: &str = "oc_lettings_site";

/// What a permission of theirs is here.
enum Grant {
    /// The id of ours.
    Ours(i64),
    /// Nothing; its name, as Django writes it.
    Meaningless(String),
}

/// The app and the model of ours that theirs is.
fn renamed(app: &str, model: &str) -> (String, String) {
    let app = match (app, model) {
        (OLD_APP, "address" | "letting") => "lettings",
        (OLD_APP, "profile") => "profiles",
        _ => app,
    };
    (app.to_owned(), model.to_owned())
}

/// The action of a permission's name: `add` of `add_letting`; others are of no kind that is known here.
fn action<'c>(codename: &'c str, model: &str) -> Option<&'c str> {
    let word = codename.strip_suffix(model)?.strip_suffix('_')?;
    Action::ALL
        .iter()
        .any(|action| action.word() == word)
        .then_some(word)
}

impl Writing<'_, '_> {
    /// Each content type of theirs as an app and a model of ours, or as it is called there.
    pub(super) fn content_types(&mut self) -> Result<HashMap<i64, (String, String)>> {
        let mut types = HashMap::new();
        self.each(&wanted::CONTENT_TYPES, |_, raw| {
            let (app, model) = (text(raw.get("app_label")), text(raw.get("model")));
            if let (Ok(id), Ok(app), Ok(model)) = (map::id(raw, "id"), app, model) {
                types.insert(id, renamed(&app, &model));
            }
            Ok(())
        })?;
        Ok(types)
    }

    pub(super) fn memberships(&mut self) -> Result<()> {
        self.each(&wanted::USER_GROUPS, |writing, raw| {
            let Some((user, group)) = writing.pair(&wanted::USER_GROUPS, raw, [&USER, &GROUP])?
            else {
                return Ok(());
            };
            let mut insert = writing.tx.prepare_cached(
                "insert or ignore into user_group (user_id, group_id) values (?1, ?2)",
            )?;
            writing.report.taken.memberships += insert.execute((user, group))? as u64;
            Ok(())
        })
    }

    pub(super) fn permissions(&mut self) -> Result<()> {
        let grants = self.grants()?;
        self.granted(
            &wanted::GROUP_PERMISSIONS,
            &GROUP,
            &grants,
            "insert or ignore into group_permission (group_id, permission_id) values (?1, ?2)",
        )?;
        self.granted(
            &wanted::USER_PERMISSIONS,
            &USER,
            &grants,
            "insert or ignore into user_permission (user_id, permission_id) values (?1, ?2)",
        )
    }

    fn granted(
        &mut self,
        wanted: &'static Wanted,
        owner: &'static Target,
        grants: &HashMap<i64, Grant>,
        sql: &str,
    ) -> Result<()> {
        static PERMISSION: Target = Target {
            column: "permission_id",
            table: &wanted::PERMISSIONS,
            ours: "permission",
            singular: "permission",
        };
        self.each(wanted, |writing, raw| {
            let Some(owner) = writing.pointed_at(wanted, raw, owner)? else {
                return Ok(());
            };
            let grant = map::id(raw, PERMISSION.column)
                .ok()
                .and_then(|id| grants.get(&id));
            match grant {
                Some(Grant::Ours(id)) => {
                    let mut insert = writing.tx.prepare_cached(sql)?;
                    writing.report.taken.permissions += insert.execute((owner, id))? as u64;
                }
                Some(Grant::Meaningless(name)) => {
                    *writing.report.meaningless.entry(name.clone()).or_default() += 1;
                }
                None => writing.refuse_dangling(wanted, raw, &PERMISSION),
            }
            Ok(())
        })
    }

    /// What each permission of theirs is here.
    fn grants(&mut self) -> Result<HashMap<i64, Grant>> {
        let types = self.content_types()?;
        let mut ours = HashMap::new();
        let mut statement = self
            .tx
            .prepare("select app, model, action, id from permission")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (app, model, action): (String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            ours.insert((app, model, action), row.get(3)?);
        }
        let mut grants = HashMap::new();
        self.each(&wanted::PERMISSIONS, |_, raw| {
            let Ok(id) = map::id(raw, "id") else {
                return Ok(());
            };
            let codename = text(raw.get("codename")).unwrap_or_default();
            let of = map::id(raw, "content_type_id")
                .ok()
                .and_then(|id| types.get(&id));
            let known = of.and_then(|(app, model)| {
                let action = action(&codename, model)?;
                ours.get(&(app.clone(), model.clone(), action.to_owned()))
            });
            let grant = known.map_or_else(
                || {
                    let app = of.map_or("unknown", |(app, _)| app);
                    Grant::Meaningless(format!("{app}.{codename}"))
                },
                |id| Grant::Ours(*id),
            );
            grants.insert(id, grant);
            Ok(())
        })?;
        Ok(grants)
    }

    /// The ids of both rows that a row ties together.
    fn pair(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        [one, other]: [&Target; 2],
    ) -> Result<Option<(i64, i64)>> {
        let (one, other) = (
            self.pointed_at(wanted, raw, one)?,
            self.pointed_at(wanted, raw, other)?,
        );
        Ok(one.zip(other))
    }

    /// The id of a row that is here; where it is not, that is noted.
    fn pointed_at(
        &mut self,
        wanted: &'static Wanted,
        raw: &Raw<'_>,
        target: &Target,
    ) -> Result<Option<i64>> {
        if self.hangs(wanted, raw, target)? {
            return Ok(None);
        }
        match map::id(raw, target.column) {
            Ok(id) if exists(self.tx, target, id)? => return Ok(Some(id)),
            Ok(_) => self.refuse_dangling(wanted, raw, target),
            Err(complaint) => self.refuse(wanted, raw, vec![complaint], false),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_permissions_end_in_their_model() {
        assert_eq!(action("add_letting", "letting"), Some("add"));
        assert_eq!(action("view_address", "address"), Some("view"));
        for codename in ["add_letting", "publish_address", "add_", "address", ""] {
            assert_eq!(action(codename, "address"), None, "{codename}");
        }
    }

    #[test]
    fn models_of_the_old_app_are_found_in_their_new_ones() {
        for (app, model, ours) in [
            ("oc_lettings_site", "letting", "lettings"),
            ("oc_lettings_site", "address", "lettings"),
            ("oc_lettings_site", "profile", "profiles"),
            ("oc_lettings_site", "other", "oc_lettings_site"),
            ("auth", "user", "auth"),
        ] {
            assert_eq!(renamed(app, model), (ours.to_owned(), model.to_owned()));
        }
    }
}
