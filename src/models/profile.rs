//! What a person shows of themselves.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::span::List as Rows;
use crate::error::{Error, Result};
use crate::paging::Paging;
use crate::schema::{By, Column, Field, Fieldset, Filter, Index, Kind, List, Model, Order, Shown};

/// The declaration.
pub static MODEL: Model = Model {
    app: "profiles",
    app_title: "Profiles",
    slug: "profile",
    singular: "profile",
    plural: "profiles",
    title: "Profiles",
    table: "profile",
    label: "(select username from user where id = profile.user_id)",
    fieldsets: &[Fieldset::plain(&[
        Field::new("user_id", "User", Kind::One(&super::user::MODEL))
            .help("Each user has at most one profile."),
        Field::new("favorite_city", "Favorite city", Kind::Text { max: 64 }).optional(),
        Field::new("show_email", "Show email", Kind::Bool)
            .optional()
            .help("Whether the email address is published on the public page."),
    ])],
    list: List {
        columns: &[
            Column::text(
                "Profile",
                "(select username from user where id = profile.user_id)",
            ),
            Column::text("Favorite city", "favorite_city"),
            Column {
                label: "Email shown",
                sql: "show_email",
                shown: Shown::Flag,
            },
        ],
        search: &[
            "favorite_city",
            "(select names from user where id = profile.user_id)",
        ],
        index: Some(Index {
            table: "profile_search",
            name: "names",
        }),
        filters: &[Filter {
            name: "show_email",
            label: "Email shown",
            by: By::Flag("show_email"),
        }],
        order: Order::Newest,
    },
    ..Model::DEFAULT
};

/// People on a page of the list.
pub const PER_PAGE: u64 = 48;

/// The characters of a username that addresses print as they are, as Django's did.
const USERNAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'@')
    .remove(b'+')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// A person's public page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name in its address.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// The address, only when the person chose to publish it and has one.
    pub email: Option<String>,
    /// May be empty.
    pub favorite_city: String,
}

/// In the order in which [`Profile::read`] takes them.
const COLUMNS: &str = "user.username, user.first_name, user.last_name, profile.favorite_city,
    case when profile.show_email then nullif(user.email, '') end as email";

impl Profile {
    /// Its page on the site.
    pub fn url(&self) -> String {
        format!(
            "/profiles/{}/",
            utf8_percent_encode(&self.username, USERNAME)
        )
    }

    /// `Ada Paul`; nothing when neither name is known.
    pub fn full_name(&self) -> Option<String> {
        let name = format!("{} {}", self.first_name, self.last_name);
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    }

    /// The profile of the person with exactly this username.
    pub fn find(conn: &Connection, username: &str) -> Result<Self> {
        let sql = format!(
            "select {COLUMNS} from user join profile on profile.user_id = user.id where user.username = ?1"
        );
        conn.prepare_cached(&sql)?
            .query_row([username], Self::read)
            .optional()?
            .ok_or(Error::NotFound)
    }

    /// How many people have a profile.
    pub fn count(conn: &Connection) -> Result<u64> {
        Rows::Profiles.count(conn)
    }

    /// One page of all people, in the order in which they came.
    pub fn page(conn: &Connection, paging: Paging) -> Result<Vec<Self>> {
        let select =
            format!("select {COLUMNS} from profile join user on user.id = profile.user_id");
        Rows::Profiles.rows(conn, &select, paging.window(), false, Self::read)
    }

    /// Writes the profile of a user, its address unpublished.
    pub fn insert(tx: &Transaction<'_>, id: i64, user_id: i64, favorite_city: &str) -> Result<()> {
        tx.prepare_cached(
            "insert into profile (id, user_id, favorite_city, updated_at) values (?1, ?2, ?3, ?4)",
        )?
        .execute((id, user_id, favorite_city, crate::clock::now()))?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            username: row.get(0)?,
            first_name: row.get(1)?,
            last_name: row.get(2)?,
            favorite_city: row.get(3)?,
            email: row.get(4)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_in_an_address_keeps_the_characters_that_django_kept() {
        let profile = |username: &str| Profile {
            username: username.to_owned(),
            first_name: String::new(),
            last_name: " ".to_owned(),
            email: None,
            favorite_city: String::new(),
        };
        assert_eq!(profile("plus+name.-_@x").url(), "/profiles/plus+name.-_@x/");
        assert_eq!(profile("zoë").url(), "/profiles/zo%C3%AB/");
        assert_eq!(profile("x").full_name(), None);
    }
}
