//! What cargo must know before it compiles: where the embedded files lie, the commit, and the year.
//!
//! Nothing else happens here: the embedding is done by `refinery` and `rust-embed` where it is used.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
fn main() {
    for path in [
        "migrations",
        "assets",
        "data/demo.json",
        ".git/HEAD",
        ".git/logs/HEAD",
    ] {
        if std::path::Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-env-changed=OC_LETTINGS_COMMIT");
    let commit = std::env::var("OC_LETTINGS_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty())
        .or_else(git_commit)
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=OC_LETTINGS_COMMIT={commit}");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rustc-env=OC_LETTINGS_BUILT_YEAR={}", year());
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=OC_LETTINGS_TARGET={target}");
}

/// The year of the sources where a reproducible build says it (reproducible-builds.org/specs/source-date-epoch), else
/// this one; to a day, which is enough to tell a clock that is far off.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
fn year() -> u64 {
    const AVERAGE: u64 = 31_556_952;
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    let seconds = given.and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap_or_default().as_secs()
    });
    1970 + seconds / AVERAGE
}

/// The commit that is checked out, or nothing when git or the repository is not there.
fn git_commit() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
