//! A transaction that is already open, as refinery sees it: its own implementation would begin and commit by itself.

use refinery::Migration;
use refinery_core::Migrate;
use refinery_core::traits::sync::{Query, Transaction};
use rusqlite::Connection;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A connection whose transaction is open, and what is applied in it.
pub(super) struct Inside<'run> {
    pub(super) conn: &'run Connection,
    pub(super) migrations: &'run [Migration],
    /// Which migration failed, and why: refinery tells only the latter, with the whole SQL.
    pub(super) failed: Option<String>,
}

impl Inside<'_> {
    fn note(&mut self, query: &str, error: &rusqlite::Error) {
        let failing = self
            .migrations
            .iter()
            .find(|migration| migration.sql() == Some(query));
        let cause = match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        self.failed = failing.map(|migration| format!("{migration} failed: {cause}"));
    }
}

impl Transaction for Inside<'_> {
    type Error = rusqlite::Error;

    fn execute<'a, T: Iterator<Item = &'a str>>(
        &mut self,
        queries: T,
    ) -> Result<usize, Self::Error> {
        let mut count = 0;
        for query in queries {
            self.conn
                .execute_batch(query)
                .inspect_err(|error| self.note(query, error))?;
            count += 1;
        }
        Ok(count)
    }
}

impl Query<Vec<Migration>> for Inside<'_> {
    fn query(&mut self, query: &str) -> Result<Vec<Migration>, Self::Error> {
        let mut statement = self.conn.prepare(query)?;
        statement
            .query_map([], |row| {
                let (version, name, applied_on, checksum): (_, _, String, String) =
                    (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                let applied_on = OffsetDateTime::parse(&applied_on, &Rfc3339)
                    .map_err(|error| unreadable(2, error))?;
                let checksum = checksum.parse().map_err(|error| unreadable(3, error))?;
                Ok(Migration::applied(version, name, applied_on, checksum))
            })?
            .collect()
    }
}

impl Migrate for Inside<'_> {}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}
