//! Servers that do nothing but answer: Rocket and hyper with constant bytes, and Rocket with the site's own page, made for
//! each answer from rows that are in memory, without a database and without compression.

use std::convert::Infallible;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::OnceLock;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use maud::Markup;
use oc_lettings::models::letting::{self, Card, Letting};
use oc_lettings::models::place::Narrowing;
use oc_lettings::models::profile::{self, Profile};
use oc_lettings::pages::home::{self, Home};
use oc_lettings::pages::{lettings, profiles};
use oc_lettings::paging::Paging;
use oc_lettings::web::guards::Visitor;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::response::content::RawHtml;
use rocket::tokio::net::TcpListener;
use rocket::tokio::runtime::Builder;
use rocket::{Build, Either, Rocket, get, routes};
use tempfile::TempDir;

use super::contenders::free_port;
use super::rows;

/// The tag of whatever they give.
const TAG: &str = "\"constant\"";

/// What this program does when it is started as a bare server: answers everything with the bytes of a file, or with the
/// page of this path.
pub(crate) fn serve(kind: &str, file: &Path, path: &str) {
    static BYTES: OnceLock<&[u8]> = OnceLock::new();
    let bytes: &[u8] = Box::leak(fs::read(file).expect("a file").into_boxed_slice());
    let bytes = BYTES.get_or_init(|| bytes);
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("threads and sockets");
    match kind {
        "bare-rocket" => {
            let site = rocket::build().manage(*bytes);
            runtime.block_on(rocket(site.mount("/", routes![constant])));
        }
        "bare-rocket-maud" => {
            let site = rocket::build().manage(Shown::of(path));
            runtime.block_on(rocket(site.mount("/", routes![rendered])));
        }
        _ => runtime.block_on(hyper(bytes)),
    }
}

fn say(address: SocketAddr) {
    println!("listening on http://{address}");
    let _ = std::io::stdout().flush();
}

/// Whether the client has it already.
struct Known(bool);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Known {
    type Error = Infallible;

    async fn from_request(request: &'r rocket::Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self(
            request.headers().get_one("if-none-match") == Some(TAG),
        ))
    }
}

/// A page with its tag, or only the tag.
#[derive(rocket::Responder)]
struct Tagged<R>(Either<R, (Status, ())>, rocket::http::Header<'static>);

impl Known {
    fn or<R>(&self, page: impl FnOnce() -> R) -> Tagged<R> {
        let answer = if self.0 {
            Either::Right((Status::NotModified, ()))
        } else {
            Either::Left(page())
        };
        Tagged(answer, rocket::http::Header::new("ETag", TAG))
    }
}

#[get("/<_..>")]
fn constant(known: Known, bytes: &rocket::State<&'static [u8]>) -> Tagged<RawHtml<&'static [u8]>> {
    known.or(|| RawHtml(**bytes))
}

/// What is on a page of the site's with the demo rows.
enum Shown {
    Home(Home),
    Lettings(Paging, Vec<Card>),
    Letting(Letting),
    Profiles(Paging, Vec<Profile>),
}

impl Shown {
    fn of(path: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let db = rows::open(folder.path());
        rows::demo(&db);
        let everywhere = Narrowing::Everywhere;
        let shown = db.read(|conn| {
            Ok(match path {
                "/" => Self::Home(Home::read(conn)?),
                "/lettings/" => {
                    let paging = Paging::new(1, everywhere.count(conn)?, letting::PER_PAGE);
                    Self::Lettings(paging, Letting::page(conn, &everywhere, paging)?)
                }
                "/profiles/" => {
                    let paging = Paging::new(1, Profile::count(conn)?, profile::PER_PAGE);
                    Self::Profiles(paging, Profile::page(conn, paging)?)
                }
                _ => Self::Letting(Letting::find(conn, 1)?),
            })
        });
        shown.expect("rows that are there")
    }

    fn html(&self) -> Markup {
        let visitor = Visitor {
            origin: "http://localhost:8000".to_owned(),
            contact_email: None,
        };
        match self {
            Self::Home(home) => home::index_html(home, &visitor),
            Self::Lettings(paging, cards) => {
                lettings::index_html(&Narrowing::Everywhere, *paging, cards, &visitor)
            }
            Self::Letting(letting) => lettings::show_html(letting, &visitor),
            Self::Profiles(paging, people) => profiles::index_html(*paging, people, &visitor),
        }
    }
}

#[get("/<_..>")]
fn rendered(known: Known, shown: &rocket::State<Shown>) -> Tagged<Markup> {
    known.or(|| shown.html())
}

async fn rocket(site: Rocket<Build>) {
    let config = rocket::Config {
        port: free_port(),
        log_level: rocket::config::LogLevel::Off,
        ..rocket::Config::release_default()
    };
    say(SocketAddr::new(config.address, config.port));
    let served = site.configure(config).launch();
    served.await.expect("a port that was free a moment ago");
}

async fn hyper(bytes: &'static [u8]) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port");
    say(listener.local_addr().expect("it is bound"));
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request: Request<hyper::body::Incoming>| async move {
            let is_known = request
                .headers()
                .get(IF_NONE_MATCH)
                .is_some_and(|tag| tag == TAG);
            let answer = Response::builder()
                .header(ETAG, TAG)
                .header(CACHE_CONTROL, "no-cache");
            if is_known {
                answer
                    .status(StatusCode::NOT_MODIFIED)
                    .body(Full::<Bytes>::default())
            } else {
                let kind = "text/html; charset=utf-8";
                answer
                    .header(CONTENT_TYPE, kind)
                    .body(Full::from(Bytes::from_static(bytes)))
            }
        });
        rocket::tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
