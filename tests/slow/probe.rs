//! Somebody who goes on using the site, and what it is like for them.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::crowd::connect_from;

/// Long enough for some figures.
pub(crate) const A_WHILE: Duration = Duration::from_secs(5);
/// Between one page and the next.
const PAUSE: Duration = Duration::from_millis(20);
/// Whoever waits longer for a page takes the site for broken.
const PATIENCE: Duration = Duration::from_secs(5);

/// One visitor after the other from the same address.
pub(crate) struct Probe {
    is_over: Arc<AtomicBool>,
    visits: JoinHandle<Vec<Duration>>,
}

/// How long pages took.
pub(crate) struct Figures(Vec<Duration>);

impl Probe {
    /// Begins to visit from 127.0.0.`last`; panics as soon as a page does not come.
    pub(crate) fn begin(server: SocketAddr, last: u8) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let visits = std::thread::spawn(move || {
            let mut times = Vec::new();
            while !seen.load(Ordering::Relaxed) {
                let since = Instant::now();
                let page = visit(server, last).expect("a page that comes");
                assert!(page.starts_with("HTTP/1.1 200 "), "{page:.60}");
                times.push(since.elapsed());
                std::thread::sleep(PAUSE);
            }
            times
        });
        Self { is_over, visits }
    }

    pub(crate) fn end(self) -> Figures {
        self.is_over.store(true, Ordering::Relaxed);
        let mut times = self.visits.join().expect("every page came");
        assert!(times.len() >= 20, "{} pages say nothing", times.len());
        times.sort();
        Figures(times)
    }
}

fn visit(server: SocketAddr, last: u8) -> io::Result<String> {
    let mut stream: TcpStream = connect_from(last, server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream
        .write_all(b"GET /lettings/1/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = &self.0;
        let of = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
        write!(
            f,
            "{} pages, p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
            times.len(),
            of(50),
            of(99),
            of(100)
        )
    }
}
