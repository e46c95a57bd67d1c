//! `oc-lettings restore`: the one database or the other, never something between, and nothing lost.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Instant;

use oc_lettings::db::migrate;
use rustix::process::Signal;

use super::backup::{Disk, backups, older, run_with_limited_files, site};
use super::database::mode;
use super::moments::{fill, pass, pass_while, shown};
use super::run::{Done, Run, names};
use super::server::{PATIENCE, Server};

mod bytes;

/// A site that is one moment further than its backup `copy.sqlite3`.
fn moved_on() -> Run {
    let run = site();
    run.run(&["backup", "copy.sqlite3"]).succeeded();
    let db = run.db();
    pass(&db);
    db.checkpoint().expect("a log that nobody else reads");
    run
}

fn database(run: &Run) -> PathBuf {
    run.path("site.sqlite3")
}

/// What a restore kept of what was there before.
fn kept(run: &Run) -> PathBuf {
    let kept = backups(run);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let name = kept[0].to_string_lossy().into_owned();
    assert!(name.ends_with("Z-before-restore.sqlite3"), "{name}");
    kept[0].clone()
}

#[test]
fn a_backup_takes_the_databases_place_and_the_old_one_is_kept() {
    let run = moved_on();
    let output = run.run(&["restore", "copy.sqlite3"]).succeeded();
    assert_eq!((shown(&database(&run)), shown(&kept(&run))), (0, 1));
    let lines: Vec<&str> = output.lines().collect();
    let start = format!(
        "restored copy.sqlite3 to site.sqlite3 (schema version {}, ",
        migrate::latest()
    );
    assert!(lines[0].starts_with(&start), "{output}");
    let name = kept(&run)
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    assert_eq!(lines[1], format!("what was there before is backups/{name}"));
    assert_eq!(lines.len(), 2, "{output}");
    assert_eq!((mode(&database(&run)), mode(&kept(&run))), (0o600, 0o600));
    assert_eq!(run.names(), ["backups", "copy.sqlite3", "site.sqlite3"]);
    let server = Server::start(&run);
    assert_eq!(server.ask("GET", "/readyz").status, 200);
}

#[test]
fn what_was_kept_can_be_restored_as_well() {
    let run = moved_on();
    run.run(&["restore", "copy.sqlite3"]).succeeded();
    let kept = kept(&run);
    run.run(&["restore", kept.to_str().unwrap()]).succeeded();
    assert_eq!(shown(&database(&run)), 1);
}

#[test]
fn a_missing_database_is_made_with_its_folder() {
    let run = moved_on().with("DATABASE", "new/deeper/site.sqlite3");
    let output = run.run(&["restore", "copy.sqlite3"]).succeeded();
    assert!(!output.contains("before"), "{output}");
    assert_eq!(names(&run.path("new/deeper")), ["site.sqlite3"]);
    assert_eq!(mode(&run.path("new")), 0o700);
    assert_eq!(shown(&run.path("new/deeper/site.sqlite3")), 0);
    assert!(backups(&run).is_empty());
}

#[test]
fn an_empty_file_in_the_databases_place_is_nothing_to_keep() {
    let run = moved_on();
    File::create(database(&run)).unwrap();
    run.run(&["restore", "copy.sqlite3"]).succeeded();
    assert_eq!(shown(&database(&run)), 0);
    assert!(backups(&run).is_empty());
}

#[test]
fn a_restore_is_refused_while_the_server_runs_whatever_that_is_doing() {
    let run = moved_on().with("BACKUP_EVERY", "24h");
    let mut server = Server::start(&run);
    let words = [
        "site.sqlite3 is in use by process ",
        "stop the server",
        "nothing was changed",
    ];
    run.run(&["restore", "copy.sqlite3"]).refused(&words);
    pass_while(&run, || {
        run.run(&["restore", "copy.sqlite3"]).refused(&words);
    });
    // What it opens and closes of its own accord does not open the door.
    server.line_with("backed up");
    assert_eq!(server.ask("GET", "/lettings/").status, 200);
    run.run(&["restore", "copy.sqlite3"]).refused(&words);
    server.stop();
    run.run(&["restore", "copy.sqlite3"]).succeeded();
    assert_eq!(shown(&database(&run)), 0);
}

