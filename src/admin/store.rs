//! Rows by declaration: load, insert, update, by the declaration's rules and with their history in the same transaction.
//!
//! How a row is read and written is in `models/row.rs`. The SQL here is built as well, from names that stand in
//! declarations, with every value bound. Lists are asked for in `query.rs`, deletions in `store/doomed.rs`,
//! rows that break the rules in `store/rules.rs`.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::error::{Error, Result};
use crate::models::history::{self, Event};
use crate::models::row;
use crate::schema::draft::{CHOICE, Draft, Errors, Value};
use crate::schema::search::{Search, Texts};
use crate::schema::{Action, Author, Choice, Kind, Model};

pub mod doomed;
pub mod rules;

/// A row as it is: its values as a form would send them, its name, its version.
pub struct Loaded {
    /// What the row is called.
    pub label: String,
    /// Counts up with every save.
    pub version: i64,
    /// Where it is on the public site.
    pub public_url: Option<String>,
    /// The value of each field of the change form.
    pub values: Draft,
}

/// What became of a save.
pub enum Saved {
    /// It is written, under this id and name.
    As(i64, String),
    /// It is not, because of this.
    Not(Errors),
    /// It is not, because somebody else saved the row since the form was drawn.
    Conflict,
}

/// The row of this id.
pub fn load(conn: &Connection, model: &Model, id: i64) -> Result<Loaded> {
    let sql = format!(
        "select {}, version, {} from {} where id = ?1",
        model.label,
        model.public_url.unwrap_or("null"),
        model.table
    );
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found = conn
        .prepare_cached(&sql)?
        .query_row([id], read)
        .optional()?;
    let (label, version, public_url) = found.ok_or(Error::NotFound)?;
    Ok(Loaded {
        label,
        version,
        public_url,
        values: row::values(conn, model, id)?.ok_or(Error::NotFound)?,
    })
}

/// How many rows a model has.
pub fn count(conn: &Connection, model: &Model) -> Result<u64> {
    let sql = format!("select count(*) from {}", model.table);
    Ok(conn.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
}

/// The row as it stands among others to choose from; nothing when it is not there.
pub fn choice(conn: &Connection, model: &Model, id: i64) -> Result<Option<Choice>> {
    let sql = format!(
        "select {} from {} where id = ?1",
        model.choice.unwrap_or(model.label),
        model.table
    );
    let found = conn
        .prepare_cached(&sql)?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.map(|label| Choice {
        id,
        label,
        group: String::new(),
    }))
}

/// Rows to choose from, in whose words all of these occur; at most so many.
pub fn choices(
    conn: &Connection,
    model: &Model,
    group: &str,
    words: &str,
    limit: i64,
) -> Result<Vec<Choice>> {
    let shown = model.choice.unwrap_or(model.label);
    let index = model.list.index.as_ref();
    let mut found = Search::read(words).within(Texts {
        table: model.table,
        fields: &[shown],
        index: index.map(|index| (index.table, Some(index.name))),
    });
    let limit = found.bind(limit.into());
    let sql = format!(
        "select id, {shown}, {group} from {} order by {} limit {limit}",
        found.rows(),
        model.list.order.sql(found.id(), false)
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let read = |row: &Row<'_>| {
        Ok(Choice {
            id: row.get(0)?,
            label: row.get(1)?,
            group: row.get(2)?,
        })
    };
    Ok(statement
        .query_map(rusqlite::params_from_iter(found.parameters), read)?
        .collect::<Result<_, _>>()?)
}

/// Writes a new row with its relations and its first line of history, and before it the rows that are made with it.
pub fn insert(tx: &Transaction<'_>, author: &Author, model: &Model, draft: Draft) -> Result<Saved> {
    whole_or_not(tx, || insert_row(tx, author, model, draft))
}

