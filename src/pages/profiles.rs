//! People: the list, and the page of each.

use maud::{Markup, html};
use rocket::response::Redirect;
use rocket::{Either, Route, State, get, routes};

use crate::db::Db;
use crate::error::Result;
use crate::models::profile::{PER_PAGE, Profile};
use crate::paging::{Paging, Wish};
use crate::ui::pager::{pager, position};
use crate::ui::{self, Frame, Section, Text};
use crate::web::cache::Kept;
use crate::web::guards::{Query, Visitor};

/// The addresses below `/profiles/`.
pub fn routes() -> Vec<Route> {
    routes![index, show]
}

/// They are the same for everybody.
pub const KEPT: &[Kept] = &[
    Kept {
        route: "/profiles",
        query: &["page"],
    },
    Kept {
        route: "/profiles/<username>",
        query: &[],
    },
];

#[get("/profiles")]
fn index(query: Query, visitor: Visitor, db: &State<Db>) -> Result<Either<Markup, Redirect>> {
    let wished = match query.first("page").map(Wish::parse) {
        None => 1,
        Some(Wish::Page(page)) => page,
        Some(Wish::Nonsense) => return Ok(Either::Right(Redirect::to("/profiles/"))),
    };
    let (paging, profiles) = db.read_at_once(|conn| {
        let paging = Paging::new(wished, Profile::count(conn)?, PER_PAGE);
        Ok((paging, Profile::page(conn, paging)?))
    })?;
    if paging.page != wished {
        return Ok(Either::Right(Redirect::to(page_url(paging.page))));
    }
    Ok(Either::Left(index_html(paging, &profiles, &visitor)))
}

fn page_url(page: u64) -> String {
    if page == 1 {
        "/profiles/".to_owned()
    } else {
        format!("/profiles/?page={page}")
    }
}

/// A page of the list.
pub fn index_html(paging: Paging, profiles: &[Profile], visitor: &Visitor) -> Markup {
    let title = if paging.page > 1 {
        format!("Profiles, page {}", paging.page)
    } else {
        "Profiles".to_owned()
    };
    let canonical = format!("{}{}", visitor.origin, page_url(paging.page));
    let frame = Frame {
        title: &title,
        description: Some("The people of Holiday Homes, and the cities they love."),
        canonical: Some(&canonical),
        indexed: false,
        section: Section::Profiles,
        contact_email: visitor.contact_email.as_deref(),
        ..Frame::default()
    };
    ui::page(
        &frame,
        html! {
            h1 { "Profiles" }
            @if profiles.is_empty() {
                p.empty { "No profiles are available." }
            } @else {
                p.position { (position(paging, if paging.total == 1 { "person" } else { "people" })) }
                ul.cards.people {
                    @for profile in profiles {
                        li.card {
                            div {
                                h2 { a href=(Text(&profile.url())) { (Text(&profile.username)) } }
                                @if let Some(name) = profile.full_name() { p { (Text(&name)) } }
                                @if !profile.favorite_city.is_empty() { p.muted { "Loves " (Text(&profile.favorite_city)) } }
                            }
                        }
                    }
                }
            }
            (pager(paging, &page_url))
        },
    )
}

#[get("/profiles/<username>")]
fn show(username: &str, visitor: Visitor, db: &State<Db>) -> Result<Markup> {
    let profile = db.read(|conn| Profile::find(conn, username))?;
    Ok(show_html(&profile, &visitor))
}

fn show_html(profile: &Profile, visitor: &Visitor) -> Markup {
    let canonical = format!("{}{}", visitor.origin, profile.url());
    let description = format!(
        "{} at Holiday Homes.",
        profile
            .full_name()
            .unwrap_or_else(|| profile.username.clone())
    );
    let frame = Frame {
        title: &profile.username,
        description: Some(&description),
        canonical: Some(&canonical),
        indexed: false,
        section: Section::Profiles,
        contact_email: visitor.contact_email.as_deref(),
        ..Frame::default()
    };
    let facts = [
        ("First name", &profile.first_name),
        ("Last name", &profile.last_name),
        ("Favorite city", &profile.favorite_city),
    ];
    ui::page(
        &frame,
        html! {
            h1 { (profile.username) }
            dl.facts {
                @for (name, value) in facts {
                    @if !value.is_empty() { div { dt { (name) } dd { (value) } } }
                }
                @if let Some(email) = &profile.email {
                    div { dt { "Email" } dd { a href={ "mailto:" (email) } { (email) } } }
                }
            }
            @if facts.iter().all(|(_, value)| value.is_empty()) && profile.email.is_none() {
                p.empty { "There is nothing more to tell yet." }
            }
            p { a href="/profiles/" { "All profiles" } }
        },
    )
}
