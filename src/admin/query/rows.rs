//! The rows of a list: how many there are, one page of them, all of them one after the other.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};

use super::Query;
use crate::error::Result;
use crate::paging::Paging;
use crate::schema::search::{Found, Search, Texts};
use crate::schema::{By, Filter, Model, Order, Shown};

/// Rows on a page, as in Django.
const PER_PAGE: u64 = 100;
/// "Show all" is offered up to so many rows, as in Django.
pub const SHOW_ALL: u64 = 200;

/// A cell of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text; empty is drawn as a dash.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

/// A row of a list.
pub struct Listed {
    /// Its id.
    pub id: i64,
    /// What it is called.
    pub label: String,
    /// One cell a column.
    pub cells: Vec<Cell>,
}

impl Query {
    /// How many rows the list has, and how many the model.
    pub fn counts(&self, conn: &Connection) -> Result<(u64, u64)> {
        let total = conn
            .prepare_cached(&format!("select count(*) from {}", self.model.table))?
            .query_row([], |row| row.get(0))?;
        let matching = if self.is_narrowed() {
            count(conn, self.found())?
        } else {
            total
        };
        Ok((matching, total))
    }

    /// The rows of the page.
    pub fn rows(&self, conn: &Connection, matching: u64) -> Result<(Paging, Vec<Listed>)> {
        let size = if self.all && matching <= SHOW_ALL {
            SHOW_ALL
        } else {
            PER_PAGE
        };
        let paging = Paging::new(self.page, matching, size);
        let window = paging.window();
        let mut found = self.found();
        let (limit, offset) = (
            found.bind(window.limit.into()),
            found.bind(window.offset.into()),
        );
        let newest = self.sort.is_empty() && self.model.list.order == Order::Newest;
        let from = if newest { found.ids() } else { found.rows() };
        // Rows are passed over as numbers, from the nearer end of the list; texts are read for one page only.
        let sql = format!(
            "select {} from {} where id in (select {} from {from} order by {} limit {limit} offset {offset}) order by {}",
            self.columns(),
            self.model.table,
            found.id(),
            self.order(found.id(), window.from_end),
            self.order("id", false),
        );
        let mut rows = Vec::new();
        self.hand_out(conn, &sql, found.parameters, |row| {
            rows.push(row);
            true
        })?;
        Ok((paging, rows))
    }

    /// Goes through all rows of the list in its order, until `take` has enough; no more than one is in memory.
    pub fn each(&self, conn: &Connection, take: impl FnMut(Listed) -> bool) -> Result<()> {
        let found = self.found();
        let sql = format!(
            "select {} from {} order by {}",
            self.columns(),
            found.rows(),
            self.order(found.id(), false)
        );
        self.hand_out(conn, &sql, found.parameters, take)
    }

    /// The ids of all rows of the list.
    pub fn ids(&self, conn: &Connection) -> Result<Vec<i64>> {
        let found = self.found();
        let id = found.id();
        let sql = format!("select {id} from {} order by {id}", found.ids());
        let mut statement = conn.prepare_cached(&sql)?;
        Ok(statement
            .query_map(params_from_iter(found.parameters), |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }

    fn hand_out(
        &self,
        conn: &Connection,
        sql: &str,
        parameters: Vec<Sql>,
        mut take: impl FnMut(Listed) -> bool,
    ) -> Result<()> {
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(parameters))?;
        while let Some(row) = rows.next()? {
            let columns = self.model.list.columns.iter().enumerate();
            let cells = columns.map(|(place, column)| cell(row, place + 2, column.shown));
            let row = Listed {
                id: row.get(0)?,
                label: row.get(1)?,
                cells: cells.collect::<rusqlite::Result<_>>()?,
            };
            if !take(row) {
                break;
            }
        }
        Ok(())
    }

    /// What is read of a row.
    fn columns(&self) -> String {
        let cells = self.model.list.columns.iter().map(|column| column.sql);
        let columns: Vec<&str> = ["id", self.model.label].into_iter().chain(cells).collect();
        columns.join(", ")
    }

    /// The order of the list or the opposite one, with the id under this name.
    fn order(&self, id: &str, turned: bool) -> String {
        let sort = self.sort.iter().map(|(column, down)| {
            let direction = if *down == turned { "asc" } else { "desc" };
            format!("{} {direction}", self.model.list.columns[*column].sql)
        });
        let last = self.model.list.order.sql(id, turned);
        sort.chain([last]).collect::<Vec<_>>().join(", ")
    }

    /// The rows that the list wants.
    fn found(&self) -> Found {
        let filters = self.filters.iter();
        self.found_by(filters.map(|(filter, value)| (*filter, value.as_str())))
    }

    /// The same with another value of one filter, or without it.
    pub(super) fn found_but(&self, but: &'static Filter, value: Option<&str>) -> Found {
        let filters = self.filters.iter();
        let others = filters.filter(|(filter, _)| filter.name != but.name);
        let others = others.map(|(filter, value)| (*filter, value.as_str()));
        self.found_by(others.chain(value.map(|value| (but, value))))
    }

    fn found_by<'a>(&self, filters: impl Iterator<Item = (&'static Filter, &'a str)>) -> Found {
        let list = &self.model.list;
        let mut found = Search::read(&self.search).within(Texts {
            table: self.model.table,
            fields: list.search,
            index: list.index.as_ref().map(|index| (index.table, None)),
        });
        for (filter, value) in filters {
            found.demand(Sql::from(value.to_owned()), |place| {
                condition(self.model, filter, value, place)
            });
        }
        found
    }
}

/// How many they are.
pub(super) fn count(conn: &Connection, found: Found) -> Result<u64> {
    let sql = format!("select count(*) from {}", found.ids());
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(params_from_iter(found.parameters), |row| row.get(0))?)
}

/// What a filter with this value asks of a row.
fn condition(model: &Model, filter: &Filter, value: &str, place: &str) -> String {
    match &filter.by {
        By::Flag(sql) => format!("{sql} = cast({place} as integer)"),
        By::Value(column) => format!("{column} = {place}"),
        By::Related(related) => format!(
            "{} in (select id from {} where {} = {place})",
            related.column, related.table, related.value
        ),
        By::Many(many) if value == "-" => format!(
            "(not exists (select 1 from {} where {} = {}.id) and {place} = '-')",
            many.table, many.ours, model.table
        ),
        By::Many(many) => format!(
            "{}.id in (select {} from {} where {} = cast({place} as integer))",
            model.table, many.ours, many.table, many.theirs
        ),
    }
}

fn cell(row: &Row<'_>, place: usize, shown: Shown) -> rusqlite::Result<Cell> {
    Ok(match (shown, row.get(place)?) {
        (Shown::Flag, Sql::Integer(flag)) => Cell::Flag(flag != 0),
        (_, Sql::Text(text)) => Cell::Text(text),
        (_, Sql::Integer(number)) => Cell::Text(number.to_string()),
        _ => Cell::Text(String::new()),
    })
}
