//! A list as comma-separated values, for a spreadsheet: all its rows, with its search, filters and order.
//!
//! Streamed while it is read, so that a long list costs no more memory than a short one. A cell that a spreadsheet would
//! take for a formula gets an apostrophe before it (OWASP, "CSV Injection").

use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context as Task, Poll};

use csv::{Terminator, Writer, WriterBuilder};
use rocket::http::ContentType;
use rocket::response::stream::ReaderStream;
use rocket::response::{self, Responder};
use rocket::tokio::io::{AsyncRead, ReadBuf};
use rocket::tokio::sync::mpsc::{Sender, channel};
use rocket::{Request, Route, State, get, routes};

use super::query::Query;
use super::query::rows::{Cell, Listed};
use super::{Named, demand};
use crate::db::Db;
use crate::error::{Context, Error, Result};
use crate::schema::Action;
use crate::web::guards::RawQuery;
use crate::web::signed::Desk;

/// Bytes that are sent at once.
const PIECE: usize = 32 * 1024;
/// Pieces that wait for a slow reader.
const AHEAD: usize = 4;

pub(super) fn routes() -> Vec<Route> {
    routes![index]
}

/// The file's lines, as they are read.
type Lines = Pin<Box<dyn rocket::futures::Stream<Item = Piece> + Send>>;

/// Some lines, or the news that there will be no more although there should be.
struct Piece(io::Result<Cursor<Vec<u8>>>);

impl AsyncRead for Piece {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Task<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Ok(lines) => Pin::new(lines).poll_read(task, buffer),
            Err(error) => Poll::Ready(Err(error.kind().into())),
        }
    }
}

/// A file to keep, made while it is read.
struct File {
    pieces: ReaderStream<Lines>,
    name: String,
}

impl<'r> Responder<'r, 'r> for File {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        let mut response = self.pieces.respond_to(request)?;
        response.set_header(ContentType::CSV);
        response.set_raw_header(
            "Content-Disposition",
            format!("attachment; filename=\"{}.csv\"", self.name),
        );
        Ok(response)
    }
}

#[get("/admin/<_>/<_>/export.csv")]
fn index(desk: Desk<'_>, named: Named, raw: RawQuery<'_>, db: &State<Db>) -> Result<File> {
    demand(desk.author(), Action::View, named.0)?;
    let query = Query::read(named.0, raw.0);
    let (sender, mut receiver) = channel(AHEAD);
    let db = db.inner().clone();
    rocket::tokio::spawn(async move {
        let failed = sender.clone();
        if let Err(error) = db.read_out(move |conn| write(conn, &query, &sender)).await {
            log::error!("a list could not be written as CSV: {error}");
            // The download breaks off; a part of the list must not look like the whole.
            let _ = failed.send(Piece(Err(io::ErrorKind::Other.into()))).await;
        }
    });
    let lines: Lines = Box::pin(rocket::futures::stream::poll_fn(move |task| {
        receiver.poll_recv(task)
    }));
    Ok(File {
        pieces: ReaderStream::from(lines),
        name: named.0.plural.to_owned(),
    })
}

fn write(conn: &rusqlite::Connection, query: &Query, sender: &Sender<Piece>) -> Result<()> {
    let mut lines = writer();
    let headings = query.model.list.columns.iter().map(|column| column.label);
    lines
        .write_record(std::iter::once("ID").chain(headings))
        .context("write a line of CSV")?;
    let mut failed = None;
    query.each(conn, |row| match line(&mut lines, &row, sender) {
        Ok(wanted) => wanted,
        Err(error) => {
            failed = Some(error);
            false
        }
    })?;
    match failed {
        Some(error) => Err(error),
        None => send(lines, sender).map(drop),
    }
}

/// Writes a row and, when there is enough, sends it. Tells whether anybody still reads.
fn line(lines: &mut Writer<Vec<u8>>, row: &Listed, sender: &Sender<Piece>) -> Result<bool> {
    let cells = row.cells.iter().map(|cell| match cell {
        Cell::Text(text) => harmless(text),
        Cell::Flag(true) => "yes".to_owned(),
        Cell::Flag(false) => "no".to_owned(),
    });
    lines
        .write_record(std::iter::once(row.id.to_string()).chain(cells))
        .context("write a line of CSV")?;
    if lines.get_ref().len() < PIECE {
        return Ok(true);
    }
    send(std::mem::replace(lines, writer()), sender)
}

fn send(lines: Writer<Vec<u8>>, sender: &Sender<Piece>) -> Result<bool> {
    let piece = lines
        .into_inner()
        .map_err(|error| Error::internal(format!("write lines of CSV: {error}")))?;
    Ok(sender.blocking_send(Piece(Ok(Cursor::new(piece)))).is_ok())
}

fn writer() -> Writer<Vec<u8>> {
    // The csv crate keeps lines back until its own buffer is full; one of a line keeps them countable.
    WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .buffer_capacity(1024)
        .from_writer(Vec::with_capacity(PIECE + 4096))
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    if text
        .trim_start_matches(' ')
        .starts_with(['=', '+', '-', '@', '\t', '\r'])
    {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["", "a=b", "100B", "'=1"] {
            assert_eq!(harmless(text), text);
        }
    }
}
