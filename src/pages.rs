//! What visitors see: one file per part of the site, each with its routes, its handlers and, below each, the pure
//! function that draws its page.
//!
//! No SQL, and no page knows another; they are mounted in `site.rs`.

pub mod bring;
pub mod health;
pub mod home;
pub mod lettings;
pub mod metrics;
pub mod profiles;
pub mod session;
pub mod setup;
pub mod wellknown;
