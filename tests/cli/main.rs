//! The built binary as its operators use it: commands, messages, exit codes, and the server on a real socket.
//!
//! One binary for all below; `run.rs`, `server.rs` and `receiver.rs` are the words in which the tests speak.

mod accounts;
mod addresses;
mod check;
mod config;
mod database;
mod demo;
mod fixtures;
mod help;
mod http;
mod log;
mod migrate;
mod receiver;
mod run;
mod sentry;
mod server;
mod start;
mod stop;
