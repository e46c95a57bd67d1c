//! Many who want a page that nobody has made yet.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::support::Site;
use crate::support::front::Sent;

/// Places for reads that take longer; while they are taken, a list that is narrowed to a place cannot be made.
const PLACES: usize = 4;
/// A page that needs one of them.
const SLOW: &str = "/lettings/?state=CA";

/// Keeps every place for a slow read taken until it is dropped.
struct Hold {
    _release: Sender<()>,
}

impl Site {
    fn hold_slow_reads(&self) -> Hold {
        let (release, released) = channel::<()>();
        let (begun, has_begun) = channel();
        let mut waiting: Option<Receiver<()>> = Some(released);
        for _ in 0..PLACES {
            let (db, begun) = (self.db().clone(), begun.clone());
            // Each waits for the one before it, and the first for the test.
            let (pass_on, next) = channel::<()>();
            let wait = waiting.replace(next).expect("one to wait for");
            self.spawn(async move {
                db.read_long(move |_| {
                    let _pass_on = pass_on;
                    begun.send(()).expect("a test that waits");
                    // It ends when who comes before has ended.
                    assert!(wait.recv().is_err());
                    Ok(())
                })
                .await
            });
        }
        for _ in 0..PLACES {
            has_begun.recv().expect("a place that was free");
        }
        Hold { _release: release }
    }
}

fn answers(sent: Vec<Sent>) -> Vec<u16> {
    let answers: Vec<JoinHandle<u16>> = sent
        .into_iter()
        .map(|sent| std::thread::spawn(|| sent.answer().status))
        .collect();
    answers
        .into_iter()
        .map(|answer| answer.join().expect("an answer"))
        .collect()
}

#[test]
fn fifty_at_once_have_it_made_once() {
    let site = Site::demo();
    let front = site.front(&[]);
    let hold = site.hold_slow_reads();
    let forms = ["", "Accept-Encoding: gzip\r\n", "Accept-Encoding: br\r\n"];
    let sent = (0..50)
        .map(|number| {
            let headers = format!("Host: localhost\r\n{}", forms[number % 3]);
            front.send("GET", SLOW, &headers)
        })
        .collect();
    // While nothing comes of it, other pages do.
    assert_eq!(front.get("/lettings/1/").status, 200);
    drop(hold);
    assert_eq!(answers(sent), [200; 50]);
    assert_eq!(front.get(SLOW).status, 200);
    assert_eq!(front.asked(), 2);
}

#[test]
fn one_who_leaves_while_a_page_is_made_leaves_it_to_the_others() {
    let site = Site::demo();
    let front = site.front(&[]);
    let hold = site.hold_slow_reads();
    let first = front.send("GET", SLOW, "Host: localhost\r\n");
    while front.asked() == 0 {
        std::thread::yield_now();
    }
    let others = (0..5)
        .map(|_| front.send("GET", SLOW, "Host: localhost\r\n"))
        .collect();
    drop(first);
    assert_eq!(front.get("/").status, 200);
    drop(hold);
    assert_eq!(answers(others), [200; 5]);
    assert_eq!(front.asked(), 1, "the home page");
}

#[test]
fn a_page_that_cannot_be_made_keeps_nobody_waiting() {
    let site = Site::demo();
    let front = site.front(&[]);
    site.sql("alter table address rename column city to town", []);
    let sent = (0..20)
        .map(|_| front.send("GET", SLOW, "Host: localhost\r\n"))
        .collect();
    assert_eq!(answers(sent), [500; 20]);
    site.sql("alter table address rename column town to city", []);
    assert_eq!(front.get(SLOW).status, 200);
}
