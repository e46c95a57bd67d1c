//! One row by its declaration: what it holds, what it is called, and how it is written together with its relations.
//!
//! SQL is built here from names that stand in declarations, with every value bound. Who may write, what a version is for
//! and the line of history are the caller's affair.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::history::Change;
use super::json_ids;
use crate::error::Result;
use crate::schema::draft::{Draft, Errors, Value};
use crate::schema::{Field, Kind, Many, Model};

/// What the row of this id holds, by the fields of its form; nothing when it is not there.
pub fn values(conn: &Connection, model: &Model, id: i64) -> Result<Option<Draft>> {
    let fields: Vec<&Field> = columns(model).collect();
    let sql = format!(
        "select {} from {} where id = ?1",
        names(&fields),
        model.table
    );
    let found = conn
        .prepare_cached(&sql)?
        .query_row([id], |row| read(&fields, row))
        .optional()?;
    let Some(mut values) = found else {
        return Ok(None);
    };
    for field in model.fields(false) {
        if let Kind::Many(many) = field.kind {
            values.push((field.name, Value::Many(chosen(conn, many, id)?)));
        }
    }
    Ok(Some(Draft::new(values)))
}

/// The fields that are columns; relations to many rows are kept in tables of their own.
pub fn columns(model: &Model) -> impl Iterator<Item = &'static Field> + use<> {
    model
        .fields(false)
        .filter(|field| !matches!(field.kind, Kind::Many(_)))
}

/// What to select so that [`read`] finds it: the id and these columns.
pub fn names(fields: &[&Field]) -> String {
    let names: Vec<String> = fields
        .iter()
        .map(|field| format!(", {}", field.name))
        .collect();
    format!("id{}", names.concat())
}

/// The values of these fields in a row that was selected by [`names`].
pub fn read(
    fields: &[&'static Field],
    row: &Row<'_>,
) -> rusqlite::Result<Vec<(&'static str, Value)>> {
    let value = |(place, field): (usize, &&'static Field)| {
        // The id stands before them.
        Ok((field.name, value(field, row, place + 1)?))
    };
    fields.iter().enumerate().map(value).collect()
}

/// The value of a field in the column at this place.
pub fn value(field: &Field, row: &Row<'_>, place: usize) -> rusqlite::Result<Value> {
    Ok(match field.kind {
        Kind::Bool => Value::Flag(row.get(place)?),
        Kind::Moment => Value::Moment(row.get(place)?),
        Kind::One(_) => Value::One(row.get(place)?),
        _ => Value::Text(row.get(place)?),
    })
}

/// The ids of the rows that a row is related to, in their order.
pub fn chosen(conn: &Connection, many: &Many, id: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "select {} from {} where {} = ?1 order by 1",
        many.theirs, many.table, many.ours
    );
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Whether there is a row of this id.
pub fn exists(conn: &Connection, model: &Model, id: i64) -> Result<bool> {
    let sql = format!("select 1 from {} where id = ?1", model.table);
    Ok(conn.prepare_cached(&sql)?.exists([id])?)
}

/// The row whose column holds exactly this value; columns without an index of their own are searched through.
pub fn holder(
    conn: &Connection,
    model: &Model,
    column: &'static str,
    value: &Value,
) -> Result<Option<i64>> {
    let sql = format!("select id from {} where {column} = ?1", model.table);
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([stored_value(value)], |row| row.get(0))
        .optional()?)
}

/// What a row is called; nothing when it is not there.
pub fn label(conn: &Connection, model: &Model, id: i64) -> Result<Option<String>> {
    let sql = format!("select {} from {} where id = ?1", model.label, model.table);
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id], |row| row.get(0))
        .optional()?)
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

/// What is different, as the history keeps it: of a stored hash only that it is another one.
pub fn changes(
    conn: &Connection,
    model: &Model,
    before: &Draft,
    after: &Draft,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for field in model.fields(false) {
        let (Some(old), Some(new)) = (before.get(field.name), after.get(field.name)) else {
            continue;
        };
        if old == new {
            continue;
        }
        changes.push(match field.kind {
            Kind::Hash => Change::hidden(field.label),
            _ => Change::new(
                field.label,
                &words(conn, field, old)?,
                &words(conn, field, new)?,
            ),
        });
    }
    Ok(changes)
}

/// Writes a new row, under this id or the next one, and gives the id; or says which value is taken.
pub fn insert(
    tx: &Transaction<'_>,
    model: &Model,
    id: Option<i64>,
    draft: &Draft,
) -> Result<Result<i64, Errors>> {
    let columns: Vec<(&str, Sql)> = stored(draft).collect();
    let names: Vec<String> = columns
        .iter()
        .map(|(name, _)| format!(", {name}"))
        .collect();
    let places: Vec<String> = (0..columns.len())
        .map(|place| format!(", ?{}", place + 3))
        .collect();
    let sql = format!(
        "insert into {} (id, updated_at{}) values (?1, ?2{})",
        model.table,
        names.concat(),
        places.concat()
    );
    let mut parameters: Vec<Sql> = vec![id.into(), crate::clock::now().into()];
    parameters.extend(columns.into_iter().map(|(_, value)| value));
    if let Err(error) = tx
        .prepare_cached(&sql)?
        .execute(rusqlite::params_from_iter(parameters))
    {
        return taken(model, error).map(Err);
    }
    let id = tx.last_insert_rowid();
    write_relations(tx, model, id, draft)?;
    Ok(Ok(id))
}

/// Writes a row back as its next version; or says which value is taken.
pub fn update(
    tx: &Transaction<'_>,
    model: &Model,
    id: i64,
    draft: &Draft,
) -> Result<Result<(), Errors>> {
    let columns: Vec<(&str, Sql)> = stored(draft).collect();
    let sets: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(place, (name, _))| format!("{name} = ?{}, ", place + 3))
        .collect();
    let sql = format!(
        "update {} set {}updated_at = ?2, version = version + 1 where id = ?1",
        model.table,
        sets.concat()
    );
    let mut parameters: Vec<Sql> = vec![id.into(), crate::clock::now().into()];
    parameters.extend(columns.into_iter().map(|(_, value)| value));
    if let Err(error) = tx
        .prepare_cached(&sql)?
        .execute(rusqlite::params_from_iter(parameters))
    {
        return taken(model, error).map(Err);
    }
    write_relations(tx, model, id, draft)?;
    Ok(Ok(()))
}

/// Takes a value from a row for the rest of a transaction that gives it another: `vacant` is an SQL expression over the
/// table for a value that no row has.
pub fn vacate(
    tx: &Transaction<'_>,
    model: &Model,
    id: i64,
    column: &'static str,
    vacant: &'static str,
) -> Result<()> {
    let sql = format!(
        "update {} set {column} = {vacant} where id = ?1",
        model.table
    );
    tx.prepare_cached(&sql)?.execute([id])?;
    Ok(())
}

/// The values for columns by name; relations have none, they are written to a table of their own.
fn stored(draft: &Draft) -> impl Iterator<Item = (&'static str, Sql)> {
    draft
        .iter()
        .filter_map(|(name, value)| Some((name, stored_value(value)?)))
}

fn stored_value(value: &Value) -> Option<Sql> {
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

fn write_relations(tx: &Transaction<'_>, model: &Model, id: i64, draft: &Draft) -> Result<()> {
    for field in model.fields(false) {
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
