//! What a handler may ask of a request by naming it in its signature.

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{State, async_trait};

use super::asked::Asked;
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
