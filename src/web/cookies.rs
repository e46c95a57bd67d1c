//! The few cookies there are, and their one way of being set.
//!
//! `HttpOnly; SameSite=Lax; Path=/`, and over HTTPS `Secure` with the prefix `__Host-`, which browsers tie to this very
//! host. Over HTTPS only the prefixed one is read, so that nobody on the plain side can plant another.

use rocket::http::{Cookie, CookieJar, SameSite};
use rocket::request::{FromRequest, Outcome};
use rocket::time::Duration;
use rocket::{Request, async_trait};

use super::asked::Asked;

/// Whose session it is.
pub const SESSION: &str = "session";
/// Ties the sign-in form to the browser that asked for it.
pub const SIGN_IN: &str = "sign_in";
/// What just happened, for the next page.
pub const MESSAGES: &str = "messages";

/// The cookies of a request and of its answer.
#[derive(Clone, Copy)]
pub struct Jar<'r> {
    jar: &'r CookieJar<'r>,
    https: bool,
}

#[async_trait]
impl<'r> FromRequest<'r> for Jar<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Self::of(request))
    }
}

impl<'r> Jar<'r> {
    /// The cookies of this request.
    pub fn of(request: &'r Request<'_>) -> Self {
        Self {
            jar: request.cookies(),
            https: Asked::of(request).https,
        }
    }

    /// The value of a cookie that came with the request.
    pub fn get(self, name: &str) -> Option<&'r str> {
        self.jar.get(&self.full_name(name)).map(Cookie::value)
    }

    /// Sets a cookie for so long; without a time until the browser closes.
    pub fn set(self, name: &str, value: String, age: Option<Duration>) {
        let mut cookie = self.blank(name);
        cookie.set_value(value);
        cookie.set_max_age(age);
        self.jar.add(cookie);
    }

    /// Takes a cookie away.
    pub fn remove(self, name: &str) {
        // Rocket's own removal writes neither Secure nor HttpOnly, and browsers refuse a prefixed cookie without them.
        let mut cookie = self.blank(name);
        cookie.set_max_age(Duration::ZERO);
        self.jar.add(cookie);
    }

    fn blank(self, name: &str) -> Cookie<'static> {
        Cookie::build((self.full_name(name), ""))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.https)
            .build()
    }

    fn full_name(self, name: &str) -> String {
        if self.https {
            format!("__Host-{name}")
        } else {
            name.to_owned()
        }
    }
}
