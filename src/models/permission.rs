//! What may be allowed: four actions on each model, made at launch from the declarations, never by hand.

use rusqlite::Transaction;

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
