//! The database's file as commands make it and refuse it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use oc_lettings::db::migrate;

use super::run::{Done, Run, names};
use super::server::Server;

/// Every command that writes to the database; the one that would not end if it did not refuse is the last.
pub(super) const WRITERS: &[&[&str]] = &[
    &["migrate"],
    &["demo"],
    &["createsuperuser", "--noinput"],
    &["changepassword", "ada", "--stdin"],
    &["serve"],
];

/// Every command that looks at it as it is, or only drops what has ended.
const READERS: &[&[&str]] = &[
    &["showmigrations"],
    &["migrate", "--check"],
    &["clearsessions"],
];

/// Every command that opens the database refuses it in these words and leaves everything in the folder as it was;
/// `check` counts them among its findings.
pub(super) fn all_refuse(run: &Run, words: &[&str]) {
    let before = contents(run);
    for command in [WRITERS, READERS].concat() {
        run.run(command).refused(words);
        assert_eq!(contents(run), before, "changed by {command:?}");
    }
    let found = run.run(&["check"]).found();
    for word in words {
        assert!(found.contains(word), "no {word:?} in: {found}");
    }
    assert!(found.contains("\n1 errors, "), "{found}");
    assert_eq!(contents(run), before, "changed by check");
}

/// Each file in the folder with what it holds, but the index of the log, which says nothing that the log does not.
fn contents(run: &Run) -> Vec<(String, Vec<u8>)> {
    let mut names = run.names();
    names.retain(|name| !name.ends_with("-shm"));
    let read = |name: String| {
        let path = run.path(&name);
        // What is no file has no contents, and a pipe would be waited for.
        let bytes = path
            .is_file()
            .then(|| fs::read(&path).expect("a file of ours"));
        (name, bytes.unwrap_or_default())
    };
    names.into_iter().map(read).collect()
}

pub(super) fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("a file that is there");
    metadata.permissions().mode() & 0o7777
}

#[test]
fn the_file_is_its_owners_alone_and_so_are_the_folders_made_for_it() {
    let run = Run::new().with("DATABASE", "new/deeper/site.sqlite3");
    let server = Server::start(&run);
    for folder in ["new", "new/deeper"] {
        assert_eq!(mode(&run.path(folder)), 0o700, "{folder}");
    }
    let names = names(&run.path("new/deeper"));
    assert!(names.contains(&"site.sqlite3-wal".to_owned()), "{names:?}");
    for name in names {
        assert_eq!(mode(&run.path("new/deeper").join(&name)), 0o600, "{name}");
    }
    drop(server);
}

#[test]
fn an_empty_file_is_as_good_as_none() {
    let run = Run::new().file("site.sqlite3", "");
    assert!(
        run.run(&["migrate"])
            .succeeded()
            .starts_with("created site.sqlite3\n")
    );
}

#[test]
fn a_folder_in_the_databases_place_is_refused_with_a_path_inside_it() {
    let run = Run::new().with("DATABASE", "site");
    fs::create_dir(run.path("site")).unwrap();
    all_refuse(
        &run,
        &[
            "site is a folder",
            "set DATABASE",
            "site/oc-lettings.sqlite3",
        ],
    );
    assert!(names(&run.path("site")).is_empty());
}

