//! The built binary as its operators use it: commands, messages, exit codes, and the server on a real socket.
//!
//! One binary for all below; `run.rs`, `server.rs`, `receiver.rs`, `moments.rs` and `django.rs` are the words in which
//! the tests speak.

mod accounts;
mod addresses;
mod backup;
mod check;
mod config;
mod database;
mod demo;
mod django;
mod help;
mod http;
mod import_django;
mod log;
mod migrate;
mod moments;
mod receiver;
mod restore;
mod run;
mod schedule;
mod sentry;
mod server;
mod start;
mod stop;
