//! Answers to those whose request could not be read, and to those who find no place: a few lines of plain text.
//!
//! Wherever a request's head is known the site answers instead, in its frame and with all of its headers
//! (`web/refused.rs`).

use std::io::ErrorKind;
use std::time::Duration;

use hyper::StatusCode;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::TcpStream;
use rocket::tokio::time::timeout;

use crate::clock;

/// For how long what a client still sends is thrown away after its last answer. The kernel would answer it with a reset
/// otherwise, upon which the client forgets what it has not read yet (RFC 9112, section 9.6).
const FAREWELL: Duration = Duration::from_secs(2);

/// Writes an answer by hand, as far as the socket takes it at once, which it does when it has nothing else to carry.
pub(super) fn write(stream: &TcpStream, status: StatusCode, request_id: &str) {
    let words = words(status);
    let retry = if matches!(status.as_u16(), 429 | 503) {
        "retry-after: 5\r\n"
    } else {
        ""
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         x-content-type-options: nosniff\r\ncache-control: no-store\r\nx-request-id: {request_id}\r\n{retry}\
         connection: close\r\ndate: {}\r\n\r\n{words}",
        words.len(),
        clock::http_now()
    );
    // A client that reads nothing gets nothing.
    let _ = stream.try_write(answer.as_bytes());
}

/// Ends a connection so that the client can read its last answer, whatever it is still sending.
pub(super) async fn part(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    // A client that goes on sending for longer than this is not listening.
    let _ = timeout(FAREWELL, async {
        let mut thrown_away = vec![0; 4096];
        loop {
            match stream.read(&mut thrown_away).await {
                Ok(0) => return,
                Err(error) if error.kind() != ErrorKind::Interrupted => return,
                _ => {}
            }
        }
    })
    .await;
}

fn words(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "The request could not be understood.\n",
        408 => "The request took too long.\n",
        414 => "The address is too long.\n",
        429 => "You hold too many connections. Please close some, or wait a moment.\n",
        431 => "The headers of the request are too large.\n",
        503 => "Everything is busy. Please try again in a moment.\n",
        _ => "Something went wrong.\n",
    }
}
