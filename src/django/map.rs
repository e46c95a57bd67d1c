//! A row of Django's becomes values of ours, or words about what is wrong with it.
//!
//! The rules are the declarations' ([`Model::check`]), the same as in the admin; here they are only given what stands in
//! the file. Pure: whether a value is taken, and whether what a row points at is there, is found in `django/write.rs`.

use std::borrow::Cow;

use rusqlite::types::ValueRef;

use super::moment;
use super::read::Raw;
use super::report::Tidied;
use crate::models::{address, group, letting, profile, user};
use crate::password::{self, Grade};
use crate::schema::Model;
use crate::schema::draft::{Draft, Errors, Fields, REQUIRED, Value};

/// The characters that our column for hashes takes.
const LONGEST_HASH: usize = 1024;
/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// What is wrong with a column of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) column: &'static str,
    /// The value as it may be shown; nothing where nobody should see it.
    pub(super) value: Option<String>,
    pub(super) reason: String,
}

/// The checked values of a row, or all that is wrong with it.
pub(super) type Checked<T> = Result<T, Vec<Complaint>>;

/// A column and a value that is right, to look at the other columns when its own is wrong.
type StandIn = (&'static str, &'static str);

/// The id, which is a positive whole number.
pub(super) fn id(raw: &Raw<'_>, column: &'static str) -> Result<i64, Complaint> {
    match raw.get(column) {
        ValueRef::Integer(id) if id > 0 => Ok(id),
        _ => Err(complaint(raw, column, "This is no positive whole number.")),
    }
}

/// How the row is called in a report.
pub(super) fn shown_id(raw: &Raw<'_>) -> String {
    shown(raw.get("id"))
}

/// An address. Numbers and ZIPs are integers in Django, texts here.
pub(super) fn address(raw: &Raw<'_>, tidied: &mut Tidied) -> Checked<Draft> {
    // While the country is unknown, the rules of the USA hold: nearly all homes are there.
    const RIGHT: &[StandIn] = &[
        ("number", "1"),
        ("street", "x"),
        ("city", "x"),
        ("state", "CA"),
        ("zip_code", "92602"),
        ("country_iso_code", "USA"),
    ];
    let mut row = Checking::new(raw);
    for column in ["street", "city", "state", "country_iso_code"] {
        row.text(column);
    }
    for column in ["number", "zip_code"] {
        if is_negative(raw.get(column)) {
            row.complain(column, "Ensure this value is greater than or equal to 0.");
        } else {
            row.text(column);
        }
    }
    let zip = row.fields.first("zip_code").unwrap_or("").trim().to_owned();
    let country = row.fields.first("country_iso_code").unwrap_or("").trim();
    let lost_zeros = (1..5).contains(&zip.len()) && zip.bytes().all(|byte| byte.is_ascii_digit());
    let regains = lost_zeros && country.eq_ignore_ascii_case("USA");
    if regains {
        row.fields.set("zip_code", format!("{zip:0>5}"));
    }
    let draft = row.checked(&address::MODEL, RIGHT)?;
    tidied.zips += u64::from(regains);
    tidied.states += u64::from(differs(raw, &draft, "state"));
    tidied.countries += u64::from(differs(raw, &draft, "country_iso_code"));
    tidied.blanks += blanks(
        raw,
        &["number", "street", "city", "state", "country_iso_code"],
    );
    Ok(draft)
}

/// A letting: its title keeps its blanks.
pub(super) fn letting(raw: &Raw<'_>) -> Checked<Draft> {
    let mut row = Checking::new(raw);
    row.text("title");
    row.reference("address_id");
    row.checked(&letting::MODEL, &[("title", "x"), ("address_id", "1")])
}

/// A profile. A city that is not there is an empty one.
pub(super) fn profile(raw: &Raw<'_>, show_emails: bool, tidied: &mut Tidied) -> Checked<Draft> {
    let mut row = Checking::new(raw);
    row.text("favorite_city");
    row.reference("user_id");
    if show_emails {
        row.fields.set("show_email", "on");
    }
    let draft = row.checked(&profile::MODEL, &[("favorite_city", "x"), ("user_id", "1")])?;
    tidied.blanks += blanks(raw, &["favorite_city"]);
    Ok(draft)
}

/// A group.
pub(super) fn group(raw: &Raw<'_>, tidied: &mut Tidied) -> Checked<Draft> {
    let mut row = Checking::new(raw);
    row.text("name");
    let draft = row.checked(&group::MODEL, &[("name", "x")])?;
    tidied.blanks += blanks(raw, &["name"]);
    Ok(draft)
}