#[test]
fn a_restore_is_refused_while_another_process_only_has_the_database_open() {
    let run = moved_on();
    let db = run.db();
    run.run(&["restore", "copy.sqlite3"]).refused(&[&format!(
        "site.sqlite3 is in use by process {}:",
        std::process::id()
    )]);
    drop(db);
    run.run(&["restore", "copy.sqlite3"]).succeeded();
}

/// A site whose server was killed, with two moments in its log that are not in its file.
fn killed() -> Run {
    let run = moved_on();
    let mut server = Server::start(&run);
    let db = run.db();
    pass(&db);
    pass(&db);
    drop(db);
    server.signal(Signal::KILL);
    server.ended();
    let log = fs::metadata(run.path("site.sqlite3-wal")).expect("a log");
    assert!(log.len() > 0);
    run
}

#[test]
fn after_a_server_that_was_killed_nothing_of_its_log_reaches_the_restored_database() {
    let run = killed();
    run.run(&["restore", "copy.sqlite3"]).succeeded();
    assert_eq!(run.names(), ["backups", "copy.sqlite3", "site.sqlite3"]);
    assert_eq!((shown(&database(&run)), shown(&kept(&run))), (0, 3));
    Server::start(&run).stop();
    assert_eq!(shown(&database(&run)), 0);
}

#[test]
fn a_damaged_database_is_replaced_and_kept_as_it_is() {
    let run = moved_on();
    let whole = fs::read(database(&run)).unwrap();
    let noise = "noise".repeat(3000).into_bytes();
    let headless = [&noise[..100], &whole[100..]].concat();
    for damaged in [
        &noise,
        &headless,
        &whole[..9_000].to_vec(),
        &whole[..50].to_vec(),
    ] {
        fs::write(database(&run), damaged).unwrap();
        run.run(&["restore", "copy.sqlite3"]).succeeded();
        assert_eq!(shown(&database(&run)), 0);
        assert!(&fs::read(kept(&run)).unwrap() == damaged);
        fs::remove_file(kept(&run)).unwrap();
    }
}

#[test]
fn a_damaged_database_is_kept_with_its_log() {
    let run = killed();
    let mut bytes = fs::read(database(&run)).unwrap();
    bytes[..16].fill(b'?');
    fs::write(database(&run), &bytes).unwrap();
    let log = fs::read(run.path("site.sqlite3-wal")).unwrap();
    run.run(&["restore", "copy.sqlite3"]).succeeded();
    assert_eq!(run.names(), ["backups", "copy.sqlite3", "site.sqlite3"]);
    assert_eq!(shown(&database(&run)), 0);
    let kept = backups(&run);
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(
        kept[1].to_string_lossy(),
        format!("{}-wal", kept[0].display())
    );
    assert!(fs::read(&kept[0]).unwrap() == bytes);
    assert!(fs::read(&kept[1]).unwrap() == log);
}

#[test]
fn a_database_of_an_older_schema_is_put_back_as_it_is_and_migrated_by_the_next_start() {
    let old = older();
    old.run(&["backup", "copy.sqlite3"]).succeeded();
    let run = site();
    fs::copy(old.path("copy.sqlite3"), run.path("old.sqlite3")).unwrap();
    let output = run.run(&["restore", "old.sqlite3"]).succeeded();
    let before = migrate::latest() - 1;
    assert!(
        output.contains(&format!("(schema version {before}, ")),
        "{output}"
    );
    assert!(
        output.ends_with("its schema is older: the next start migrates it\n"),
        "{output}"
    );
    run.run(&["migrate", "--check"]).found();
    let server = Server::start(&run);
    assert_eq!(server.ask("GET", "/readyz").status, 200);
    run.run(&["migrate", "--check"]).succeeded();
}

#[test]
fn a_copy_of_a_running_site_by_other_means_is_restored_with_its_log() {
    let run = killed();
    for ending in ["", "-wal"] {
        let name = format!("site.sqlite3{ending}");
        fs::copy(run.path(&name), run.path(&name.replace("site", "taken"))).unwrap();
    }
    run.run(&["restore", "taken.sqlite3"]).succeeded();
    assert_eq!(shown(&database(&run)), 3);
}

