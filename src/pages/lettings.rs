//! Homes: the list, whole or narrowed to a place, and the page of each.

use std::io;

use maud::{Markup, PreEscaped, html};
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, routes};
use serde::Serialize;
use serde_json::ser::Formatter;

use crate::db::Db;
use crate::error::Result;
use crate::models::letting::{Card, Letting, PER_PAGE};
use crate::models::place::{self, Narrowing};
use crate::models::state;
use crate::paging::{Paging, Wish};
use crate::ui::drawing::Drawing;
use crate::ui::pager::{pager, position};
use crate::ui::{self, Day, Frame, Section, Text};
use crate::web::cache::Kept;
use crate::web::guards::{Query, Visitor};

/// The addresses below `/lettings/`.
pub fn routes() -> Vec<Route> {
    routes![index, show]
}

/// They are the same for everybody.
pub const KEPT: &[Kept] = &[
    Kept {
        route: "/lettings",
        query: &["page", "state", "city"],
    },
    Kept {
        route: "/lettings/<id>",
        query: &[],
    },
];

#[get("/lettings")]
async fn index(query: Query, visitor: Visitor, db: &State<Db>) -> Result<Either<Markup, Redirect>> {
    let narrowing = Narrowing::new(query.first("state"), query.first("city"));
    let wished = match query.first("page").map(Wish::parse) {
        None => 1,
        Some(Wish::Page(page)) => page,
        Some(Wish::Nonsense) => return Ok(Either::Right(Redirect::to(narrowing.url()))),
    };
    let ask = {
        let narrowing = narrowing.clone();
        move |conn: &rusqlite::Connection| {
            let paging = Paging::new(wished, narrowing.count(conn)?, PER_PAGE);
            Ok((paging, Letting::page(conn, &narrowing, paging)?))
        }
    };
    // A narrowed list is passed over home by home, which takes a while in the middle of a large state.
    let (paging, lettings) = if narrowing == Narrowing::Everywhere {
        db.read_at_once(ask)?
    } else {
        db.read_long(ask).await?
    };
    if paging.page != wished {
        return Ok(Either::Right(Redirect::to(narrowing.page_url(paging.page))));
    }
    Ok(Either::Left(index_html(
        &narrowing, paging, &lettings, &visitor,
    )))
}

/// A page of the list.
pub fn index_html(
    narrowing: &Narrowing,
    paging: Paging,
    lettings: &[Card],
    visitor: &Visitor,
) -> Markup {
    let place = place_name(narrowing);
    let heading = place.as_ref().map_or_else(
        || "Lettings".to_owned(),
        |place| format!("Lettings in {place}"),
    );
    let title = if paging.page > 1 {
        format!("{heading}, page {}", paging.page)
    } else {
        heading.clone()
    };
    let canonical = format!("{}{}", visitor.origin, narrowing.page_url(paging.page));
    let description = format!(
        "{heading}: holiday homes to let with Orange County Lettings, the newest first. Page {} of {}.",
        paging.page, paging.last
    );
    let frame = Frame {
        title: &title,
        description: Some(&description),
        canonical: Some(&canonical),
        indexed: place.is_none(),
        section: Section::Lettings,
        contact_email: visitor.contact_email.as_deref(),
        ..Frame::default()
    };
    ui::page(
        &frame,
        html! {
            h1 { (heading) }
            @if paging.total > 0 {
                p.position { (position(paging, if paging.total == 1 { "home" } else { "homes" })) ", newest first" }
            }
            @match (paging.total, &place) {
                (0, Some(place)) => p.empty { "No lettings are available in " (place) ". " a href="/lettings/" { "See all lettings" } },
                (0, None) => p.empty { "No lettings are available." },
                _ => (cards_html(lettings, 2)),
            }
            (pager(paging, &|page| narrowing.page_url(page)))
            @if place.is_some() && paging.total > 0 { p { a href="/lettings/" { "See all lettings" } } }
        },
    )
}

/// `Georgia`, `Brunswick, GA` or `Brunswick`, as far as the list is narrowed.
fn place_name(narrowing: &Narrowing) -> Option<String> {
    match narrowing {
        Narrowing::Everywhere => None,
        Narrowing::Place {
            state: Some(code),
            city: Some(city),
        } => Some(format!("{city}, {code}")),
        Narrowing::Place {
            state: Some(code),
            city: None,
        } => Some(state::name(code).to_owned()),
        Narrowing::Place { state: None, city } => city.clone(),
    }
}

