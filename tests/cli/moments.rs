//! Rows that tell one moment of a database from every other: a number, and as many rows of history.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;

use oc_lettings::db::{self, Db};

use super::run::Run;

/// Begins to count, in a database that is up to date.
pub(super) fn begin(run: &Run) {
    run.sql("insert into setting values ('moment', '0')");
}

/// One more moment, in one transaction.
pub(super) fn pass(db: &Db) {
    db.write_now(|tx| {
        tx.execute(
            "update setting set value = value + 1 where name = 'moment'",
            [],
        )?;
        tx.execute(
            "insert into history (at, username, action, app, model, row_id, label)
             values ('2026-01-01T00:00:00.000000Z', 'ada', 'change', 'lettings', 'letting', 'moment', '')",
            [],
        )?;
        Ok(())
    })
    .expect("a row that the schema takes");
}

/// Lets moments pass as fast as they can, from this process, while something else is done.
pub(super) fn pass_while<T>(run: &Run, work: impl FnOnce() -> T) -> T {
    let (db, done) = (run.db(), AtomicBool::new(false));
    scope(|scope| {
        let time = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                pass(&db);
            }
        });
        // Also when the test fails meanwhile, since the scope waits for the thread.
        let end = End(&done);
        let result = work();
        drop(end);
        time.join().expect("time goes on");
        result
    })
}

/// Stops the time when it goes.
struct End<'time>(&'time AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Which moment a file shows. It is whole, and one file is all there is of it.
pub(super) fn shown(path: &Path) -> u64 {
    assert!(path.is_file(), "{} is not there", path.display());
    let conn = db::inspect(path).expect("a database");
    let problems = db::problems(&conn).expect("a database that can be read");
    assert!(problems.is_empty(), "{}: {problems:?}", path.display());
    let (number, rows): (u64, u64) = conn
        .query_row(
            "select (select cast(value as integer) from setting where name = 'moment'),
                 (select count(*) from history where row_id = 'moment')",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("a number and its rows");
    assert_eq!(number, rows, "{} shows two moments", path.display());
    number
}

/// Makes the database so many megabytes larger.
pub(super) fn fill(run: &Run, megabytes: u32) {
    let db = run.db();
    db.write_now(|tx| {
        let filled = tx.execute(
            "with recursive number (n) as (select 1 union all select n + 1 from number where n < 1000 * ?1)
             insert into history (at, username, action, app, model, row_id, label)
             select '2026-01-01T00:00:00.000000Z', 'ada', 'change', 'lettings', 'letting', n, hex(randomblob(460))
             from number",
            [megabytes],
        );
        Ok(filled?)
    })
    .expect("rows that the schema takes");
    db.checkpoint().expect("a log that nobody else reads");
}
