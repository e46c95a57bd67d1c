//! Raw input and a declaration become checked values, or words about what is wrong.
//!
//! The only validator of edited data: forms, commands and imports go through it. Pure; whether a row that is pointed at
//! exists, and whether a value is taken, only the database can say.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::{Field, Kind, Model, check};
use crate::password::validate::LONGEST;

/// What is wrong with which field; the empty name is the form as a whole, and `address_id.street` a field of a row
/// that is made in the same form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors(BTreeMap<String, Vec<String>>);

impl Errors {
    /// One field with one complaint.
    pub fn one(field: &str, words: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, words);
        errors
    }

    /// Adds a complaint.
    pub fn add(&mut self, field: &str, words: impl Into<String>) {
        self.0
            .entry(field.to_owned())
            .or_default()
            .push(words.into());
    }

    /// Adds complaints of one field.
    pub fn add_all(&mut self, field: &str, words: Vec<String>) {
        if !words.is_empty() {
            self.0.entry(field.to_owned()).or_default().extend(words);
        }
    }

    /// Adds all complaints about a row that is made in the same form, for the field that is to point at it.
    pub fn add_within(&mut self, field: &str, inner: Self) {
        for (name, words) in inner.0 {
            if name.is_empty() {
                self.add_all(field, words);
            } else {
                self.add_all(&within(field, &name), words);
            }
        }
    }

    /// Adds all complaints of another look.
    pub fn extend(&mut self, other: Self) {
        for (field, words) in other.0 {
            self.0.entry(field).or_default().extend(words);
        }
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field.
    pub fn of(&self, field: &str) -> &[String] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }

    /// Each field with what is wrong with it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0
            .iter()
            .map(|(field, words)| (field.as_str(), words.as_slice()))
    }
}

/// A form's fields as they were sent: names may repeat, nothing is checked.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Pairs as they came.
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The value of a name; sent twice, the first counts.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the name was sent at all.
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// What was typed into the two inputs of a moment.
    pub fn moment(&self, name: &str) -> String {
        let part = |suffix: &str| self.first(&format!("{name}_{suffix}")).unwrap_or("");
        format!("{} {}", part("0"), part("1"))
    }

    /// Whether a moment still reads as the form showed it first. The form sends that along, so that what has moved on
    /// meanwhile by itself, as a last sign-in does, is not put back by who never touched it.
    pub fn is_untouched(&self, name: &str) -> bool {
        self.first(&format!("{name}_initial"))
            .is_some_and(|initial| initial == self.moment(name))
    }

    /// The inputs of the row that is made in the same form for this field, by their own names.
    pub fn within(&self, field: &str) -> Self {
        let prefix = within(field, "");
        let inner = self.0.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(&prefix)?.to_owned(), value.clone()))
        });
        Self(inner.collect())
    }

    /// What a form would send to leave these values as they are.
    pub fn of(draft: &Draft) -> Self {
        let mut pairs = Vec::new();
        for (name, value) in draft.iter() {
            match value {
                Value::Text(text) => pairs.push((name.to_owned(), text.clone())),
                Value::Flag(true) => pairs.push((name.to_owned(), "on".to_owned())),
                Value::Moment(Some(moment)) => {
                    let (date, time) = moment.split_once('T').unwrap_or((moment, ""));
                    pairs.push((format!("{name}_0"), date.to_owned()));
                    pairs.push((
                        format!("{name}_1"),
                        time.trim_end_matches('Z')
                            .trim_end_matches('0')
                            .trim_end_matches('.')
                            .to_owned(),
                    ));
                }
                Value::One(Some(id)) => pairs.push((name.to_owned(), id.to_string())),
                Value::Many(ids) => {
                    pairs.extend(ids.iter().map(|id| (name.to_owned(), id.to_string())));
                }
                Value::New(inner) => {
                    pairs.push((name.to_owned(), NEW.to_owned()));
                    let inner = Self::of(inner).0.into_iter();
                    pairs.extend(inner.map(|(inner, value)| (within(name, &inner), value)));
                }
                Value::Flag(false)
                | Value::Moment(None)
                | Value::One(None)
                | Value::Password(_) => {}
            }
        }
        Self(pairs)
    }

    /// Adds or replaces a value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(key, _)| key != name);
        self.0.push((name.to_owned(), value.into()));
    }
}

