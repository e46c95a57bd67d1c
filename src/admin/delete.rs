//! Deleting: first the list of everything that would go, then the deletion, each row of it logged.

use maud::{Markup, Render, html};
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, post, routes};
use rusqlite::Transaction;

use super::list::kept_filters;
use super::query::Query;
use super::store::doomed::{self, Doomed};
use super::{Named, demand};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::row;
use crate::schema::{Action, Model};
use crate::ui::office::{self, Level, Message, Token};
use crate::ui::{Counted, Number};
use crate::web::guards::Query as Parameters;
use crate::web::jobs::{End, Jobs, Progress};
use crate::web::posted::Posted;
use crate::web::signed::Desk;

pub(super) fn routes() -> Vec<Route> {
    routes![show, delete]
}

/// Rows that somebody wants to delete.
pub(super) struct Asked {
    /// The list that was acted on.
    pub(super) query: Query,
    /// Its ticked rows.
    pub(super) ids: Vec<i64>,
    /// All of it instead.
    pub(super) across: bool,
    /// How many there were when the person was asked.
    pub(super) expected: Option<u64>,
}

/// What the page shows.
struct Plan {
    all: Vec<Doomed>,
    relations: Vec<(String, i64)>,
    refusal: Option<String>,
}

#[get("/admin/<_>/<_>/<id>/delete")]
async fn show(
    id: i64,
    desk: Desk<'_>,
    named: Named,
    parameters: Parameters,
    db: &State<Db>,
) -> Result<Markup> {
    demand(desk.author(), Action::Delete, named.0)?;
    let plan = plan(db, &desk, named.0, vec![id]).await?;
    let label = plan.all[0]
        .labels
        .first()
        .map(|(_, label)| label.clone())
        .ok_or(Error::NotFound)?;
    let forbidden = doomed::forbidden(desk.author(), &plan.all);
    let title = if forbidden.is_empty() {
        format!("Delete {}", named.0.singular)
    } else {
        format!("Cannot delete {}", named.0.singular)
    };
    let mut office = desk.office(&title);
    office
        .crumbs
        .push((named.0.url(), named.0.title.to_owned()));
    office.crumbs.push((named.0.change_url(id), label.clone()));
    let question = format!(
        "Are you sure you want to delete the {} “{label}”? All of the following related items will be deleted:",
        named.0.singular
    );
    let back = format!(
        "{}{}",
        named.0.change_url(id),
        kept_filters(parameters.first("_changelist_filters").unwrap_or(""))
    );
    let hidden = html! { input type="hidden" name="post" value="yes"; };
    Ok(office::page(
        &office,
        confirm_html(
            &title,
            &question,
            &plan,
            &forbidden,
            &desk.token,
            &hidden,
            &back,
        ),
    ))
}

#[post("/admin/<_>/<_>/<id>/delete", data = "<posted>")]
async fn delete(
    id: i64,
    desk: Desk<'_>,
    named: Named,
    parameters: Parameters,
    db: &State<Db>,
    posted: Posted,
) -> Result<Redirect> {
    demand(desk.author(), Action::Delete, named.0)?;
    let Posted(_) = posted;
    let (author, model, models) = (desk.author().clone(), named.0, desk.models);
    let label = db
        .write(move |tx| {
            let label = row::label(tx, model, id)?.ok_or(Error::NotFound)?;
            // What goes with one row is soon done: nobody will ask how far it is.
            doomed::delete(tx, models, &author, model, &[id], &Progress::default())?;
            Ok(label)
        })
        .await?;
    desk.say(Message {
        level: Level::Success,
        words: format!("The {} ", model.singular),
        object: Some((label, None)),
        rest: " was deleted successfully.".to_owned(),
    });
    let kept = parameters.first("_changelist_filters").unwrap_or("");
    let list = Query::read(model, kept).url(1);
    Ok(Redirect::to(if desk.author().may(Action::View, model) {
        list
    } else {
        "/admin/".to_owned()
    }))
}

