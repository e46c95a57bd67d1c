//! Rows by declaration: load, insert, update, with their history in the same transaction.
//!
//! The only SQL that is built instead of written out: from names that stand in declarations, with every value bound.
//! Lists are asked for in `query.rs`, deletions in `store/doomed.rs`.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::error::{Error, Result};
use crate::models::history::{self, Change, Event};
use crate::models::json_ids;
use crate::schema::draft::{CHOICE, Draft, Errors, Value};
use crate::schema::{Action, Author, Choice, Field, Kind, Many, Model};

pub mod doomed;

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
    let fields: Vec<&Field> = model
        .fields(false)
        .filter(|field| !matches!(field.kind, Kind::Many(_)))
        .collect();
    let columns = fields
        .iter()
        .map(|field| format!(", {}", field.name))
        .collect::<Vec<_>>()
        .concat();
    let url = model.public_url.unwrap_or("null");
    let sql = format!(
        "select {}, version, {url}{columns} from {} where id = ?1",
        model.label, model.table
    );
    let read = |row: &Row<'_>| {
        let values = fields
            .iter()
            .enumerate()
            .map(|(place, field)| Ok((field.name, value_of(field, row, place + 3)?)));
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            values.collect::<rusqlite::Result<Vec<_>>>()?,
        ))
    };
    let found = conn
        .prepare_cached(&sql)?
        .query_row([id], read)
        .optional()?;
    let (label, version, public_url, mut values) = found.ok_or(Error::NotFound)?;
    for field in model.fields(false) {
        if let Kind::Many(many) = field.kind {
            values.push((field.name, Value::Many(chosen(conn, many, id)?)));
        }
    }
    Ok(Loaded {
        label,
        version,
        public_url,
        values: Draft::new(values),
    })
}

/// How many rows a model has.
pub fn count(conn: &Connection, model: &Model) -> Result<u64> {
    let sql = format!("select count(*) from {}", model.table);
    Ok(conn.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
}

/// What a row is called; nothing when it is not there.
pub fn label(conn: &Connection, model: &Model, id: i64) -> Result<Option<String>> {
    let sql = format!("select {} from {} where id = ?1", model.label, model.table);
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id], |row| row.get(0))
        .optional()?)
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
    let words: Vec<String> = words
        .split_whitespace()
        .take(10)
        .map(super::query::like)
        .collect();
    let shown = model.choice.unwrap_or(model.label);
    let conditions = (0..words.len())
        .map(|place| format!(" and {shown} like ?{} escape '\\'", place + 2))
        .collect::<Vec<_>>()
        .concat();
    let sql = format!(
        "select id, {shown}, {group} from {} where true{conditions} order by {} limit ?1",
        model.table, model.list.order
    );
    let mut parameters: Vec<Sql> = vec![limit.into()];
    parameters.extend(words.into_iter().map(Sql::from));
    let mut statement = conn.prepare_cached(&sql)?;
    let read = |row: &Row<'_>| {
        Ok(Choice {
            id: row.get(0)?,
            label: row.get(1)?,
            group: row.get(2)?,
        })
    };
    Ok(statement
        .query_map(rusqlite::params_from_iter(parameters), read)?
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
    let now = crate::clock::now();
    let columns: Vec<(&str, Sql)> = draft
        .iter()
        .filter_map(|(name, value)| Some((name, sql_of(value)?)))
        .collect();
    let names = columns
        .iter()
        .map(|(name, _)| format!("{name}, "))
        .collect::<Vec<_>>()
        .concat();
    let places = (0..columns.len())
        .map(|place| format!("?{}, ", place + 2))
        .collect::<Vec<_>>()
        .concat();
    let sql = format!(
        "insert into {} ({names}updated_at) values ({places}?1)",
        model.table
    );
    let mut parameters: Vec<Sql> = vec![now.into()];
    parameters.extend(columns.into_iter().map(|(_, value)| value));
    if let Err(error) = tx
        .prepare_cached(&sql)?
        .execute(rusqlite::params_from_iter(parameters))
    {
        return taken(model, error).map(Saved::Not);
    }
    let id = tx.last_insert_rowid();
    write_relations(tx, model, id, &draft, true)?;
    let label = label(tx, model, id)?.ok_or(Error::NotFound)?;
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
    let columns: Vec<(&str, Sql)> = draft
        .iter()
        .filter_map(|(name, value)| Some((name, sql_of(value)?)))
        .collect();
    let sets = columns
        .iter()
        .enumerate()
        .map(|(place, (name, _))| format!("{name} = ?{}, ", place + 3))
        .collect::<Vec<_>>()
        .concat();
    let sql = format!(
        "update {} set {sets}updated_at = ?2, version = version + 1 where id = ?1",
        model.table
    );
    let mut parameters: Vec<Sql> = vec![id.into(), crate::clock::now().into()];
    parameters.extend(columns.into_iter().map(|(_, value)| value));
    if let Err(error) = tx
        .prepare_cached(&sql)?
        .execute(rusqlite::params_from_iter(parameters))
    {
        return taken(model, error).map(Saved::Not);
    }
    let changes = changes(tx, model, &before.values, &draft)?;
    write_relations(tx, model, id, &draft, false)?;
    let label = label(tx, model, id)?.ok_or(Error::NotFound)?;
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

/// A value as people read it.
pub fn words(conn: &Connection, field: &Field, value: &Value) -> Result<String> {
    Ok(match (value, &field.kind) {
        (Value::Text(text), _) => text.clone(),
        (Value::Flag(flag), _) => if *flag { "Yes" } else { "No" }.to_owned(),
        (Value::Moment(moment), _) => moment
            .as_deref()
            .map_or_else(String::new, crate::clock::django_moment),
        (Value::One(Some(id)), Kind::One(target)) => {
            label(conn, target, *id)?.unwrap_or_else(|| id.to_string())
        }
        (Value::Many(ids), Kind::Many(many)) => {
            let labels: Result<Vec<_>> = ids
                .iter()
                .map(|id| Ok(label(conn, many.model, *id)?.unwrap_or_default()))
                .collect();
            labels?.join(", ")
        }
        (Value::New(inner), _) => {
            let texts = inner.iter().filter_map(|(_, value)| match value {
                Value::Text(text) if !text.is_empty() => Some(text.as_str()),
                _ => None,
            });
            format!("new: {}", texts.collect::<Vec<_>>().join(" "))
        }
        _ => String::new(),
    })
}

fn changes(conn: &Connection, model: &Model, before: &Draft, after: &Draft) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for field in model.fields(false) {
        let (Some(old), Some(new)) = (before.get(field.name), after.get(field.name)) else {
            continue;
        };
        if old != new {
            changes.push(Change::new(
                field.label,
                &words(conn, field, old)?,
                &words(conn, field, new)?,
            ));
        }
    }
    Ok(changes)
}

