//! A home to let: a title and an address.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::address::Address;
use super::place::Narrowing;
use super::span::List as Rows;
use crate::error::{Error, Result};
use crate::paging::{Paging, Window};
use crate::schema::{
    By, Column, Field, Fieldset, Filter, Index, Kind, List, Model, Order, Related,
};

/// The declaration.
pub static MODEL: Model = Model {
    app: "lettings",
    app_title: "Lettings",
    slug: "letting",
    singular: "letting",
    plural: "lettings",
    title: "Lettings",
    table: "letting",
    label: "title",
    fieldsets: &[Fieldset::plain(&[
        Field::new("title", "Title", Kind::Verbatim { max: 256 }),
        Field::new("address_id", "Address", Kind::One(&super::address::MODEL))
            .or_new()
            .help("Each address has at most one letting."),
    ])],
    list: List {
        columns: &[
            Column::text("Letting", "title"),
            Column::text(
                "City",
                "(select city from address where id = letting.address_id)",
            ),
            Column::text(
                "State",
                "(select state from address where id = letting.address_id)",
            ),
        ],
        search: &[
            "title",
            "(select line from address where id = letting.address_id)",
        ],
        index: Some(Index {
            table: "letting_search",
            name: "title",
        }),
        filters: &[Filter {
            name: "state",
            label: "State",
            by: By::Related(Related {
                column: "address_id",
                table: "address",
                value: "state",
                all: "select state from state order by state",
            }),
        }],
        order: Order::Newest,
    },
    public_url: Some("'/lettings/' || id || '/'"),
    ..Model::DEFAULT
};

/// Homes on a page of the list.
pub const PER_PAGE: u64 = 24;

/// One home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letting {
    /// Its id, never given out twice.
    pub id: i64,
    /// Its title, with the blanks it was given.
    pub title: String,
    /// When the home or its address was last changed.
    pub updated_at: String,
    /// Where it is.
    pub address: Address,
}

/// A home as a card in a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub id: i64,
    /// Its title, with the blanks it was given.
    pub title: String,
    /// Its city.
    pub city: String,
    /// Its state, two capitals.
    pub state: String,
}

/// A home as the sitemap needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: i64,
    /// When the home or its address was last changed.
    pub updated_at: String,
}

/// Everything about a home, in the order in which [`Letting::read`] takes it.
const COLUMNS: &str = "letting.id, letting.title, max(letting.updated_at, address.updated_at) as updated_at,
    letting.address_id, address.number, address.street, address.unit, address.city, address.state, address.zip_code,
    address.country_iso_code";

/// What a card shows, of all homes.
const CARDS: &str = "select letting.id, letting.title, address.city, address.state
    from letting join address on address.id = letting.address_id";

impl Card {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
            city: row.get(2)?,
            state: row.get(3)?,
        })
    }
}

impl Letting {
    /// Its page on the site.
    pub fn url(&self) -> String {
        format!("/lettings/{}/", self.id)
    }

    /// The home of this id.
    pub fn find(conn: &Connection, id: i64) -> Result<Self> {
        let sql = format!(
            "select {COLUMNS} from letting join address on address.id = letting.address_id where letting.id = ?1"
        );
        conn.prepare_cached(&sql)?
            .query_row([id], Self::read)
            .optional()?
            .ok_or(Error::NotFound)
    }

    /// The newest homes, the newest first.
    pub fn newest(conn: &Connection, limit: i64) -> Result<Vec<Card>> {
        let window = Window {
            from_end: false,
            offset: 0,
            limit,
        };
        Self::all(conn, window)
    }

    /// One page of all homes or of those in a place, the newest first.
    pub fn page(conn: &Connection, narrowing: &Narrowing, paging: Paging) -> Result<Vec<Card>> {
        match narrowing {
            Narrowing::Everywhere => Self::all(conn, paging.window()),
            Narrowing::Place { state, city } => {
                Self::within(conn, state.as_deref(), city.as_deref(), paging.window())
            }
        }
    }

    fn all(conn: &Connection, window: Window) -> Result<Vec<Card>> {
        Rows::Lettings.rows(conn, CARDS, window, true, Card::read)
    }

    fn within(
        conn: &Connection,
        state: Option<&str>,
        city: Option<&str>,
        window: Window,
    ) -> Result<Vec<Card>> {
        let direction = if window.from_end { "asc" } else { "desc" };
        let matching = match (state, city) {
            (Some(_), Some(_)) => "state = ?3 and city = ?4",
            (Some(_), None) => "state = ?3 and ?4 is null",
            (None, _) => "?3 is null and city = ?4",
        };
        // Passing over rows of an index is cheap; the rows themselves are read for one page only.
        let sql = format!(
            "{CARDS} where letting.id in (
                 select letting_id from letting_place where {matching} order by letting_id {direction} limit ?1 offset ?2)
             order by letting.id desc"
        );
        let mut statement = conn.prepare_cached(&sql)?;
        Ok(statement
            .query_map((window.limit, window.offset, state, city), Card::read)?
            .collect::<Result<_, _>>()?)
    }

    /// Hands over the homes for one file of the sitemap, in the order of their ids, after the first `offset`.
    pub fn listed(
        conn: &Connection,
        limit: i64,
        offset: i64,
        mut take: impl FnMut(Listed),
    ) -> Result<()> {
        let window = Window {
            from_end: true,
            offset,
            limit,
        };
        let start = Rows::Lettings.start(conn, window, false)?;
        let mut statement = conn.prepare_cached(
            "select letting.id, max(letting.updated_at, address.updated_at) as updated_at
             from letting join address on address.id = letting.address_id
             where letting.id >= ?3 order by letting.id limit ?1 offset ?2",
        )?;
        let mut rows = statement.query((limit, start.offset, start.id))?;
        while let Some(row) = rows.next()? {
            take(Listed {
                id: row.get(0)?,
                updated_at: row.get(1)?,
            });
        }
        Ok(())
    }

    /// Writes a row with a given id.
    pub fn insert(tx: &Transaction<'_>, id: i64, title: &str, address_id: i64) -> Result<()> {
        tx.prepare_cached(
            "insert into letting (id, title, address_id, updated_at) values (?1, ?2, ?3, ?4)",
        )?
        .execute((id, title, address_id, crate::clock::now()))?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
            updated_at: row.get(2)?,
            address: Address::read(row, 3)?,
        })
    }
}
