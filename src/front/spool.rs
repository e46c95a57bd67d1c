//! Bodies that are too large for memory: into a file as they come, before the request goes to Rocket.
//!
//! Only forms with a file in them, and only where the same visitor asking for the same address is answered with a page
//! that says it takes files: whoever may not see the form cannot send us anything either. Which addresses these are is not
//! known here.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use rocket::http::Method as RocketMethod;
use rocket::local::asynchronous::Client;
use rocket::tokio::fs::File;
use rocket::tokio::io::AsyncWriteExt;
use rocket::tokio::time::{Instant, timeout, timeout_at};

use super::body::Arriving;
use super::exchange::handed_over;
use crate::web::answered::Untold;
use crate::web::uploads::{AROUND, Handed, LIMIT, Refusal, TAKES_FILES, Uploads};

/// How long all of it may take; how long it may pause is up to the connection's clock.
const WHOLE: Duration = Duration::from_mins(10);
/// So much of what is too large is read and thrown away, so that the client reads why it was refused instead of finding
/// the connection closed.
const SWALLOWED: u64 = 4 * LIMIT;
/// And for so long.
const SWALLOWING: Duration = Duration::from_secs(30);

/// Whether this request brings a file.
pub(super) fn is_for(method: &Method, headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let brings_file = |kind: &str| {
        let (kind, _) = kind.split_once(';').unwrap_or((kind, ""));
        kind.trim().eq_ignore_ascii_case("multipart/form-data")
    };
    method == Method::POST && kind.is_some_and(brings_file)
}

/// Takes the body in, and gives the name under which the site finds it or reads why it was not taken.
pub(super) async fn take(
    client: &Client,
    target: &str,
    parts: &Parts,
    peer: std::net::SocketAddr,
    body: Arriving,
) -> Option<String> {
    let uploads = client.rocket().state::<Uploads>()?;
    let form = handed_over(
        client.req(RocketMethod::Head, target.to_owned()),
        &parts.headers,
        peer,
    );
    form.inner().local_cache(|| Some(Untold));
    let form = Box::pin(form.dispatch()).await;
    let (name, value) = TAKES_FILES;
    let takes_files = form.status().code == 200
        && form
            .headers()
            .get_one(name)
            .is_some_and(|known| known == value);
    drop(form);
    let handed = match uploads.place() {
        _ if !takes_files => Refusal::Unwanted.into(),
        None => Refusal::Busy.into(),
        Some(_place) => match timeout(WHOLE, write(uploads, body)).await {
            Ok(Ok(handed)) => handed,
            Ok(Err(error)) => {
                log::error!("a file that is sent cannot be written: {error}");
                Refusal::NoRoom.into()
            }
            Err(_) => Refusal::Unfinished.into(),
        },
    };
    uploads
        .hand_over(handed)
        .inspect_err(|error| log::error!("a file that was sent cannot be handed over: {error}"))
        .ok()
}

async fn write(uploads: &Uploads, mut body: Arriving) -> crate::error::Result<Handed> {
    use crate::error::Context as _;
    let most = LIMIT + AROUND;
    if body.size_hint().lower() > most {
        swallow(body).await;
        return Ok(Refusal::TooLarge.into());
    }
    let file = uploads.create()?;
    let writable = file.reopen().context("open the file again")?;
    let (mut writable, mut size) = (File::from_std(writable), 0);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Ok(Refusal::Unfinished.into());
        };
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        size += piece.len() as u64;
        if size > most {
            swallow(body).await;
            return Ok(Refusal::TooLarge.into());
        }
        writable.write_all(&piece).await.context("write the file")?;
    }
    writable.flush().await.context("write the file")?;
    Ok(Handed::File(file))
}

/// Reads on for a while and keeps nothing.
async fn swallow(mut body: Arriving) {
    let until = Instant::now() + SWALLOWING;
    let mut size = 0;
    while let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await {
        size += frame.data_ref().map_or(0, |piece| piece.len() as u64);
        if size > SWALLOWED {
            return;
        }
    }
}

/// Lets go of what was handed over, once the request has been answered.
pub(super) fn let_go(client: &Arc<Client>, name: &str) {
    if let Some(uploads) = client.rocket().state::<Uploads>() {
        uploads.drop_handed(name);
    }
}
