//! The shape of the tree: layers, heads of files, words that must not stay, and what lies at the top.
//!
//! The layers are the table of the crate's documentation. What a lint can see is left to the lints in `Cargo.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Modules by layer; a module uses only those in layers above its own line.
const LAYERS: &[&[&str]] = &[
    // Foundations: they know nothing of the site.
    &["error"],
    &["clock", "compress", "digest", "paging"],
    &["config", "assets", "password"],
    &["telemetry"],
    // The database: knows no table.
    &["db"],
    // The words of declarations: run no SQL, draw nothing, know no model.
    &["schema"],
    // Subjects: know no request, and not each other.
    &["models", "ui"],
    // Requests, and rows in bulk: know no page, and not each other.
    &["web", "fixtures", "django", "demo"],
    // Moving in by the browser: brings requests and rows in bulk together, mounts nothing.
    &["moving"],
    // Pages: do not mount themselves, and do not know each other.
    &["pages", "admin"],
    // The whole: holds no logic of a page.
    &["site", "front"],
    // Commands: build neither SQL nor HTML.
    &["cli"],
    // What cargo starts from.
    &["main", "lib", "build"],
];

/// What may lie at the top, besides names that begin with a dot.
const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "Makefile",
    "README.md",
    "assets",
    "benches",
    "data",
    "migrations",
    "render.yaml",
    "src",
    "tests",
];

/// Words that say that something is not done, in pieces so that this file may hold them.
const UNDONE: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!"),
    concat!("unimplemented", "!"),
];

/// The folders in which every text is ours.
const OURS: &[&str] = &[
    "src",
    "tests",
    "benches",
    "migrations",
    "assets",
    ".ci",
    ".github",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the repository, as paths from its top.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root()).expect("below the top").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<PathBuf> {
    let mut files = [files("src"), files("tests"), files("benches")].concat();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    assert!(files.len() > 40, "{files:?}");
    files
}

fn text(path: &Path) -> String {
    fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The module of the crate's map that a source file belongs to: `web` for `src/web/gate.rs`.
fn module(path: &Path) -> String {
    let inner = path.strip_prefix("src").expect("a file in src");
    let first = inner.components().next().expect("a name");
    Path::new(first.as_os_str())
        .with_extension("")
        .display()
        .to_string()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The modules that a source text names by `crate::…`, also in groups and over line breaks; comments do not count.
fn named(source: &str) -> BTreeSet<String> {
    let code: String = code(source).split_whitespace().collect();
    let mut modules = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        match rest.strip_prefix('{') {
            Some(group) => modules.extend(heads(group)),
            None => modules.extend(word(rest)),
        }
    }
    modules
}

/// The lines of a source text that are no comments; examples in comments are users of the crate.
fn code(source: &str) -> String {
    source
        .split_inclusive('\n')
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect()
}

/// The first word of each member of a group that is open at the start.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut begins) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        if begins {
            heads.extend(word(&group[at..]));
        }
        begins = c == ',' && depth == 0;
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads
}

fn word(text: &str) -> Option<String> {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    Some(text[..end].to_owned()).filter(|word| !word.is_empty())
}

#[test]
fn paths_are_found_in_every_form_that_rust_has() {
    let source = "use crate::error::Result;\nuse crate::{demo,\n    db::{self, migrate}, site};\n// crate::cli\nlet x = crate::clock::now();";
    let expected = ["clock", "db", "demo", "error", "site"].map(str::to_owned);
    assert_eq!(named(source), BTreeSet::from(expected));
}

#[test]
fn a_module_uses_only_layers_below_its_own() {
    for path in files("src") {
        let module = module(&path);
        let own = layer(&module)
            .unwrap_or_else(|| panic!("{} is in no layer of tests/tidy.rs", path.display()));
        for other in named(&text(&path)) {
            if other == module {
                continue;
            }
            let its = layer(&other)
                .unwrap_or_else(|| panic!("{}: crate::{other} is in no layer", path.display()));
            assert!(
                its < own,
                "{} uses crate::{other}, which is not below it",
                path.display()
            );
        }
    }
}

#[test]
fn nothing_reaches_another_module_around_the_layers() {
    for path in files("src") {
        let source = code(&text(&path));
        assert!(
            !source.contains("super::super::"),
            "{}: name it from crate::",
            path.display()
        );
        let is_root = ["main", "lib", "build"].contains(&module(&path).as_str());
        assert!(
            is_root || !source.contains("use oc_lettings::"),
            "{}: name it from crate::",
            path.display()
        );
    }
}

#[test]
fn every_module_of_the_layers_is_there() {
    let there: BTreeSet<String> = files("src").iter().map(|path| module(path)).collect();
    let listed: BTreeSet<String> = LAYERS.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(there, listed);
}

#[test]
fn every_file_opens_with_what_lives_in_it() {
    for path in rust_files() {
        let source = text(&path);
        let head = source.lines().next().unwrap_or_default();
        assert!(
            head.starts_with("//! ") && head.len() > 10,
            "{}: {head:?}",
            path.display()
        );
    }
}

#[test]
fn nothing_says_that_it_is_not_done() {
    for path in OURS.iter().flat_map(|folder| files(folder)) {
        // Pictures are no texts.
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let word = UNDONE.iter().find(|word| line.contains(**word));
            assert_eq!(word, None, "{}:{}", path.display(), number + 1);
        }
    }
}

#[test]
fn a_lint_is_expected_with_a_reason_and_never_allowed() {
    let forbidden = [concat!("#[", "allow"), concat!("#![", "allow")];
    for path in rust_files() {
        let source = text(&path);
        for word in forbidden {
            assert!(!source.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn a_module_is_a_file_of_its_name() {
    for path in rust_files() {
        assert_ne!(
            path.file_name(),
            Some("mod.rs".as_ref()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn nothing_lies_at_the_top_that_does_not_belong_there() {
    for name in top() {
        let known = name.starts_with('.') || TOP.contains(&name.as_str());
        assert!(known, "{name} does not belong at the top");
    }
}

/// The names at the top that git knows; without git, those that are there, less what cargo builds.
fn top() -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    match listed {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            String::from_utf8_lossy(&output.stdout)
                .split('\0')
                .filter_map(|path| path.split('/').next())
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        }
        _ => fs::read_dir(root())
            .expect("the top can be read")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|name| name != "target")
            .collect(),
    }
}