/// Deletes ticked rows or all of a list: asks first, and again if the number has changed meanwhile. Afterwards the way
/// leads back to the list, over the page that says how far it is where it takes long.
pub(super) async fn many(
    desk: &Desk<'_>,
    db: &Db,
    jobs: &Jobs,
    asked: Asked,
    confirmed: bool,
) -> Result<Either<Markup, Redirect>> {
    let Asked {
        query,
        ids,
        across,
        expected,
    } = asked;
    let (model, back) = (query.model, query.url(1));
    let ids = if across {
        db.read_long(move |conn| query.ids(conn)).await?
    } else {
        ids
    };
    if confirmed && (!across || expected == Some(ids.len() as u64)) {
        let (author, models, db) = (desk.author().clone(), desk.models, db.clone());
        let work = |progress: Progress| async move {
            let delete = move |tx: &Transaction<'_>| {
                doomed::delete(tx, models, &author, model, &ids, &progress)
            };
            let count = db.write(delete).await? as u64;
            let deleted = Counted(count, model.singular, model.plural).render();
            let words = format!("Successfully deleted {}.", deleted.into_string());
            Ok(End {
                message: Message::plain(Level::Success, words),
                next: back,
            })
        };
        let title = format!("Deleting {}", model.plural);
        let begun = jobs.start(Some(desk.account.id), title, work).await?;
        return Ok(Either::Right(begun.way(|message| desk.say(message))));
    }
    let plan = plan(db, desk, model, ids).await?;
    let count = plan.all[0].ids.len();
    let forbidden = doomed::forbidden(desk.author(), &plan.all);
    let title = if forbidden.is_empty() {
        format!("Delete multiple {}", model.plural)
    } else {
        format!("Cannot delete {}", model.plural)
    };
    let mut office = desk.office(&title);
    office.crumbs.push((model.url(), model.title.to_owned()));
    let question = format!(
        "Are you sure you want to delete the selected {}? All of the following objects and their related items will be deleted:",
        model.plural
    );
    let hidden = html! {
        input type="hidden" name="post" value="yes";
        input type="hidden" name="action" value="delete_selected";
        input type="hidden" name="expected" value=(count);
        @if across { input type="hidden" name="select_across" value="1"; }
        @else { @for id in &plan.all[0].ids { input type="hidden" name="_selected_action" value=(id); } }
    };
    Ok(Either::Left(office::page(
        &office,
        confirm_html(
            &title,
            &question,
            &plan,
            &forbidden,
            &desk.token,
            &hidden,
            &back,
        ),
    )))
}

async fn plan(db: &Db, desk: &Desk<'_>, model: &'static Model, ids: Vec<i64>) -> Result<Plan> {
    let (author, models) = (desk.author().clone(), desk.models);
    db.read_long(move |conn| {
        // One view for all of it. The rule is asked in a transaction that only reads.
        let tx = conn.unchecked_transaction()?;
        let all = doomed::doomed(&tx, models, model, &ids)?;
        let relations = doomed::relations(&tx, models, model, &ids)?;
        let refusal = (model.hooks.before_delete)(&tx, &author, &ids)?;
        Ok(Plan {
            all,
            relations,
            refusal,
        })
    })
    .await
}

fn confirm_html(
    title: &str,
    question: &str,
    plan: &Plan,
    forbidden: &[&'static Model],
    token: &str,
    hidden: &Markup,
    back: &str,
) -> Markup {
    html! {
        h1 { (title) }
        @if let Some(words) = &plan.refusal {
            p.message.warn { (words) }
        } @else if !forbidden.is_empty() {
            p { "Deleting this would result in deleting related objects, but your account doesn’t have permission to delete the following types of objects:" }
            ul { @for model in forbidden { li { (model.singular) } } }
        } @else {
            p { (question) }
        }
        h2 { "Summary" }
        ul {
            @for doomed in &plan.all { li { (doomed.model.title) ": " (Number(doomed.ids.len() as u64)) } }
            @for (words, count) in &plan.relations { li { (words) ": " (count) } }
        }
        h2 { "Objects" }
        ul {
            @for doomed in &plan.all {
                @for (id, label) in &doomed.labels { li { (doomed.model.capitalized()) ": " a href=(doomed.model.change_url(*id)) { (label) } } }
                @if doomed.ids.len() > doomed.labels.len() { li { "and " (Number((doomed.ids.len() - doomed.labels.len()) as u64)) " more " (doomed.model.plural) } }
            }
        }
        @if plan.refusal.is_none() && forbidden.is_empty() {
            form.actions method="post" {
                (Token(token)) (hidden)
                button.button.danger { "Yes, I’m sure" }
                a.button.quiet href=(back) { "No, take me back" }
            }
        } @else { p.actions { a.button.quiet href=(back) { "Back" } } }
    }
}
