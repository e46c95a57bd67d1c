//! The way of log lines to standard output: a queue, and a thread that writes what is in it in one go.
//!
//! A request pays for handing a line over, not for writing it, and a log that nobody reads any more holds up no
//! request: what finds no room is dropped and counted. Whoever must not lose a line waits until it is written.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// So many lines wait, together about a megabyte.
const ROOM: usize = 4096;
/// So many bytes are written at once.
const PIECE: usize = 64 * 1024;
/// How long somebody waits for what was logged to be written, where nobody reads it any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes lines and has them written.
pub(super) struct Writer {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(Vec<u8>),
    /// Everything before it is to be written, and whoever sent it told so.
    Flush(SyncSender<()>),
}

impl Writer {
    /// Starts the thread. `complain` makes the line that says how many were dropped.
    pub(super) fn start(complain: impl Fn(u64) -> Vec<u8> + Send + 'static) -> io::Result<Self> {
        let (sender, queue) = sync_channel(ROOM);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&dropped);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write(&queue, || counter.swap(0, Ordering::Relaxed), complain))?;
        Ok(Self { sender, dropped })
    }

    pub(super) fn take(&self, line: Vec<u8>) {
        if self.sender.try_send(Message::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all is written that was taken before.
    pub(super) fn flush(&self) {
        let (written, told) = sync_channel(1);
        if self.sender.try_send(Message::Flush(written)).is_ok() {
            // It may take too long, and then the rest is lost.
            let _ = told.recv_timeout(PATIENCE);
        }
    }
}

fn write(queue: &Receiver<Message>, dropped: impl Fn() -> u64, complain: impl Fn(u64) -> Vec<u8>) {
    let mut piece = Vec::with_capacity(PIECE);
    while let Ok(first) = queue.recv() {
        let mut waiting = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Line(line) => piece.extend(line),
                Message::Flush(told) => waiting.push(told),
            }
            next = if piece.len() < PIECE {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        let count = dropped();
        if count > 0 {
            piece.extend(complain(count));
        }
        // A log that cannot be written has nowhere to complain.
        let _ = io::stdout().lock().write_all(&piece);
        piece.clear();
        for told in waiting {
            // Whoever has waited too long is gone.
            let _ = told.try_send(());
        }
    }
}