/// An account and its stored hash.
pub(super) struct Account {
    pub(super) draft: Draft,
    /// What is stored as the password; one that no password matches is kept as it is.
    pub(super) password: String,
    /// Why no password matches, where none does.
    pub(super) unusable: Option<&'static str>,
}

/// An account. Its name must stay the one that the sign-in form asks for: Django's form writes what is typed in NFKC, so
/// a name in another form could never sign in there, and the declaration's check brings it into that form.
pub(super) fn user(raw: &Raw<'_>, tidied: &mut Tidied) -> Checked<Account> {
    const RIGHT: &[StandIn] = &[
        ("username", "x"),
        ("first_name", ""),
        ("last_name", ""),
        ("email", ""),
        ("date_joined", "2000-01-01 00:00:00"),
        ("last_login", ""),
    ];
    const TEXTS: [&str; 4] = ["username", "first_name", "last_name", "email"];
    let mut row = Checking::new(raw);
    for column in TEXTS {
        row.text(column);
    }
    for column in ["is_active", "is_staff", "is_superuser"] {
        row.flag(column);
    }
    row.moment("date_joined", true);
    row.moment("last_login", false);
    let password = row.password();
    let draft = row.checked(&user::MODEL, RIGHT)?;
    let (password, unusable) = password.unwrap_or_default();
    tidied.blanks += blanks(raw, &TEXTS);
    tidied.usernames += u64::from(differs(raw, &draft, "username"));
    Ok(Account {
        draft,
        password,
        unusable,
    })
}

/// A row that is being looked at: what it gives to its declaration, and what is wrong already.
struct Checking<'r> {
    raw: &'r Raw<'r>,
    fields: Fields,
    complaints: Vec<Complaint>,
}

impl<'r> Checking<'r> {
    fn new(raw: &'r Raw<'r>) -> Self {
        Self {
            raw,
            fields: Fields::default(),
            complaints: Vec::new(),
        }
    }

    fn complain(&mut self, column: &'static str, reason: impl Into<String>) {
        self.complaints.push(complaint(self.raw, column, reason));
    }

    /// A text, or a number that is written as one.
    fn text(&mut self, column: &'static str) {
        match text(self.raw.get(column)) {
            Ok(text) => self.fields.set(column, text),
            Err(reason) => self.complain(column, reason),
        }
    }

    /// The id of another row.
    fn reference(&mut self, column: &'static str) {
        match self.raw.get(column) {
            ValueRef::Null => self.complain(column, REQUIRED),
            ValueRef::Integer(id) if id > 0 => self.fields.set(column, id.to_string()),
            _ => self.complain(column, "This is no positive whole number."),
        }
    }

    /// Django writes 0 and 1. To Python any text is true, `false` as well: such a right is not guessed at.
    fn flag(&mut self, column: &'static str) {
        match self.raw.get(column) {
            ValueRef::Integer(0) => {}
            ValueRef::Integer(1) => self.fields.set(column, "on"),
            _ => self.complain(column, "This is neither 0 nor 1."),
        }
    }

    fn moment(&mut self, column: &'static str, required: bool) {
        let value = self.raw.get(column);
        if value == ValueRef::Null && !required {
            return;
        }
        match text(value).ok().and_then(|text| moment::written(&text)) {
            Some(moment) => set_moment(&mut self.fields, column, &moment),
            None => self.complain(column, "This is no moment, such as 2026-11-22 07:31:05."),
        }
    }

    /// What is stored, and why no password matches it where none does.
    fn password(&mut self) -> Option<(String, Option<&'static str>)> {
        let stored = match text(self.raw.get("password")) {
            Ok(stored) if !stored.contains('\0') => stored,
            _ => return self.refuse_password("This is no text."),
        };
        if stored.chars().count() > LONGEST_HASH {
            return self.refuse_password("This is too long.");
        }
        match password::grade(&stored) {
            Grade::Usable => Some((stored.into_owned(), None)),
            // An account made without a password has an empty one, which ours cannot be.
            Grade::Unusable if stored.is_empty() => {
                Some((password::UNUSABLE.to_owned(), Some("unusable")))
            }
            Grade::Unusable => Some((stored.into_owned(), Some("unusable"))),
            Grade::Abandoned(kind) => Some((stored.into_owned(), Some(kind))),
            Grade::TooCostly => self.refuse_password(
                "Checking a password against this hash would take too much time or memory (more than 10 million rounds of PBKDF2, 256 MiB, or a bcrypt cost of 14).",
            ),
            Grade::Malformed => self.refuse_password("This is no hash of a kind that Django writes."),
        }
    }