fn insert_row(
    tx: &Transaction<'_>,
    author: &Author,
    model: &Model,
    mut draft: Draft,
) -> Result<Saved> {
    let mut errors = make_new(tx, author, model, &mut draft, true)?;
    errors.extend((model.hooks.before_save)(tx, author, None, &mut draft)?);
    errors.extend(missing_targets(tx, model, &draft, true)?);
    if !errors.is_empty() {
        return Ok(Saved::Not(errors));
    }
    let id = match row::insert(tx, model, None, &draft)? {
        Ok(id) => id,
        Err(taken) => return Ok(Saved::Not(taken)),
    };
    let label = row::label(tx, model, id)?.ok_or(Error::NotFound)?;
    history::record(tx, author, model, Event::Added, (id, &label), &[])?;
    Ok(Saved::As(id, label))
}

/// Writes a row back with its relations and a line of history that says what changed, if it is still the version that
/// was worked on. A field that the draft lacks stays as it is.
pub fn update(
    tx: &Transaction<'_>,
    author: &Author,
    model: &Model,
    id: i64,
    version: i64,
    draft: Draft,
) -> Result<Saved> {
    let before = load(tx, model, id)?;
    if version != before.version {
        return Ok(Saved::Conflict);
    }
    whole_or_not(tx, || update_row(tx, author, model, id, &before, draft))
}

fn update_row(
    tx: &Transaction<'_>,
    author: &Author,
    model: &Model,
    id: i64,
    before: &Loaded,
    mut draft: Draft,
) -> Result<Saved> {
    let mut errors = make_new(tx, author, model, &mut draft, false)?;
    errors.extend((model.hooks.before_save)(tx, author, Some(id), &mut draft)?);
    errors.extend(missing_targets(tx, model, &draft, false)?);
    if !errors.is_empty() {
        return Ok(Saved::Not(errors));
    }
    if let Err(taken) = row::update(tx, model, id, &draft)? {
        return Ok(Saved::Not(taken));
    }
    let changes = row::changes(tx, model, &before.values, &draft)?;
    let label = row::label(tx, model, id)?.ok_or(Error::NotFound)?;
    history::record(tx, author, model, Event::Changed, (id, &label), &changes)?;
    Ok(Saved::As(id, label))
}

/// A save that is refused leaves nothing behind, not even the rows that were made for it.
fn whole_or_not(tx: &Transaction<'_>, save: impl FnOnce() -> Result<Saved>) -> Result<Saved> {
    tx.execute_batch("savepoint save")?;
    let saved = save()?;
    tx.execute_batch(match saved {
        Saved::As(..) => "release save",
        Saved::Not(_) | Saved::Conflict => "rollback to save; release save",
    })?;
    Ok(saved)
}

/// Makes the rows that are to be made with this one, and puts their ids in their place.
fn make_new(
    tx: &Transaction<'_>,
    author: &Author,
    model: &Model,
    draft: &mut Draft,
    adding: bool,
) -> Result<Errors> {
    let mut errors = Errors::default();
    for field in model.fields(adding) {
        let Some(target) = field.new_of() else {
            continue;
        };
        let Some(Value::New(inner)) = draft.get(field.name) else {
            continue;
        };
        if !author.may(Action::Add, target) {
            errors.add(field.name, CHOICE);
            continue;
        }
        match insert_row(tx, author, target, inner.clone())? {
            Saved::As(id, _) => draft.set(field.name, Value::One(Some(id))),
            Saved::Not(inner) => errors.add_within(field.name, inner),
            Saved::Conflict => return Err(Error::internal("a new row cannot be in conflict")),
        }
    }
    Ok(errors)
}

/// Rows that were chosen and are not there, or not any more.
fn missing_targets(
    conn: &Connection,
    model: &Model,
    draft: &Draft,
    adding: bool,
) -> Result<Errors> {
    let mut errors = Errors::default();
    for field in model.fields(adding) {
        match (&field.kind, draft.get(field.name)) {
            (Kind::One(target), Some(Value::One(Some(id)))) if !row::exists(conn, target, *id)? => {
                errors.add(field.name, CHOICE);
            }
            (Kind::Many(many), Some(Value::Many(ids))) => {
                for id in ids {
                    if !row::exists(conn, many.model, *id)? {
                        errors.add(
                            field.name,
                            format!(
                                "Select a valid choice. {id} is not one of the available choices."
                            ),
                        );
                    }
                }
            }
            _ => {}
        }
    }
    Ok(errors)
}
