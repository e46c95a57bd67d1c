//! The one-time link by which a new site gets its first administrator where there is no shell.
//!
//! The token is in the launch line of the log and nowhere else; here is only its hash and its age.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rocket::request::{FromRequest, Outcome};
use rocket::{Request, async_trait};
use sha2::{Digest, Sha256};

/// How long the link is good for.
pub const GOOD_FOR: Duration = Duration::from_mins(30);

/// The link of this launch.
pub struct SetUp {
    hash: [u8; 32],
    since: Instant,
    used: AtomicBool,
}

impl SetUp {
    /// The link with this token, from now on.
    pub fn new(token: &str) -> Self {
        Self {
            hash: Sha256::digest(token.as_bytes()).into(),
            since: Instant::now(),
            used: AtomicBool::new(false),
        }
    }

    /// Whether this is the link's token, still good. Hashes are compared in constant time.
    pub fn opens(&self, token: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let difference = self
            .hash
            .iter()
            .zip(given)
            .fold(0, |difference, (known, given)| difference | (known ^ given));
        difference == 0 && self.since.elapsed() < GOOD_FOR && !self.used.load(Ordering::Relaxed)
    }
}

impl SetUp {
    /// The link has done its work, or there is an administrator: it opens nothing any more.
    pub fn close(&self) {
        self.used.store(true, Ordering::Relaxed);
    }
}

/// The link of this launch, where there is one.
pub struct Link<'r>(Option<&'r SetUp>);

impl Link<'_> {
    /// Whether there is a link and this is its token.
    pub fn opens(&self, token: &str) -> bool {
        self.0.is_some_and(|setup| setup.opens(token))
    }

    /// It opens nothing any more.
    pub fn close(&self) {
        if let Some(setup) = self.0 {
            setup.close();
        }
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for Link<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Self(request.rocket().state::<SetUp>()))
    }
}
