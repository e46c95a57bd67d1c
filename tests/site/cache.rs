//! Pages that are kept: that they are the ones Rocket makes, which they are, and when they are made again.

mod pages;
mod turns;
mod version;
