//! A list as it was asked for: search, filters, order, page; read from the address and written back to it.
//!
//! What means nothing is passed over: an unknown parameter, a sort column that does not exist, a page beyond the end.
//! The rows are asked of the database in `query/rows.rs`, the filters' choices in `query/facets.rs`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::paging::Wish;
use crate::schema::{By, Filter, Model};

pub mod facets;
pub mod rows;

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

    proptest! {
        #[test]
        fn any_address_is_a_list_that_writes_itself_back(text in ".*") {
            let query = Query::read(&user::MODEL, &text);
            prop_assert_eq!(Query::read(&user::MODEL, &query.text()).text(), query.text());
        }
    }
}
