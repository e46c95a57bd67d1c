//! The home page: what this agency is, its newest homes, where they are, how to get in touch.

use maud::{Markup, html};
use rocket::{Route, State, get, routes};
use rusqlite::Connection;

use super::lettings::cards_html;
use crate::db::Db;
use crate::error::Result;
use crate::models::letting::{Card, Letting};
use crate::models::place::{Narrowing, Place};
use crate::models::state;
use crate::ui::{self, AGENCY, Counted, Frame, Number, Section, Text};
use crate::web::cache::Kept;
use crate::web::guards::Visitor;

/// How many of the newest homes are shown.
const NEWEST: i64 = 6;
/// How many cities are named; the states are all there.
const CITIES: i64 = 12;

/// The home page's address.
pub fn routes() -> Vec<Route> {
    routes![index]
}

/// It is the same for everybody.
pub const KEPT: &[Kept] = &[Kept {
    route: "/",
    query: &[],
}];

/// What stands on it.
#[derive(Debug, Clone)]
pub struct Home {
    newest: Vec<Card>,
    total: u64,
    states: Vec<Place>,
    cities: Vec<Place>,
}

impl Home {
    /// What stands on it now.
    pub fn read(conn: &Connection) -> Result<Self> {
        Ok(Self {
            newest: Letting::newest(conn, NEWEST)?,
            total: Narrowing::Everywhere.count(conn)?,
            states: Place::states(conn)?,
            cities: Place::cities(conn, CITIES)?,
        })
    }
}

#[get("/")]
fn index(visitor: Visitor, db: &State<Db>) -> Result<Markup> {
    let home = db.read_at_once(Home::read)?;
    Ok(index_html(&home, &visitor))
}

/// The page.
pub fn index_html(home: &Home, visitor: &Visitor) -> Markup {
    let canonical = format!("{}/", visitor.origin);
    let frame = Frame {
        description: Some(
            "Holiday homes to let across the United States, hand-picked by Orange County Lettings: cottages, domes, retreats and houses with a hot tub.",
        ),
        canonical: Some(&canonical),
        section: Section::Home,
        contact_email: visitor.contact_email.as_deref(),
        ..Frame::default()
    };
    ui::page(
        &frame,
        html! {
            section.hero {
                h1 { "Welcome to Holiday Homes" }
                p.lede {
                    (AGENCY) " finds homes worth traveling for, and the people who love them. "
                    @if home.total > 0 { "Right now we have " (Counted(home.total, "home", "homes")) " in " (Counted(home.states.len() as u64, "state", "states")) "." }
                }
                p.actions {
                    a.button href="/lettings/" { "See all lettings" }
                    a.button.quiet href="/profiles/" { "Meet the people" }
                }
            }
            @if home.total == 0 {
                p.empty { "No lettings are available yet. Please come back soon." }
            } @else {
                section aria-labelledby="newest" {
                    h2 #newest { "Newest homes" }
                    div.wide { (cards_html(&home.newest, 3)) }
                }
                section aria-labelledby="where" {
                    h2 #where { "Where they are" }
                    div.columns {
                        div { h3 { "States" } (places_html(&home.states)) }
                        div { h3 { "Cities" } (places_html(&home.cities)) }
                    }
                }
            }
            @if let Some(email) = &visitor.contact_email {
                section aria-labelledby="contact" {
                    h2 #contact { "Get in touch" }
                    p { "A question about a home, or one of your own to let? Write to " a href={ "mailto:" (email) } { (email) } "." }
                }
            }
        },
    )
}

fn places_html(places: &[Place]) -> Markup {
    html! {
        ul.places {
            @for place in places {
                li {
                    a href=(Text(&place.url())) {
                        @match &place.city {
                            Some(city) => { (Text(city)) ", " (Text(&place.state)) },
                            None => { (Text(state::name(&place.state))) },
                        }
                    }
                    " " span.count { (Number(place.lettings)) span.vh { (if place.lettings == 1 { " home" } else { " homes" }) } }
                }
            }
        }
    }
}
