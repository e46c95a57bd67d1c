//! The process as the system sees it (proc(5)); nothing where there is no `/proc`.

use std::fs;

use rustix::process::{Resource, getrlimit};

/// The bytes of memory that are resident.
pub(super) fn resident_memory() -> Option<u64> {
    resident(&fs::read_to_string("/proc/self/status").ok()?)
}

/// How many file descriptors are open.
pub(super) fn open_files() -> Option<u64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    // The folder itself was open while it was counted.
    u64::try_from(files.saturating_sub(1)).ok()
}

/// How many file descriptors may be open.
pub(super) fn most_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// `VmRSS:      8500 kB`, where a kB is 1,024 bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_memory_is_read_in_bytes() {
        let status = "Name:\toc-lettings\nVmHWM:\t    9000 kB\nVmRSS:\t    8500 kB\nThreads:\t4\n";
        assert_eq!(resident(status), Some(8500 * 1024));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
    }
}
