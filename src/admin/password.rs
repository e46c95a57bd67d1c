//! Setting, resetting and taking away the password of an account.

use maud::{Markup, html};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, post, routes};

use super::demand;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::history::{self, Change, Event};
use crate::models::user::account::{self, Account};
use crate::models::{row, session, user};
use crate::password::{self, validate};
use crate::schema::draft::{Errors, Fields, Value};
use crate::schema::{Action, Field, Fieldset, Kind, Model};
use crate::ui::form::{self, Offer};
use crate::ui::office::{self, Level, Message, Office, Token};
use crate::web::hashing::Hashing;
use crate::web::posted::Posted;
use crate::web::signed::Desk;

/// The form is declared as any other, so that it is checked and drawn by the same code.
static FORM: Model = Model {
    fieldsets: &[Fieldset::plain(&[Field::new(
        "password",
        "Password",
        Kind::Password,
    )])],
    ..Model::DEFAULT
};

pub(super) fn routes() -> Vec<Route> {
    routes![edit, update]
}

#[get("/admin/auth/user/<id>/password")]
fn edit(id: i64, desk: Desk<'_>, db: &State<Db>) -> Result<Markup> {
    let username = may_set(&desk, db, id)?;
    Ok(form_page(
        &desk,
        id,
        &username,
        &Fields::default(),
        &Errors::default(),
    ))
}

#[post("/admin/auth/user/<id>/password", data = "<posted>")]
async fn update(
    id: i64,
    desk: Desk<'_>,
    db: &State<Db>,
    hashing: &State<Hashing>,
    posted: Posted,
) -> Result<Either<(Status, Markup), Redirect>> {
    let username = may_set(&desk, db, id)?;
    let Posted(fields) = posted;
    let refused = |errors: Errors| {
        Ok(Either::Left((
            Status::UnprocessableEntity,
            form_page(&desk, id, &username, &fields, &errors),
        )))
    };
    let plain = match FORM.check(&fields, false) {
        Ok(draft) => match draft.get("password") {
            Some(Value::Password(plain)) => plain.clone(),
            _ => None,
        },
        Err(errors) => return refused(errors),
    };
    let words = if plain.is_some() {
        "Password changed successfully."
    } else {
        "Password-based authentication was disabled."
    };
    let hash = match plain {
        None => password::UNUSABLE.to_owned(),
        Some(plain) => {
            let account = db
                .read(|conn| account::find_any(conn, id))?
                .ok_or(Error::NotFound)?;
            let complaints = complaints(&plain, &account);
            if !complaints.is_empty() {
                return refused(complaints);
            }
            hashing.hash(plain).await?
        }
    };
    let (author, own) = (
        desk.author().clone(),
        (desk.account.id == id).then(|| desk.session.to_owned()),
    );
    let label = username.clone();
    db.write(move |tx| {
        let had_administrator = account::has_administrator(tx)?;
        account::set_password(tx, id, &hash)?;
        if had_administrator && !account::has_administrator(tx)? {
            return Err(Error::Refused(
                "Nobody else could sign in as a superuser: the last password of one cannot be disabled.".to_owned(),
            ));
        }
        session::delete_others(tx, id, own.as_deref())?;
        history::record(
            tx,
            &author,
            &user::MODEL,
            Event::Changed,
            (id, &label),
            &[Change::hidden("Password")],
        )
    })
    .await?;
    desk.say(Message::plain(Level::Success, words));
    Ok(Either::Right(Redirect::to(user::MODEL.change_url(id))))
}

/// What Django's four validators say of a password for this person, at the field where Django says it.
pub fn complaints(plain: &str, account: &Account) -> Errors {
    let person = validate::Person {
        username: &account.author.username,
        first_name: &account.first_name,
        last_name: &account.last_name,
        email: &account.email,
    };
    let mut errors = Errors::default();
    errors.add_all("password", validate::complaints(plain, &person));
    errors
}

/// The account's name, where this person may set its password.
fn may_set(desk: &Desk<'_>, db: &Db, id: i64) -> Result<String> {
    demand(desk.author(), Action::Change, &user::MODEL)?;
    let account = db
        .read(|conn| account::find_any(conn, id))?
        .ok_or(Error::NotFound)?;
    if account.author.is_superuser && !desk.author().is_superuser {
        return Err(Error::Forbidden(
            "Only superusers can set the password of a superuser.".to_owned(),
        ));
    }
    // Whoever can sign in as another holds what the other holds.
    let others = &account.author.permissions;
    let own = desk.account.id == id;
    if !desk.author().is_superuser && !own && !others.is_subset(&desk.author().permissions) {
        return Err(Error::Forbidden(
            "Only superusers can set the password of somebody who holds permissions that you do not hold.".to_owned(),
        ));
    }
    db.read(|conn| row::label(conn, &user::MODEL, id))?
        .ok_or(Error::NotFound)
}

fn form_page(desk: &Desk<'_>, id: i64, username: &str, fields: &Fields, errors: &Errors) -> Markup {
    let title = format!("Set password: {username}");
    let mut office = desk.office(&title);
    office.has_errors = !errors.is_empty();
    office
        .crumbs
        .push((user::MODEL.url(), user::MODEL.title.to_owned()));
    office
        .crumbs
        .push((user::MODEL.change_url(id), username.to_owned()));
    form_html(&office, username, fields, errors)
}

fn form_html(office: &Office<'_>, username: &str, fields: &Fields, errors: &Errors) -> Markup {
    let all: Vec<&Field> = FORM.fields(false).collect();
    let content = html! {
        h1 { (office.title) }
        (form::summary(errors, &all))
        p { "Enter a new password for the user " strong { (username) } ". All sessions of the account end." }
        form.edit method="post" novalidate {
            (Token(office.token))
            section { @for field in &all { (form::input(field, fields, errors, &Offer::Plain)) } }
            div.buttons {
                button.button name="usable_password" value="true" { "Set password" }
                button.button.danger name="usable_password" value="false" { "Disable password-based authentication" }
            }
        }
    };
    office::page(office, content)
}