/// A checked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text within its limit, without NUL.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A moment as the database writes it, or none.
    Moment(Option<String>),
    /// The id of another row, or none.
    One(Option<i64>),
    /// Another row, to be made together with this one.
    New(Draft),
    /// Ids of other rows, each once, in order.
    Many(Vec<i64>),
    /// A new password in clear, or none; it is hashed before it is stored and never kept.
    Password(Option<String>),
}

/// The checked values of a form, in its order.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft(Vec<(&'static str, Value)>);

/// Names alone: a value may be a password.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

impl Draft {
    /// Values by name.
    pub fn new(values: Vec<(&'static str, Value)>) -> Self {
        Self(values)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    }

    /// Puts a value in the place of another.
    pub fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(field, _)| *field == name) {
            Some(slot) => slot.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.0.iter().position(|(field, _)| *field == name)?;
        Some(self.0.remove(place).1)
    }

    /// A text field's text; nothing when there is no such field.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A yes-or-no field's answer; no when there is no such field.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Flag(true)))
    }

    /// The chosen ids of a relation; none when there is no such field.
    pub fn many(&self, name: &str) -> &[i64] {
        match self.get(name) {
            Some(Value::Many(ids)) => ids,
            _ => &[],
        }
    }

    /// Each field with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(field, value)| (*field, value))
    }
}

impl Model {
    /// Checks everything a declaration can say, all complaints at once.
    pub fn check(&self, fields: &Fields, adding: bool) -> Result<Draft, Errors> {
        let mut errors = Errors::default();
        let mut values = Vec::new();
        for field in self.fields(adding) {
            if matches!(field.kind, Kind::Hash) {
                continue;
            }
            if let Some(target) = field.new_of().filter(|_| wants_new(field, fields)) {
                match target.check(&fields.within(field.name), true) {
                    Ok(inner) => values.push((field.name, Value::New(inner))),
                    Err(inner) => errors.add_within(field.name, inner),
                }
                continue;
            }
            match field.read(fields) {
                Ok(value) => values.push((field.name, value)),
                Err(words) => errors.add(field.name, words),
            }
        }
        let mut draft = Draft(values);
        // Rules across fields speak only of values that are right by themselves.
        if errors.is_empty() {
            errors.extend((self.hooks.check)(&mut draft));
        }
        if errors.is_empty() {
            Ok(draft)
        } else {
            Err(errors)
        }
    }
}

/// A new row was asked for; or something was typed for one where nothing is chosen, as happens in browsers that
/// cannot hide the inputs of a choice not taken.
fn wants_new(field: &Field, fields: &Fields) -> bool {
    match fields.first(field.name).unwrap_or("").trim() {
        NEW => true,
        "" => fields
            .within(field.name)
            .0
            .iter()
            .any(|(_, value)| !value.trim().is_empty()),
        _ => false,
    }
}

/// The name of an input of the row that is made for a field: `address_id.street`.
pub fn within(field: &str, inner: &str) -> String {
    format!("{field}.{inner}")
}

