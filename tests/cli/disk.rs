//! Disks that take no more: full while the site runs, full at its start, read-only. Reading goes on, nothing is lost.
//!
//! A disk of its own, which a test may fill, needs the right to mount one; without it the tests say so and pass.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

use super::load::{Load, assert_kept};
use super::run::{Run, passed_over};
use super::server::Server;
use super::staff::{Staff, send_sign_in};

/// What holds the room on a disk that is to be full.
const BALLAST: &str = "ballast";

/// A disk in memory, mounted over the folder of a run until the test is done with it.
struct Disk(PathBuf);

impl Disk {
    /// Nothing where it may not be mounted.
    fn of(run: &Run, size: &str) -> Option<Self> {
        let folder = run.path("");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", size, "tmpfs"])
            .arg(&folder)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder)),
            other => {
                passed_over(&format!("a disk of one's own cannot be mounted: {other:?}"));
                None
            }
        }
    }

    /// Takes what room there is but so many bytes.
    fn fill(&self, left: usize) {
        let mut ballast = File::create(self.0.join(BALLAST)).expect("a folder of ours");
        // A disk that is full says so.
        while ballast.write_all(&[0; 4096]).is_ok() {}
        let length = ballast.metadata().expect("a file of ours").len();
        ballast
            .set_len(length - left as u64)
            .expect("a file of ours");
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join(BALLAST)).expect("a file of ours");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A process that has just been killed may still hold it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// What an operator reads of a full disk.
fn is_full(run: &Run) -> [String; 2] {
    let folder = run.path("");
    let mount = folder.to_string_lossy();
    [
        format!(
            "cannot grow, the disk at {} is full (",
            mount.trim_end_matches('/')
        ),
        "free some space there, or make it larger".to_owned(),
    ]
}

#[test]
fn on_a_disk_that_fills_up_reading_goes_on_and_writing_again_once_there_is_room() {
    let run = Run::new();
    let Some(disk) = Disk::of(&run, "size=3m") else {
        return;
    };
    let run = run.administered();
    fs::write(run.path(BALLAST), vec![0; 500_000]).unwrap();
    let mut server = Server::start(&run);
    let mut staff = Staff::sign_in(&server);

    let ledgers = Load::begin("full", &staff, &[&server], 3).ended();
    for ledger in &ledgers {
        let refusal = ledger.refusal.as_ref().expect("a refusal");
        assert_eq!(refusal.status, 503);
        let page = refusal.text();
        assert!(page.contains("Nothing was saved."), "{page}");
        assert!(
            page.contains("disk that this site keeps its data on is full"),
            "{page}"
        );
        assert!(
            page.contains("value=\"full "),
            "what was typed is still there: {page}"
        );
        assert!(
            !page.contains("site.sqlite3"),
            "paths are for the log: {page}"
        );
    }
    let line = server.line_with("cannot grow");
    assert_eq!(line["level"], "error");
    for words in is_full(&run) {
        assert!(line["msg"].as_str().unwrap().contains(&words), "{line}");
    }
    assert_eq!(server.ask("GET", "/lettings/").status, 200);
    assert_eq!(server.ask("GET", "/readyz").status, 200);
    staff.get("/admin/lettings/address/");
    // Where an address no longer fits, some sessions still do: the log has room that the refused one had begun to use.
    disk.fill(0);
    let refused = (0..100).find_map(|_| Some(send_sign_in(&server)).filter(|it| it.status != 303));
    let refused = refused.expect("a disk without end");
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("is full, so nothing was saved"));
    assert_kept(&run, "full", &ledgers);

    disk.make_room();
    assert_eq!(staff.add_address("After").status, 303);
    assert_kept(&run, "full", &ledgers);
    server.stop();
    assert_eq!(run.names(), ["site.sqlite3"]);
    assert_eq!(
        run.ask("select count(*) from address where street = 'After'"),
        "1"
    );
}

#[test]
fn a_server_on_a_full_disk_stops_in_peace_and_loses_nothing() {
    let run = Run::new();
    let Some(disk) = Disk::of(&run, "size=3m") else {
        return;
    };
    let run = run.administered();
    let mut server = Server::start(&run);
    let mut staff = Staff::sign_in(&server);
    let ledgers = Load::begin("full", &staff, &[&server], 3).ended();
    disk.fill(0);
    assert_eq!(staff.add_address("Too much").status, 503);
    server.stop();
    disk.make_room();
    let mut server = Server::start(&run);
    assert_kept(&run, "full", &ledgers);
    server.stop();
}

