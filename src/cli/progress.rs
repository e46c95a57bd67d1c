//! How far long work is: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Plain lines come after so many.
const LINE: u64 = 100_000;

/// What is told of one piece of work. Short work is not worth a line.
pub(super) struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    told: u64,
}

impl Progress {
    /// Work that has just begun; `of` is where it ends, in whatever it counts.
    pub(super) fn new(what: &'static str, of: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(what, of));
        Self { what, bar, told: 0 }
    }

    /// It has come this far; `rows` is what people count.
    pub(super) fn at(&mut self, position: u64, rows: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(position),
            None if rows / LINE > self.told => {
                self.told = rows / LINE;
                // The work goes on, whoever reads of it.
                let _ = super::say(format_args!("{} {rows} rows", self.what));
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    /// The bar leaves no trace, also when the work failed.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &'static str, of: u64) -> ProgressBar {
    let bar = ProgressBar::new(of).with_message(what);
    match ProgressStyle::with_template("{msg} {bar:40} {percent}%") {
        Ok(style) => bar.with_style(style),
        // The bar as it is by itself is one as well.
        Err(_) => bar,
    }
}
