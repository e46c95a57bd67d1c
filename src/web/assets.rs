//! Serving the embedded files: under the name with a hash for a year, under the plain name with a question each time.

use std::io::Cursor;
use std::path::PathBuf;

use rocket::http::Status;
use rocket::response::{self, Responder};
use rocket::{Request, Response, Route, get, routes};

use super::{conditional, encoding};
use crate::assets::{self, Asset};
use crate::compress::Encoding;
use crate::error::{Error, Result};

/// Everything below `/static/`, and the icons at the addresses where browsers look unasked.
pub fn routes() -> Vec<Route> {
    routes![show, favicon_ico, favicon_svg]
}

/// An embedded file as an answer.
struct Served {
    asset: &'static Asset,
    forever: bool,
}

#[get("/static/<path..>")]
fn show(path: PathBuf) -> Result<Served> {
    let name = path.to_str().ok_or(Error::NotFound)?;
    if let Some(asset) = assets::find_hashed(name) {
        return Ok(Served {
            asset,
            forever: true,
        });
    }
    served(name)
}

#[get("/favicon.ico")]
fn favicon_ico() -> Result<Served> {
    served("img/favicon.ico")
}

#[get("/favicon.svg")]
fn favicon_svg() -> Result<Served> {
    served("img/favicon.svg")
}

fn served(name: &str) -> Result<Served> {
    assets::find(name)
        .map(|asset| Served {
            asset,
            forever: false,
        })
        .ok_or(Error::NotFound)
}

impl<'r> Responder<'r, 'static> for Served {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let asset = self.asset;
        let encoding = if asset.packs() {
            encoding::accepted(request.headers().get("accept-encoding"))
        } else {
            Encoding::Identity
        };
        let etag = conditional::etag(&asset.tag, encoding);
        let mut response = Response::build();
        if asset.packs() {
            response.raw_header("Vary", "Accept-Encoding");
        }
        response.raw_header(
            "Cache-Control",
            if self.forever {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            },
        );
        if conditional::has_already(request.headers().get("if-none-match"), &etag) {
            return Ok(response
                .status(Status::NotModified)
                .raw_header("ETag", etag)
                .finalize());
        }
        if let Some(name) = encoding.name() {
            response.raw_header("Content-Encoding", name);
        }
        let bytes = asset.bytes(encoding);
        response
            .raw_header("ETag", etag)
            .raw_header("Content-Type", asset.content_type)
            .sized_body(bytes.len(), Cursor::new(bytes));
        Ok(response.finalize())
    }
}
