//! Clients that write all at once, each remembering what it sent and what was acknowledged.
//!
//! An acknowledgment is a whole answer 303, as a browser would see it. A client adds addresses and, in turns, counts up in
//! one row of its own, so that both a lost row and a lost change show.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::run::Run;
use super::server::{Answer, PATIENCE, Server};
use super::staff::Staff;

/// Clients at work.
pub(super) struct Load {
    clients: Vec<JoinHandle<Ledger>>,
    acknowledged: Receiver<()>,
    is_over: Arc<AtomicBool>,
    since: Instant,
}

/// What one client knows.
pub(super) struct Ledger {
    /// Streets of the addresses that it sent, in their order, and how many of them were acknowledged.
    streets: Vec<String>,
    added: usize,
    /// The highest number that it sent for its own row, and the highest that was acknowledged.
    sent: usize,
    counted: usize,
    /// The answer that was no acknowledgment, after which it stopped.
    pub(super) refusal: Option<Answer>,
}

impl Load {
    /// As many clients for each of the servers, whose streets begin with this name.
    pub(super) fn begin(name: &str, staff: &Staff, servers: &[&Server], clients: usize) -> Self {
        let (sender, acknowledged) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let places = (0..clients).flat_map(|_| servers);
        let clients = places.enumerate().map(|(number, server)| {
            let client = Client {
                staff: staff.at(server),
                name: format!("{name} {number}"),
                sender: sender.clone(),
                is_over: Arc::clone(&is_over),
            };
            std::thread::spawn(move || client.work())
        });
        Self {
            clients: clients.collect(),
            acknowledged,
            is_over,
            since: Instant::now(),
        }
    }

    /// Waits for so many acknowledgments; gives the time that one took on the average.
    pub(super) fn acknowledged(&self, count: u32) -> Duration {
        for _ in 0..count {
            let one = self.acknowledged.recv_timeout(PATIENCE);
            one.expect("a write that is acknowledged");
        }
        self.since.elapsed() / count.max(1)
    }

    /// Lets each client finish what it has begun.
    pub(super) fn end(self) -> Vec<Ledger> {
        self.is_over.store(true, Ordering::Relaxed);
        self.ended()
    }

    /// Waits until every client has met a refusal or the end of its connection.
    pub(super) fn ended(self) -> Vec<Ledger> {
        let ledgers = self.clients.into_iter().map(JoinHandle::join);
        ledgers.map(|ledger| ledger.expect("no panic")).collect()
    }
}

struct Client {
    staff: Staff,
    name: String,
    sender: Sender<()>,
    is_over: Arc<AtomicBool>,
}

impl Client {
    fn work(mut self) -> Ledger {
        let mut ledger = Ledger {
            streets: Vec::new(),
            added: 0,
            sent: 0,
            counted: 0,
            refusal: None,
        };
        let Some(own) = self.add(&mut ledger, "_continue") else {
            return ledger;
        };
        let own = own.header("location").expect("the row's form").to_owned();
        while !self.is_over.load(Ordering::Relaxed) {
            if self.add(&mut ledger, "_save").is_none() || self.count(&mut ledger, &own).is_none() {
                break;
            }
        }
        ledger
    }

    fn add(&mut self, ledger: &mut Ledger, button: &str) -> Option<Answer> {
        let street = format!("{} {}", self.name, ledger.streets.len());
        ledger.streets.push(street.clone());
        let answer = self.save(ledger, "/admin/lettings/address/add/", &street, "0", button)?;
        ledger.added += 1;
        Some(answer)
    }

    fn count(&mut self, ledger: &mut Ledger, own: &str) -> Option<Answer> {
        ledger.sent += 1;
        let number = ledger.sent.to_string();
        let street = ledger.streets[0].clone();
        let answer = self.save(ledger, own, &street, &number, "_save")?;
        ledger.counted = ledger.sent;
        Some(answer)
    }

    /// Nothing when it is not acknowledged.
    fn save(
        &mut self,
        ledger: &mut Ledger,
        path: &str,
        street: &str,
        unit: &str,
        button: &str,
    ) -> Option<Answer> {
        let fields = [
            ("number", "1"),
            ("street", street),
            ("unit", unit),
            ("city", "Irvine"),
            ("state", "CA"),
            ("zip_code", "92602"),
            ("country_iso_code", "USA"),
            // A row counts its versions from 1, so that the next number is also the version which it takes the place of.
            ("_version", unit),
            (button, "1"),
        ];
        // A connection that broke says nothing about what became of the write.
        let answer = self.staff.post(path, &fields).ok()?;
        if answer.status == 303 {
            // Who waits for acknowledgments may have had enough of them.
            let _ = self.sender.send(());
            return Some(answer);
        }
        ledger.refusal = Some(answer);
        None
    }
}

/// Whether the database is sound, holds everything that was acknowledged and nothing by halves.
pub(super) fn assert_kept(run: &Run, name: &str, ledgers: &[Ledger]) {
    let (problems, rows, halves) = run
        .db()
        .read(|conn| {
            // Every save is one transaction with its line of history, and counts the row's version up.
            let halves: Vec<String> = conn
                .prepare(
                    "select street from address where street like ?1 || ' %' and version <>
                     (select count(*) from history where app = 'lettings' and model = 'address' and row_id = cast(address.id as text))",
                )?
                .query_map([name], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let rows: BTreeMap<String, String> = conn
                .prepare("select street, unit from address where street like ?1 || ' %'")?
                .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            Ok((oc_lettings::db::problems(conn)?, rows, halves))
        })
        .expect("a database that can be read");
    assert!(problems.is_empty(), "{problems:?}");
    assert!(halves.is_empty(), "written by halves: {halves:?}");
    for ledger in ledgers {
        let (added, unsure) = ledger.streets.split_at(ledger.added);
        for street in added {
            assert!(
                rows.contains_key(street),
                "{street} was acknowledged and is lost"
            );
        }
        assert!(unsure.len() <= 1, "one at a time: {unsure:?}");
        let Some(unit) = ledger.streets.first().and_then(|own| rows.get(own)) else {
            continue;
        };
        let unit: usize = unit.parse().expect("a number");
        assert!(
            unit == ledger.counted || unit == ledger.sent,
            "{} was acknowledged, {unit} is there",
            ledger.counted
        );
    }
    let known: usize = ledgers.iter().map(|ledger| ledger.streets.len()).sum();
    assert!(rows.len() <= known, "rows that nobody sent: {rows:?}");
}

/// How many writes were acknowledged.
pub(super) fn acknowledged(ledgers: &[Ledger]) -> usize {
    ledgers
        .iter()
        .map(|ledger| ledger.added + ledger.counted)
        .sum()
}