impl Field {
    fn read(&self, fields: &Fields) -> Result<Value, String> {
        let raw = fields.first(self.name).unwrap_or("");
        match self.kind {
            Kind::Text { max } => self.line(raw.trim(), max).map(Value::Text),
            Kind::Verbatim { max } => self
                .line(if raw.trim().is_empty() { "" } else { raw }, max)
                .map(Value::Text),
            Kind::Email { max } => {
                let text = self.line(raw.trim(), max)?;
                if text.is_empty() {
                    Ok(Value::Text(text))
                } else {
                    check::email(&text).map(Value::Text)
                }
            }
            Kind::Bool => Ok(Value::Flag(matches!(raw, "on" | "1" | "true" | "yes"))),
            Kind::Moment => self.moment(fields).map(Value::Moment),
            Kind::Password => self.password(fields).map(Value::Password),
            Kind::Hash => Err("This field cannot be edited here.".to_owned()),
            Kind::One(_) => match raw.trim() {
                "" if self.required => Err(REQUIRED.to_owned()),
                "" => Ok(Value::One(None)),
                text => whole_number(text)
                    .map(|id| Value::One(Some(id)))
                    .ok_or_else(|| CHOICE.to_owned()),
            },
            Kind::Many(_) => {
                let mut ids = Vec::new();
                for text in fields.all(self.name) {
                    ids.push(whole_number(text).ok_or_else(|| {
                        let shown: String = text.chars().take(50).collect();
                        format!(
                            "Select a valid choice. {shown} is not one of the available choices."
                        )
                    })?);
                }
                ids.sort_unstable();
                ids.dedup();
                Ok(Value::Many(ids))
            }
        }
    }

    fn line(&self, text: &str, max: usize) -> Result<String, String> {
        if text.contains('\0') {
            return Err("Null characters are not allowed.".to_owned());
        }
        if text.is_empty() {
            return if self.required {
                Err(REQUIRED.to_owned())
            } else {
                Ok(String::new())
            };
        }
        if text.chars().any(char::is_control) {
            return Err("Control characters are not allowed; this is a single line.".to_owned());
        }
        if text.chars().any(turns_direction) {
            return Err(
                "Characters that turn the direction of writing round are not allowed.".to_owned(),
            );
        }
        at_most(text, max)?;
        // Tidying may lengthen a text, and what is stored has the limit.
        let text = (self.check)(text)?;
        at_most(&text, max)?;
        Ok(text)
    }

    /// Two inputs, as in Django: `<name>_0` a date, `<name>_1` a time, in UTC.
    fn moment(&self, fields: &Fields) -> Result<Option<String>, String> {
        let part = |suffix: &str| {
            fields
                .first(&format!("{}_{suffix}", self.name))
                .unwrap_or("")
                .trim()
                .to_owned()
        };
        let (date, time) = (part("0"), part("1"));
        if date.is_empty() && time.is_empty() {
            return if self.required {
                Err(REQUIRED.to_owned())
            } else {
                Ok(None)
            };
        }
        let date = read_date(&date).ok_or("Enter a valid date.")?;
        let time = read_time(&time).ok_or("Enter a valid time.")?;
        let moment: Timestamp = Offset::UTC
            .to_timestamp(DateTime::from_parts(date, time))
            .map_err(|_| "Enter a valid date.")?;
        Ok(Some(crate::clock::written(moment)))
    }

    /// `<name>1` and `<name>2`, or neither when `usable_password` says so. Never trimmed.
    fn password(&self, fields: &Fields) -> Result<Option<String>, String> {
        if fields.first("usable_password") == Some("false") {
            return Ok(None);
        }
        let part = |suffix: &str| {
            fields
                .first(&format!("{}{suffix}", self.name))
                .unwrap_or("")
        };
        let (first, second) = (part("1"), part("2"));
        if first.is_empty() || second.is_empty() {
            return Err(REQUIRED.to_owned());
        }
        if first.contains('\0') {
            return Err("Null characters are not allowed.".to_owned());
        }
        if first.len() > LONGEST {
            return Err(format!("Ensure this value has at most {LONGEST} bytes."));
        }
        if first != second {
            return Err("The two password fields didn’t match.".to_owned());
        }
        Ok(Some(first.to_owned()))
    }
}

/// What a field that points at another row sends when that row is to be made.
pub const NEW: &str = "new";
/// What a required field says when it is empty.
pub const REQUIRED: &str = "This field is required.";
/// What a choice says when it is none.
pub const CHOICE: &str = "Select a valid choice. That choice is not one of the available choices.";