    fn refuse_password(&mut self, reason: &'static str) -> Option<(String, Option<&'static str>)> {
        self.complain("password", reason);
        None
    }

    /// Asks the declaration. A rule across columns speaks only when each is right by itself, so wrong ones are replaced
    /// by right ones and it is asked again: all that is wrong is said at once.
    fn checked(mut self, model: &Model, right: &[StandIn]) -> Checked<Draft> {
        self.stand_in(right, |column, complaints| {
            complaints
                .iter()
                .any(|complaint| complaint.column == column)
        });
        loop {
            match model.check(&self.fields, false) {
                Ok(draft) if self.complaints.is_empty() => return Ok(draft),
                Ok(_) => return Err(self.complaints),
                Err(errors) => self.take(model, &errors, right),
            }
        }
    }

    fn take(&mut self, model: &Model, errors: &Errors, right: &[StandIn]) {
        for field in model.fields(false) {
            for reason in errors.of(field.name) {
                self.complain(field.name, reason);
            }
        }
        self.stand_in(right, |column, _| !errors.of(column).is_empty());
    }

    fn stand_in(&mut self, right: &[StandIn], is_wrong: impl Fn(&str, &[Complaint]) -> bool) {
        for (column, value) in right {
            if !is_wrong(column, &self.complaints) {
                continue;
            }
            match moment::written(value) {
                Some(moment) => set_moment(&mut self.fields, column, &moment),
                None => self.fields.set(column, *value),
            }
        }
    }
}

/// As the declaration's form would send it.
fn set_moment(fields: &mut Fields, column: &str, moment: &str) {
    let (date, time) = moment.split_once('T').unwrap_or((moment, ""));
    fields.set(&format!("{column}_0"), date);
    fields.set(&format!("{column}_1"), time.trim_end_matches('Z'));
}

/// The moment of a checked row.
pub(super) fn moment_of<'d>(draft: &'d Draft, column: &str) -> Option<&'d str> {
    match draft.get(column) {
        Some(Value::Moment(moment)) => moment.as_deref(),
        _ => None,
    }
}

/// What a checked row points at.
pub(super) fn reference_of(draft: &Draft, column: &str) -> Option<i64> {
    match draft.get(column) {
        Some(Value::One(id)) => *id,
        _ => None,
    }
}

/// A complaint that shows the value, unless it is one that nobody should see.
pub(super) fn complaint(
    raw: &Raw<'_>,
    column: &'static str,
    reason: impl Into<String>,
) -> Complaint {
    let value = (!matches!(column, "email" | "password")).then(|| shown(raw.get(column)));
    Complaint {
        column,
        value,
        reason: reason.into(),
    }
}

/// A text as it stands; a whole number as digits, since SQLite keeps what columns were not made for; nothing as empty.
pub(super) fn text(value: ValueRef<'_>) -> Result<Cow<'_, str>, &'static str> {
    match value {
        ValueRef::Null => Ok(Cow::Borrowed("")),
        ValueRef::Integer(number) => Ok(Cow::Owned(number.to_string())),
        // Beyond 2^53 not every whole number is one of these.
        ValueRef::Real(number)
            if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 =>
        {
            Ok(Cow::Owned(format!("{number:.0}")))
        }
        ValueRef::Real(_) => Err("This is a number with a fraction."),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| "This is not UTF-8 text."),
        ValueRef::Blob(_) => Err("This is binary, or longer than a mebibyte."),
    }
}

/// A value in one short line.
pub(super) fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let first: String = text.chars().take(SHOWN).collect();
            let more = if first.len() < text.len() { "…" } else { "" };
            format!("{first:?}{more}")
        }
        ValueRef::Blob(_) => "(binary)".to_owned(),
    }
}

fn is_negative(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Integer(number) => number < 0,
        ValueRef::Real(number) => number < 0.0,
        _ => false,
    }
}

/// Whether more was done to a text than taking the blanks around it away.
fn differs(raw: &Raw<'_>, draft: &Draft, column: &str) -> bool {
    text(raw.get(column)).is_ok_and(|text| text.trim() != draft.text(column))
}

/// How many of the texts lost blanks around them.
fn blanks(raw: &Raw<'_>, columns: &[&str]) -> u64 {
    let lost =
        |column: &&&str| text(raw.get(column)).is_ok_and(|text| text.trim().len() < text.len());
    columns.iter().filter(lost).count() as u64
}
