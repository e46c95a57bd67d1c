//! The log of Django's admin becomes history: the same ids and moments, its JSON messages as changes of ours.
//!
//! What a message says is read as Django itself reads it; a sentence of an older Django stays a sentence.

use rusqlite::types::ValueRef;
use serde_json::Value;

use super::map::{Checked, Complaint, complaint, id, text};
use super::moment;
use super::read::Raw;
use crate::models::history::{Change, Entry, Event};

/// The characters that our column for a row's id takes.
const LONGEST_ID: usize = 64;

/// An entry before it is known what its author and its model are called.
pub(super) struct Logged {
    pub(super) id: i64,
    /// Its author, known by the id alone.
    pub(super) user_id: i64,
    /// Nothing where Django had forgotten it.
    pub(super) content_type: Option<i64>,
    pub(super) entry: Entry,
}

/// An entry of the log, or what is wrong with it.
pub(super) fn entry(raw: &Raw<'_>) -> Checked<Logged> {
    let mut complaints = Vec::new();
    let mut note = |complaint: Complaint| complaints.push(complaint);
    let id = id(raw, "id").map_err(&mut note).unwrap_or_default();
    let user_id = super::map::id(raw, "user_id")
        .map_err(&mut note)
        .unwrap_or_default();
    let at = text(raw.get("action_time"))
        .ok()
        .and_then(|text| moment::written(&text));
    if at.is_none() {
        note(complaint(
            raw,
            "action_time",
            "This is no moment, such as 2026-11-22 07:31:05.",
        ));
    }
    let event = match raw.get("action_flag") {
        ValueRef::Integer(1) => Some(Event::Added),
        ValueRef::Integer(2) => Some(Event::Changed),
        ValueRef::Integer(3) => Some(Event::Deleted),
        _ => None,
    };
    if event.is_none() {
        note(complaint(
            raw,
            "action_flag",
            "This is neither 1 (added), 2 (changed) nor 3 (deleted).",
        ));
    }
    let mut words = |column| match text(raw.get(column)) {
        Ok(text) => text.into_owned(),
        Err(reason) => {
            note(complaint(raw, column, reason));
            String::new()
        }
    };
    let (row_id, label, message) = (
        words("object_id"),
        words("object_repr"),
        words("change_message"),
    );
    if row_id.contains('\0') || row_id.chars().count() > LONGEST_ID {
        note(complaint(
            raw,
            "object_id",
            "This is no id: it has a null character or more than 64 characters.",
        ));
    }
    let (changes, sentence) = told(&message);
    let (Some(at), Some(event), true) = (at, event, complaints.is_empty()) else {
        return Err(complaints);
    };
    let entry = Entry {
        at,
        user_id: Some(user_id),
        username: String::new(),
        client: String::new(),
        action: event.word().to_owned(),
        model: (String::new(), String::new()),
        row_id,
        label,
        changes,
        sentence,
    };
    let content_type = match raw.get("content_type_id") {
        ValueRef::Integer(id) => Some(id),
        _ => None,
    };
    Ok(Logged {
        id,
        user_id,
        content_type,
        entry,
    })
}

/// What a message says: changed fields, or a sentence, or nothing beyond what the entry's action says.
fn told(message: &str) -> (Vec<Change>, Option<String>) {
    let parts = match serde_json::from_str::<Vec<Value>>(message) {
        Ok(parts) if message.starts_with('[') => parts,
        _ => {
            return (
                Vec::new(),
                Some(message.to_owned()).filter(|message| !message.trim().is_empty()),
            );
        }
    };
    // Rows that were edited on the same page are named in the message; our entries are about one row.
    let names_others = parts.iter().any(|part| {
        ["added", "changed", "deleted"]
            .iter()
            .any(|verb| part[verb]["name"].is_string())
    });
    if names_others {
        let sentences: Vec<String> = parts.iter().filter_map(sentence).collect();
        return (Vec::new(), Some(sentences.join(" ")));
    }
    (
        parts
            .iter()
            .flat_map(|part| fields(&part["changed"]))
            .map(|field| Change::hidden(&field))
            .collect(),
        None,
    )
}

/// One part of a message in Django's words.
fn sentence(part: &Value) -> Option<String> {
    let other = |value: &Value| {
        Some(format!(
            "{} “{}”",
            value["name"].as_str()?,
            value["object"].as_str()?
        ))
    };
    if let Some(value) = part.get("added") {
        return Some(other(value).map_or("Added.".to_owned(), |other| format!("Added {other}.")));
    }
    if let Some(value) = part.get("changed") {
        let fields = listed(&fields(value));
        return Some(other(value).map_or_else(
            || format!("Changed {fields}."),
            |other| format!("Changed {fields} for {other}."),
        ));
    }
    other(part.get("deleted")?).map(|other| format!("Deleted {other}."))
}

fn fields(changed: &Value) -> Vec<String> {
    let fields = changed["fields"].as_array().map_or(&[][..], Vec::as_slice);
    fields
        .iter()
        .filter_map(|field| field.as_str().map(str::to_owned))
        .collect()
}

fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(message: &str) -> String {
        let (changes, sentence) = told(message);
        let names: Vec<String> = changes.into_iter().map(|change| change.field).collect();
        format!("{}|{}", names.join(","), sentence.unwrap_or_default())
    }

    #[test]
    fn messages_are_read_as_django_reads_them() {
        for (message, expected) in [
            (r#"[{"added": {}}]"#, "|"),
            (
                r#"[{"changed": {"fields": ["Number", "City"]}}]"#,
                "Number,City|",
            ),
            (r#"[{"changed": {"fields": []}}]"#, "|"),
            ("[]", "|"),
            ("", "|"),
            ("Changed number and city.", "|Changed number and city."),
            ("[not JSON", "|[not JSON"),
            (r#"{"added": {}}"#, r#"|{"added": {}}"#),
            (
                r#"[{"changed": {"fields": ["Email", "Staff status"]}}, {"added": {"name": "profile", "object": "ada"}},
                    {"changed": {"name": "profile", "object": "ada", "fields": ["Favorite city"]}},
                    {"deleted": {"name": "profile", "object": "bob"}}]"#,
                "|Changed Email and Staff status. Added profile “ada”. Changed Favorite city for profile “ada”. Deleted profile “bob”.",
            ),
            (
                r#"[{"added": {"name": "profile", "object": "ada"}}, {"added": {}}]"#,
                "|Added profile “ada”. Added.",
            ),
            (
                r#"[1, null, {"changed": 2}, {"changed": {"fields": [3, "Title"]}}]"#,
                "Title|",
            ),
        ] {
            assert_eq!(shown(message), expected, "{message}");
        }
    }

    proptest! {
        #[test]
        fn any_message_says_something_or_nothing(message in ".*", inner in "\\[\\{\"(added|changed)\": [a-z0-9{}\\[\\]\":,]*\\}\\]") {
            shown(&message);
            shown(&inner);
        }
    }
}
