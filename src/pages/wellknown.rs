//! What crawlers and researchers look for at fixed addresses: robots.txt, the sitemap, security.txt (RFC 9116).

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use rocket::http::ContentType;
use rocket::{Route, State, get, routes};

use crate::config::Config;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::letting::{Letting, Listed};
use crate::models::place::Narrowing;
use crate::web::cache::Kept;
use crate::web::guards::Visitor;

/// The most addresses that one file may hold (sitemaps.org, protocol 0.9).
const PER_SITEMAP: u64 = 50_000;
/// The pages that every sitemap begins with.
const PAGES: &[&str] = &["/", "/lettings/"];
/// How a list of addresses begins.
const URLS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
/// How long security.txt is good for.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(180 * 24);

/// The fixed addresses.
pub fn routes() -> Vec<Route> {
    routes![robots, sitemap, sitemap_part, security]
}

/// Those that are the same for everybody until something is written; security.txt changes with the day.
pub const KEPT: &[Kept] = &[
    Kept {
        route: "/robots.txt",
        query: &[],
    },
    Kept {
        route: "/sitemap.xml",
        query: &[],
    },
    Kept {
        route: "/<sitemap>",
        query: &[],
    },
];

#[get("/robots.txt")]
fn robots(visitor: Visitor) -> (ContentType, String) {
    (
        ContentType::Plain,
        format!(
            "User-agent: *\nDisallow: /admin/\n\nSitemap: {}/sitemap.xml\n",
            visitor.origin
        ),
    )
}

#[get("/sitemap.xml")]
async fn sitemap(visitor: Visitor, db: &State<Db>) -> Result<(ContentType, String)> {
    let total = db.read(|conn| Narrowing::Everywhere.count(conn))? + PAGES.len() as u64;
    if total <= PER_SITEMAP {
        return part(1, visitor, db).await;
    }
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for number in 1..=total.div_ceil(PER_SITEMAP) {
        writeln!(
            xml,
            "<sitemap><loc>{}/sitemap-{number}.xml</loc></sitemap>",
            escaped(&visitor.origin)
        )
        .expect("a String takes any text");
    }
    xml.push_str("</sitemapindex>\n");
    Ok((ContentType::XML, xml))
}

/// `/sitemap-<n>.xml`; Rocket's routes know no part of a segment, the gate lets only this form through.
#[get("/<sitemap>", rank = 20)]
async fn sitemap_part(
    sitemap: &str,
    visitor: Visitor,
    db: &State<Db>,
) -> Result<(ContentType, String)> {
    let number = sitemap
        .strip_prefix("sitemap-")
        .and_then(|rest| rest.strip_suffix(".xml"))
        .ok_or(Error::NotFound)?;
    part(number.parse().map_err(|_| Error::NotFound)?, visitor, db).await
}

async fn part(number: u64, visitor: Visitor, db: &Db) -> Result<(ContentType, String)> {
    let pages = PAGES.len() as u64;
    // The first file holds the fixed pages too, so every later one begins that much earlier among the homes.
    let (first, offset) = match number {
        0 => return Err(Error::NotFound),
        1 => (PAGES, 0),
        _ => (
            &PAGES[..0],
            (number - 1)
                .checked_mul(PER_SITEMAP)
                .ok_or(Error::NotFound)?
                - pages,
        ),
    };
    let limit = PER_SITEMAP - first.len() as u64;
    let (limit, offset) = (
        i64::try_from(limit).map_err(|_| Error::NotFound)?,
        i64::try_from(offset).map_err(|_| Error::NotFound)?,
    );
    let origin = visitor.origin;
    db.read_long(move |conn| {
        let mut xml = String::from(URLS);
        let origin = escaped(&origin);
        for page in first {
            writeln!(xml, "<url><loc>{origin}{page}</loc></url>").expect("a String takes any text");
        }
        let empty = xml.len();
        Letting::listed(conn, limit, offset, |letting| {
            url_xml(&mut xml, &origin, &letting);
        })?;
        if xml.len() == empty && first.is_empty() {
            return Err(Error::NotFound);
        }
        xml.push_str("</urlset>\n");
        Ok((ContentType::XML, xml))
    })
    .await
}

fn url_xml(xml: &mut String, origin: &str, letting: &Listed) {
    writeln!(
        xml,
        "<url><loc>{origin}/lettings/{}/</loc><lastmod>{}</lastmod></url>",
        letting.id,
        escaped(&letting.updated_at)
    )
    .expect("a String takes any text");
}

fn escaped(text: &str) -> String {
    maud::Render::render(text).into_string()
}

#[get("/.well-known/security.txt")]
fn security(visitor: Visitor, config: &State<Config>) -> Result<(ContentType, String)> {
    let email = config.contact_email.as_ref().ok_or(Error::NotFound)?;
    // Whole days, so that the answer and its entity tag change once a day and not with every request.
    let today = Timestamp::now().as_second() / 86_400 * 86_400;
    let expires = Timestamp::from_second(today).unwrap_or_default() + GOOD_FOR;
    let origin = visitor.origin;
    Ok((
        ContentType::Plain,
        format!(
            "Contact: mailto:{email}\nExpires: {}\nPreferred-Languages: en\nCanonical: {origin}/.well-known/security.txt\n",
            expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        ),
    ))
}
