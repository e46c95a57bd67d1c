//! What cargo must know before it compiles: where the embedded files lie, and the commit.
//!
//! Nothing else happens here: the embedding is done by `refinery` and `rust-embed` where it is used.

use std::process::Command;

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
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=OC_LETTINGS_TARGET={target}");
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
