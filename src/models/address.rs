//! Where a home is.
//!
//! How an address reads on a page is decided here as lines of text, the markup around them in `pages/`.

use rusqlite::{Row, Transaction};

use crate::error::Result;
use crate::schema::draft::{Draft, Errors};
use crate::schema::{
    By, Column, Field, Fieldset, Filter, Hooks, Index, Kind, List, Model, Order, check,
};

/// The declaration.
pub static MODEL: Model = Model {
    app: "lettings",
    app_title: "Lettings",
    slug: "address",
    singular: "address",
    plural: "addresses",
    title: "Addresses",
    table: "address",
    label: "number || ' ' || street",
    choice: Some("line"),
    fieldsets: &[Fieldset::plain(&[
        Field::new("number", "Number", Kind::Text { max: 10 })
            .check(check::house_number)
            .help("The house number, such as 9606, 12-34 or 100B."),
        Field::new("street", "Street", Kind::Text { max: 64 }),
        Field::new("unit", "Unit", Kind::Text { max: 16 })
            .optional()
            .help("Apartment, suite or the like."),
        Field::new("city", "City", Kind::Text { max: 64 }),
        Field::new("state", "State", Kind::Text { max: 2 })
            .check(check::state)
            .help("Two letters, such as CA."),
        Field::new("zip_code", "Zip code", Kind::Text { max: 10 })
            .optional()
            .help("Five digits, or nine as 92602-1234. May be empty outside the USA."),
        Field::new(
            "country_iso_code",
            "Country iso code",
            Kind::Text { max: 3 },
        )
        .check(check::country)
        .help("Three letters, such as USA."),
    ])],
    list: List {
        columns: &[
            Column::text("Address", "number || ' ' || street"),
            Column::text("Unit", "unit"),
            Column::text("City", "city"),
            Column::text("State", "state"),
            Column::text("Zip code", "zip_code"),
            Column::text("Country", "country_iso_code"),
        ],
        search: &["line"],
        index: Some(Index {
            table: "address_search",
            name: "line",
        }),
        filters: &[
            Filter {
                name: "state",
                label: "State",
                by: By::Value("state"),
            },
            Filter {
                name: "country",
                label: "Country",
                by: By::Value("country_iso_code"),
            },
        ],
        order: Order::Newest,
    },
    hooks: Hooks {
        check: usa_rules,
        ..Hooks::DEFAULT
    },
    ..Model::DEFAULT
};

/// What the USPS asks of addresses in the USA; elsewhere states and ZIPs are only as long as they may be.
fn usa_rules(draft: &mut Draft) -> Errors {
    let mut errors = Errors::default();
    if draft.text("country_iso_code") == "USA" {
        if !check::is_usps_state(draft.text("state")) {
            errors.add(
                "state",
                "Enter a state or territory of the USA, such as CA.",
            );
        }
        if draft.text("zip_code").is_empty() {
            errors.add("zip_code", crate::schema::draft::REQUIRED);
        } else if !check::is_usa_zip(draft.text("zip_code")) {
            errors.add("zip_code", "Enter five digits, or nine as 92602-1234.");
        }
    }
    errors
}

/// A postal address. Limits of each part are in `migrations/V4__lettings.sql`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Address {
    /// Its id, never given out twice.
    pub id: i64,
    /// The house number: `9606`, `12-34`, `100B`.
    pub number: String,
    /// The street's name.
    pub street: String,
    /// Apartment, suite or the like; may be empty.
    pub unit: String,
    /// The city.
    pub city: String,
    /// Two capitals; for the USA a USPS code.
    pub state: String,
    /// `ddddd` or `ddddd-dddd` in the USA; elsewhere up to ten characters, and may be empty.
    pub zip_code: String,
    /// ISO 3166-1 alpha-3.
    pub country_iso_code: String,
}

impl Address {
    /// `7217 Bedford Street`, with the unit when there is one, as on an envelope (USPS Publication 28).
    pub fn street_line(&self) -> String {
        let mut line = [&*self.number, " ", &self.street].concat();
        if !self.unit.is_empty() {
            line.push_str(", ");
            line.push_str(&self.unit);
        }
        line
    }

    /// `Brunswick, GA 31525`.
    pub fn city_line(&self) -> String {
        let mut line = [&*self.city, ", ", &self.state, " ", &self.zip_code].concat();
        line.truncate(line.trim_end().len());
        line
    }

    /// `Brunswick, GA`.
    pub fn city_and_state(&self) -> String {
        [&*self.city, ", ", &self.state].concat()
    }

    /// Writes a row with the id it has.
    pub fn insert(&self, tx: &Transaction<'_>) -> Result<()> {
        tx.prepare_cached(
            "insert into address (id, number, street, unit, city, state, zip_code, country_iso_code, updated_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            self.id,
            &self.number,
            &self.street,
            &self.unit,
            &self.city,
            &self.state,
            &self.zip_code,
            &self.country_iso_code,
            crate::clock::now(),
        ))?;
        Ok(())
    }

    /// Reads the columns that [`super::letting`] selects, from this one on.
    pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(first)?,
            number: row.get(first + 1)?,
            street: row.get(first + 2)?,
            unit: row.get(first + 3)?,
            city: row.get(first + 4)?,
            state: row.get(first + 5)?,
            zip_code: row.get(first + 6)?,
            country_iso_code: row.get(first + 7)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_as_on_an_envelope() {
        let mut address = Address {
            id: 1,
            number: "100B".into(),
            street: "Main Street".into(),
            unit: "Apt 4".into(),
            city: "Irvine".into(),
            state: "CA".into(),
            zip_code: "92602".into(),
            country_iso_code: "USA".into(),
        };
        assert_eq!(address.street_line(), "100B Main Street, Apt 4");
        assert_eq!(address.city_line(), "Irvine, CA 92602");
        (address.unit, address.zip_code) = (String::new(), String::new());
        assert_eq!(address.street_line(), "100B Main Street");
        assert_eq!(address.city_line(), "Irvine, CA");
    }
}