fn value_of(field: &Field, row: &Row<'_>, place: usize) -> rusqlite::Result<Value> {
    Ok(match field.kind {
        Kind::Bool => Value::Flag(row.get(place)?),
        Kind::Moment => Value::Moment(row.get(place)?),
        Kind::One(_) => Value::One(row.get(place)?),
        _ => Value::Text(row.get(place)?),
    })
}

/// The value for a column; relations have none, they are written to a table of their own.
fn sql_of(value: &Value) -> Option<Sql> {
    Some(match value {
        Value::Text(text) => text.clone().into(),
        Value::Flag(flag) => i64::from(*flag).into(),
        Value::Moment(moment) => moment.clone().into(),
        Value::One(id) => (*id).into(),
        // A row that is to be made has been made by now, and its id stands here.
        Value::Many(_) | Value::New(_) => return None,
        // A password in clear never gets here; one that is still here is stored as none at all.
        Value::Password(_) => crate::password::UNUSABLE.to_owned().into(),
    })
}

fn chosen(conn: &Connection, many: &Many, id: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "select {} from {} where {} = ?1 order by 1",
        many.theirs, many.table, many.ours
    );
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

fn write_relations(
    tx: &Transaction<'_>,
    model: &Model,
    id: i64,
    draft: &Draft,
    adding: bool,
) -> Result<()> {
    for field in model.fields(adding) {
        let (Kind::Many(many), Some(Value::Many(ids))) = (&field.kind, draft.get(field.name))
        else {
            continue;
        };
        let Many {
            table,
            ours,
            theirs,
            ..
        } = many;
        tx.prepare_cached(&format!("delete from {table} where {ours} = ?1"))?
            .execute([id])?;
        tx.prepare_cached(&format!(
            "insert into {table} ({ours}, {theirs}) select ?1, value from json_each(?2)"
        ))?
        .execute((id, json_ids(ids)))?;
    }
    Ok(())
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
            (Kind::One(target), Some(Value::One(Some(id)))) if !exists(conn, target, *id)? => {
                errors.add(field.name, CHOICE);
            }
            (Kind::Many(many), Some(Value::Many(ids))) => {
                for id in ids {
                    if !exists(conn, many.model, *id)? {
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

fn exists(conn: &Connection, model: &Model, id: i64) -> Result<bool> {
    let sql = format!("select 1 from {} where id = ?1", model.table);
    Ok(conn.prepare_cached(&sql)?.exists([id])?)
}

/// A unique violation becomes a message on its field, here and nowhere else.
fn taken(model: &Model, error: rusqlite::Error) -> Result<Errors> {
    let text = error.to_string();
    let column = text
        .split_once("UNIQUE constraint failed: ")
        .and_then(|(_, rest)| {
            rest.split([',', ':'])
                .next()?
                .trim()
                .rsplit_once('.')
                .map(|(_, column)| column.trim().to_owned())
        });
    let field = column.and_then(|column| model.fields(false).find(|field| field.name == column));
    match field {
        Some(field) if field.name == "username" => Ok(Errors::one(
            field.name,
            "A user with that username already exists.",
        )),
        Some(field) => Ok(Errors::one(
            field.name,
            format!(
                "{} with this {} already exists.",
                model.capitalized(),
                field.label
            ),
        )),
        None => Err(error.into()),
    }
}
