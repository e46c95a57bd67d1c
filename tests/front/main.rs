//! The front on real sockets before the real site: its clocks, its places, its own answers, and Rocket's server beside it.
//!
//! What visitors and operators see of it is tested with the binary in `tests/cli/`; here limits are handed in, so that a
//! test takes no longer than it must. `served.rs` and `wire.rs` are the words in which the tests speak.

mod broken;
mod clocks;
mod direct;
mod places;
mod served;
mod twins;
mod wire;