#[test]
fn a_path_below_a_file_is_refused_with_the_file_in_the_way() {
    let run = Run::new()
        .file("file", "")
        .with("DATABASE", "file/site.sqlite3");
    for command in WRITERS {
        run.run(command)
            .refused(&["file/site.sqlite3", "file has mode", "set DATABASE"]);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_with_uid_path_mode_and_cure() {
    let run = Run::new().with("DATABASE", "data/site.sqlite3");
    fs::create_dir(run.path("data")).unwrap();
    fs::set_permissions(run.path("data"), Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(run.path(""), Permissions::from_mode(0o755)).unwrap();
    for command in WRITERS {
        let done = powerless(&run, command);
        let uid = if rustix::process::geteuid().is_root() {
            65534
        } else {
            rustix::process::geteuid().as_raw()
        };
        done.refused(&[
            &format!("uid {uid} cannot write data/site.sqlite3"),
            "data has mode 0555 and belongs to",
            &format!("chown -R {uid} data"),
            "set DATABASE",
        ]);
    }
}

#[test]
fn a_folder_in_which_the_file_can_be_written_but_no_log_be_made_is_the_obstacle() {
    let run = Run::new().with("DATABASE", "data/site.sqlite3");
    run.run(&["migrate"]).succeeded();
    let file = run.path("data/site.sqlite3");
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(run.path("data"), Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(run.path(""), Permissions::from_mode(0o755)).unwrap();
    for command in WRITERS {
        powerless(&run, command).refused(&[
            "data/site.sqlite3: permission denied; ",
            "data has mode 0555",
            "data` once, or set DATABASE",
        ]);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_refused_likewise() {
    let run = Run::new();
    run.run(&["migrate"]).succeeded();
    fs::set_permissions(run.path("site.sqlite3"), Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(run.path(""), Permissions::from_mode(0o755)).unwrap();
    for command in WRITERS {
        powerless(&run, command).refused(&[
            "cannot write site.sqlite3",
            "site.sqlite3 has mode 0444",
            "chown",
        ]);
    }
}

/// Runs the binary as somebody who is not root, for whom modes of files mean nothing.
pub(super) fn powerless(run: &Run, arguments: &[&str]) -> Done {
    let mut command = run.prepared(arguments);
    if rustix::process::geteuid().is_root() {
        // A copy, because the folders above the built one may be root's alone; made by another process, because what
        // this one has open for writing, a child of another test could keep open, and then the copy cannot be run.
        let copy = run.path("oc-lettings");
        if !copy.exists() {
            let made = Command::new("cp")
                .arg(command.get_program())
                .arg(&copy)
                .status();
            assert!(
                made.is_ok_and(|status| status.success()),
                "a folder of ours"
            );
        }
        let mut copied = Command::new(copy);
        let variables = command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        copied
            .args(arguments)
            .env_clear()
            .envs(variables)
            .current_dir(run.path(""));
        copied.uid(65534).gid(65534);
        command = copied;
    }
    // Nor could it write down what a measurement of coverage wants.
    command.env("LLVM_PROFILE_FILE", "/dev/null");
    Done::of(command.output().expect("our binary starts"))
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let text =
        "Dear diary, this is no database, and it is long enough to be taken for one.\n".repeat(99);
    let run = Run::new().file("site.sqlite3", &text);
    all_refuse(
        &run,
        &["site.sqlite3 is not an SQLite database", "set DATABASE"],
    );
    assert_eq!(fs::read_to_string(run.path("site.sqlite3")).unwrap(), text);
    assert_eq!(run.names(), ["site.sqlite3"]);
}

#[test]
fn another_applications_database_is_refused_and_left_alone() {
    let run = Run::new();
    let db = run.db();
    db.write_now(|tx| {
        Ok(tx.execute_batch("create table theirs (id integer); insert into theirs values (1)")?)
    })
    .unwrap();
    db.checkpoint().unwrap();
    drop(db);
    all_refuse(
        &run,
        &[
            "site.sqlite3 is a database of another application",
            "set DATABASE",
        ],
    );
    assert_eq!(
        run.ask("select group_concat(name) from sqlite_schema"),
        "theirs"
    );
}

#[test]
fn a_database_with_the_mark_of_another_application_is_refused_and_left_alone() {
    let run = Run::new();
    run.run(&["migrate"]).succeeded();
    run.sql("pragma application_id = 0x4d504258");
    all_refuse(
        &run,
        &[
            "site.sqlite3 is a database of another application",
            "0x4d504258",
        ],
    );
}

#[test]
fn the_file_says_in_its_header_whose_it_is() {
    let run = Run::new();
    run.run(&["migrate"]).succeeded();
    let header = fs::read(run.path("site.sqlite3")).unwrap();
    assert_eq!(&header[68..72], b"OCLT");
}

#[test]
fn a_database_of_a_newer_version_is_refused_by_name_and_left_alone() {
    let run = Run::new();
    run.run(&["migrate"]).succeeded();
    run.sql(
        "insert into refinery_schema_history values (99, 'future', '2030-01-01T00:00:00Z', '1')",
    );
    all_refuse(
        &run,
        &[
            "schema version 99",
            "newer oc-lettings",
            &format!("versions up to {}", migrate::latest()),
            "start the newer one",
        ],
    );
    assert_eq!(run.ask("select count(*) from letting"), "0");
}