#[test]
fn a_file_that_is_no_copy_of_such_a_site_is_refused_and_nothing_is_changed() {
    let run = moved_on()
        .file(
            "diary.txt",
            &"Dear diary, this is no database.\n".repeat(99),
        )
        .file("empty", "");
    let copy = fs::read(run.path("copy.sqlite3")).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(run.path(name), bytes).unwrap();
    write("short.sqlite3", &copy[..copy.len() - 5_000]);
    let mut damaged = copy.clone();
    let page = damaged.len() - 4096;
    damaged[page..].fill(0xFF);
    write("damaged.sqlite3", &damaged);
    for (name, sql) in [
        ("marked", "pragma application_id = 0x4d504258"),
        ("unmarked", "pragma application_id = 0"),
        (
            "newer",
            "insert into refinery_schema_history values (99, 'future', '2030-01-01T00:00:00Z', '1')",
        ),
        (
            "other",
            "update refinery_schema_history set checksum = '1' where version = 2",
        ),
        (
            "gap",
            "delete from refinery_schema_history where version = 2",
        ),
        ("listless", "drop table refinery_schema_history"),
        (
            "orphan",
            "insert into profile (id, user_id, updated_at) values (7, 99, '')",
        ),
    ] {
        let other = site();
        other.foreign_sql(sql);
        fs::copy(database(&other), run.path(&format!("{name}.sqlite3"))).unwrap();
    }
    let django = Run::new();
    django.foreign_sql(
        "create table django_migrations (id integer primary key, app text, name text)",
    );
    fs::copy(database(&django), run.path("django.sqlite3")).unwrap();

    let latest = migrate::latest();
    let before = fs::read(database(&run)).unwrap();
    for (name, words) in [
        ("nothing", "it cannot be read (No such file"),
        (".", "it is a folder; name a file in it"),
        ("/dev/null", "it is no ordinary file"),
        ("empty", "it is empty"),
        ("diary.txt", "it is not an SQLite database"),
        ("short.sqlite3", "it is damaged ("),
        ("damaged.sqlite3", "it is damaged ("),
        (
            "orphan.sqlite3",
            "it is damaged (profile 7 points at a row of user that does not exist)",
        ),
        (
            "marked.sqlite3",
            "it is a database of another application (its mark is 0x4d504258",
        ),
        (
            "unmarked.sqlite3",
            "it is a database of another application (its mark is 0x00000000",
        ),
        (
            "django.sqlite3",
            "it is a Django site's database, which `oc-lettings import-django` takes over",
        ),
        (
            "newer.sqlite3",
            &format!(
                "it has schema version 99, made by a newer oc-lettings, and {} knows versions up to {latest}",
                env!("CARGO_PKG_VERSION")
            ),
        ),
        (
            "other.sqlite3",
            "its list of migrations is not that of this oc-lettings (at V2__accounts)",
        ),
        (
            "gap.sqlite3",
            "its list of migrations is not that of this oc-lettings (at V3__sessions)",
        ),
        ("listless.sqlite3", "it has no list of migrations"),
        ("site.sqlite3", "it is the database itself"),
        ("./site.sqlite3", "it is the database itself"),
    ] {
        let start = format!("{name} cannot be restored: {words}");
        run.run(&["restore", name])
            .refused(&[&start, "; nothing was changed"]);
        assert!(fs::read(database(&run)).unwrap() == before, "{name}");
        assert!(backups(&run).is_empty(), "{name}: {:?}", backups(&run));
    }
    let hidden: Vec<String> = run
        .names()
        .into_iter()
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn another_applications_database_is_not_replaced() {
    let run = moved_on();
    fs::remove_file(database(&run)).unwrap();
    run.foreign_sql("create table theirs (id integer)");
    let before = fs::read(database(&run)).unwrap();
    run.run(&["restore", "copy.sqlite3"]).refused(&[
        "site.sqlite3 is a database of another application",
        "set DATABASE",
    ]);
    assert!(fs::read(database(&run)).unwrap() == before);
}

#[test]
fn links_are_followed_and_stay() {
    let run = moved_on().with("DATABASE", "link.sqlite3");
    symlink("site.sqlite3", run.path("link.sqlite3")).unwrap();
    symlink("copy.sqlite3", run.path("other.sqlite3")).unwrap();
    run.run(&["restore", "link.sqlite3"])
        .refused(&["it is the database itself"]);
    run.run(&["restore", "other.sqlite3"]).succeeded();
    assert!(run.path("link.sqlite3").is_symlink() && run.path("other.sqlite3").is_symlink());
    assert_eq!(
        (shown(&database(&run)), shown(&run.path("copy.sqlite3"))),
        (0, 0)
    );
    let server = Server::start(&run);
    run.run(&["restore", "copy.sqlite3"])
        .refused(&["is in use by process"]);
    run.with("DATABASE", "site.sqlite3")
        .run(&["restore", "copy.sqlite3"])
        .refused(&["is in use by process"]);
    drop(server);
}

#[test]
fn a_link_that_leads_nowhere_is_not_replaced() {
    let run = moved_on().with("DATABASE", "link.sqlite3");
    symlink("nowhere.sqlite3", run.path("link.sqlite3")).unwrap();
    run.run(&["restore", "copy.sqlite3"])
        .refused(&["link.sqlite3", "a link that leads nowhere"]);
    assert!(run.path("link.sqlite3").is_symlink());
}

#[test]
fn names_may_hold_what_sql_and_addresses_take_for_something_else() {
    let run = moved_on().with("DATABASE", "it's \"mine\" 100% ?x#y.sqlite3");
    fs::rename(database(&run), run.path("it's \"mine\" 100% ?x#y.sqlite3")).unwrap();
    fs::rename(
        run.path("copy.sqlite3"),
        run.path("a 'copy'?mode=memory.sqlite3"),
    )
    .unwrap();
    run.run(&["restore", "a 'copy'?mode=memory.sqlite3"])
        .succeeded();
    assert_eq!(shown(&run.path("it's \"mine\" 100% ?x#y.sqlite3")), 0);
    assert_eq!(shown(&kept(&run)), 1);
}

#[test]
fn a_disk_without_room_for_the_old_database_is_refused() {
    let run = moved_on();
    let Some(_disk) = Disk::mount(run.path("backups"), 4) else {
        return;
    };
    run.run(&["restore", "copy.sqlite3"])
        .refused(&["backups has 4.1 MB free", "free some space"]);
    assert_eq!(shown(&database(&run)), 1);
    assert!(backups(&run).is_empty(), "{:?}", backups(&run));
    assert_eq!(run.names(), ["backups", "copy.sqlite3", "site.sqlite3"]);
}

#[test]
fn a_disk_that_fails_in_the_middle_leaves_the_old_database() {
    let run = moved_on();
    fill(&run, 4);
    run.run(&["backup", "large.sqlite3"]).succeeded();
    let done = run_with_limited_files(&run, "restore large.sqlite3", 1_000);
    done.refused(&[
        "large.sqlite3 cannot be restored: ",
        "disk I/O error",
        "nothing was changed",
    ]);
    assert_eq!(shown(&database(&run)), 1);
    // The other way round it is the old one that cannot be kept.
    let done = run_with_limited_files(&run, "restore copy.sqlite3", 1_000);
    done.refused(&["File too large"]);
    assert_eq!(shown(&database(&run)), 1);
    assert!(backups(&run).is_empty(), "{:?}", backups(&run));
    assert_eq!(
        run.names(),
        ["backups", "copy.sqlite3", "large.sqlite3", "site.sqlite3"]
    );
}

/// How far a restore is let go before it is killed.
type Seen = fn(&Run) -> bool;

#[test]
fn a_restore_that_is_killed_leaves_the_old_database_or_the_new_one() {
    let stages: [(&str, Seen); 5] = [
        ("begun", |run| unfinished(&run.path(""), 0)),
        ("copied in part", |run| unfinished(&run.path(""), 3_000_000)),
        ("keeping", |run| unfinished(&run.path("backups"), 0)),
        ("kept", |run| {
            let is_kept =
                |path: &PathBuf| path.to_string_lossy().ends_with("-before-restore.sqlite3");
            backups(run).iter().any(is_kept)
        }),
        // The new one is the smaller one.
        ("exchanged", |run| {
            let metadata = database(run).metadata();
            metadata.is_ok_and(|file| file.len() < 9_000_000)
        }),
    ];
    let interrupted = stages
        .into_iter()
        .filter(|(name, seen)| interrupt(name, *seen));
    let times = interrupted.count();
    assert!(
        times >= 3,
        "only {times} times it could be killed before its end"
    );
}

/// Kills a restore at this stage, and looks what is there then and after another; tells whether it was still there.
fn interrupt(name: &str, seen: Seen) -> bool {
    let run = site();
    fill(&run, 6);
    run.run(&["backup", "copy.sqlite3"]).succeeded();
    fill(&run, 6);
    pass(&run.db());
    let child = run
        .prepared(&["restore", "copy.sqlite3"])
        .spawn()
        .expect("our binary starts");
    let killed = kill_when(child, || seen(&run));
    assert!(!run.path("site.sqlite3-wal").exists(), "{name}");
    let moment = shown(&database(&run));
    assert!(killed || moment == 0, "{name}: it ended and is not done");
    for path in backups(&run) {
        if !path.to_string_lossy().ends_with(".making") {
            assert_eq!(shown(&path), 1, "{name}: {}", path.display());
        }
    }
    Server::start(&run).stop();
    assert_eq!(shown(&database(&run)), moment, "{name}");
    run.run(&["restore", "copy.sqlite3"]).succeeded();
    assert_eq!(shown(&database(&run)), 0, "{name}");
    let expected = ["backups", "copy.sqlite3", "site.sqlite3"];
    assert_eq!(run.names(), expected, "{name}");
    let left = names(&run.path("backups"));
    assert!(
        left.iter().all(|name| !name.ends_with(".making")),
        "{name}: {left:?}"
    );
    killed
}

/// Whether a copy that is being made lies in the folder and has more than so many bytes.
fn unfinished(folder: &Path, bytes: u64) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        entry.file_name().to_string_lossy().ends_with(".making")
            && entry.metadata().is_ok_and(|file| file.len() >= bytes)
    })
}

