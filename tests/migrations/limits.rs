//! What each column takes and what it refuses, at and beyond its limits.
//!
//! Each CHECK has rows that it refuses, matched to it by the words in which SQLite names it, so that a new CHECK
//! without such a row fails here.

use std::collections::BTreeSet;

use oc_lettings::error::{Error, Result};

use super::fresh::{Fresh, NOW, ROWS, insert};

/// What a column takes and what it refuses, as SQL expressions; the other columns are as in `ROWS`.
struct Limit {
    table: &'static str,
    column: &'static str,
    takes: &'static [&'static str],
    refuses: &'static [&'static str],
}

const fn limit(
    table: &'static str,
    column: &'static str,
    takes: &'static [&'static str],
    refuses: &'static [&'static str],
) -> Limit {
    Limit {
        table,
        column,
        takes,
        refuses,
    }
}

/// `12 × x` is x, twelve times. A table reads as a table, therefore it is not formatted.
#[rustfmt::skip]
const LIMITS: &[Limit] = &[
    limit("setting", "name", &["'x'", "64 × 🏡"], &["''", "65 × x", "'a' || char(0)"]),
    limit("user", "username",
        &["'a'", "150 × 🏡", "'A.b@c+d-e_9'", "'zoë'", "'.a'", "'a..'", "'Ω'"],
        &[
            "''", "151 × 🏡", "'a' || char(0) || 'b'", "char(0)", "'.'", "'...'",
            "'a b'", "'a/b'", "'a:b'", "'a,b'", "'a*b'", "'a?b'", "'a[b'", "'a]b'", "'a\\b'", "'a^b'", "'a`b'",
            "'a{b'", "'a|b'", "'a~b'", "'a!b'", "'a''b'", "'a\"b'", "'a#b'", "'a$b'", "'a%b'", "'a&b'", "'a(b'",
            "'a)b'", "'a;b'", "'a<b'", "'a=b'", "'a>b'", "char(1)", "char(9)", "char(10)", "char(31)", "char(127)",
        ]),
    limit("user", "first_name", &["''", "150 × 🏡"], &["151 × 🏡", "'a' || char(0)"]),
    limit("user", "last_name", &["''", "150 × é"], &["151 × é", "char(0) || 'a'"]),
    limit("user", "email", &["''", "254 × x"], &["255 × x", "'a' || char(0)"]),
    limit("user", "password", &["'!'", "1024 × x"], &["''", "1025 × x", "'a' || char(0)"]),
    limit("user", "is_active", &["0", "1"], &["2", "-1"]),
    limit("user", "is_staff", &["0", "1"], &["2", "-1"]),
    limit("user", "is_superuser", &["0", "1"], &["2", "-1"]),
    limit("user", "date_joined",
        &["'0000-01-01T00:00:00.000000Z'", "'2024-02-29T23:59:59.999999Z'", "'9999-12-31T23:59:59.999999Z'"],
        &[
            "''", "'2026-02-29T00:00:00.000000Z'", "'2026-02-30T00:00:00.000000Z'", "'2026-13-01T00:00:00.000000Z'",
            "'2026-00-01T00:00:00.000000Z'", "'2026-01-00T00:00:00.000000Z'", "'2026-01-32T00:00:00.000000Z'",
            "'2026-01-01T24:00:00.000000Z'", "'2026-01-01T29:00:00.000000Z'", "'2026-01-01T00:60:00.000000Z'",
            "'2026-01-01T00:00:60.000000Z'", "'2026-01-01T00:00:00Z'", "'2026-01-01T00:00:00.00000Z'",
            "'2026-01-01T00:00:00.000000'", "'2026-01-01 00:00:00.000000Z'", "'2026-01-01T00:00:00.000000+00:00'",
            "'2026-01-01T00:00:00.000000z'", "'2026-01-01T00:00:00.000000Z' || char(0)",
        ]),
    limit("user", "last_login",
        &["null", NOW],
        &["''", "'2026-02-30T00:00:00.000000Z'", "'2026-01-01T24:00:00.000000Z'", "'2026-01-01'",
            "'2026-01-01T00:00:00.000000Z' || char(0)"]),
    limit("user", "version", &["1", "9223372036854775807"], &["0", "-1"]),
    limit("group", "name", &["'x'", "150 × 🏡"], &["''", "151 × 🏡", "'a' || char(0)"]),
    limit("group", "version", &["1"], &["0"]),
    limit("permission", "app", &["'x'", "100 × x"], &["''", "101 × x", "'a' || char(0)"]),
    limit("permission", "model", &["'x'", "100 × x"], &["''", "101 × x", "'a' || char(0)"]),
    limit("permission", "action", &["'add'", "'change'", "'delete'", "'view'"], &["''", "'ADD'", "'other'"]),
    limit("session", "token_hash", &["randomblob(32)"], &["zeroblob(0)", "zeroblob(31)", "zeroblob(33)"]),
    limit("session", "client", &["''", "64 × x"], &["65 × x", "'a' || char(0)"]),
    limit("session", "user_agent", &["''", "512 × 🏡"], &["513 × 🏡", "'a' || char(0)"]),
    limit("address", "number",
        &["'9'", "'12-34'", "'100B'", "'1/2'", "'1.5'", "'12 1/2'", "'1234567890'"],
        &["''", "' '", "'12345678901'", "'1' || char(0)", "'1_2'", "'#1'", "'é'", "'1' || char(9)", "'1,2'"]),
    limit("address", "street", &["'x'", "64 × 🏡"], &["''", "' '", "65 × 🏡", "'a' || char(0)"]),
    limit("address", "unit", &["''", "16 × 🏡"], &["17 × 🏡", "'a' || char(0)"]),
    limit("address", "city", &["'x'", "64 × 🏡"], &["''", "' '", "65 × 🏡", "'a' || char(0)"]),
    limit("address", "state",
        &["'CA'", "'DC'", "'PR'", "'AA'", "'AE'", "'AP'", "'GU'"],
        &["''", "'C'", "'ca'", "'Ca'", "'CAL'", "'C1'", "'ÉA'", "'XX'", "'UK'", "'CA' || char(0)"]),
    limit("address", "zip_code",
        &["'00501'", "'12345-6789'"],
        &[
            "''", "'501'", "'123456'", "'12345-678'", "'12345 6789'", "'1234a'", "'١٢٣٤٥'", "'12345-67890'",
            "'12345' || char(0)",
        ]),
    limit("address", "country_iso_code",
        &["'USA'", "'FRA'"],
        &["''", "'US'", "'usa'", "'USAA'", "'U1A'", "'USA' || char(0)"]),
    limit("address", "version", &["1"], &["0"]),
    limit("letting", "title",
        &["'x'", "256 × 🏡", "' padded '", "'''Silo Studio'' Cottage'"],
        &["''", "' '", "257 × 🏡", "'a' || char(0)"]),
    limit("letting", "version", &["1"], &["0"]),
    limit("place", "lettings", &["0"], &["-1"]),
    limit("state", "lettings", &["0"], &["-1"]),
    limit("span", "list", &["'letting'", "'profile'"], &["''", "'user'"]),
    limit("span", "ids", &["32", "1024", "32768"], &["1", "0"]),
    limit("span", "rows", &["0"], &["-1"]),
    limit("profile", "favorite_city", &["''", "64 × 🏡"], &["65 × 🏡", "'a' || char(0)"]),
    limit("profile", "show_email", &["0", "1"], &["2", "-1"]),
    limit("profile", "version", &["1"], &["0"]),
    limit("history", "username", &["''", "150 × 🏡"], &["151 × 🏡", "'a' || char(0)"]),
    limit("history", "client", &["''", "64 × x"], &["65 × x", "'a' || char(0)"]),
    limit("history", "action", &["'add'", "'change'", "'delete'"], &["''", "'view'"]),
    limit("history", "app", &["'x'", "100 × x"], &["''", "101 × x", "'a' || char(0)"]),
    limit("history", "model", &["'x'", "100 × x"], &["''", "101 × x", "'a' || char(0)"]),
    limit("history", "row_id", &["''", "64 × x"], &["65 × x", "'a' || char(0)"]),
    limit("history", "changes", &["'[]'", "'[{\"a\":\"🏡\"}]'"], &["''", "'['", "'x'"]),
];