/// Homes as cards. `level` is the heading's: lists put it below their `h1`, sections below their `h2`.
pub(super) fn cards_html(lettings: &[Card], level: u8) -> Markup {
    html! {
        ul.cards {
            @for letting in lettings {
                @let link = html! { a href={ "/lettings/" (letting.id) "/" } { (Text(&letting.title)) } };
                li.card {
                    (Drawing(letting.id))
                    div {
                        @if level == 2 { h2 { (link) } } @else { h3 { (link) } }
                        p { (Text(&letting.city)) ", " (Text(&letting.state)) }
                    }
                }
            }
        }
    }
}

#[get("/lettings/<id>")]
fn show(id: i64, visitor: Visitor, db: &State<Db>) -> Result<Markup> {
    let letting = db.read(|conn| Letting::find(conn, id))?;
    Ok(show_html(&letting, &visitor))
}

/// The page of a home.
pub fn show_html(letting: &Letting, visitor: &Visitor) -> Markup {
    let address = &letting.address;
    let canonical = format!("{}{}", visitor.origin, letting.url());
    let description = format!(
        "{}: a holiday home to let at {}, {}.",
        letting.title.trim(),
        address.street_line(),
        address.city_line()
    );
    let head = structured_data(letting, &canonical);
    let frame = Frame {
        title: &letting.title,
        description: Some(&description),
        canonical: Some(&canonical),
        section: Section::Lettings,
        head: Some(&head),
        contact_email: visitor.contact_email.as_deref(),
        ..Frame::default()
    };
    let (state, city) = (&address.state, &address.city);
    ui::page(
        &frame,
        html! {
            article.home {
                (Drawing(letting.id))
                div {
                    h1 { (Text(&letting.title)) }
                    address {
                        (Text(&address.street_line())) br;
                        (Text(&address.city_line())) br;
                        (Text(&address.country_iso_code))
                    }
                    p.muted { "Last updated " (Day(&letting.updated_at)) }
                    @if let Some(email) = &visitor.contact_email {
                        p { a.button href={ "mailto:" (email) } { "Ask about this home" } }
                    }
                    ul.more {
                        li { a href=(Text(&place::page_url(Some(state), Some(city), 1))) { "More homes in " (Text(&address.city_and_state())) } }
                        li { a href=(Text(&place::page_url(Some(state), None, 1))) { "More homes in " (Text(state::name(&address.state))) } }
                        li { a href="/lettings/" { "All lettings" } }
                    }
                }
            }
        },
    )
}

/// A home in schema.org's words.
#[derive(Serialize)]
struct House<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'a str,
    url: &'a str,
    address: PostalAddress<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostalAddress<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    street_address: String,
    address_locality: &'a str,
    address_region: &'a str,
    postal_code: &'a str,
    address_country: &'a str,
}

/// JSON for inside a script element. There only `<` could end it early, so none is left as it is, nor what else means
/// something in a page.
struct WithinScript;

impl Formatter for WithinScript {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for piece in fragment.split_inclusive(['<', '>', '&']) {
            let (text, escape) = match piece.as_bytes().last() {
                Some(b'<') => (&piece[..piece.len() - 1], "\\u003c"),
                Some(b'>') => (&piece[..piece.len() - 1], "\\u003e"),
                Some(b'&') => (&piece[..piece.len() - 1], "\\u0026"),
                _ => (piece, ""),
            };
            writer.write_all(text.as_bytes())?;
            writer.write_all(escape.as_bytes())?;
        }
        Ok(())
    }
}

/// The home for programs.
fn structured_data(letting: &Letting, url: &str) -> Markup {
    let address = &letting.address;
    let house = House {
        context: "https://schema.org",
        kind: "House",
        name: letting.title.trim(),
        url,
        address: PostalAddress {
            kind: "PostalAddress",
            street_address: address.street_line(),
            address_locality: &address.city,
            address_region: &address.state,
            postal_code: &address.zip_code,
            address_country: &address.country_iso_code,
        },
    };
    let mut data = Vec::with_capacity(512);
    let mut writer = serde_json::Serializer::with_formatter(&mut data, WithinScript);
    house
        .serialize(&mut writer)
        .expect("texts can be written as JSON");
    let safe = String::from_utf8(data).expect("JSON is UTF-8");
    html! { script type="application/ld+json" { (PreEscaped(safe)) } }
}
