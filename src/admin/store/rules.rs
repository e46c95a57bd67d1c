//! Rows against today's rules: what another tool wrote, or an older version, that a form would not take as it stands.
//!
//! The schema holds what plain SQLite can say; the declarations hold more. Rows are read one after the other, so that a
//! table may be of any size.

use rusqlite::{Connection, Row};

use crate::error::Result;
use crate::models::row::value;
use crate::schema::draft::{Draft, Fields, Value};
use crate::schema::{Field, Kind, Model};

/// A value that breaks a rule.
pub struct Broken {
    /// The row.
    pub id: i64,
    /// The field.
    pub field: &'static Field,
    /// The value, where it is a text that can be read.
    pub value: Option<String>,
    /// Whether a form can show the row at all.
    pub is_readable: bool,
    /// What a form would say to it.
    pub words: String,
}

/// Tells of each value in a table that breaks a rule; gives the latest time at which a row was written.
pub fn look_through(
    conn: &Connection,
    model: &Model,
    mut found: impl FnMut(Broken),
) -> Result<Option<String>> {
    // Hashes are in no form, and that relations lead somewhere is for foreign keys to say.
    let fields: Vec<&'static Field> = model
        .fields(false)
        .filter(|field| !matches!(field.kind, Kind::Hash | Kind::Many(_)))
        .collect();
    let columns: Vec<&str> = ["id", "updated_at"]
        .into_iter()
        .chain(fields.iter().map(|field| field.name))
        .collect();
    let sql = format!("select {} from {}", columns.join(", "), model.table);
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut newest = None;
    while let Some(row) = rows.next()? {
        let written: Option<String> = row.get(1).ok();
        // A time that cannot be read is none.
        if written > newest && written.as_deref().is_some_and(is_moment) {
            newest = written;
        }
        judge(row, model, &fields, &mut found)?;
    }
    Ok(newest)
}

/// Whether a text is a time at all, as other tools may write anything there.
pub fn is_moment(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

fn judge(
    row: &Row<'_>,
    model: &Model,
    fields: &[&'static Field],
    found: &mut impl FnMut(Broken),
) -> Result<()> {
    let id = row.get(0)?;
    let mut values = Vec::with_capacity(fields.len());
    let mut is_readable = true;
    for (place, field) in fields.iter().enumerate() {
        match value(field, row, place + 2) {
            Ok(value) => values.push((field.name, value)),
            Err(error) => {
                is_readable = false;
                found(Broken {
                    id,
                    field,
                    value: None,
                    is_readable: false,
                    words: format!("It cannot be read: {error}."),
                });
            }
        }
    }
    // Rules that look at several values need all of them.
    if !is_readable {
        return Ok(());
    }
    let stored = Draft::new(values);
    let saved = model.check(&Fields::of(&stored), false);
    for field in fields {
        let text = match stored.get(field.name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        };
        let words = match &saved {
            Err(errors) => errors.of(field.name).join(" "),
            Ok(saved) if text.is_some_and(|text| text != saved.text(field.name)) => {
                "It is not as it would be saved (blanks around it, small letters, or characters in another form).".to_owned()
            }
            Ok(_) => String::new(),
        };
        if !words.is_empty() {
            found(Broken {
                id,
                field,
                value: text.cloned(),
                is_readable: true,
                words,
            });
        }
    }
    Ok(())
}
