//! Accounts: signing in, what holds guessers and forgers off, sessions, passwords, and who may do what.

mod escalation;
mod guessing;
mod moved_in;
mod passwords;
mod rights;
mod sessions;
mod setup;
mod signing_in;
mod tokens;
