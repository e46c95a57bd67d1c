//! The two pages of moving in: choosing a file, and what it would bring, with the choices that are the person's to make.

use maud::{Markup, html};

use super::{Choice, Kind, Seen};
use crate::schema::draft::{Errors, Fields};
use crate::ui::form;
use crate::ui::office::Token;
use crate::ui::{Counted, Number};
use crate::web::uploads::LIMIT;

/// The form that takes a file.
pub fn file_html(token: &str) -> Markup {
    html! {
        form.edit method="post" enctype="multipart/form-data" {
            (Token(token))
            div.field {
                label for="file" { "File" }
                p.help #file-help {
                    "A Django site’s database (db.sqlite3), a fixture (JSON or JSON Lines), or a backup of this site; up to "
                    (Number(LIMIT / 1024 / 1024)) " MB."
                }
                input #file name="file" type="file" accept=".sqlite3,.sqlite,.db,.json,.jsonl" aria-describedby="file-help" required;
            }
            div.buttons { button.button { "Look at it" } }
            p.help { "Nothing is changed before you have seen what the file holds." }
        }
    }
}

/// What a file would bring, and the form that takes it over.
pub fn seen_html(seen: &Seen, token: &str, errors: &Errors, back: &str) -> Markup {
    html! {
        h1 { "Take over " (seen.name) }
        (form::plain_summary(errors, LABELS))
        @if let Some(words) = &seen.refusal { p.message.warn { (words) } }
        dl.facts {
            div { dt { "File" } dd { (seen.name) ", " (seen.size) } }
            div { dt { "What it is" } dd { (seen.kind.words()) } }
        }
        h2 { "What it would do" }
        ul.report { @for line in &seen.lines { li { (line) } } }
        @if seen.refusal.is_some() { p.actions { a.button.quiet href=(back) { "Back" } } }
        @else { (choice_html(seen, token, errors, back)) }
    }
}

const LABELS: &[(&str, &str)] = &[("skip_bad", "Rows"), ("replace", "What is here")];

fn choice_html(seen: &Seen, token: &str, errors: &Errors, back: &str) -> Markup {
    html! {
        form.edit method="post" novalidate {
            (Token(token))
            @if seen.bad_rows > 0 {
                (tick("skip_bad", errors, html! {
                    "Leave out " (Counted(seen.bad_rows as u64, "row that cannot be taken", "rows that cannot be taken"))
                }, ""))
            }
            @if let Some(rows) = &seen.replaces {
                (tick("replace", errors, html! { "Replace what is here: " (rows) },
                    "A backup is made first. Everybody has to sign in again."))
            }
            @if seen.kind == Kind::Django {
                (tick("show_emails", errors, html! { "Publish email addresses on profiles" },
                    "The old site did; here an address is shown only where its owner chose it."))
            }
            div.buttons {
                button.button { "Take it over" }
                a.button.quiet href=(back) { "No, take me back" }
            }
        }
    }
}

fn tick(name: &str, errors: &Errors, label: Markup, help: &str) -> Markup {
    let wrong = errors.of(name);
    html! {
        div.field.check {
            label for=(name) { input id=(name) name=(name) type="checkbox" aria-invalid=[(!wrong.is_empty()).then_some("true")]; " " (label) }
            @if !help.is_empty() { p.help { (help) } }
            @for words in wrong { div.wrong { p { (words) } } }
        }
    }
}

/// What was ticked, or what has to be.
pub fn choice(seen: &Seen, fields: &Fields) -> Result<Choice, Errors> {
    let choice = Choice {
        skip_bad: fields.has("skip_bad"),
        replace: fields.has("replace"),
        show_emails: fields.has("show_emails"),
    };
    let mut errors = Errors::default();
    if seen.bad_rows > 0 && !choice.skip_bad {
        errors.add(
            "skip_bad",
            "Agree to leave these rows out, or mend them first.",
        );
    }
    if seen.replaces.is_some() && !choice.replace {
        errors.add("replace", "Agree that what is here is replaced.");
    }
    if errors.is_empty() {
        Ok(choice)
    } else {
        Err(errors)
    }
}
