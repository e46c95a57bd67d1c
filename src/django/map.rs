//! A row of Django's becomes values of ours, or words about what is wrong with it.
//!
//! The rules are the declarations' ([`crate::schema::Model::check`]), the same as in the admin; here they are only given what stands in
//! the file. Pure: whether a value is taken, and whether what a row points at is there, is found in `django/write.rs`.

use std::borrow::Cow;

use rusqlite::types::ValueRef;

use super::read::Raw;
use super::report::Tidied;
use crate::models::{address, group, letting, profile, user};
use crate::schema::draft::{Draft, Value};
use checking::Checking;

mod checking;

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
