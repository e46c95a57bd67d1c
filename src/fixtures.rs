//! Rows as Django's fixtures: `[{"model", "pk", "fields"}]`, or the same a row a line.
//!
//! Labels, fields and references are Django's, so that a dump of the replaced site loads here, and ours there as far as
//! its values go; `fixtures/shape.rs` says how our models stand in a file. `dump.rs` writes. `load.rs` reads in two steps:
//! every row is found (`file.rs`) and kept aside (`staged.rs`), since a row may point at one that comes later; then they
//! are checked by the declarations (`values.rs`, `notation.rs`) and put in, models that others point at first (`put.rs`).

use std::fmt;

use crate::schema::Model;

pub mod dump;
mod file;
pub mod load;
mod notation;
mod put;
pub mod report;
mod rights;
mod shape;
mod staged;
mod values;

/// How many rows of each model, in the order of `shape::ALL`.
#[derive(Clone)]
pub struct Counts(Vec<(&'static Model, u64)>);

impl Counts {
    /// None of any.
    fn none() -> Self {
        Self(shape::ALL.iter().map(|shape| (shape.model, 0)).collect())
    }

    /// One more of the model at this place.
    fn add(&mut self, place: usize) {
        self.0[place].1 += 1;
    }

    /// How many rows in all.
    pub fn sum(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Counts {
    /// `6 lettings, 6 addresses, 5 users, 4 profiles`, with groups where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = shape::TOLD.iter().filter_map(|(model, always)| {
            let (_, count) = self.0.iter().find(|(other, _)| other.is(model))?;
            (*always || *count > 0).then(|| counted(*count, model.singular, model.plural))
        });
        f.write_str(&words.collect::<Vec<_>>().join(", "))
    }
}

/// `1 user`, `2 users`.
fn counted(count: u64, singular: &str, plural: &str) -> String {
    format!("{count} {}", if count == 1 { singular } else { plural })
}
