//! Cities and states that have homes, with their numbers, and a list narrowed to one of them.
//!
//! The numbers are kept by triggers (`migrations/V10__long_lists.sql`), so that no page counts rows.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::span::List as Rows;
use crate::error::Result;

/// What stays readable in an address; everything else is percent-encoded.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A city or a whole state with its homes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Two capitals.
    pub state: String,
    /// The city; nothing for the whole state.
    pub city: Option<String>,
    /// How many homes there are.
    pub lettings: u64,
}

/// Which homes a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Narrowing {
    /// All of them.
    #[default]
    Everywhere,
    /// Those in a state, a city, or a city of a state; at least one is given.
    Place {
        /// Two capitals.
        state: Option<String>,
        /// The city, as it is written in the addresses.
        city: Option<String>,
    },
}

impl Place {
    /// The list of its homes.
    pub fn url(&self) -> String {
        page_url(Some(&self.state), self.city.as_deref(), 1)
    }

    /// The states with the most homes first, equal ones by name.
    pub fn states(conn: &Connection) -> Result<Vec<Self>> {
        let mut statement =
            conn.prepare_cached("select state, lettings from state order by lettings desc, state")?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Self {
                state: row.get(0)?,
                city: None,
                lettings: row.get(1)?,
            })
        };
        Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    /// The cities with the most homes first, equal ones by name.
    pub fn cities(conn: &Connection, limit: i64) -> Result<Vec<Self>> {
        let mut statement = conn.prepare_cached(
            "select state, city, lettings from place order by lettings desc, city, state limit ?1",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Self {
                state: row.get(0)?,
                city: Some(row.get(1)?),
                lettings: row.get(2)?,
            })
        };
        Ok(statement
            .query_map([limit], read)?
            .collect::<Result<_, _>>()?)
    }
}

/// Counts all homes anew, where the triggers were at rest.
pub(super) fn recount(tx: &Transaction<'_>) -> Result<()> {
    Ok(tx.execute_batch(
        "delete from letting_place; delete from place; delete from state;
         insert into letting_place (letting_id, state, city)
             select letting.id, state, city from letting join address on address.id = address_id order by letting.id;
         insert into place (state, city, lettings) select state, city, count(*) from letting_place group by state, city;
         insert into state (state, lettings) select state, sum(lettings) from place group by state;",
    )?)
}

impl Narrowing {
    /// From what a visitor asked; empty texts narrow nothing, a state in small letters is meant all the same.
    pub fn new(state: Option<&str>, city: Option<&str>) -> Self {
        let given = |text: Option<&str>| {
            text.map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        match (
            given(state).map(|state| state.to_ascii_uppercase()),
            given(city),
        ) {
            (None, None) => Self::Everywhere,
            (state, city) => Self::Place { state, city },
        }
    }

    /// How many homes the narrowed list has.
    pub fn count(&self, conn: &Connection) -> Result<u64> {
        let Self::Place { state, city } = self else {
            return Rows::Lettings.count(conn);
        };
        let sql = match (state, city) {
            (Some(_), None) => "select lettings from state where state = ?1 and ?2 is null",
            (Some(_), Some(_)) => "select lettings from place where state = ?1 and city = ?2",
            (None, _) => "select sum(lettings) from place where ?1 is null and city = ?2",
        };
        let mut statement = conn.prepare_cached(sql)?;
        let count = statement.query_row((state, city), |row| row.get::<_, Option<u64>>(0));
        Ok(count.optional()?.flatten().unwrap_or_default())
    }

    /// The address of the list's first page.
    pub fn url(&self) -> String {
        self.page_url(1)
    }

    /// The address of one of its pages; the first has no number.
    pub fn page_url(&self, page: u64) -> String {
        match self {
            Self::Everywhere => page_url(None, None, page),
            Self::Place { state, city } => page_url(state.as_deref(), city.as_deref(), page),
        }
    }
}

/// The address of a page of the list of all homes, or of those in a place; the first has no number.
pub fn page_url(state: Option<&str>, city: Option<&str>, page: u64) -> String {
    let mut url = "/lettings/".to_owned();
    let mut sign = '?';
    let mut put = |name: &str, value: &mut dyn Iterator<Item = &str>| {
        url.push(sign);
        url.push_str(name);
        url.extend(value);
        sign = '&';
    };
    for (name, value) in [("state=", state), ("city=", city)] {
        if let Some(value) = value {
            put(name, &mut utf8_percent_encode(value, QUERY));
        }
    }
    if page > 1 {
        put("page=", &mut std::iter::once(&*page.to_string()));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_narrowed_lists_are_safe_to_print() {
        let narrowing = Narrowing::new(Some(" ca "), Some("Saint-Jean & \"Cie\""));
        assert_eq!(
            narrowing.url(),
            "/lettings/?state=CA&city=Saint-Jean%20%26%20%22Cie%22"
        );
        assert_eq!(
            narrowing.page_url(2),
            "/lettings/?state=CA&city=Saint-Jean%20%26%20%22Cie%22&page=2"
        );
        assert_eq!(
            Narrowing::new(Some(" "), None).page_url(3),
            "/lettings/?page=3"
        );
    }
}
