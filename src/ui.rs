//! The frame of a page: head, navigation, footer. Plain data in, markup out.
//!
//! No request, no database and no model is known here. Parts that pages share are in `ui/`; the looks are in
//! `assets/css/site.css`.

use maud::{DOCTYPE, Markup, Render, html};

use crate::assets;

pub mod drawing;
pub mod form;
pub mod office;
pub mod pager;
pub mod table;

/// The name that visitors know.
pub const SITE: &str = "Holiday Homes";
/// The agency behind it.
pub const AGENCY: &str = "Orange County Lettings";

/// What a page says about itself to its frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The title; the site's name is added, except to itself.
    pub title: &'a str,
    /// One sentence for search results.
    pub description: Option<&'a str>,
    /// The page's one true address, with the origin.
    pub canonical: Option<&'a str>,
    /// Whether search engines may list it.
    pub indexed: bool,
    /// The part of the site it belongs to.
    pub section: Section,
    /// What more belongs into the head.
    pub head: Option<&'a Markup>,
    /// Where the agency can be reached.
    pub contact_email: Option<&'a str>,
}

impl Default for Frame<'_> {
    fn default() -> Self {
        Self {
            title: SITE,
            description: None,
            canonical: None,
            indexed: true,
            section: Section::None,
            head: None,
            contact_email: None,
        }
    }
}

/// The parts of the site, as the navigation shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The home page.
    Home,
    /// Homes.
    Lettings,
    /// People.
    Profiles,
    /// Nothing of the above.
    None,
}

const NAVIGATION: &[(Section, &str, &str)] = &[
    (Section::Home, "/", "Home"),
    (Section::Lettings, "/lettings/", "Lettings"),
    (Section::Profiles, "/profiles/", "Profiles"),
];

/// A whole page with this content.
pub fn page(frame: &Frame<'_>, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-US" {
            head {
                meta charset="utf-8";
                title { (Text(frame.title)) @if frame.title != SITE { " · " (SITE) } }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="theme-color" content="#FBF8F4" media="(prefers-color-scheme: light)";
                meta name="theme-color" content="#13181B" media="(prefers-color-scheme: dark)";
                @if let Some(description) = frame.description { meta name="description" content=(Text(description)); }
                @if let Some(canonical) = frame.canonical { link rel="canonical" href=(Text(canonical)); }
                @if !frame.indexed { meta name="robots" content="noindex"; }
                link rel="icon" href=(Text(assets::url("img/favicon.svg"))) type="image/svg+xml";
                link rel="stylesheet" href=(Text(assets::url("css/site.css")));
                @if let Some(head) = frame.head { (head) }
            }
            body {
                a.skip href="#content" { "Skip to content" }
                header.top {
                    div.wrap {
                        a.brand href="/" { (Logo) span { (SITE) } }
                        nav aria-label="Main" {
                            ul {
                                @for (section, href, words) in NAVIGATION {
                                    li { a href=(href) aria-current=[(*section == frame.section).then_some("page")] { (words) } }
                                }
                            }
                        }
                    }
                }
                main #content { div.wrap { (content) } }
                footer.bottom {
                    div.wrap {
                        p { (SITE) " by " (AGENCY) }
                        @if let Some(email) = frame.contact_email { p { a href={ "mailto:" (email) } { (email) } } }
                    }
                }
            }
        }
    }
}

/// The site's own mark: an orange with a house in it.
pub struct Logo;

impl Render for Logo {
    fn render(&self) -> Markup {
        html! {
            svg.logo viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" {
                circle.logo-fruit cx="16" cy="17.5" r="13" {}
                path.logo-leaf d="M16 5c1-3 4-4.500 8-4-.500 3.500-3.500 5-8 4z" {}
                path.logo-house d="M16 10l8 7h-2.500v7h-4v-5h-3v5h-4v-7H8z" {}
            }
        }
    }
}

/// A text as `maud` writes it, in one piece where nothing in it has to be escaped; most of a page are such texts, and byte by
/// byte they take longer than all the rest of it.
pub struct Text<'a>(pub &'a str);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        // Without an early end, for the processor compares many bytes at once.
        let is_special = |byte: u8| matches!(byte, b'<' | b'>' | b'&' | b'"');
        if self
            .0
            .bytes()
            .fold(false, |found, byte| found | is_special(byte))
        {
            self.0.render_to(buffer);
        } else {
            buffer.push_str(self.0);
        }
    }
}

/// A whole number as Americans write it: `100,000`.
pub struct Number(pub u64);

impl Render for Number {
    fn render_to(&self, buffer: &mut String) {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                buffer.push(',');
            }
            buffer.push(digit);
        }
    }
}

/// A number with its noun: `1 home`, `2 homes`.
pub struct Counted<'a>(pub u64, pub &'a str, pub &'a str);

impl Render for Counted<'_> {
    fn render(&self) -> Markup {
        let Self(number, one, many) = self;
        html! { (Number(*number)) " " (if *number == 1 { one } else { many }) }
    }
}

/// The day of a moment as readers see it and as machines read it: `November 3, 2026` inside `<time>`.
pub struct Day<'a>(pub &'a str);

impl Render for Day<'_> {
    fn render(&self) -> Markup {
        let day = self.0.split_once('T').map_or(self.0, |(day, _)| day);
        html! { time datetime=(day) { (crate::clock::american_date(self.0)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_escaped_as_by_maud(text in "[a-z<>&\"'é]{0,12}") {
            prop_assert_eq!(html! { (Text(&text)) }.0, html! { (text) }.0);
        }
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (100_000, "100,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(Number(number).render().into_string(), text);
        }
        assert_eq!(Counted(1, "home", "homes").render().into_string(), "1 home");
    }

    #[test]
    fn the_site_is_not_named_twice_in_its_own_title() {
        assert!(
            page(&Frame::default(), html! {})
                .into_string()
                .contains("<title>Holiday Homes</title>")
        );
    }
}
