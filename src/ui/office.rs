//! The frame of the admin: who is signed in, what there is to edit, where one is, what just happened.
//!
//! Plain data in, markup out, in the site's own look. Nothing is known here of a request or a row.

use maud::{DOCTYPE, Markup, Render, html};
use serde::{Deserialize, Serialize};

use super::{Logo, SITE};
use crate::assets;

/// What a page of the admin says about itself to its frame.
pub struct Office<'a> {
    /// The title and, unless the page has its own, the heading.
    pub title: &'a str,
    /// Whether the form has complaints; the title then says so first.
    pub has_errors: bool,
    /// The way here: addresses and words, the page itself not among them.
    pub crumbs: Vec<(String, String)>,
    /// How to greet; nothing when nobody is signed in.
    pub greeting: Option<&'a str>,
    /// What the person may see, by app.
    pub apps: &'a [App],
    /// What just happened.
    pub messages: &'a [Message],
    /// What to know about how the site is run.
    pub notices: &'a [Notice],
    /// The token of every form.
    pub token: &'a str,
    /// Where this page is on the public site, if it is about something there.
    pub public_url: Option<&'a str>,
}

impl<'a> Office<'a> {
    /// The frame of a page for somebody who is not signed in.
    pub fn bare(title: &'a str, token: &'a str) -> Self {
        Self {
            title,
            has_errors: false,
            crumbs: Vec::new(),
            greeting: None,
            apps: &[],
            messages: &[],
            notices: &[],
            token,
            public_url: None,
        }
    }
}

/// An app in the side list.
pub struct App {
    /// Its name.
    pub title: &'static str,
    /// Its address.
    pub url: String,
    /// Its models: name, address, whether the page is about it.
    pub models: Vec<(&'static str, String, bool)>,
}

/// What just happened, shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// How good the news is.
    pub level: Level,
    /// The words, up to the object's name if there is one.
    pub words: String,
    /// The object's name and address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<(String, Option<String>)>,
    /// The words after it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rest: String,
}

/// How good the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It worked.
    Success,
    /// It did not, for a reason the person can mend.
    Warning,
}

impl Message {
    /// Words alone.
    pub fn plain(level: Level, words: impl Into<String>) -> Self {
        Self {
            level,
            words: words.into(),
            object: None,
            rest: String::new(),
        }
    }
}

impl Render for Message {
    fn render(&self) -> Markup {
        let class = match self.level {
            Level::Success => "message ok",
            Level::Warning => "message warn",
        };
        html! {
            p class=(class) {
                (self.words)
                @if let Some((label, url)) = &self.object {
                    "“" @match url { Some(url) => { a href=(url) { (label) } }, None => { (label) } } "”"
                }
                (self.rest)
            }
        }
    }
}

/// Something about how the site is run that somebody should mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What is the matter, in one sentence.
    pub words: String,
    /// What to do about it.
    pub advice: String,
}

/// The hidden field that every form sends.
pub struct Token<'a>(pub &'a str);

impl Render for Token<'_> {
    fn render(&self) -> Markup {
        html! { input type="hidden" name="form_token" value=(self.0); }
    }
}

/// A whole page of the admin with this content.
pub fn page(office: &Office<'_>, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-US" {
            head {
                meta charset="utf-8";
                title { @if office.has_errors { "Error: " } (office.title) " · " (SITE) " administration" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="theme-color" content="#FBF8F4" media="(prefers-color-scheme: light)";
                meta name="theme-color" content="#13181B" media="(prefers-color-scheme: dark)";
                link rel="icon" href=(assets::url("img/favicon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(assets::url("css/site.css"));
                link rel="stylesheet" href=(assets::url("css/admin.css"));
                script src=(assets::url("js/admin.js")) defer {}
            }
            body.office {
                a.skip href="#content" { "Skip to content" }
                header.top {
                    div.wrap {
                        a.brand href="/admin/" { (Logo) span { (SITE) " administration" } }
                        @if let Some(name) = office.greeting { (account(name, office.token)) }
                    }
                }
                (notices(office))
                div.desk.wrap {
                    @if !office.apps.is_empty() {
                        nav.side aria-label="Models" {
                            @for app in office.apps {
                                p { a href=(app.url) { (app.title) } }
                                ul {
                                    @for (title, url, current) in &app.models {
                                        li { a href=(url) aria-current=[current.then_some("page")] { (title) } }
                                    }
                                }
                            }
                        }
                    }
                    main #content {
                        @if !office.crumbs.is_empty() {
                            nav.crumbs aria-label="Breadcrumb" {
                                ol { @for (url, words) in &office.crumbs { li { a href=(url) { (words) } } } li aria-current="page" { (office.title) } }
                            }
                        }
                        @if !office.messages.is_empty() { div.messages role="status" { @for message in office.messages { (message) } } }
                        (content)
                    }
                }
                footer.bottom { div.wrap { p { "All times are UTC." } } }
            }
        }
    }
}

/// A line each, where it disturbs nobody's work; the advice is folded away but on the first page, to which no way leads.
fn notices(office: &Office<'_>) -> Markup {
    html! {
        @if !office.notices.is_empty() {
            section.notices.wrap aria-label="About this site" {
                @for notice in office.notices {
                    details open[office.crumbs.is_empty()] {
                        summary { (notice.words) }
                        p { (notice.advice) }
                    }
                }
            }
        }
    }
}

fn account(name: &str, token: &str) -> Markup {
    html! {
        nav.account aria-label="Account" {
            ul {
                li { "Welcome, " strong { (name) } }
                li { a href="/" { "View site" } }
                li { a href="/admin/sessions/" { "Sessions" } }
                li { a href="/admin/password_change/" { "Change password" } }
                li { form method="post" action="/admin/logout/" { (Token(token)) button.plain { "Log out" } } }
            }
        }
    }
}

/// `Nov. 22, 2026, 7:31 a.m.` inside `<time>`, as Django's admin writes a moment.
pub struct Moment<'a>(pub &'a str);

impl Render for Moment<'_> {
    fn render(&self) -> Markup {
        let seconds = self
            .0
            .split_once('.')
            .map_or_else(|| self.0.to_owned(), |(seconds, _)| format!("{seconds}Z"));
        html! { time datetime=(seconds) { (crate::clock::django_moment(self.0)) } }
    }
}
