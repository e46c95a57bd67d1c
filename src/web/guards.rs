//! What a handler may ask of a request by naming it in its signature.

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{State, async_trait};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::asked::Asked;
use super::cookies::Jar;
use super::errors::{self, Challenge};
use super::signed::Signed;
use crate::config::Config;

/// Somebody who looks at a public page, and what the page's frame needs to know.
pub struct Visitor {
    /// The origin that links to ourselves are written with, without a slash at the end.
    pub origin: String,
    /// Where the agency can be reached, when it says so.
    pub contact_email: Option<String>,
}

#[async_trait]
impl<'r> FromRequest<'r> for Visitor {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let Some(config) = request.guard::<&State<Config>>().await.succeeded() else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        Outcome::Success(Self {
            origin: Asked::of(request).origin(config),
            contact_email: config.contact_email.clone(),
        })
    }
}

/// Whoever sends a request, with what a session remembers of them.
pub struct Browser<'r> {
    signed: Option<&'r Signed>,
    /// What is known of the request.
    pub asked: &'r Asked,
    /// Its cookies.
    pub jar: Jar<'r>,
    /// What the browser calls itself.
    pub user_agent: &'r str,
}

#[async_trait]
impl<'r> FromRequest<'r> for Browser<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Self {
            signed: Signed::of(request).await,
            asked: Asked::of(request),
            jar: Jar::of(request),
            user_agent: request.headers().get_one("user-agent").unwrap_or(""),
        })
    }
}

impl<'r> Browser<'r> {
    /// Who is signed in, if anybody.
    pub fn signed(&self) -> Option<&'r Signed> {
        self.signed
    }
}

/// The query of the address as it stands there; empty without one.
pub struct RawQuery<'r>(pub &'r str);

#[async_trait]
impl<'r> FromRequest<'r> for RawQuery<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Self(
            request.uri().query().map_or("", |query| query.as_str()),
        ))
    }
}

/// The query of the address, read as browsers write it (the WHATWG's `application/x-www-form-urlencoded`).
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The value of a name; given twice, the first counts.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for Query {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let query = request.uri().query().map_or("", |query| query.as_str());
        Outcome::Success(Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        ))
    }
}

/// A program that may read the site's numbers: it has sent `METRICS_TOKEN` as a bearer token (RFC 6750).
pub struct Scraper(());

#[async_trait]
impl<'r> FromRequest<'r> for Scraper {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let config = request.rocket().state::<Config>();
        let token = config.and_then(|config| config.metrics_token.as_ref());
        let sent = request.headers().get_one("authorization").and_then(bearer);
        if let (Some(token), Some(sent)) = (token, sent)
            && is_same(token.reveal(), sent)
        {
            return Outcome::Success(Self(()));
        }
        errors::remember(request, Challenge("Bearer realm=\"metrics\""));
        Outcome::Error((Status::Unauthorized, ()))
    }
}

/// The token of a header; the word before it may be written in any case (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
}

/// Compares hashes in constant time, so that neither the length nor the first letters can be guessed one by one.
fn is_same(known: &str, sent: &str) -> bool {
    Sha256::digest(known).ct_eq(&Sha256::digest(sent)).into()
}
