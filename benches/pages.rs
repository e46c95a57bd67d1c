//! Benchmarks of whole pages.

fn main() {}
