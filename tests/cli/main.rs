//! The built binary as its operators use it: commands, messages, exit codes, and the server on a real socket.
//!
//! One binary for all below; `run.rs`, `server.rs`, `staff.rs`, `load.rs` and `receiver.rs` are the words in which the tests
//! speak.

mod accounts;
mod addresses;
mod check;
mod config;
mod crash;
mod database;
mod demo;
mod disk;
mod help;
mod http;
mod load;
mod log;
mod look;
mod migrate;
mod receiver;
mod run;
mod sentry;
mod server;
mod staff;
mod start;
mod stop;
mod together;
mod volatile;
