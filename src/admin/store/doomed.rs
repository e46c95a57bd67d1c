//! What a deletion takes along, and the deletion: every row that goes is named before and logged after.
//!
//! Which rows hang on which follows from the declarations: a field of kind `One` goes with the row it points at.

use rusqlite::{Connection, Transaction};

use crate::error::{Error, Result};
use crate::models::json_ids;
use crate::schema::{Action, Author, Kind, Model, Models};
use crate::web::jobs::Progress;

/// At most so many rows of one kind are named; the number is always there.
pub const NAMED: usize = 100;
/// Rows that go by one statement, between two words about how far the deletion is.
const AT_ONCE: usize = 500;

/// Rows of one kind that would go.
pub struct Doomed {
    /// Their kind.
    pub model: &'static Model,
    /// Their ids.
    pub ids: Vec<i64>,
    /// The names of the first ones.
    pub labels: Vec<(i64, String)>,
}

/// Everything that would go with these rows, themselves first.
pub fn doomed(
    conn: &Connection,
    models: Models,
    model: &'static Model,
    ids: &[i64],
) -> Result<Vec<Doomed>> {
    let ids = existing(conn, model, ids)?;
    let mut all = vec![Doomed {
        labels: labels(conn, model, &ids)?,
        model,
        ids: ids.clone(),
    }];
    for (child, column) in models.dependents(model) {
        let sql = format!(
            "select id from {} where {column} in (select value from json_each(?1)) order by id",
            child.table
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let children: Vec<i64> = statement
            .query_map([json_ids(&ids)], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if !children.is_empty() {
            all.extend(doomed(conn, models, child, &children)?);
        }
    }
    Ok(all)
}

/// Relations that end with these rows: `User-group relationships` and their number.
pub fn relations(
    conn: &Connection,
    models: Models,
    model: &'static Model,
    ids: &[i64],
) -> Result<Vec<(String, i64)>> {
    let mut ends = Vec::new();
    for owner in models.0 {
        for field in owner.fields(false) {
            let Kind::Many(many) = field.kind else {
                continue;
            };
            for (side, column) in [(*owner, many.ours), (many.model, many.theirs)] {
                if side.is(model) {
                    let sql = format!(
                        "select count(*) from {} where {column} in (select value from json_each(?1))",
                        many.table
                    );
                    let count: i64 = conn
                        .prepare_cached(&sql)?
                        .query_row([json_ids(ids)], |row| row.get(0))?;
                    if count > 0 {
                        ends.push((
                            format!(
                                "{}-{} relationships",
                                owner.capitalized(),
                                many.model.singular
                            ),
                            count,
                        ));
                    }
                }
            }
        }
    }
    Ok(ends)
}

/// The kinds among them that the author may not delete.
pub fn forbidden(author: &Author, doomed: &[Doomed]) -> Vec<&'static Model> {
    doomed
        .iter()
        .map(|doomed| doomed.model)
        .filter(|model| !author.may(Action::Delete, model))
        .collect()
}

/// Deletes these rows and what goes with them, each with a line of history. Gives the number of rows asked for.
pub fn delete(
    tx: &Transaction<'_>,
    models: Models,
    author: &Author,
    model: &'static Model,
    ids: &[i64],
    progress: &Progress,
) -> Result<usize> {
    if let Some(words) = (model.hooks.before_delete)(tx, author, ids)? {
        return Err(Error::Refused(words));
    }
    let all = doomed(tx, models, model, ids)?;
    if !forbidden(author, &all).is_empty() {
        return Err(Error::Forbidden(
            "Your account may not delete everything that would go with it.".to_owned(),
        ));
    }
    progress.expect(all.iter().map(|doomed| doomed.ids.len() as u64).sum());
    // What hangs on a row goes first, so that nothing is left to an unlogged cascade.
    for Doomed { model, ids, .. } in all.iter().rev() {
        for ids in ids.chunks(AT_ONCE) {
            delete_logged(tx, author, model, &json_ids(ids))?;
            progress.advance(ids.len() as u64);
        }
    }
    Ok(all[0].ids.len())
}

fn delete_logged(tx: &Transaction<'_>, author: &Author, model: &Model, ids: &str) -> Result<()> {
    tx.prepare_cached(&format!(
        "insert into history (at, user_id, username, client, action, app, model, row_id, label)
         select ?1, ?2, ?3, ?4, 'delete', ?5, ?6, id, {} from {} where id in (select value from json_each(?7)) order by id",
        model.label, model.table
    ))?
    .execute((
        crate::clock::now(),
        author.id,
        &author.username,
        author.client.map(|client| client.to_string()).unwrap_or_default(),
        model.app,
        model.slug,
        ids,
    ))?;
    tx.prepare_cached(&format!(
        "delete from {} where id in (select value from json_each(?1))",
        model.table
    ))?
    .execute([ids])?;
    Ok(())
}

fn existing(conn: &Connection, model: &Model, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "select id from {} where id in (select value from json_each(?1)) order by id",
        model.table
    );
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement
        .query_map([json_ids(ids)], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

fn labels(conn: &Connection, model: &Model, ids: &[i64]) -> Result<Vec<(i64, String)>> {
    let named = &ids[..ids.len().min(NAMED)];
    let sql = format!(
        "select id, {} from {} where id in (select value from json_each(?1)) order by id",
        model.label, model.table
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(named)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
