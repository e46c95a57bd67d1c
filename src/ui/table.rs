//! Small parts of lists: a heading that sorts, a mark for yes and no.

use maud::{Markup, html};

/// A column's heading with the link that sorts by it.
pub fn heading(label: &str, url: &str, sorted: Option<bool>) -> Markup {
    let (direction, mark) = match sorted {
        Some(false) => (Some("ascending"), " ▲"),
        Some(true) => (Some("descending"), " ▼"),
        None => (None, ""),
    };
    html! {
        th scope="col" aria-sort=[direction] { a href=(url) { (label) span aria-hidden="true" { (mark) } } }
    }
}

/// Yes or no, as a mark for the eye and a word for the ear.
pub fn mark(flag: bool) -> Markup {
    html! {
        span class=(if flag { "yes" } else { "no" }) aria-hidden="true" { (if flag { "✓" } else { "–" }) }
        span.vh { (if flag { "Yes" } else { "No" }) }
    }
}
