//! A field of a declaration and what was typed into it become a label, an input and messages.
//!
//! Works without JavaScript. Messages stand beside their field and are joined to it; a summary on top leads to each.

use maud::{Markup, html};

use crate::schema::draft::{Errors, Fields, NEW, within};
use crate::schema::{Choice, Field, Kind, Model};

/// What a field offers to choose from, or to look at.
pub enum Offer {
    /// A plain input.
    Plain,
    /// One row of many: those that match a search, the chosen one first.
    One {
        /// The rows.
        choices: Vec<Choice>,
        /// Where a new one is made, for those who may.
        add_url: Option<String>,
        /// Where the chosen one is seen or changed, for those who may.
        change_url: Option<String>,
        /// One of them, in running text.
        noun: &'static str,
        /// The model, where a new row may be made in the same form.
        new: Option<&'static Model>,
    },
    /// Many rows, by heading.
    Many(Vec<Choice>),
    /// A stored hash as what it is, and where a new password is set.
    Hash {
        /// Names and values.
        summary: Vec<(String, String)>,
        /// The page that sets a new one.
        url: Option<String>,
    },
}

/// The summary of what is wrong, with a link to each field.
pub fn summary(errors: &Errors, fields: &[&Field]) -> Markup {
    let count: usize = errors.iter().map(|(_, words)| words.len()).sum();
    html! {
        @if count > 0 {
            div.errors role="alert" tabindex="-1" {
                p { strong { (if count == 1 { "Please correct the error below." } else { "Please correct the errors below." }) } }
                ul {
                    @for words in errors.of("") { li { (words) } }
                    @for field in fields {
                        @for words in errors.of(field.name) { li { a href={ "#" (target(field, field.name)) } { (field.label) ": " (words) } } }
                        @if let Some(model) = field.new_of() {
                            @for inner in model.fields(true) {
                                @let name = within(field.name, inner.name);
                                @for words in errors.of(&name) { li { a href={ "#" (target(inner, &name)) } { (inner.label) ": " (words) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where a link to a field leads: its first input, whose name this is.
fn target(field: &Field, name: &str) -> String {
    match field.kind {
        Kind::Moment => format!("{name}_0"),
        Kind::Password => format!("{name}1"),
        Kind::One(_) => format!("{name}__search"),
        _ => name.to_owned(),
    }
}

/// One field: label, help, messages, input.
pub fn input(field: &Field, fields: &Fields, errors: &Errors, offer: &Offer) -> Markup {
    let notes = Notes::of(field, field.name, errors);
    match offer {
        Offer::Hash { summary, url } => hash(field, summary, url.as_deref()),
        Offer::One { .. } => one(field, fields, errors, &notes, offer),
        Offer::Many(choices) => many(field, fields, &notes, choices),
        Offer::Plain => plain(field, fields, &notes),
    }
}

/// A field that offers nothing to choose from.
fn plain(field: &Field, fields: &Fields, notes: &Notes<'_>) -> Markup {
    match field.kind {
        Kind::Bool => flag(field, fields, notes),
        Kind::Moment => moment(field, fields, notes),
        Kind::Password => password(field, notes),
        _ => line(field, fields.first(notes.name).unwrap_or(""), notes),
    }
}

/// The name of a field's input, its help and messages, and how the input refers to them.
struct Notes<'a> {
    name: &'a str,
    help: &'a str,
    wrong: &'a [String],
}

impl<'a> Notes<'a> {
    fn of(field: &Field, name: &'a str, errors: &'a Errors) -> Self {
        Self {
            name,
            help: field.help,
            wrong: errors.of(name),
        }
    }

    fn described_by(&self) -> Option<String> {
        let mut ids = Vec::new();
        if !self.help.is_empty() {
            ids.push(format!("{}-help", self.name));
        }
        if !self.wrong.is_empty() {
            ids.push(format!("{}-error", self.name));
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self) -> Option<&'static str> {
        (!self.wrong.is_empty()).then_some("true")
    }

    fn above(&self) -> Markup {
        html! {
            @if !self.help.is_empty() { p.help id={ (self.name) "-help" } { (self.help) } }
            @if !self.wrong.is_empty() { div.wrong id={ (self.name) "-error" } { @for words in self.wrong { p { (words) } } } }
        }
    }
}

fn required(field: &Field) -> Markup {
    html! { @if field.required { " " span.required { "(required)" } } }
}

fn line(field: &Field, value: &str, notes: &Notes<'_>) -> Markup {
    let (max, kind, mode) = match field.kind {
        Kind::Email { max } => (max, "email", Some("email")),
        Kind::Text { max } | Kind::Verbatim { max } => (max, "text", None),
        _ => (0, "text", None),
    };
    html! {
        div.field {
            label for=(notes.name) { (field.label) (required(field)) }
            (notes.above())
            input id=(notes.name) name=(notes.name) type=(kind) value=(value) maxlength=[(max > 0).then_some(max)] inputmode=[mode]
                autocomplete=(field.autocomplete) aria-describedby=[notes.described_by()] aria-invalid=[notes.invalid()]
                class=[(max > 0 && max <= 16).then_some("short")];
        }
    }
}

fn flag(field: &Field, fields: &Fields, notes: &Notes<'_>) -> Markup {
    html! {
        div.field.check {
            label for=(notes.name) {
                input id=(notes.name) name=(notes.name) type="checkbox" checked[fields.has(notes.name)]
                    aria-describedby=[notes.described_by()] aria-invalid=[notes.invalid()];
                " " (field.label)
            }
            (notes.above())
        }
    }
}

fn moment(field: &Field, fields: &Fields, notes: &Notes<'_>) -> Markup {
    let (date, time) = (format!("{}_0", notes.name), format!("{}_1", notes.name));
    let initial = format!("{}_initial", notes.name);
    let shown = fields.moment(notes.name);
    html! {
        fieldset.field aria-describedby=[notes.described_by()] {
            legend { (field.label) (required(field)) }
            (notes.above())
            input type="hidden" name=(initial) value=(fields.first(&initial).unwrap_or(&shown));
            div.pair {
                div {
                    label for=(date) { "Date" }
                    input.short id=(date) name=(date) type="text" value=(fields.first(&date).unwrap_or("")) autocomplete="off" aria-invalid=[notes.invalid()];
                }
                div {
                    label for=(time) { "Time" }
                    input.short id=(time) name=(time) type="text" value=(fields.first(&time).unwrap_or("")) autocomplete="off" aria-invalid=[notes.invalid()];
                }
            }
        }
    }
}

/// Two inputs that are never filled in by the server.
fn password(field: &Field, notes: &Notes<'_>) -> Markup {
    let (first, second) = (format!("{}1", notes.name), format!("{}2", notes.name));
    html! {
        div.field {
            label for=(first) { (field.label) }
            p.help id={ (first) "-help" } { "At least 8 characters, not only digits, not a common password, and not like the name or email address." }
            input id=(first) name=(first) type="password" autocomplete="new-password" aria-describedby={ (first) "-help" } aria-invalid=[notes.invalid()];
        }
        div.field {
            label for=(second) { (field.label) " confirmation" }
            (notes.above())
            input id=(second) name=(second) type="password" autocomplete="new-password" aria-describedby=[notes.described_by()] aria-invalid=[notes.invalid()];
        }
    }
}

fn hash(field: &Field, summary: &[(String, String)], url: Option<&str>) -> Markup {
    html! {
        div.field {
            p.label { (field.label) }
            @if summary.is_empty() { p { "No password set." } } @else {
                p.hash { @for (name, value) in summary { span { strong { (name) ": " } (value) } " " } }
            }
            @if let Some(url) = url {
                p { a.button.quiet href=(url) { (if summary.is_empty() { "Set password" } else { "Reset password" }) } }
            }
        }
    }
}

fn one(
    field: &Field,
    fields: &Fields,
    errors: &Errors,
    notes: &Notes<'_>,
    offer: &Offer,
) -> Markup {
    let Offer::One {
        choices,
        add_url,
        change_url,
        noun,
        new,
    } = offer
    else {
        return html! {};
    };
    let (search, searched) = (
        format!("{}__search", field.name),
        format!("{}__searched", field.name),
    );
    let words = fields.first(&search).unwrap_or("");
    let chosen = fields.first(field.name).unwrap_or("");
    html! {
        fieldset.field.one id=(field.name) aria-describedby=[notes.described_by()] {
            legend { (field.label) (required(field)) }
            (notes.above())
            div.search {
                label for=(search) { "Search " (noun) }
                input id=(search) name=(search) type="search" value=(words) autocomplete="off";
                input type="hidden" name=(searched) value=(words);
                button.quiet.button name="_search" value=(field.name) { "Search" }
            }
            div.choices {
                @if new.is_some() { label { input type="radio" name=(field.name) value=(NEW) checked[chosen == NEW]; " " span { "A new " (noun) } } }
                @if choices.is_empty() { p { "Nothing matches." } }
                @for choice in choices {
                    label { input type="radio" name=(field.name) value=(choice.id) checked[chosen == choice.id.to_string()]; " " span { (choice.label) } }
                }
                @if !field.required { label { input type="radio" name=(field.name) value="" checked[chosen.is_empty()]; " " span { "None" } } }
            }
            @if let Some(model) = new { (new_html(field, model, fields, errors)) }
            p.related {
                @if let Some(url) = change_url { a href=(url) target="_blank" { "View or change the chosen " (noun) span.vh { " (opens in a new tab)" } } }
                @if let Some(url) = add_url { a href=(url) target="_blank" { "Add another " (noun) span.vh { " (opens in a new tab)" } } }
            }
        }
    }
}

/// The inputs of a row that is made together with this one. The style sheet hides them while another is chosen.
fn new_html(field: &Field, model: &Model, fields: &Fields, errors: &Errors) -> Markup {
    html! {
        div.new role="group" aria-label={ "New " (model.singular) } {
            @for inner in model.fields(true) {
                @let name = within(field.name, inner.name);
                (plain(inner, fields, &Notes::of(inner, &name, errors)))
            }
        }
    }
}

fn many(field: &Field, fields: &Fields, notes: &Notes<'_>, choices: &[Choice]) -> Markup {
    let chosen: Vec<&str> = fields.all(field.name).collect();
    html! {
        fieldset.field.many id=(field.name) aria-describedby=[notes.described_by()] {
            legend { (field.label) }
            (notes.above())
            @if choices.is_empty() { p.muted { "There is nothing to choose from yet." } }
            div.groups {
                @for group in choices.chunk_by(|one, other| one.group == other.group) {
                    fieldset {
                        legend { (group[0].group) }
                        @for choice in group {
                            label { input type="checkbox" name=(field.name) value=(choice.id) checked[chosen.contains(&choice.id.to_string().as_str())]; " " span { (choice.label) } }
                        }
                    }
                }
            }
        }
    }
}

/// The summary of a form that is not a declaration's: names of inputs with their labels.
pub fn plain_summary(errors: &Errors, labels: &[(&str, &str)]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.errors role="alert" tabindex="-1" {
                @if errors.of("").is_empty() {
                    p { strong { (if errors.iter().count() == 1 { "Please correct the error below." } else { "Please correct the errors below." }) } }
                }
                ul {
                    @for words in errors.of("") { li { (words) } }
                    @for (name, label) in labels {
                        @for words in errors.of(name) { li { a href={ "#" (name) } { (label) ": " (words) } } }
                    }
                }
            }
        }
    }
}

/// An input of a form that is not a declaration's.
pub fn plain_input(
    name: &str,
    label: &str,
    kind: &str,
    autocomplete: &str,
    value: &str,
    errors: &Errors,
) -> Markup {
    let notes = Notes {
        name,
        help: "",
        wrong: errors.of(name),
    };
    html! {
        div.field {
            label for=(name) { (label) }
            (notes.above())
            input id=(name) name=(name) type=(kind) value=(value) autocomplete=(autocomplete) autocapitalize="none"
                aria-describedby=[notes.described_by()] aria-invalid=[notes.invalid()];
        }
    }
}
