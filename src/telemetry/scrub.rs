//! What may not leave in an event, taken out whoever put it in.
//!
//! The last step before Sentry's transport. Cookies, bodies, query strings, headers, client addresses and people never
//! go out; addresses and one-time links that slipped into words are masked.

use std::borrow::Cow;

use sentry::protocol::{Event, Request};

/// Where the one-time link begins.
const SET_UP: &str = "/admin/setup/";

/// The event without anything personal or secret.
pub fn event(mut event: Event<'static>) -> Event<'static> {
    event.user = None;
    event.server_name = None;
    event.request = event.request.map(request);
    event.message = event.message.map(|text| words(&text));
    event.transaction = event.transaction.map(|text| template(&text));
    for exception in &mut event.exception.values {
        exception.value = exception.value.take().map(|text| words(&text));
    }
    for crumb in &mut event.breadcrumbs.values {
        crumb.message = crumb.message.take().map(|text| words(&text));
    }
    event
}

/// What of a request may leave: its method, and its address without query and without people.
pub fn request(request: Request) -> Request {
    let url = request.url.map(|mut url| {
        url.set_query(None);
        url.set_fragment(None);
        // An address without a host has neither.
        let _ = (url.set_username(""), url.set_password(None));
        let path = address(url.path());
        url.set_path(&path);
        url
    });
    Request {
        url,
        method: request.method,
        ..Request::default()
    }
}

/// A path as it may be written down: without its query, the one-time link's token and e-mail addresses masked.
pub fn path(path: &str) -> Cow<'_, str> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    // A link that was pasted wrongly may still hold its token.
    let mut places = path.as_bytes().windows(SET_UP.len());
    if let Some(start) = places.position(|place| place.eq_ignore_ascii_case(SET_UP.as_bytes()))
        && path.len() > start + SET_UP.len()
    {
        return format!("{}{SET_UP}…", &path[..start]).into();
    }
    // Every request comes by here, and hardly any has either.
    let is_address = |part: &str| part.contains('@') || part.contains('%') && part.contains("%40");
    if !is_address(path) {
        return path.into();
    }
    let parts = path.split('/');
    let parts: Vec<&str> = parts
        .map(|part| if is_address(part) { "…" } else { part })
        .collect();
    parts.join("/").into()
}

/// An address as it may leave: a path as above, without the name of a person in it.
fn address(text: &str) -> String {
    let path = path(text);
    match path.strip_prefix("/profiles/") {
        Some(rest) if !rest.is_empty() => "/profiles/…/".to_owned(),
        _ => path.into_owned(),
    }
}

/// A template of addresses names nobody; anything else is taken for an address.
fn template(text: &str) -> String {
    if text.contains('<') {
        text.to_owned()
    } else {
        address(text)
    }
}

/// Words with e-mail addresses, one-time links, queries, and the users and passwords of URLs masked.
pub fn words(text: &str) -> String {
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn word(word: &str) -> String {
    if let Some(start) = word.to_ascii_lowercase().find(SET_UP) {
        return format!("{}{SET_UP}…", &word[..start]);
    }
    let holds = |sign: char| {
        word.split_once(sign)
            .filter(|(before, after)| !before.is_empty() && !after.is_empty())
    };
    match (holds('@'), holds('?')) {
        (Some(_), _) => "[address]".to_owned(),
        (None, Some((path, _))) if path.contains('/') => format!("{path}?…"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentry::protocol::{Breadcrumb, Exception, User};

    #[test]
    fn the_address_of_a_person_does_not_name_them() {
        assert_eq!(address("/profiles/ada@example.com/"), "/profiles/…/");
        assert_eq!(address("/ada%40example.com/x/"), "/…/x/");
        for path in ["/", "/profiles/", "/lettings/1/"] {
            assert_eq!(address(path), path);
        }
        assert_eq!(path("/admin/x/ada@example.com/?a=b"), "/admin/x/…/");
        assert_eq!(path("/profiles/ada/"), "/profiles/ada/");
        assert_eq!(template("/profiles/<username>"), "/profiles/<username>");
        assert_eq!(template("/profiles/ada/"), "/profiles/…/");
    }

    #[test]
    fn words_keep_what_is_nobodys_business_to_themselves() {
        for (text, expected) in [
            (
                "could not write to ada@example.com",
                "could not write to [address]",
            ),
            (
                "asked https://example.com/a/?q=ada twice",
                "asked https://example.com/a/?… twice",
            ),
            ("where is it? nowhere @ all", "where is it? nowhere @ all"),
            ("no such column: a?b", "no such column: a?b"),
            ("see /Admin/setup/stolen/?next=/", "see /admin/setup/…"),
        ] {
            assert_eq!(words(text), expected);
        }
    }

    #[test]
    fn nothing_personal_is_left_in_an_event() {
        let mut request = Request {
            method: Some("POST".into()),
            ..Request::default()
        };
        request.url = "https://key:stolen@www.example.com/admin/setup/stolen/?q=stolen#stolen"
            .parse()
            .ok();
        request.cookies = Some("session=stolen".into());
        request.query_string = Some("q=stolen".into());
        request.data = Some("password=stolen".into());
        request
            .headers
            .insert("Authorization".into(), "stolen".into());
        request
            .env
            .insert("REMOTE_ADDR".into(), "203.0.113.9".into());
        let full = Event {
            user: Some(User {
                email: Some("ada@example.com".into()),
                ..User::default()
            }),
            server_name: Some("host-of-someone".into()),
            request: Some(request),
            message: Some(
                "could not write to ada@example.com via https://key:stolen@sentry.example/1".into(),
            ),
            transaction: Some("/admin/setup/stolen/?q=stolen".into()),
            exception: vec![Exception {
                ty: "x".into(),
                value: Some("see http://h/admin/setup/stolen/".into()),
                ..Exception::default()
            }]
            .into(),
            breadcrumbs: vec![Breadcrumb {
                message: Some("for ada@example.com".into()),
                ..Breadcrumb::default()
            }]
            .into(),
            ..Event::default()
        };
        let text = serde_json::to_string(&event(full)).unwrap();
        for word in ["stolen", "ada@", "203.0.113.9", "host-of-someone"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert!(
            text.contains("\"POST\"") && text.contains("/admin/setup/…"),
            "{text}"
        );
    }
}