fn at_most(text: &str, max: usize) -> Result<(), String> {
    let count = text.chars().count();
    if count > max {
        return Err(format!(
            "Ensure this value has at most {max} characters (it has {count})."
        ));
    }
    Ok(())
}

/// Embeddings, overrides and isolates of the Unicode bidirectional algorithm (UAX #9, section 2): they reorder what
/// stands beside them on the page. The plain marks, which scripts from the right need, do not.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A positive id of at most 64 bits.
fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim();
    (text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn read_date(text: &str) -> Option<Date> {
    text.parse::<Date>()
        .ok()
        .or_else(|| Date::strptime("%m/%d/%Y", text).ok())
        .filter(|date| (1..=9999).contains(&date.year()))
}

fn read_time(text: &str) -> Option<Time> {
    text.parse::<Time>()
        .ok()
        .or_else(|| Time::strptime("%H:%M", text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Fieldset;
    use proptest::prelude::*;

    static MODEL: Model = Model {
        fieldsets: &[Fieldset::plain(&[
            Field::new("title", "Title", Kind::Verbatim { max: 5 }),
            Field::new("city", "City", Kind::Text { max: 5 }).optional(),
            Field::new("state", "State", Kind::Text { max: 2 }).check(check::state),
            Field::new("joined", "Joined", Kind::Moment).optional(),
            Field::new("is_active", "Active", Kind::Bool),
        ])],
        ..Model::DEFAULT
    };

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::new(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn values_are_tidied_and_titles_keep_their_blanks() {
        let draft = MODEL
            .check(
                &fields(&[("title", " a "), ("city", "  b "), ("state", " ca")]),
                false,
            )
            .unwrap_or_else(|errors| panic!("{errors:?}"));
        assert_eq!(
            (draft.text("title"), draft.text("city"), draft.text("state")),
            (" a ", "b", "CA")
        );
    }

    #[test]
    fn all_complaints_come_at_once() {
        let errors = MODEL
            .check(
                &fields(&[
                    ("title", "  "),
                    ("city", "ééééé🍊"),
                    ("state", "C"),
                    ("joined_0", "2026-02-30"),
                    ("joined_1", "10:11"),
                ]),
                false,
            )
            .err()
            .unwrap();
        assert_eq!(errors.of("title"), ["This field is required."]);
        assert_eq!(
            errors.of("city"),
            ["Ensure this value has at most 5 characters (it has 6)."]
        );
        assert_eq!(
            errors.of("state"),
            ["Enter the two letters of the state, such as CA."]
        );
        assert_eq!(errors.of("joined"), ["Enter a valid date."]);
    }

    #[test]
    fn moments_are_read_in_the_forms_that_django_takes() {
        for (date, time, written) in [
            ("2024-01-02", "10:11", "2024-01-02T10:11:00.000000Z"),
            ("01/02/2024", "10:11:12", "2024-01-02T10:11:12.000000Z"),
            ("2024-01-02", "10:11:12.5", "2024-01-02T10:11:12.500000Z"),
        ] {
            let draft = MODEL
                .check(
                    &fields(&[
                        ("title", "a"),
                        ("state", "CA"),
                        ("joined_0", date),
                        ("joined_1", time),
                    ]),
                    false,
                )
                .unwrap_or_else(|errors| panic!("{errors:?}"));
            assert_eq!(
                draft.get("joined"),
                Some(&Value::Moment(Some(written.to_owned())))
            );
        }
    }

    proptest! {
        #[test]
        fn any_input_ends_in_values_or_words(title in ".*", city in ".*", date in ".*", time in ".*") {
            let raw = fields(&[("title", &title), ("city", &city), ("state", "CA"), ("joined_0", &date), ("joined_1", &time)]);
            if let Ok(draft) = MODEL.check(&raw, false) {
                prop_assert!(draft.text("title").chars().count() <= 5 && !draft.text("title").contains('\0'));
            }
        }
    }
}
