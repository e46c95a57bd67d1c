//! Adding and changing a row: the form, the save, the view for those who may only look, and two people on one row.

use maud::{Markup, html};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, post, routes};

use super::list::kept_filters;
use super::query::Query;
use super::store::{self, Loaded, Saved};
use super::{Named, demand};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::row;
use crate::password::{self, validate};
use crate::schema::draft::{Draft, Errors, Fields, Value};
use crate::schema::{Action, Author, Field, Kind, Model};
use crate::ui::form::{self, Offer};
use crate::ui::office::{self, Level, Message, Office, Token};
use crate::web::errors;
use crate::web::guards::Query as Parameters;
use crate::web::hashing::Hashing;
use crate::web::posted::Posted;
use crate::web::signed::Desk;

/// Rows offered to choose from at once.
const OFFERED: i64 = 20;
/// Groups and permissions offered; there are never so many.
const OFFERED_MANY: i64 = 1_000;
/// The form's hidden version of the row.
const VERSION: &str = "_version";

pub(super) fn routes() -> Vec<Route> {
    routes![new, create, show, edit, update]
}

/// A page, or a way to another.
type Answer = Result<Either<(Status, Markup), Redirect>>;

/// A form as it is to be drawn.
struct Form<'a> {
    model: &'static Model,
    /// The row, for one that is there.
    row: Option<(i64, &'a Loaded)>,
    fields: Fields,
    errors: Errors,
    /// What the row is now and what was typed, when somebody else saved it meanwhile.
    conflict: Option<Vec<(&'static str, String, String)>>,
    /// Why nothing could be saved, though nothing is wrong with what was typed.
    hindrance: Option<&'static str>,
    kept: &'a str,
}

#[get("/admin/<_>/<_>/add")]
fn new(desk: Desk<'_>, named: Named, parameters: Parameters, db: &State<Db>) -> Answer {
    demand(desk.author(), Action::Add, named.0)?;
    let kept = kept(&parameters);
    draw(
        &desk,
        db,
        Form {
            model: named.0,
            row: None,
            fields: Fields::default(),
            errors: Errors::default(),
            conflict: None,
            hindrance: None,
            kept: &kept,
        },
        Status::Ok,
    )
}

#[post("/admin/<_>/<_>/add", data = "<posted>")]
async fn create(
    desk: Desk<'_>,
    named: Named,
    parameters: Parameters,
    db: &State<Db>,
    hashing: &State<Hashing>,
    posted: Posted,
) -> Answer {
    demand(desk.author(), Action::Add, named.0)?;
    let (model, Posted(fields), kept) = (named.0, posted, kept(&parameters));
    let form = |fields, errors| Form {
        model,
        row: None,
        fields,
        errors,
        conflict: None,
        hindrance: None,
        kept: &kept,
    };
    if wants_search(model, &fields, true) {
        return draw(&desk, db, form(fields, Errors::default()), Status::Ok);
    }
    let checked = match model.check(&fields, true) {
        Ok(draft) => hashed(draft, hashing).await?,
        Err(errors) => Err(errors),
    };
    let draft = match checked {
        Ok(draft) => draft,
        Err(errors) => return draw(&desk, db, form(fields, errors), Status::UnprocessableEntity),
    };
    let author = desk.author().clone();
    let saved_as = match db
        .write(move |tx| store::insert(tx, &author, model, draft))
        .await
    {
        Ok(saved_as) => saved_as,
        Err(error) => return hindered(&desk, db, form(fields, Errors::default()), error),
    };
    match saved_as {
        Saved::As(id, label) => Ok(Either::Right(saved(
            &desk, model, id, label, &fields, &kept, true,
        ))),
        Saved::Not(errors) => draw(&desk, db, form(fields, errors), Status::UnprocessableEntity),
        Saved::Conflict => Err(Error::internal("a new row cannot be in conflict")),
    }
}

/// Django's short address of a row.
#[get("/admin/<_>/<_>/<id>", rank = 12)]
fn show(id: i64, desk: Desk<'_>, named: Named) -> Result<Redirect> {
    demand(desk.author(), Action::View, named.0)?;
    Ok(Redirect::to(named.0.change_url(id)))
}

#[get("/admin/<_>/<_>/<id>/change")]
fn edit(id: i64, desk: Desk<'_>, named: Named, parameters: Parameters, db: &State<Db>) -> Answer {
    let model = named.0;
    demand(desk.author(), Action::View, model)?;
    let loaded = db.read(|conn| store::load(conn, model, id))?;
    let kept = kept(&parameters);
    if !desk.author().may(Action::Change, model) {
        return look(&desk, db, model, id, &loaded, &kept);
    }
    let fields = Fields::of(&loaded.values);
    draw(
        &desk,
        db,
        Form {
            model,
            row: Some((id, &loaded)),
            fields,
            errors: Errors::default(),
            conflict: None,
            hindrance: None,
            kept: &kept,
        },
        Status::Ok,
    )
}

#[post("/admin/<_>/<_>/<id>/change", data = "<posted>")]
async fn update(
    id: i64,
    desk: Desk<'_>,
    named: Named,
    parameters: Parameters,
    db: &State<Db>,
    posted: Posted,
) -> Answer {
    demand(desk.author(), Action::Change, named.0)?;
    let (model, Posted(fields), kept) = (named.0, posted, kept(&parameters));
    let loaded = db.read(|conn| store::load(conn, model, id))?;
    let form = |fields, errors| Form {
        model,
        row: Some((id, &loaded)),
        fields,
        errors,
        conflict: None,
        hindrance: None,
        kept: &kept,
    };
    if wants_search(model, &fields, false) {
        return draw(&desk, db, form(fields, Errors::default()), Status::Ok);
    }
    let mut draft = match model.check(&fields, false) {
        Ok(draft) => draft,
        Err(errors) => return draw(&desk, db, form(fields, errors), Status::UnprocessableEntity),
    };
    for field in model.fields(false) {
        if matches!(field.kind, Kind::Moment) && fields.is_untouched(field.name) {
            draft.remove(field.name);
        }
    }
    // What is no version, or none at all, is not the row's.
    let version = fields.first(VERSION).and_then(|text| text.parse().ok());
    let (author, version, typed) = (desk.author().clone(), version.unwrap_or(0), draft.clone());
    let saved_as = match db
        .write(move |tx| store::update(tx, &author, model, id, version, draft))
        .await
    {
        Ok(saved_as) => saved_as,
        Err(error) => return hindered(&desk, db, form(fields, Errors::default()), error),
    };
    match saved_as {
        Saved::As(id, label) => Ok(Either::Right(saved(
            &desk, model, id, label, &fields, &kept, false,
        ))),
        Saved::Not(errors) => draw(&desk, db, form(fields, errors), Status::UnprocessableEntity),
        Saved::Conflict => {
            let now = db.read(|conn| store::load(conn, model, id))?;
            let conflict = db.read(|conn| differences(conn, model, &now.values, &typed))?;
            let form = Form {
                model,
                row: Some((id, &now)),
                fields,
                errors: Errors::default(),
                conflict: Some(conflict),
                hindrance: None,
                kept: &kept,
            };
            draw(&desk, db, form, Status::Conflict)
        }
    }
}

/// The form with what was typed, when nothing could be written.
fn hindered(desk: &Desk<'_>, db: &Db, mut form: Form<'_>, error: Error) -> Answer {
    let (status, words) = errors::not_saved(error)?;
    form.hindrance = Some(words);
    draw(desk, db, form, status)
}

fn kept(parameters: &Parameters) -> String {
    parameters
        .first("_changelist_filters")
        .unwrap_or("")
        .to_owned()
}

/// The search of a field was asked for, by its button or by typing into it and pressing Enter.
fn wants_search(model: &Model, fields: &Fields, adding: bool) -> bool {
    fields.has("_search")
        || model.fields(adding).any(|field| {
            matches!(field.kind, Kind::One(_))
                && fields
                    .first(&format!("{}__search", field.name))
                    .unwrap_or("")
                    != fields
                        .first(&format!("{}__searched", field.name))
                        .unwrap_or("")
        })
}

/// A password in clear becomes a hash, or complaints; a few at a time, as each costs a lot on purpose.
async fn hashed(mut draft: Draft, hashing: &Hashing) -> Result<Result<Draft, Errors>> {
    let plain = match draft.get("password") {
        Some(Value::Password(Some(plain))) => plain.clone(),
        _ => return Ok(Ok(draft)),
    };
    let person = validate::Person {
        username: draft.text("username"),
        first_name: "",
        last_name: "",
        email: "",
    };
    let complaints = validate::complaints(&plain, &person);
    if !complaints.is_empty() {
        let mut errors = Errors::default();
        errors.add_all("password", complaints);
        return Ok(Err(errors));
    }
    let hash = hashing.hash(plain).await?;
    draft.set("password", Value::Text(hash));
    Ok(Ok(draft))
}

/// Where to go after a save: the list with its filters, the same form, or an empty one, as the button says.
fn saved(
    desk: &Desk<'_>,
    model: &'static Model,
    id: i64,
    label: String,
    fields: &Fields,
    kept: &str,
    added: bool,
) -> Redirect {
    let author = desk.author();
    let verb = if added { "added" } else { "changed" };
    // A new user is only half a user: Django goes on to the other fields, and so do we.
    let half = added && model.add_fieldsets.is_some() && !fields.has("_addanother");
    let filters = kept_filters(kept);
    let (rest, next) = if fields.has("_continue") || half {
        (
            " You may edit it again below.".to_owned(),
            format!("{}{filters}", model.change_url(id)),
        )
    } else if fields.has("_addanother") {
        (
            format!(" You may add another {} below.", model.singular),
            format!("{}add/{filters}", model.url()),
        )
    } else if author.may(Action::View, model) {
        (String::new(), Query::read(model, kept).url(1))
    } else {
        (String::new(), "/admin/".to_owned())
    };
    let url = author
        .may(Action::View, model)
        .then(|| model.change_url(id));
    desk.say(Message {
        level: Level::Success,
        words: format!("The {} ", model.singular),
        object: Some((label, url)),
        rest: format!(" was {verb} successfully.{rest}"),
    });
    Redirect::to(next)
}

/// Fields in which the row as it is now differs from what was typed.
fn differences(
    conn: &rusqlite::Connection,
    model: &'static Model,
    now: &Draft,
    typed: &Draft,
) -> Result<Vec<(&'static str, String, String)>> {
    let mut differences = Vec::new();
    for field in model.fields(false) {
        if let (Some(theirs), Some(ours)) = (now.get(field.name), typed.get(field.name))
            && theirs != ours
        {
            differences.push((
                field.label,
                row::words(conn, field, theirs)?,
                row::words(conn, field, ours)?,
            ));
        }
    }
    Ok(differences)
}

fn offer(
    conn: &rusqlite::Connection,
    field: &Field,
    fields: &Fields,
    author: &Author,
    row: Option<(i64, &Loaded)>,
) -> Result<Offer> {
    Ok(match field.kind {
        Kind::One(target) => {
            let words = fields
                .first(&format!("{}__search", field.name))
                .unwrap_or("");
            let mut choices = store::choices(conn, target, "''", words, OFFERED)?;
            let chosen: Option<i64> = fields.first(field.name).and_then(|text| text.parse().ok());
            if let Some(id) = chosen
                && let Some(choice) = store::choice(conn, target, id)?
            {
                choices.retain(|choice| choice.id != id);
                choices.insert(0, choice);
            }
            let may_add = author.may(Action::Add, target);
            Offer::One {
                choices,
                // Where it is made in this very form, a page of its own for it would only be in the way.
                add_url: (may_add && !field.takes_new).then(|| format!("{}add/", target.url())),
                change_url: chosen
                    .filter(|_| author.may(Action::View, target))
                    .map(|id| target.change_url(id)),
                noun: target.singular,
                new: field.new_of().filter(|_| may_add),
            }
        }
        Kind::Many(many) => Offer::Many(store::choices(
            conn,
            many.model,
            many.group,
            "",
            OFFERED_MANY,
        )?),
        Kind::Hash => {
            let stored = row.map_or("", |(_, loaded)| loaded.values.text(field.name));
            let summary = password::summary(stored).map(|summary| {
                let mut pairs = vec![("algorithm".to_owned(), summary.algorithm)];
                pairs.extend(summary.details);
                pairs
            });
            let url = row.map(|(id, _)| format!("/admin/auth/user/{id}/password/"));
            Offer::Hash {
                summary: summary.unwrap_or_default(),
                url,
            }
        }
        _ => Offer::Plain,
    })
}

fn draw(desk: &Desk<'_>, db: &Db, form: Form<'_>, status: Status) -> Answer {
    let model = form.model;
    let title = match form.row {
        Some((_, loaded)) => format!("Change {}: {}", model.singular, loaded.label),
        None => format!("Add {}", model.singular),
    };
    let offers: Vec<Offer> = db.read(|conn| {
        model
            .fields(form.row.is_none())
            .map(|field| offer(conn, field, &form.fields, desk.author(), form.row))
            .collect()
    })?;
    let mut office = desk.office(&title);
    office.has_errors =
        !form.errors.is_empty() || form.conflict.is_some() || form.hindrance.is_some();
    office
        .crumbs
        .push((Query::read(model, form.kept).url(1), model.title.to_owned()));
    Ok(Either::Left((
        status,
        form_html(&office, desk.author(), &form, &offers),
    )))
}

fn form_html(office: &Office<'_>, author: &Author, form: &Form<'_>, offers: &[Offer]) -> Markup {
    let model = form.model;
    let adding = form.row.is_none();
    let fields: Vec<&Field> = model.fields(adding).collect();
    let filters = kept_filters(form.kept);
    // A form that comes back keeps the version it was opened with, or a save in between would go unnoticed; only who
    // has seen the other's version goes on from there.
    let opened = form
        .fields
        .first(VERSION)
        .filter(|_| form.conflict.is_none());
    let version = form
        .row
        .map(|(_, loaded)| opened.map_or_else(|| loaded.version.to_string(), str::to_owned));
    let mut offers = offers.iter();
    let content = html! {
        div.heading {
            h1 { (office.title) }
            @if let Some((id, loaded)) = form.row { (row_links(model, id, loaded)) }
        }
        (form::summary(&form.errors, &fields))
        @if let Some(words) = form.hindrance { div.errors role="alert" { p { strong { "Nothing was saved." } } p { (words) } } }
        @if let (Some(differences), Some((id, _))) = (&form.conflict, form.row) {
            (conflict_html(model, differences, &format!("{}{filters}", model.change_url(id))))
        }
        form.edit #edit method="post" novalidate {
            (Token(office.token))
            @if let Some(version) = version { input type="hidden" name=(VERSION) value=(version); }
            // The first button is what Enter presses.
            button.vh name="_save" value="1" tabindex="-1" { "Save" }
            @for fieldset in model.form(adding) {
                section {
                    @if let Some(title) = fieldset.title { h2 { (title) } }
                    @for field in fieldset.fields { @if let Some(offer) = offers.next() { (form::input(field, &form.fields, &form.errors, offer)) } }
                }
            }
            @if adding && model.add_fieldsets.is_some() { (usable_html(&form.fields)) }
            div.buttons {
                button.button name="_save" value="1" { "Save" }
                button.button.quiet name="_addanother" value="1" { "Save and add another" }
                button.button.quiet name="_continue" value="1" { "Save and continue editing" }
                @if let Some((id, _)) = form.row {
                    @if author.may(Action::Delete, model) { a.button.danger href={ (model.url()) (id) "/delete/" (filters) } { "Delete" } }
                }
            }
        }
    };
    office::page(office, content)
}

