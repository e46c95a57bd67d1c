//! The program: parse, run, one line of error, exit code.

use std::process::ExitCode;

/// musl's own allocator takes one lock for all threads. With jemalloc, which gives SQLite its memory too, the static
/// executable answered 102 to 116 % of what one with glibc and its allocator did in the same time of the processor, page
/// by page (`make compare`, on two processors that others used as well).
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    oc_lettings::cli::main()
}
