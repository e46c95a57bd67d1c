//! What can be said of a database from outside, before SQLite opens it: its header, its length, the log beside it.
//!
//! A look costs the same however large the file is, and changes nothing: neither the file nor what lies beside it. The
//! format is sqlite.org/fileformat2.html. Which page is damaged only `check` finds, which reads them all.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::file;
use super::obstacle::unreadable;
use crate::error::{Error, Result};

/// How every database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The size of the header at the beginning of the first page.
const HEADER: usize = 100;
/// The size of a write-ahead log's header, and of the one before each page in it.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: u64 = 24;
/// How often a file that looks wrong is looked at again while it does not stand still.
const LOOKS: usize = 100;

/// Refuses a file that is damaged, is no database or is another application's, or a log that lost its file.
///
/// Another process may be writing, and the parts of a sight are taken one after the other. So what looks wrong is
/// believed only when a second sight is the same: the header counts changes, hence the file stood still in between, and
/// the log seen meanwhile goes with it. Of a file that never stands still SQLite's own locks are the judge.
pub(super) fn refuse_unfit(path: &Path) -> Result<()> {
    let mut sight = Sight::take(path)?;
    for _ in 0..LOOKS {
        let Some(trouble) = sight.trouble() else {
            return Ok(());
        };
        let again = Sight::take(path)?;
        if again == sight {
            return Err(trouble.refusal(path));
        }
        sight = again;
    }
    Ok(())
}

/// The file and what lies beside it, as far as a look goes.
#[derive(Debug, PartialEq, Eq)]
struct Sight {
    /// Length and header; nothing where there is no file.
    database: Option<Part>,
    log: Option<Part>,
    journal: Option<Part>,
}

/// A file's length and its beginning.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    length: u64,
    start: Vec<u8>,
}

/// What is wrong.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    NoDatabase,
    Damaged(String),
    Foreign(i32),
    /// The log is another file's.
    StrangeLog,
    /// There is a log, but not the file that it belongs to.
    LonelyLog,
}

impl Sight {
    fn take(path: &Path) -> Result<Self> {
        let database = Part::read(path, HEADER).map_err(|error| unreadable(path, &error))?;
        // What cannot be read beside it will be SQLite's to complain of.
        let beside = |ending: &str| {
            let part = Part::read(&file::beside(path, ending), LOG_HEADER);
            part.ok().flatten()
        };
        Ok(Self {
            database,
            log: beside("-wal"),
            journal: beside("-journal"),
        })
    }

    fn trouble(&self) -> Option<Trouble> {
        let has_log = self.log.as_ref().is_some_and(|log| log.length > 0);
        let Some(database) = self.database.as_ref().filter(|file| file.length > 0) else {
            // SQLite would make a new file and throw the log away.
            return has_log.then_some(Trouble::LonelyLog);
        };
        if self.journal.as_ref().is_some_and(|file| file.length > 0) {
            // A write to the file itself was cut short; SQLite undoes it when it opens the file.
            return None;
        }
        let header = match Header::parse(&database.start) {
            Ok(header) => header,
            Err(trouble) => return Some(trouble),
        };
        if !matches!(header.application_id, 0 | super::APPLICATION_ID) {
            return Some(Trouble::Foreign(header.application_id));
        }
        let log = self.log.as_ref().and_then(Log::parse);
        if log.as_ref().is_some_and(|log| !log.is_of(&header)) {
            return Some(Trouble::StrangeLog);
        }
        header.missing(database.length, log.map_or(0, |log| log.pages))
    }
}

impl Part {
    fn read(path: &Path, size: usize) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut start = Vec::with_capacity(size);
        (&file).take(size as u64).read_to_end(&mut start)?;
        Ok(Some(Self {
            length: file.metadata()?.len(),
            start,
        }))
    }
}

/// What the header says, as far as it matters here.
#[derive(Debug)]
struct Header {
    page_size: u64,
    /// Written through a log.
    is_logged: bool,
    /// How many pages there are; nothing where the writer was too old to keep the number.
    pages: Option<u64>,
    application_id: i32,
}

impl Header {
    fn parse(start: &[u8]) -> Result<Self, Trouble> {
        let common = start.len().min(MAGIC.len());
        if start[..common] != MAGIC[..common] {
            return Err(Trouble::NoDatabase);
        }
        if start.len() < HEADER {
            return Err(Trouble::Damaged(format!(
                "it ends after {} bytes, within its header",
                start.len()
            )));
        }
        let page_size = match u64::from(start[16]) << 8 | u64::from(start[17]) {
            1 => 65_536,
            size => size,
        };
        let is_sound = (512..=65_536).contains(&page_size)
            && page_size.is_power_of_two()
            && matches!(start[18..20], [1 | 2, 1 | 2])
            && start[21..24] == [64, 32, 32]
            && page_size - u64::from(start[20]) >= 480;
        if !is_sound {
            return Err(Trouble::Damaged("its header makes no sense".to_owned()));
        }
        // Whoever keeps the number of pages writes the two counters alike.
        let pages = u64::from(number(start, 28));
        let is_kept = number(start, 24) == number(start, 92) && pages > 0;
        Ok(Self {
            page_size,
            is_logged: start[18..20] == [2, 2],
            pages: is_kept.then_some(pages),
            application_id: number(start, 68).cast_signed(),
        })
    }

