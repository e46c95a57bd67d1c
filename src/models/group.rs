//! A set of permissions with a name, for people who do the same work.

use rusqlite::{Connection, Transaction};

use super::permission;
use crate::error::Result;
use crate::schema::draft::{Draft, Errors};
use crate::schema::{Author, Column, Field, Fieldset, Hooks, Kind, List, Many, Model, Order};

/// The permissions of a group.
pub static PERMISSIONS: Many = Many {
    model: &permission::MODEL,
    table: "group_permission",
    ours: "group_id",
    theirs: "permission_id",
    group: "app || ' · ' || model",
};

/// The declaration.
pub static MODEL: Model = Model {
    app: "auth",
    app_title: "Authentication and Authorization",
    slug: "group",
    singular: "group",
    plural: "groups",
    title: "Groups",
    table: "\"group\"",
    label: "name",
    fieldsets: &[Fieldset::plain(&[
        Field::new("name", "Name", Kind::Text { max: 150 }),
        Field::new("permissions", "Permissions", Kind::Many(&PERMISSIONS)).optional(),
    ])],
    list: List {
        columns: &[
            Column::text("Group", "name"),
            Column::text(
                "Members",
                "(select count(*) from user_group where group_id = \"group\".id)",
            ),
            Column::text(
                "Permissions",
                "(select count(*) from group_permission where group_id = \"group\".id)",
            ),
        ],
        search: &["name"],
        order: Order::By(&["name"]),
        ..List::DEFAULT
    },
    hooks: Hooks {
        before_save: grant_only_what_one_holds,
        ..Hooks::DEFAULT
    },
    ..Model::DEFAULT
};

fn grant_only_what_one_holds(
    tx: &Transaction<'_>,
    author: &Author,
    id: Option<i64>,
    draft: &mut Draft,
) -> Result<Errors> {
    let had = id.map_or_else(|| Ok(Vec::new()), |id| permissions_of(tx, id))?;
    let mut errors = Errors::default();
    for words in not_held(tx, author, draft.many("permissions"), &had)? {
        errors.add("permissions", words);
    }
    Ok(errors)
}

/// The ids of a group's permissions.
pub fn permissions_of(conn: &Connection, id: i64) -> Result<Vec<i64>> {
    let mut statement =
        conn.prepare_cached("select permission_id from group_permission where group_id = ?1")?;
    Ok(statement
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Complaints about newly granted permissions that the author does not hold.
pub fn not_held(
    conn: &Connection,
    author: &Author,
    granted: &[i64],
    had: &[i64],
) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    if author.is_superuser {
        return Ok(complaints);
    }
    for id in granted.iter().filter(|id| !had.contains(id)) {
        let mut statement = conn.prepare_cached(
            "select app || '.' || action || '_' || model from permission where id = ?1",
        )?;
        let mut rows = statement.query([id])?;
        if let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            if !author.permissions.contains(&name) {
                complaints.push(format!(
                    "You cannot grant {name}, because you do not hold it yourself."
                ));
            }
        }
    }
    Ok(complaints)
}
