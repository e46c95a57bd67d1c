//! The built binary as its operators use it: commands, messages, exit codes, and the server on a real socket.
//!
//! One binary for all below; `run.rs`, `server.rs`, `staff.rs`, `load.rs`, `receiver.rs`, `moments.rs` and `django.rs` are the
//! words in which the tests speak.

mod accounts;
mod addresses;
mod backup;
mod cache;
mod check;
mod config;
mod crash;
mod database;
mod demo;
mod disk;
mod django;
mod files;
mod fixtures;
mod help;
mod http;
mod import_django;
mod indexes;
mod load;
mod log;
mod look;
mod migrate;
mod moments;
mod receiver;
mod restore;
mod run;
mod schedule;
mod secrets;
mod sentry;
mod server;
mod staff;
mod start;
mod stop;
mod systemd;
mod together;
mod traces;
mod unheard;
mod upload;
mod volatile;
