//! The site through the front door: Rocket's local client, real migrations, a real SQLite file.
//!
//! The words that the tests speak are in `support.rs`; what a visitor reads is tested in `pages.rs`, what staff do in
//! `admin.rs`, who may do what in `accounts.rs`, how it travels in `serving.rs`, how data comes in as a whole in `moving.rs`.

mod accounts;
mod admin;
mod assets;
mod errors;
mod metrics;
mod moving;
mod pages;
mod serving;
mod support;
mod wellknown;
