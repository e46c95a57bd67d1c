//! Orange County Lettings as one executable.

pub mod assets;
pub mod cli;
pub mod clock;
pub mod compress;
pub mod config;
pub mod db;
pub mod demo;
pub mod digest;
pub mod error;
pub mod front;
pub mod models;
pub mod pages;
pub mod paging;
pub mod site;
pub mod telemetry;
pub mod ui;
pub mod web;
