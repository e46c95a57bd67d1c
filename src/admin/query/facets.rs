//! The choices of a list's filters, and how many rows each would leave.

use std::collections::HashMap;

use rusqlite::{Connection, Params, Row, params_from_iter};

use super::Query;
use super::rows::count;
use crate::error::Result;
use crate::schema::{By, Filter, Model};

/// A choice of a filter.
pub struct Facet {
    /// The value in the address.
    pub value: String,
    /// What people read.
    pub label: String,
    /// How many rows there would be, where numbers were asked for.
    pub count: Option<u64>,
}

impl Query {
    /// The choices of a filter, with numbers when they were asked for.
    pub fn facets_of(&self, conn: &Connection, filter: &'static Filter) -> Result<Vec<Facet>> {
        let choices = choices(conn, self.model, filter)?;
        let counts = if self.facets && !choices.is_empty() {
            Some(self.counts_of(conn, filter)?)
        } else {
            None
        };
        let facet = |(value, label)| Facet {
            count: counts
                .as_ref()
                .map(|counts| counts.get(&value).copied().unwrap_or_default()),
            value,
            label,
        };
        Ok(choices.into_iter().map(facet).collect())
    }

    /// How many rows there would be with each value of a filter. What may have many values is counted in one go, or the
    /// search would be made once for each.
    fn counts_of(
        &self,
        conn: &Connection,
        filter: &'static Filter,
    ) -> Result<HashMap<String, u64>> {
        let found = self.found_but(filter, None);
        let sql = match &filter.by {
            By::Flag(_) => return self.counts_one_by_one(conn, filter, &["1", "0"]),
            By::Value(column) => format!(
                "select {column}, count(*) from {} group by 1 having {column} is not null",
                found.rows()
            ),
            By::Related(related) => {
                let join = format!(
                    " join (select id as pointed, {} as shared from {}) on pointed = {}",
                    related.value, related.table, related.column
                );
                let rows = found.joined(&join);
                format!("select shared, count(*) from {rows} group by 1 having shared is not null")
            }
            By::Many(many) => format!(
                "select cast({} as text), count(*) from {} where {} in (select {} from {}) group by 1",
                many.theirs,
                many.table,
                many.ours,
                found.id(),
                found.ids()
            ),
        };
        let parameters = params_from_iter(&found.parameters);
        let mut counts: HashMap<String, u64> =
            all(conn, &sql, parameters, |row| Ok((row.get(0)?, row.get(1)?)))?
                .into_iter()
                .collect();
        if matches!(filter.by, By::Many(_)) {
            counts.extend(self.counts_one_by_one(conn, filter, &["-"])?);
        }
        Ok(counts)
    }

    fn counts_one_by_one(
        &self,
        conn: &Connection,
        filter: &'static Filter,
        values: &[&str],
    ) -> Result<HashMap<String, u64>> {
        let count = |value: &&str| {
            let found = self.found_but(filter, Some(value));
            Ok(((*value).to_owned(), count(conn, found)?))
        };
        values.iter().map(count).collect()
    }
}

/// The values that a filter offers, each with its name.
fn choices(
    conn: &Connection,
    model: &Model,
    filter: &'static Filter,
) -> Result<Vec<(String, String)>> {
    let same = |row: &Row<'_>| Ok((row.get(0)?, row.get(0)?));
    match &filter.by {
        By::Flag(_) => Ok([("1", "Yes"), ("0", "No")]
            .map(|(value, label)| (value.to_owned(), label.to_owned()))
            .to_vec()),
        By::Value(column) => {
            // From each text straight to the next one in the index: `distinct` would read every row's entry.
            let sql = format!(
                "with recursive choice (known) as (
                     select min({column}) from {table}
                     union all
                     select (select min({column}) from {table} where {column} > known) from choice where known is not null)
                 select known from choice where known is not null limit 100",
                table = model.table
            );
            all(conn, &sql, [], same)
        }
        By::Related(related) => all(conn, &format!("{} limit 100", related.all), [], same),
        By::Many(many) => {
            let sql = format!(
                "select cast(id as text), {} from {} order by {} limit 100",
                many.model.label,
                many.model.table,
                many.model.list.order.sql("id", false)
            );
            let mut choices = all(conn, &sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if !choices.is_empty() {
                choices.push(("-".to_owned(), "None".to_owned()));
            }
            Ok(choices)
        }
    }
}

fn all<T>(
    conn: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement
        .query_map(parameters, read)?
        .collect::<Result<_, _>>()?)
}
