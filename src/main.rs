//! The program: parse, run, one line of error, exit code.

use std::process::ExitCode;

/// musl's own allocator takes one lock for all threads. SQLite's memory comes from jemalloc as well. `make compare` shows
/// what the static executable answers beside one with glibc and its allocator.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    oc_lettings::cli::main()
}
