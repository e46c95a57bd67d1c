//! Journeys through the admin in a real browser, as staff make them: `make journeys`.
//!
//! Each is made in every variant of `variant.rs`: with and without JavaScript, light and dark, on a phone and on a desk.
//! `browser.rs` holds the words in which they speak. They need Chromium and its driver, so `cargo test` leaves them alone.

mod browser;
mod chromium;
mod scripts;
mod site;
mod variant;

mod keyboard;
mod lettings;
mod moving;
mod people;
mod reading;
mod sessions;
