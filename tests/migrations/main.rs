//! The schema that the migrations make, asked through a real file: what it refuses, what it keeps, what it counts.
//!
//! What the commands print while migrating is in `tests/cli/`.

mod copies;
mod database;
mod fresh;
mod limits;
mod places;
mod rows;