#[test]
fn a_start_on_a_full_disk_is_refused_with_the_disk_and_the_cure() {
    let run = Run::new();
    let Some(disk) = Disk::of(&run, "size=3m") else {
        return;
    };
    let run = run.administered();
    run.run(&["demo"]).succeeded();
    let whole = fs::read(run.path("site.sqlite3")).unwrap();
    disk.fill(0);
    let words = is_full(&run);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    for command in ["migrate", "serve"] {
        run.run(&[command]).refused(&words);
        assert_eq!(run.names(), [BALLAST, "site.sqlite3"]);
        assert_eq!(fs::read(run.path("site.sqlite3")).unwrap(), whole);
    }
    fs::rename(run.path("site.sqlite3"), run.path("elsewhere")).unwrap();
    run.run(&["migrate"]).refused(&words);
    fs::rename(run.path("elsewhere"), run.path("site.sqlite3")).unwrap();
    assert_eq!(
        run.names(),
        [BALLAST, "site.sqlite3"],
        "nothing is left behind"
    );

    // With room for the log's index alone the site is there to be read.
    disk.fill(40 * 1024);
    let mut server = Server::start(&run);
    assert_eq!(server.ask("GET", "/lettings/1/").status, 200);
    assert_eq!(send_sign_in(&server).status, 503);
    disk.make_room();
    let mut staff = Staff::sign_in(&server);
    assert_eq!(staff.add_address("After").status, 303);
    server.stop();
}

#[test]
fn a_disk_that_is_mounted_read_only_is_named_at_the_start() {
    let run = Run::new();
    let Some(disk) = Disk::of(&run, "size=3m") else {
        return;
    };
    run.run(&["demo"]).succeeded();
    let remounted = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk.0)
        .status();
    assert!(
        remounted.is_ok_and(|status| status.success()),
        "a disk of ours"
    );
    for command in ["migrate", "serve"] {
        run.run(&[command]).refused(&[
            "cannot write site.sqlite3",
            "ead-only file system",
            "set DATABASE",
        ]);
    }
    assert_eq!(run.names(), ["site.sqlite3"]);
    run.run(&["migrate", "--check"]).succeeded();
}

/// Keeps a file from being written, by those too who have it open, as a disk does that was made read-only in need.
struct Frozen(File);

impl Frozen {
    /// Nothing where that cannot be done.
    fn of(path: &Path) -> Option<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.expect("a file that is there");
        let flags = ioctl_getflags(&file).ok()?;
        ioctl_setflags(&file, flags | IFlags::IMMUTABLE).ok()?;
        Some(Self(file))
    }

    fn takes_writes(&self) -> bool {
        let mut first = [0];
        let same = |first: &[u8]| self.0.write_all_at(first, 0);
        self.0.read_exact_at(&mut first, 0).is_ok() && same(&first).is_ok()
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        if let Ok(flags) = ioctl_getflags(&self.0) {
            let _ = ioctl_setflags(&self.0, flags - IFlags::IMMUTABLE);
        }
    }
}

#[test]
fn when_the_database_becomes_read_only_reading_goes_on_and_writing_again_once_it_can_be_written() {
    let run = Run::new().administered();
    let mut server = Server::start(&run);
    let mut staff = Staff::sign_in(&server);
    let frozen = ["site.sqlite3", "site.sqlite3-wal"].map(|name| Frozen::of(&run.path(name)));
    if frozen
        .iter()
        .any(|file| file.as_ref().is_none_or(Frozen::takes_writes))
    {
        return passed_over("files here cannot be kept from being written");
    }
    let refused = staff.add_address("Frozen Street");
    assert_eq!(refused.status, 503);
    let page = refused.text();
    assert!(
        page.contains("cannot write its data just now, so nothing was saved"),
        "{page}"
    );
    assert!(page.contains("value=\"Frozen Street\""), "{page}");
    let line = server.line_with("cannot be read or written");
    assert_eq!(line["level"], "error");
    assert!(
        line["msg"].as_str().unwrap().contains("site.sqlite3"),
        "{line}"
    );
    assert_eq!(server.ask("GET", "/").status, 200);
    staff.get("/admin/lettings/address/");
    drop(frozen);
    assert_eq!(staff.add_address("Thawed Street").status, 303);
    server.stop();
    assert_eq!(
        run.ask("select group_concat(street) from address"),
        "Thawed Street"
    );
}
