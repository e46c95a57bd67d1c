//! One's own sessions: when, from where, with which browser; and ending them.

use maud::{Markup, html};
use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};

use crate::db::Db;
use crate::error::Result;
use crate::models::session::{self, Session};
use crate::ui::office::{self, Level, Message, Moment, Token};
use crate::web::posted::Posted;
use crate::web::signed::Desk;

pub(super) fn routes() -> Vec<Route> {
    routes![index, end]
}

#[get("/admin/sessions")]
fn index(desk: Desk<'_>, db: &State<Db>) -> Result<Markup> {
    let sessions = db.read(|conn| session::of_user(conn, desk.account.id, desk.session))?;
    let office = desk.office("Your sessions");
    Ok(office::page(&office, index_html(&sessions, &desk.token)))
}

/// Ends the session that the button names, or all but this one.
#[post("/admin/sessions", data = "<posted>")]
async fn end(desk: Desk<'_>, db: &State<Db>, posted: Posted) -> Result<Redirect> {
    let (user_id, own) = (desk.account.id, desk.session.to_owned());
    let named = posted.0.first("end").map(str::to_owned);
    let ended = db
        .write(move |tx| match named.as_deref() {
            Some("others") => session::delete_others(tx, user_id, Some(&own)),
            Some(name) => session::delete_named(tx, user_id, name, &own),
            None => Ok(0),
        })
        .await?;
    let words = match ended {
        0 => "That session had ended already.".to_owned(),
        1 => "1 session has ended.".to_owned(),
        many => format!("{many} sessions have ended."),
    };
    desk.say(Message::plain(Level::Success, words));
    Ok(Redirect::to("/admin/sessions/"))
}

fn index_html(sessions: &[Session], token: &str) -> Markup {
    html! {
        h1 { "Your sessions" }
        p { "Everywhere you are signed in. A session ends 14 days after its last use, and 90 days after it began." }
        form method="post" {
            (Token(token))
            div.scroll {
                table.rows {
                    thead { tr { th scope="col" { "Browser" } th scope="col" { "From" } th scope="col" { "Signed in" } th scope="col" { "Last used" } th scope="col" { span.vh { "End" } } } }
                    tbody {
                        @for session in sessions {
                            tr {
                                th scope="row" data-label="Browser" { span { (browser(&session.user_agent)) @if session.is_current { " " strong { "(this one)" } } } }
                                td data-label="From" { (if session.client.is_empty() { "-" } else { &session.client }) }
                                td data-label="Signed in" { (Moment(&session.created_at)) }
                                td data-label="Last used" { (Moment(&session.last_used_at)) }
                                td data-label="" {
                                    @if !session.is_current { button.button.quiet name="end" value=(session.name) { "End" span.vh { " the session of " (browser(&session.user_agent)) } } }
                                }
                            }
                        }
                    }
                }
            }
            @if sessions.len() > 1 { div.buttons { button.button.danger name="end" value="others" { "End all other sessions" } } }
        }
    }
}

/// `Firefox on Linux`: what a person recognizes of a user agent; guesses, for they all pretend to be each other.
fn browser(user_agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known
            .iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    let name = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, _) if user_agent.is_empty() => "Unknown browser".to_owned(),
        (None, _) => user_agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_as_its_owner_knows_it() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("", "Unknown browser"),
            ("something else", "something else"),
        ] {
            assert_eq!(browser(user_agent), name);
        }
    }
}
