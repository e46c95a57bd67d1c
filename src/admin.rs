//! The admin: every model's list, forms, deletion and history, read off the declarations.
//!
//! No model is known here by name but in `index.rs` and `password.rs`, which are about users. Who is asking and what a
//! post holds is settled by the guards of `web/`; what a declaration may say stands in `schema.rs`.

use rocket::request::{FromRequest, Outcome};
use rocket::{Request, Route, async_trait};

use crate::error::Error;
use crate::schema::{Action, Author, Model, Models};

pub mod change;
pub mod data;
pub mod delete;
pub mod events;
pub mod export;
pub mod history;
pub mod index;
pub mod jobs;
pub mod list;
pub mod password;
pub mod query;
pub mod sessions;
pub mod store;

/// Every address below `/admin/` that is about models.
pub fn routes() -> Vec<Route> {
    [
        index::routes(),
        list::routes(),
        change::routes(),
        delete::routes(),
        history::routes(),
        password::routes(),
        export::routes(),
        events::routes(),
        sessions::routes(),
        jobs::routes(),
        data::routes(),
    ]
    .concat()
}

/// The model that the address names; any other name is an address that does not exist.
#[derive(Clone, Copy)]
pub struct Named(pub &'static Model);

#[async_trait]
impl<'r> FromRequest<'r> for Named {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let mut parts = request.uri().path().segments().skip(1);
        let (app, slug) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        match request
            .rocket()
            .state::<Models>()
            .and_then(|models| models.named(app, slug))
        {
            Some(model) => Outcome::Success(Self(model)),
            None => Outcome::Error((rocket::http::Status::NotFound, ())),
        }
    }
}

/// Goes on only where the author may do this, and else says which permission is missing.
fn demand(author: &Author, action: Action, model: &Model) -> Result<(), Error> {
    if author.may(action, model) {
        return Ok(());
    }
    let missing =
        if action == Action::Add && author.permissions.contains(&model.permission(Action::Add)) {
            model.permission(Action::Change)
        } else {
            model.permission(action)
        };
    Err(Error::Forbidden(format!(
        "Your account may not {} {}: it lacks the permission {missing}. A superuser can grant it.",
        action.word(),
        model.plural
    )))
}