/// Kills a process as soon as something is seen; tells whether it was still there.
fn kill_when(mut child: Child, seen: impl Fn() -> bool) -> bool {
    let since = Instant::now();
    while !seen() {
        assert!(since.elapsed() < PATIENCE, "it does not get that far");
        if child.try_wait().expect("a process of ours").is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    child.kill().expect("a process of ours");
    child.wait().expect("a process of ours").signal() == Some(9)
}

#[test]
fn of_restores_at_once_none_loses_what_another_put_back() {
    for _ in 0..3 {
        let run = moved_on();
        let running: Vec<Child> = (0..4)
            .map(|_| run.prepared(&["restore", "copy.sqlite3"]).spawn().unwrap())
            .collect();
        let mut times = 0;
        for child in running {
            let done = Done::of(child.wait_with_output().unwrap());
            if done.code == Some(0) {
                times += 1;
            } else {
                done.refused(&["site.sqlite3 is in use"]);
            }
        }
        assert!(times > 0);
        assert_eq!(shown(&database(&run)), 0);
        // Each that succeeded kept what it replaced, and the first of them what was there at first.
        let mut kept: Vec<u64> = backups(&run).iter().map(|path| shown(path)).collect();
        kept.sort_unstable();
        let mut expected = vec![0; times];
        expected[times - 1] = 1;
        assert_eq!(kept, expected);
    }
}

#[test]
fn a_server_that_starts_meanwhile_never_serves_what_was_replaced() {
    for _ in 0..6 {
        let run = moved_on();
        let (mut server, restored) = std::thread::scope(|scope| {
            let server = scope.spawn(|| Server::start(&run));
            let restored = run.run(&["restore", "copy.sqlite3"]);
            (server.join().unwrap(), restored)
        });
        let expected = if restored.code == Some(0) {
            0
        } else {
            restored.refused(&["site.sqlite3 is in use"]);
            1
        };
        // What is written now goes to the file that is there under the name, and not to one that is gone.
        assert_eq!(server.files_that_are_gone(), Vec::<PathBuf>::new());
        server.stop();
        assert_eq!(shown(&database(&run)), expected);
    }
}