#[test]
fn a_row_at_each_limit_is_taken() {
    let fresh = Fresh::new();
    for limit in LIMITS {
        for expression in limit.takes {
            let answer = fresh.attempt(limit.table, limit.column, expression);
            assert_eq!(
                answer,
                Ok(()),
                "{} {} {expression}",
                limit.table,
                limit.column
            );
        }
    }
}

#[test]
fn a_row_beyond_each_limit_is_refused_and_every_check_refuses_some_row() {
    let fresh = Fresh::new();
    let mut unbroken: BTreeSet<_> = ROWS
        .iter()
        .flat_map(|(table, _)| checks(&fresh, table))
        .collect();
    assert!(unbroken.len() > 40, "{unbroken:#?}");
    for limit in LIMITS {
        for expression in limit.refuses {
            let case = format!("{} {} {expression}", limit.table, limit.column);
            let error = fresh
                .attempt(limit.table, limit.column, expression)
                .expect_err(&case);
            let (_, check) = error
                .split_once("CHECK constraint failed: ")
                .unwrap_or_else(|| panic!("{case}: {error}"));
            let check = single_blanks(check);
            unbroken.retain(|(table, known)| *table != limit.table || !check.starts_with(known));
        }
    }
    assert!(unbroken.is_empty(), "no row here breaks {unbroken:#?}");
}

