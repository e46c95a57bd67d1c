//! A list as it was asked for: search, filters, order, page; read from the address, and asked of the database.
//!
//! What means nothing is passed over: an unknown parameter, a sort column that does not exist, a page beyond the end.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};

use crate::error::Result;
use crate::paging::{Paging, Wish};
use crate::schema::{By, Filter, Model, Shown};

/// Rows on a page, as in Django.
const PER_PAGE: u64 = 100;
/// "Show all" is offered up to so many rows, as in Django.
pub const SHOW_ALL: u64 = 200;
/// Characters of a word that count.
const PATTERN: usize = 300;
/// Words of a search that count.
const WORDS: usize = 20;

const SAFE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A list as it was asked for.
#[derive(Clone)]
pub struct Query {
    /// What is listed.
    pub model: &'static Model,
    /// The words of the search box.
    pub search: String,
    /// Each filter in use with its value.
    pub filters: Vec<(&'static Filter, String)>,
    /// Columns to sort by, the most important first, and whether downwards.
    pub sort: Vec<(usize, bool)>,
    /// The page.
    pub page: u64,
    /// All rows on one page.
    pub all: bool,
    /// With numbers beside the filters' choices.
    pub facets: bool,
}

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

/// A choice of a filter.
pub struct Facet {
    /// The value in the address.
    pub value: String,
    /// What people read.
    pub label: String,
    /// How many rows there would be, where numbers were asked for.
    pub count: Option<i64>,
}

impl Query {
    /// Reads the query of an address.
    pub fn read(model: &'static Model, query: &str) -> Self {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let first = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let page = match first("p").map(Wish::parse) {
            Some(Wish::Page(page)) => page,
            _ => 1,
        };
        let filters = model.list.filters.iter().filter_map(|filter| {
            let value = first(filter.name)?;
            let means_something = !matches!(filter.by, By::Flag(_)) || matches!(value, "0" | "1");
            means_something.then(|| (filter, value.to_owned()))
        });
        Self {
            model,
            search: first("q").unwrap_or("").replace('\0', "").trim().to_owned(),
            filters: filters.collect(),
            sort: read_sort(first("o").unwrap_or(""), model.list.columns.len()),
            page,
            all: first("all").is_some(),
            facets: first("_facets").is_some(),
        }
    }

    /// Whether fewer than all rows are asked for.
    pub fn is_narrowed(&self) -> bool {
        !self.search.is_empty() || !self.filters.is_empty()
    }

    /// What a search keeps of the list: everything but the page and the words themselves.
    pub fn beside_search(&self) -> Vec<(&'static str, String)> {
        let filters = self.filters.iter();
        let mut pairs: Vec<(&str, String)> = filters
            .map(|(filter, value)| (filter.name, value.clone()))
            .collect();
        if !self.sort.is_empty() {
            let sort: Vec<String> = self
                .sort
                .iter()
                .map(|(column, down)| format!("{}{}", if *down { "-" } else { "" }, column + 1))
                .collect();
            pairs.push(("o", sort.join(".")));
        }
        if self.all {
            pairs.push(("all", String::new()));
        }
        if self.facets {
            pairs.push(("_facets", "1".to_owned()));
        }
        pairs
    }

