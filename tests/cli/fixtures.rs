//! Rows as Django's fixtures: dumped, loaded, and loaded from what Django itself dumped.
//!
//! `tests/data/django/` holds what `dumpdata` of Django 5.2 wrote of one small site: plainly with `--indent 1`, with natural
//! keys as JSON Lines, and in the site's first layout.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use super::run::{Done, Run};

mod any;
mod django;
mod dump;
mod load;
mod refused;

/// What the first line of a dump's news says.
const WITHOUT: &str =
    "oc-lettings: the dump has no passwords in it; --with-passwords takes their hashes along\n";
const WITH: &str =
    "oc-lettings: the dump has the hashes of passwords in it: keep it as safe as the database\n";

/// A dump of Django's.
fn django(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/django");
    let path = folder.join(name).display().to_string();
    assert!(PathBuf::from(&path).is_file(), "{path}");
    path
}

/// All rows with hashes, as they are dumped.
fn dumped(run: &Run, format: &str) -> String {
    let done = run.run(&["dumpdata", "--with-passwords", "--format", format]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), WITH));
    done.out
}

/// What became of loading this text from standard input.
fn load(run: &Run, text: impl AsRef<[u8]>) -> Done {
    let mut child = run
        .prepared(&["loaddata", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("our binary starts");
    let mut stdin = child.stdin.take().expect("a pipe was asked for");
    // It may have refused before it read everything.
    let _ = stdin.write_all(text.as_ref());
    drop(stdin);
    Done::of(child.wait_with_output().expect("a process of ours"))
}

/// A run with the demo rows.
fn demo() -> Run {
    let run = Run::new();
    run.run(&["demo"]).succeeded();
    run
}
