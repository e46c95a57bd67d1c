//! `oc-lettings backup`: one moment of a database in one file, or nothing.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Instant;

use oc_lettings::db::backup::Backups;
use oc_lettings::db::{Db, migrate};
use rusqlite::{Connection, OpenFlags};

use super::database::mode;
use super::moments::{begin, fill, pass_while, shown};
use super::run::{Done, Run, names};
use super::server::{PATIENCE, Server};

/// A migrated site whose backups lie in a folder of their own.
pub(super) fn site() -> Run {
    let run = Run::new().with("BACKUP_DIR", "backups");
    run.run(&["migrate"]).succeeded();
    begin(&run);
    run
}

/// The paths of what is in the folder of backups, in their order.
pub(super) fn backups(run: &Run) -> Vec<PathBuf> {
    let folder = run.path("backups");
    if !folder.exists() {
        return Vec::new();
    }
    names(&folder)
        .iter()
        .map(|name| folder.join(name))
        .collect()
}

#[test]
fn a_backup_beside_constant_writes_shows_one_moment_and_that_of_its_beginning() {
    let run = site();
    // More than is copied at once.
    fill(&run, 16);
    let server = Server::start(&run);
    pass_while(&run, || {
        for name in ["1.sqlite3", "2.sqlite3", "3.sqlite3"] {
            let before = moment(&run);
            let child = run.prepared(&["backup", name]).spawn().unwrap();
            wait_until(|| run.names().iter().any(|name| name.ends_with(".making")));
            let begun = moment(&run);
            assert_eq!(server.ask("GET", "/readyz").status, 200);
            ended(child).succeeded();
            let shown = shown(&run.path(name));
            assert!(
                (before..=begun).contains(&shown),
                "{before} {shown} {begun}"
            );
            assert!(begun < moment(&run), "time has stood still");
        }
    });
}

fn moment(run: &Run) -> u64 {
    let moment = run.ask("select value from setting where name = 'moment'");
    moment.parse().expect("a number")
}

/// Waits for something that will be so very soon.
pub(super) fn wait_until(is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "it does not get that far");
        std::thread::yield_now();
    }
}

/// What became of a process, which has to end by itself.
fn ended(mut child: Child) -> Done {
    let since = Instant::now();
    while child.try_wait().expect("a process of ours").is_none() {
        if since.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("it does not end");
        }
        std::thread::yield_now();
    }
    Done::of(child.wait_with_output().expect("a process of ours"))
}

#[test]
fn a_backup_is_named_after_its_moment_and_is_its_owners_alone() {
    let run = site();
    let output = run.run(&["backup"]).succeeded();
    let made = backups(&run);
    assert_eq!(made.len(), 1, "{made:?}");
    let name = made[0].file_name().and_then(OsStr::to_str).unwrap();
    let moment = name
        .strip_prefix("site-")
        .and_then(|name| name.strip_suffix("-manual.sqlite3"))
        .unwrap_or_else(|| panic!("{name}"));
    assert!(moment.starts_with("20") && moment.ends_with('Z'), "{name}");
    assert_eq!((moment.len(), &moment[8..9]), (16, "T"), "{name}");
    assert_eq!(mode(&made[0]), 0o600);
    assert_eq!(mode(&run.path("backups")), 0o700);
    let size = made[0].metadata().unwrap().len() / 1000;
    let expected = format!(
        "backed up to backups/{name} ({size} KB, schema version {}, ",
        migrate::latest()
    );
    assert!(output.starts_with(&expected), "{output} {expected}");
}

#[test]
fn the_numbers_that_a_backup_prints_are_those_of_its_tables_and_rows() {
    let run = site();
    run.run(&["demo"]).succeeded();
    let output = run.run(&["backup", "copy.sqlite3"]).succeeded();
    let tables = run.ask("select group_concat(name) from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite~_%' escape '~'");
    let rows: u64 = tables
        .split(',')
        .map(|table| run.ask(&format!("select count(*) from \"{table}\"")))
        .map(|count| count.parse::<u64>().unwrap())
        .sum();
    let expected = format!(", {} tables, {rows} rows)\n", tables.split(',').count());
    assert!(output.ends_with(&expected), "{output} {expected}");
}

