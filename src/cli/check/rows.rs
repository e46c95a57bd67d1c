//! Rows that break today's rules, and how new the newest one is.

use rusqlite::Connection;

use super::{Finding, warning};
use crate::admin::store::rules::{self, Broken};
use crate::error::Result;
use crate::models::{self, history};
use crate::schema::{Field, Kind, Model};

/// So many are named; the rest is counted.
const NAMED: usize = 20;
/// So much is shown of a value.
const SHOWN: usize = 24;

/// Reads every row; gives the latest time that one was written at.
pub(super) fn look_through(
    conn: &Connection,
    findings: &mut Vec<Finding>,
) -> Result<Option<String>> {
    let mut count = 0;
    let mut newest = history::newest(conn)?.filter(|at| rules::is_moment(at));
    for model in models::ALL.registered() {
        let written = rules::look_through(conn, model, |broken| {
            count += 1;
            if count <= NAMED {
                findings.push(finding(model, &broken));
            }
        })?;
        newest = newest.max(written);
    }
    if count > NAMED {
        findings.push(warning(
            format!("{} more values break today's rules", count - NAMED),
            "mend those above and check again",
        ));
    }
    Ok(newest)
}

fn finding(model: &Model, broken: &Broken) -> Finding {
    let value = broken.value.as_deref();
    warning(
        format!(
            "{} {}, {}{}: {}",
            model.singular,
            broken.id,
            broken.field.name,
            value.map_or_else(String::new, |text| shown(broken.field, text)),
            broken.words.trim_end_matches('.')
        ),
        if broken.is_readable {
            format!("save it right at {}", model.change_url(broken.id))
        } else {
            "mend it with the tool that wrote it".to_owned()
        },
    )
}

/// The beginning of a value, on one line whatever is in it. An e-mail address, wherever somebody put one, is not shown.
fn shown(field: &Field, text: &str) -> String {
    if matches!(field.kind, Kind::Email { .. }) || text.contains('@') {
        return String::new();
    }
    let cut: String = text.chars().take(SHOWN).collect();
    let rest = if cut.len() < text.len() { "…" } else { "" };
    format!(" {cut:?}{rest}")
}