#[test]
fn outside_the_usa_states_are_two_capitals_and_zip_codes_up_to_ten_characters_or_none() {
    let fresh = Fresh::new();
    let attempt = |zip: &str, state: &str| -> Result<(), String> {
        let taken: Result<()> = fresh.db.write_now(|tx| {
            let other = [
                ("zip_code", zip),
                ("state", state),
                ("country_iso_code", "'FRA'"),
            ];
            insert(tx, "address", &other)?;
            Err(Error::NotFound)
        });
        match taken {
            Err(Error::NotFound) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    };
    for zip in [
        "''",
        "'F-75001'",
        "'SW1A 1AA'",
        "'1234567890'",
        "'東京東京東京東京東京'",
    ] {
        assert_eq!(attempt(zip, "'XX'"), Ok(()), "{zip}");
    }
    for (zip, state) in [
        ("'12345678901'", "'XX'"),
        ("'1' || char(0)", "'XX'"),
        ("''", "'X'"),
        ("''", "'xx'"),
    ] {
        assert!(attempt(zip, state).is_err(), "{zip} {state}");
    }
}

#[test]
fn every_state_of_the_post_office_is_taken_and_no_other() {
    let fresh = Fresh::new();
    let letters = || 'A'..='Z';
    let taken = letters()
        .flat_map(|first| letters().map(move |second| format!("{first}{second}")))
        .filter(|state| {
            fresh
                .attempt("address", "state", &format!("'{state}'"))
                .is_ok()
        })
        .count();
    assert_eq!(
        taken,
        50 + 1 + 8 + 3,
        "states, the district, possessions and associated states, military"
    );
}

#[test]
fn every_table_with_a_check_has_a_row_here() {
    let fresh = Fresh::new();
    let tables = fresh.ask("select group_concat(name) from sqlite_schema where type = 'table' and sql like '%check (%'");
    for table in tables.split(',') {
        assert!(ROWS.iter().any(|(name, _)| *name == table), "{table}");
    }
}

#[test]
fn every_table_is_strict() {
    let fresh = Fresh::new();
    assert_eq!(
        fresh.ask(
            "select coalesce(group_concat(name), '') from pragma_table_list
             where schema = 'main' and type = 'table' and strict = 0
               and name not in ('refinery_schema_history', 'sqlite_sequence', 'sqlite_schema')"
        ),
        ""
    );
    assert!(
        fresh
            .refused("insert into profile (user_id, updated_at, show_email) values (1, '', 'yes')")
            .contains("cannot store TEXT value in INTEGER column")
    );
}

/// The expressions of each CHECK of a table, with single blanks, as SQLite names them when a row breaks one.
fn checks(fresh: &Fresh, table: &'static str) -> BTreeSet<(&'static str, String)> {
    let sql = fresh.ask(&format!(
        "select sql from sqlite_schema where type = 'table' and name = '{table}'"
    ));
    let mut checks = BTreeSet::new();
    let mut rest = sql.as_str();
    while let Some(start) = rest.find("check (") {
        let inner = &rest[start + "check (".len()..];
        let end = closing(inner).expect("SQLite accepted the brackets");
        checks.insert((table, single_blanks(&inner[..end])));
        rest = &inner[end..];
    }
    checks
}

/// Where the bracket closes that is open at the start; brackets within quotes are text.
fn closing(sql: &str) -> Option<usize> {
    let (mut depth, mut quoted) = (0, false);
    for (at, c) in sql.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => return Some(at),
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

fn single_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