#[test]
fn a_backup_is_one_file_that_can_be_opened_where_nothing_can_be_written() {
    let run = site();
    let _server = Server::start(&run);
    fs::create_dir(run.path("safe")).unwrap();
    run.run(&["backup", "safe/copy.sqlite3"]).succeeded();
    assert_eq!(names(&run.path("safe")), ["copy.sqlite3"]);
    let tables: u32 = open_as_others_do(&run.path("safe/copy.sqlite3"))
        .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert!(tables > 10);
    assert_eq!(names(&run.path("safe")), ["copy.sqlite3"]);
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is about what others do to the file"
)]
fn open_as_others_do(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a database")
}

#[test]
fn a_file_that_is_there_is_not_overwritten_whatever_it_is() {
    let run = site().file("precious", "mine");
    symlink("nowhere", run.path("link")).unwrap();
    run.run(&["backup", "precious"])
        .refused(&["precious is there already", "name another file"]);
    assert_eq!(fs::read_to_string(run.path("precious")).unwrap(), "mine");
    run.run(&["backup", "site.sqlite3"])
        .refused(&["site.sqlite3 is there already"]);
    run.run(&["backup", "link"])
        .refused(&["link is there already"]);
    assert!(!run.path("nowhere").exists());
    run.run(&["backup", "."])
        .refused(&[". is a folder", "name a file in it", "./backup.sqlite3"]);
    assert_eq!(run.names(), ["link", "precious", "site.sqlite3"]);
}

#[test]
fn a_name_may_hold_what_sql_and_addresses_take_for_something_else() {
    let run = site();
    for name in [
        "it's a \"copy\".sqlite3",
        "100% ?mode=memory&x#y.sqlite3",
        "new folder/ü 🏡.sqlite3",
    ] {
        run.run(&["backup", name]).succeeded();
        assert_eq!(shown(&run.path(name)), 0, "{name}");
    }
    assert_eq!(mode(&run.path("new folder")), 0o700);
}

#[test]
fn a_database_behind_a_link_and_with_a_name_in_quotes_is_backed_up() {
    let run = site().with("DATABASE", "the 'link'.sqlite3");
    symlink("site.sqlite3", run.path("the 'link'.sqlite3")).unwrap();
    let _server = Server::start(&run);
    pass_while(&run, || run.run(&["backup"]).succeeded());
    let made = backups(&run);
    let name = made[0].file_name().and_then(OsStr::to_str).unwrap();
    assert!(name.starts_with("the 'link'-20"), "{made:?}");
    shown(&made[0]);
}

#[test]
fn a_database_of_an_older_schema_is_backed_up_as_it_is() {
    let run = older();
    let output = run.run(&["backup", "copy.sqlite3"]).succeeded();
    let version = migrate::latest() - 1;
    assert!(
        output.contains(&format!("schema version {version}, ")),
        "{output}"
    );
    run.run(&["migrate", "--check"]).found();
}

/// A site that the version before this one has left.
pub(super) fn older() -> Run {
    let run = Run::new().with("BACKUP_DIR", "backups");
    let all = migrate::all();
    let path = run.path("site.sqlite3");
    let (db, _) = Db::open_and_migrate_with(&Backups::beside(&path), &all[..all.len() - 1])
        .expect("a folder of ours");
    db.checkpoint().expect("a log that nobody else reads");
    run
}

#[test]
fn what_is_not_there_or_not_ours_is_not_backed_up() {
    let run = Run::new().with("BACKUP_DIR", "backups");
    run.run(&["backup"])
        .refused(&["site.sqlite3 does not exist"]);
    run.foreign_sql("create table theirs (id integer)");
    run.run(&["backup"])
        .refused(&["site.sqlite3 is a database of another application"]);
    assert_eq!(run.names(), ["site.sqlite3"]);
}

