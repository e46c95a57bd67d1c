//! Requests that whoever drives the site could not take, for their size, their number or their method.
//!
//! The front keeps the verdict with the request and hands it on; so such an answer has the site's frame, its headers, an id
//! and a line in the log like any other.

use rocket::Request;
use rocket::http::Status;

/// The verdict, and the method as it was asked: one that Rocket does not know travels as another.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What the answer will be.
    pub status: Status,
    /// The method's name.
    pub method: String,
}

impl Refused {
    /// Keeps the verdict with the request.
    pub fn keep(self, request: &Request<'_>) {
        request.local_cache(|| Some(self));
    }

    /// The verdict on a request, if there is one.
    pub fn of<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        request.local_cache(|| None::<Self>).as_ref()
    }
}