    /// A page is in the file or, until it is moved there, in the log; a file may also be longer than it says.
    fn missing(&self, length: u64, logged: u64) -> Option<Trouble> {
        let whole = length / self.page_size;
        let pages = self.pages.unwrap_or(1);
        (whole == 0 || whole + logged < pages).then(|| {
            Trouble::Damaged(format!(
                "it was cut off: {length} bytes where its header says {}",
                pages * self.page_size
            ))
        })
    }
}

/// A write-ahead log that SQLite would read.
#[derive(Debug)]
struct Log {
    page_size: u64,
    /// How many pages fit into it; those left from an earlier use count too.
    pages: u64,
}

impl Log {
    fn parse(part: &Part) -> Option<Self> {
        // The last bit tells in which order the bytes of its checksums stand.
        let is_log = part.start.len() == LOG_HEADER && number(&part.start, 0) & !1 == 0x377F_0682;
        let page_size = u64::from(number(&part.start, 8));
        is_log.then(|| Self {
            page_size,
            // It may have been emptied after its beginning was read.
            pages: part.length.saturating_sub(LOG_HEADER as u64) / (page_size + FRAME_HEADER),
        })
    }

    /// A log is begun only when its file says that it has one, and has pages of the file's size.
    fn is_of(&self, header: &Header) -> bool {
        self.pages == 0 || header.is_logged && self.page_size == header.page_size
    }
}

/// The four bytes at this place, the highest first, as all numbers in these files stand.
fn number(bytes: &[u8], place: usize) -> u32 {
    let four = bytes
        .get(place..place + 4)
        .and_then(|four| four.try_into().ok());
    u32::from_be_bytes(four.unwrap_or_default())
}

impl Trouble {
    fn refusal(self, path: &Path) -> Error {
        let shown = path.display();
        let log = file::beside(path, "-wal");
        let log = log.display();
        match self {
            Self::NoDatabase => file::no_database(path),
            Self::Damaged(what) => file::damaged(path, what),
            Self::Foreign(mark) => file::foreign(path, format_args!("its mark is {mark:#010x}")),
            Self::StrangeLog => Error::Refused(format!(
                "{log} is the write-ahead log of another file than {shown}, which it would destroy: if {shown} was put there from a backup, move {log} away, else put the file back that it belongs to"
            )),
            Self::LonelyLog => Error::Refused(format!(
                "{log} holds changes to a file {shown} that is not there or empty: put the file back beside it, or move {log} away to begin anew"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The beginning of a database of two pages, and of a log for it.
    fn beginnings() -> (Vec<u8>, Vec<u8>) {
        let mut header = vec![0; HEADER];
        header[..16].copy_from_slice(MAGIC);
        header[16..24].copy_from_slice(&[16, 0, 2, 2, 0, 64, 32, 32]);
        header[28..32].copy_from_slice(&2_u32.to_be_bytes());
        let mut log = vec![0; LOG_HEADER];
        log[..4].copy_from_slice(&0x377F_0682_u32.to_be_bytes());
        log[8..12].copy_from_slice(&4096_u32.to_be_bytes());
        (header, log)
    }

    fn sight(length: u64, log_length: u64) -> Sight {
        let (start, log_start) = beginnings();
        let part = |length, start| Some(Part { length, start });
        Sight {
            database: part(length, start),
            log: part(log_length, log_start),
            journal: None,
        }
    }

    #[test]
    fn a_page_may_be_in_the_file_or_in_the_log() {
        let page = 4096;
        assert_eq!(sight(2 * page, 0).trouble(), None);
        assert_eq!(sight(page, 32 + 24 + page).trouble(), None);
        assert!(sight(page, 32 + 24 + page - 1).trouble().is_some());
        assert!(sight(page - 1, 32 + 2 * (24 + page)).trouble().is_some());
    }

    #[test]
    fn a_log_that_was_emptied_while_it_was_looked_at_holds_nothing() {
        let emptied = sight(8192, 0).log.expect("a log");
        assert_eq!(Log::parse(&emptied).map(|log| log.pages), Some(0));
    }

    proptest! {
        #[test]
        fn anything_is_judged(
            lengths: (u64, u64, u64),
            broken in proptest::collection::vec((0..HEADER, any::<u8>()), 0..4),
            cut in 0..=HEADER,
        ) {
            let mut seen = sight(lengths.0, lengths.1);
            seen.journal = Some(Part { length: lengths.2 % 2, start: Vec::new() });
            let parts = [seen.database.as_mut(), seen.log.as_mut()];
            for part in parts.into_iter().flatten() {
                for (place, byte) in &broken {
                    if let Some(there) = part.start.get_mut(*place) {
                        *there = *byte;
                    }
                }
                part.start.truncate(cut);
            }
            seen.trouble();
        }
    }
}
