//! Bodies on their way through a connection, each telling its clock how it goes.
//!
//! What is done with a body is in `front/exchange.rs` and `front/spool.rs`.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::clock::{Clock, Phase};
use super::exchange;
use super::flights::Flight;

type BoxError = Box<dyn Error + Send + Sync>;

/// A request's body as it comes.
pub(super) struct Arriving {
    body: Incoming,
    /// One in chunks does not know by itself that it has ended.
    ended: bool,
    clock: Arc<Clock>,
}

/// The client sent its body more slowly than anybody has to.
#[derive(Debug)]
pub(super) struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body came too slowly")
    }
}

impl Error for TooSlow {}

impl Arriving {
    pub(super) fn new(body: Incoming, clock: Arc<Clock>) -> Self {
        Self {
            ended: body.is_end_stream(),
            body,
            clock,
        }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Pending if self.clock.phase() == Phase::Late => {
                return Poll::Ready(Some(Err(TooSlow.into())));
            }
            Poll::Pending => self.clock.awaits_body(),
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.clock.body_came(bytes);
            }
            Poll::Ready(end) => {
                self.ended |= end.is_none();
                self.clock.body_came(0);
            }
        }
        self.ended |= self.body.is_end_stream();
        frame.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if !self.ended {
            self.clock.leaves_unread();
        }
    }
}

/// An answer's body on its way out; when it is gone, the connection is idle.
pub(super) struct Leaving {
    body: exchange::Body,
    clock: Arc<Clock>,
    _flight: Option<Flight>,
}

impl Leaving {
    pub(super) fn new(body: exchange::Body, clock: Arc<Clock>, flight: Option<Flight>) -> Self {
        Self {
            body,
            clock,
            _flight: flight,
        }
    }
}

impl Body for Leaving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.clock.sends();
        self.clock.enter(Phase::Idle);
    }
}