/// Django's choice between an account with a password and one without.
fn usable_html(fields: &Fields) -> Markup {
    let without = fields.first("usable_password") == Some("false");
    html! {
        fieldset.field {
            legend { "Password-based authentication" }
            label { input type="radio" name="usable_password" value="true" checked[!without]; " Enabled" }
            label { input type="radio" name="usable_password" value="false" checked[without]; " Disabled: the account cannot sign in until a password is set" }
            p.help { "After you’ve created a user, you’ll be able to edit more user options." }
        }
    }
}

fn row_links(model: &Model, id: i64, loaded: &Loaded) -> Markup {
    html! {
        p.tools {
            a.button.quiet href={ (model.url()) (id) "/history/" } { "History" }
            @if let Some(url) = &loaded.public_url { a.button.quiet href=(url) { "View on site" } }
        }
    }
}

/// Both versions side by side, and a button for each. Theirs is saved already: taking it is looking at it afresh.
fn conflict_html(model: &Model, differences: &[(&str, String, String)], theirs: &str) -> Markup {
    html! {
        div.errors role="alert" tabindex="-1" {
            p { strong { "Somebody else saved this " (model.singular) " since you opened it." } }
            p { "Nothing of yours is lost: it is still in the form below. Save your version over theirs, take theirs, or change the form and save that." }
            @if differences.is_empty() { p { "Both versions are the same." } } @else {
                div.scroll {
                    table.rows {
                        thead { tr { th scope="col" { "Field" } th scope="col" { "Theirs, saved" } th scope="col" { "Yours, not saved" } } }
                        tbody {
                            @for (label, theirs, ours) in differences {
                                tr { th scope="row" data-label="Field" { (label) } td data-label="Theirs" { (theirs) } td data-label="Yours" { (ours) } }
                            }
                        }
                    }
                }
            }
            div.buttons {
                button.button form="edit" name="_save" value="1" { "Save my version" }
                a.button.quiet href=(theirs) { "Take theirs" }
            }
        }
    }
}