    /// The same list, as an address' query without the page.
    pub fn text(&self) -> String {
        let search = (!self.search.is_empty()).then(|| ("q", self.search.clone()));
        search
            .into_iter()
            .chain(self.beside_search())
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, SAFE)))
            .collect::<Vec<_>>()
            .join("&")
    }

    /// The address of a page of this list.
    pub fn url(&self, page: u64) -> String {
        let text = self.text();
        let base = self.model.url();
        match (text.is_empty(), page) {
            (true, 1) => base,
            (false, 1) => format!("{base}?{text}"),
            (true, _) => format!("{base}?p={page}"),
            (false, _) => format!("{base}?{text}&p={page}"),
        }
    }

    /// The list with a filter set to a value, or taken away.
    #[must_use]
    pub fn with_filter(&self, filter: &'static Filter, value: Option<&str>) -> Self {
        let mut other = self.clone();
        other.filters.retain(|(known, _)| known.name != filter.name);
        other
            .filters
            .extend(value.map(|value| (filter, value.to_owned())));
        other
    }

    /// The list sorted first by a column; by the same column again it turns round.
    #[must_use]
    pub fn sorted_by(&self, column: usize) -> Self {
        let mut other = self.clone();
        let down = self
            .sort
            .first()
            .is_some_and(|first| *first == (column, false));
        other.sort.retain(|(known, _)| *known != column);
        other.sort.insert(0, (column, down));
        other
    }

    /// How many rows the list has, and how many the model.
    pub fn counts(&self, conn: &Connection) -> Result<(u64, u64)> {
        let total: u64 = conn
            .prepare_cached(&format!("select count(*) from {}", self.model.table))?
            .query_row([], |row| row.get(0))?;
        if !self.is_narrowed() {
            return Ok((total, total));
        }
        let (conditions, parameters) = self.conditions(None);
        let sql = format!(
            "select count(*) from {} where {conditions}",
            self.model.table
        );
        let matching = conn
            .prepare_cached(&sql)?
            .query_row(params_from_iter(parameters), |row| row.get(0))?;
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
        let (limit, offset) = paging.forward();
        let mut rows = Vec::new();
        self.each(conn, limit, offset, |row| {
            rows.push(row);
            true
        })?;
        Ok((paging, rows))
    }

    /// Goes through rows of the list in its order, until `take` has enough; no more than one is in memory.
    pub fn each(
        &self,
        conn: &Connection,
        limit: i64,
        offset: i64,
        mut take: impl FnMut(Listed) -> bool,
    ) -> Result<()> {
        let columns = self.model.list.columns;
        let cells = columns
            .iter()
            .map(|column| format!(", {}", column.sql))
            .collect::<Vec<_>>()
            .concat();
        let (conditions, mut parameters) = self.conditions(None);
        let place = parameters.len() + 1;
        let sql = format!(
            "select id, {}{cells} from {} where {conditions} order by {} limit ?{place} offset ?{}",
            self.model.label,
            self.model.table,
            self.order(),
            place + 1
        );
        parameters.extend([Sql::from(limit), Sql::from(offset)]);
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(parameters))?;
        while let Some(row) = rows.next()? {
            let cells = columns
                .iter()
                .enumerate()
                .map(|(place, column)| cell(row, place + 2, column.shown));
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

    /// The ids of all rows of the list.
    pub fn ids(&self, conn: &Connection) -> Result<Vec<i64>> {
        let (conditions, parameters) = self.conditions(None);
        let sql = format!(
            "select id from {} where {conditions} order by id",
            self.model.table
        );
        let mut statement = conn.prepare_cached(&sql)?;
        Ok(statement
            .query_map(params_from_iter(parameters), |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }

    /// The choices of a filter, with numbers when they were asked for.
    pub fn facets_of(&self, conn: &Connection, filter: &'static Filter) -> Result<Vec<Facet>> {
        let choices: Vec<(String, String)> = match filter.by {
            By::Flag(_) => vec![
                ("1".to_owned(), "Yes".to_owned()),
                ("0".to_owned(), "No".to_owned()),
            ],
            By::Value(sql) => {
                let sql = format!(
                    "select distinct {sql} as value from {} order by value limit 100",
                    self.model.table
                );
                let mut statement = conn.prepare_cached(&sql)?;
                let values: Vec<Option<String>> = statement
                    .query_map([], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                values
                    .into_iter()
                    .flatten()
                    .map(|value| (value.clone(), value))
                    .collect()
            }
            By::Many(many) => {
                let target = many.model;
                let sql = format!(
                    "select id, {} from {} order by {} limit 100",
                    target.label, target.table, target.list.order
                );
                let mut statement = conn.prepare_cached(&sql)?;
                let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.to_string(), row.get(1)?));
                let mut choices: Vec<(String, String)> =
                    statement.query_map([], read)?.collect::<Result<_, _>>()?;
                if !choices.is_empty() {
                    choices.push(("-".to_owned(), "None".to_owned()));
                }
                choices
            }
        };
        choices
            .into_iter()
            .map(|(value, label)| {
                let count = if self.facets {
                    Some(self.count_with(conn, filter, &value)?)
                } else {
                    None
                };
                Ok(Facet {
                    value,
                    label,
                    count,
                })
            })
            .collect()
    }

    fn count_with(&self, conn: &Connection, filter: &'static Filter, value: &str) -> Result<i64> {
        let (conditions, parameters) = self.conditions(Some((filter, value)));
        let sql = format!(
            "select count(*) from {} where {conditions}",
            self.model.table
        );
        Ok(conn
            .prepare_cached(&sql)?
            .query_row(params_from_iter(parameters), |row| row.get(0))?)
    }

    fn order(&self) -> String {
        let columns = self.model.list.columns;
        let mut order: Vec<String> = self
            .sort
            .iter()
            .map(|(column, down)| {
                format!(
                    "{} {}",
                    columns[*column].sql,
                    if *down { "desc" } else { "asc" }
                )
            })
            .collect();
        order.push(self.model.list.order.to_owned());
        order.push("id".to_owned());
        order.join(", ")
    }

    /// What a row must fulfill; with another value of one filter for counting its choices.
    fn conditions(&self, instead: Option<(&'static Filter, &str)>) -> (String, Vec<Sql>) {
        let (mut conditions, mut parameters) = (vec!["true".to_owned()], Vec::new());
        for word in search_words(&self.search) {
            parameters.push(Sql::from(like(&word)));
            let place = parameters.len();
            let fields: Vec<String> = self
                .model
                .list
                .search
                .iter()
                .map(|sql| format!("{sql} like ?{place} escape '\\'"))
                .collect();
            conditions.push(if fields.is_empty() {
                "false".to_owned()
            } else {
                format!("({})", fields.join(" or "))
            });
        }
        let kept = self
            .filters
            .iter()
            .filter(|(filter, _)| instead.is_none_or(|(other, _)| other.name != filter.name));
        let kept = kept.map(|(filter, value)| (*filter, value.as_str()));
        for (filter, value) in kept.chain(instead) {
            parameters.push(Sql::from(value.to_owned()));
            let place = parameters.len();
            conditions.push(match filter.by {
                By::Flag(sql) => format!("{sql} = cast(?{place} as integer)"),
                By::Value(sql) => format!("{sql} = ?{place}"),
                By::Many(many) => {
                    let within = format!(
                        "select 1 from {} where {} = {}.id",
                        many.table, many.ours, self.model.table
                    );
                    if value == "-" {
                        format!("(not exists ({within}) and ?{place} = '-')")
                    } else {
                        format!(
                            "exists ({within} and {} = cast(?{place} as integer))",
                            many.theirs
                        )
                    }
                }
            });
        }
        (conditions.join(" and "), parameters)
    }
}

/// A pattern for SQL's `like` that finds the text anywhere; `\` escapes what would be a wildcard.
pub fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    // SQLite refuses patterns beyond 50,000 bytes, and no name is nearly so long.
    for c in text.chars().take(PATTERN) {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Words separated by blanks; quotation marks keep a phrase together.
fn search_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in text.split('"').enumerate() {
        if place % 2 == 1 && !part.trim().is_empty() {
            words.push(part.trim().to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words.truncate(WORDS);
    words
}

/// `2.-3`: by the second column, then downwards by the third.
fn read_sort(text: &str, columns: usize) -> Vec<(usize, bool)> {
    let mut sort: Vec<(usize, bool)> = Vec::new();
    for part in text.split('.') {
        let (down, digits) = part
            .strip_prefix('-')
            .map_or((false, part), |rest| (true, rest));
        let Ok(number) = digits.parse::<usize>() else {
            continue;
        };
        if (1..=columns).contains(&number) && !sort.iter().any(|(known, _)| *known == number - 1) {
            sort.push((number - 1, down));
        }
    }
    sort
}

fn cell(row: &Row<'_>, place: usize, shown: Shown) -> rusqlite::Result<Cell> {
    Ok(match (shown, row.get(place)?) {
        (Shown::Flag, Sql::Integer(flag)) => Cell::Flag(flag != 0),
        (_, Sql::Text(text)) => Cell::Text(text),
        (_, Sql::Integer(number)) => Cell::Text(number.to_string()),
        _ => Cell::Text(String::new()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::user;
    use proptest::prelude::*;

    #[test]
    fn what_means_nothing_is_passed_over() {
        let query = Query::read(
            &user::MODEL,
            "o=2.-3.99.x.2&is_staff=maybe&is_active=1&p=abc&color=red&q=%00",
        );
        assert_eq!(query.sort, [(1, false), (2, true)]);
        assert_eq!(query.text(), "is_active=1&o=2.-3");
        assert_eq!((query.page, query.search.as_str()), (1, ""));
    }

    #[test]
    fn a_phrase_stays_together() {
        assert_eq!(search_words("a \"b c\" d"), ["a", "b c", "d"]);
        assert_eq!(like("50%_\\"), "%50\\%\\_\\\\%");
    }

    proptest! {
        #[test]
        fn any_address_is_a_list_that_writes_itself_back(text in ".*") {
            let query = Query::read(&user::MODEL, &text);
            prop_assert_eq!(Query::read(&user::MODEL, &query.text()).text(), query.text());
        }
    }
}
