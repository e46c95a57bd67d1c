//! What a backup costs those who write: the longest wait of a write, alone and beside backups of a large database.
//!
//! Two hundred writes a second into a database of 100 MB, each counted from the moment when it should have begun: in turns
//! alone, beside a backup by the same process, as the server makes them, and beside one by the command. The target is
//! that no write waits for longer than 100 ms. Each copy is checked: it is whole, and shows a moment between two writes.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use oc_lettings::db::backup::{Backups, Reason};
use oc_lettings::db::file::{Size, write_ahead_log};
use oc_lettings::db::{self, Db};
use tempfile::TempDir;

/// How large the database is at least.
const LARGE: u64 = 100_000_000;
/// The time between the beginnings of two writes.
const PACE: Duration = Duration::from_millis(5);
/// How long it is written without a backup.
const QUIET: Duration = Duration::from_secs(2);
/// Turns of each kind.
const TURNS: usize = 5;

const FILL: &str = "
    with recursive number (n) as (select 1 union all select n + 1 from number where n < 5000)
    insert into history (at, username, action, app, model, row_id, label, changes)
    select '2026-01-01T00:00:00.000000Z', 'ada', 'change', 'lettings', 'letting', '0', 'Home ' || n,
        '[{\"field\":\"Title\",\"before\":\"' || hex(randomblob(200)) || '\",\"after\":\"' || hex(randomblob(200)) || '\"}]'
    from number";

fn main() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("site.sqlite3");
    let (db, _) = Db::open_and_migrate(&path).expect("a folder that can be written");
    fill(&db, &path);
    let (backups, log) = (Backups::beside(&path), write_ahead_log(&path));
    let (mut alone, mut own, mut other) = (Waits::default(), Waits::default(), Waits::default());
    let mut copies = Vec::new();
    for turn in 0..TURNS {
        alone.add(write_while(&db, || sleep(QUIET)));
        own.add(write_while(&db, || {
            let backup = backups.make(&db, Reason::Manual).expect("a backup");
            copies.push(backup.path);
        }));
        let copy = folder.path().join(format!("copy-{turn}.sqlite3"));
        other.add(write_while(&db, || command(&path, &copy)));
        copies.push(copy);
        println!(
            "turn {}: {} copied, the log has {}",
            turn + 1,
            size(&path),
            size(&log)
        );
    }
    println!("writes alone:                            {alone}");
    println!("writes beside backups of the same process: {own}");
    println!("writes beside backups of the command:      {other}");
    for copy in &copies {
        check(copy);
    }
    println!("{} copies, each whole and of one moment", copies.len());
}

fn fill(db: &Db, path: &Path) {
    while std::fs::metadata(path).expect("a database").len() < LARGE {
        db.write_now(|tx| {
            tx.execute(FILL, [])?;
            Ok(())
        })
        .expect("rows that the schema takes");
        db.checkpoint().expect("a log that nobody else reads");
    }
    db.write_now(|tx| Ok(tx.execute("insert into setting values ('writes', '0')", [])?))
        .expect("a row that the schema takes");
}

/// Writes at a steady pace until the work is done; gives how long each write took since it should have begun.
fn write_while(db: &Db, work: impl FnOnce() + Send) -> Vec<Duration> {
    let done = AtomicBool::new(false);
    scope(|scope| {
        let writer = scope.spawn(|| {
            let (begin, mut waits) = (Instant::now(), Vec::new());
            while !done.load(Ordering::Relaxed) {
                let turn = u32::try_from(waits.len()).expect("a short run");
                let due = begin + PACE * turn;
                sleep(due.saturating_duration_since(Instant::now()));
                write(db);
                waits.push(due.elapsed());
            }
            waits
        });
        work();
        done.store(true, Ordering::Relaxed);
        writer.join().expect("a writer")
    })
}

/// What belongs together: a row of the history, and the number of such rows.
fn write(db: &Db) {
    db.write_now(|tx| {
        tx.execute("update setting set value = value + 1 where name = 'writes'", [])?;
        tx.execute(
            "insert into history (at, username, action, app, model, row_id, label)
             values ('2026-01-01T00:00:00.000000Z', 'ada', 'change', 'lettings', 'letting', '1', 'Home')",
            [],
        )?;
        Ok(())
    })
    .expect("a write");
}

fn command(database: &Path, copy: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_oc-lettings"))
        .env_clear()
        .env("DATABASE", database)
        .arg("backup")
        .arg(copy)
        .output()
        .expect("our binary starts");
    assert!(status.status.success(), "{status:?}");
}

fn check(path: &Path) {
    let conn = db::inspect(path).expect("a copy that can be opened");
    assert_eq!(
        db::problems(&conn).expect("a copy that can be read"),
        Vec::<String>::new()
    );
    let (counted, written): (u64, u64) = conn
        .query_row(
            "select (select count(*) from history where row_id = '1'),
                 (select cast(value as integer) from setting where name = 'writes')",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("a copy that can be read");
    assert!(written > 0);
    assert_eq!(counted, written, "{}", path.display());
}

fn size(path: &Path) -> Size {
    Size(std::fs::metadata(path).map_or(0, |metadata| metadata.len()))
}

/// How long writes took, and the longest of each turn.
#[derive(Default)]
struct Waits {
    all: Vec<Duration>,
    longest: Vec<Duration>,
}

impl Waits {
    fn add(&mut self, turn: Vec<Duration>) {
        self.longest.extend(turn.iter().max());
        self.all.extend(turn);
        self.all.sort_unstable();
        self.longest.sort_unstable();
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |share: usize| self.all[(self.all.len() - 1) * share / 100];
        write!(
            f,
            "{} writes, median {:.1?}, 99 % {:.1?}, longest {:.1?} (median of the turns' longest {:.1?})",
            self.all.len(),
            at(50),
            at(99),
            at(100),
            self.longest[self.longest.len() / 2]
        )
    }
}