/// The row for those who may look and not touch.
fn look(
    desk: &Desk<'_>,
    db: &Db,
    model: &'static Model,
    id: i64,
    loaded: &Loaded,
    kept: &str,
) -> Answer {
    let shown = db.read(|conn| {
        let fields = model
            .fields(false)
            .filter_map(|field| Some((field, loaded.values.get(field.name)?)));
        fields
            .map(|(field, value)| {
                let words = match field.kind {
                    Kind::Hash => password::summary(loaded.values.text(field.name)).map_or_else(
                        || "No password set.".to_owned(),
                        |summary| summary.algorithm,
                    ),
                    _ => row::words(conn, field, value)?,
                };
                Ok((field, words))
            })
            .collect::<Result<Vec<_>>>()
    })?;
    let title = format!("View {}: {}", model.singular, loaded.label);
    let mut office = desk.office(&title);
    let list = Query::read(model, kept).url(1);
    office.crumbs.push((list.clone(), model.title.to_owned()));
    let content = html! {
        div.heading { h1 { (title) } (row_links(model, id, loaded)) }
        dl.facts {
            @for (field, words) in &shown {
                div {
                    dt { (field.label) }
                    dd {
                        @match field.kind {
                            _ if words.is_empty() => "-",
                            // As in Django, also where the other row is one that the person may not see.
                            Kind::One(target) => { a href=[linked(field, loaded).map(|id| target.change_url(id))] { (words) } },
                            _ => (words),
                        }
                    }
                }
            }
        }
        p.actions { a.button.quiet href=(list) { "Close" } }
    };
    Ok(Either::Left((Status::Ok, office::page(&office, content))))
}

/// The id that a field points at.
fn linked(field: &Field, loaded: &Loaded) -> Option<i64> {
    match loaded.values.get(field.name) {
        Some(Value::One(id)) => *id,
        _ => None,
    }
}
