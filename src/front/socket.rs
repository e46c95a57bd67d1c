//! A socket as hyper sees it: what happens on it is written to the connection's clock.
//!
//! Hyper refuses a head that it cannot read with a bare status. That is caught here, so that `front/connection.rs` can
//! give such a client an answer with a reference in it. What else hyper writes goes out as it is.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use rocket::tokio::net::TcpStream;

use super::clock::{Clock, Phase};

/// A socket and its clock.
pub(super) struct Socket {
    io: TokioIo<TcpStream>,
    clock: Arc<Clock>,
    /// What was read already and belongs to the next request.
    pub(super) ahead: Bytes,
    /// The status with which hyper refused what it could not read.
    pub(super) refusal: Option<u16>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, clock: Arc<Clock>) -> Self {
        Self {
            io: TokioIo::new(stream),
            clock,
            ahead: Bytes::new(),
            refusal: None,
        }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        self.io.inner()
    }

    pub(super) fn stream_mut(&mut self) -> &mut TcpStream {
        self.io.inner_mut()
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.io.into_inner()
    }

    /// Whether what is about to be written is hyper's own: no request is being answered and no answer is left.
    fn keeps(&mut self, bytes: &[u8]) -> bool {
        let is_ours = matches!(
            self.clock.phase(),
            Phase::Answering | Phase::Body | Phase::Late
        );
        if self.refusal.is_none() && (is_ours || self.clock.has_unsent()) {
            return false;
        }
        let status = bytes
            .strip_prefix(b"HTTP/1.1 ")
            .or_else(|| bytes.strip_prefix(b"HTTP/1.0 "))
            .and_then(|rest| std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok());
        self.refusal = self.refusal.or(status);
        self.refusal.is_some()
    }

    fn written(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Pending => self.clock.awaits_reader(),
            Poll::Ready(Ok(bytes)) => self.clock.taken(*bytes),
            Poll::Ready(Err(_)) => {}
        }
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let most = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead.split_to(most));
            return Poll::Ready(Ok(()));
        }
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        if matches!(result, Poll::Ready(Ok(()))) && !self.clock.received() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        result
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.keeps(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.written(&result);
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_flush(cx);
        if result.is_ready() {
            self.clock.sent();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut full = pieces.iter().filter(|piece| !piece.is_empty());
        let first = full.next();
        // An answer without a body is one piece, and the kernel takes one more readily.
        if let (Some(only), None) = (first, full.next()) {
            return self.poll_write(cx, only);
        }
        if first.is_some_and(|first| self.keeps(first)) {
            return Poll::Ready(Ok(pieces.iter().map(|piece| piece.len()).sum()));
        }
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, pieces);
        self.written(&result);
        result
    }
}