#[test]
fn a_damaged_database_gives_no_backup() {
    let run = site();
    run.foreign_sql("insert into profile (id, user_id, updated_at) values (7, 99, '')");
    run.run(&["backup"]).refused(&[
        "site.sqlite3 is damaged (profile 7 points at a row of user that does not exist)",
        "no copy of it is kept",
        "restore the newest backup",
    ]);
    assert!(backups(&run).is_empty(), "{:?}", backups(&run));
}

#[test]
fn a_disk_without_room_is_refused_before_anything_is_written() {
    let run = site();
    let Some(_disk) = Disk::mount(run.path("backups"), 4) else {
        return;
    };
    run.run(&["backup"]).refused(&[
        "backups has 4.1 MB free",
        "and a copy needs",
        "besides 8.3 MB for the site itself",
        "free some space",
        "BACKUP_DIR",
    ]);
    assert!(backups(&run).is_empty(), "{:?}", backups(&run));
}

/// A small disk of its own in a folder, for as long as a test needs it.
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Mounts so many megabytes, where that is allowed.
    pub(super) fn mount(folder: PathBuf, megabytes: u32) -> Option<Self> {
        fs::create_dir(&folder).expect("a folder of ours");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(&folder)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: no disk can be mounted here");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder that it lies in is removed after it, and says so where that fails.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_fails_in_the_middle_leaves_nothing_of_the_backup() {
    let run = site();
    fill(&run, 4);
    let done = run_with_limited_files(&run, "backup", 1_000);
    done.refused(&["copy the database into backups", "disk I/O error"]);
    assert!(backups(&run).is_empty(), "{:?}", backups(&run));
    run.run(&["backup"]).succeeded();
}

/// Runs a command that can write no file beyond so many kilobytes; the shell's unit is half of one.
pub(super) fn run_with_limited_files(run: &Run, command: &str, kilobytes: u32) -> Done {
    let ours = run.prepared(&[]);
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" {command}",
        kilobytes * 2
    );
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(script)
        .arg(ours.get_program())
        .env_clear()
        .envs(
            ours.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("LLVM_PROFILE_FILE", "/dev/null")
        .current_dir(run.path(""));
    Done::of(shell.output().expect("a shell"))
}

#[test]
fn a_backup_that_is_killed_leaves_none_and_its_remains_go_with_the_next() {
    let run = site();
    fill(&run, 40);
    let mut child = run.prepared(&["backup"]).spawn().unwrap();
    wait_until(|| !backups(&run).is_empty());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9), "it was too quick");
    let remains = backups(&run);
    assert_eq!(remains.len(), 1, "{remains:?}");
    let name = remains[0].file_name().and_then(OsStr::to_str).unwrap();
    assert!(
        name.starts_with(".site-") && name.ends_with(".making"),
        "{name}"
    );
    run.run(&["backup"]).succeeded();
    let made = backups(&run);
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(shown(&made[0]), 0);
}

#[test]
fn what_another_process_is_at_and_what_is_somebody_elses_stays() {
    let run = site();
    fs::create_dir(run.path("backups")).unwrap();
    let theirs = [
        "notes.txt",
        ".other-0123456789abcdef.making",
        ".site-0123456789abcde.making",
        ".site-0123456789abcdef.making.old",
        "site-20200101T000000Z-scheduled.sqlite3",
    ];
    for name in theirs {
        fs::write(run.path("backups").join(name), "").unwrap();
    }
    let busy = run.path("backups/.site-0000000000000000.making");
    let left = run.path("backups/.site-1111111111111111.making");
    let lock = File::create(&busy).unwrap();
    lock.lock().unwrap();
    File::create(&left).unwrap();
    run.run(&["backup"]).succeeded();
    assert!(busy.exists() && !left.exists());
    for name in theirs {
        assert!(run.path("backups").join(name).exists(), "{name}");
    }
    drop(lock);
    run.run(&["backup"]).succeeded();
    assert!(!busy.exists());
}

#[test]
fn backups_of_one_second_have_names_of_their_own() {
    let run = site();
    let running: Vec<_> = (0..4)
        .map(|_| run.prepared(&["backup"]).spawn().unwrap())
        .collect();
    for child in running {
        Done::of(child.wait_with_output().unwrap()).succeeded();
    }
    assert_eq!(backups(&run).len(), 4);
}
