//! What may be allowed: four actions on each model, made at launch from the declarations, never by hand.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::error::Result;
use crate::schema::{Action, List, Model, Models, Order};

/// Chosen from in the forms of users and groups; not in the index.
pub static MODEL: Model = Model {
    app: "auth",
    app_title: "Authentication and Authorization",
    slug: "permission",
    singular: "permission",
    plural: "permissions",
    title: "Permissions",
    table: "permission",
    label: "'Can ' || action || ' ' || model",
    list: List {
        order: Order::By(&["app", "model"]),
        ..List::DEFAULT
    },
    registered: false,
    ..Model::DEFAULT
};

/// Makes the permissions that are missing.
pub fn bring_up_to_date(tx: &Transaction<'_>, models: Models) -> Result<()> {
    let mut insert =
        tx.prepare("insert or ignore into permission (app, model, action) values (?1, ?2, ?3)")?;
    for model in models.registered() {
        for action in Action::ALL {
            insert.execute((model.app, model.slug, action.word()))?;
        }
    }
    Ok(())
}

/// The permission for an action on a model.
pub fn find(conn: &Connection, app: &str, model: &str, action: Action) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached(
        "select id from permission where app = ?1 and model = ?2 and action = ?3",
    )?;
    Ok(statement
        .query_row((app, model, action.word()), |row| row.get(0))
        .optional()?)
}

/// Every permission by its id, as app, model and the word of its action.
pub fn all(conn: &Connection) -> Result<Vec<(i64, [String; 3])>> {
    let mut statement = conn.prepare_cached("select id, app, model, action from permission")?;
    Ok(statement
        .query_map([], |row| {
            Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?]))
        })?
        .collect::<Result<_, _>>()?)
}
