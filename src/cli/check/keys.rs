//! Keys that can be guessed: short ones, monotonous ones, and those that somebody has published.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{Finding, error, warning};
use crate::config::Config;
use crate::digest;
use crate::error::Result;
use crate::models::setting;

/// As many characters as the configuration asks for outside development.
const LONG: usize = 32;
/// Random text of that length has more distinct characters than this.
const VARIED: usize = 10;
/// A token of 16 characters is out of reach of guessing over a network.
const LONG_TOKEN: usize = 16;
/// How Django begins the keys that it makes for development.
const DJANGO: &str = "django-insecure-";
/// What stands for the key in the replaced site's repository.
const PUBLISHED: &str = "1bb02fb7984650e7f8a12564917084fa";
const CURE: &str = "make one with `openssl rand -base64 48`, or unset it and one is generated";

/// What is given in the configuration.
pub(super) fn given(config: &Config, findings: &mut Vec<Finding>) {
    if let Some(key) = &config.secret_key
        && let Some(problem) = weakness(key.reveal())
    {
        // Development may use any.
        let finding = if config.debug { warning } else { error };
        findings.push(finding(format!("SECRET_KEY {problem}"), CURE.to_owned()));
    }
    if let Some(token) = &config.metrics_token
        && token.reveal().chars().count() < LONG_TOKEN
    {
        findings.push(warning(
            "METRICS_TOKEN is short enough to be guessed",
            "make one with `openssl rand -hex 32`",
        ));
    }
}

/// What was generated and is kept in the database, where nothing else is given.
pub(super) fn kept(config: &Config, conn: &Connection, findings: &mut Vec<Finding>) -> Result<()> {
    if config.secret_key.is_none()
        && let Some(key) = setting::made_key(conn)?
        && let Some(problem) = weakness(&key)
    {
        findings.push(error(
            format!("the generated key in the database {problem}"),
            "set SECRET_KEY to one made with `openssl rand -base64 48`",
        ));
    }
    Ok(())
}

fn weakness(key: &str) -> Option<String> {
    let distinct: BTreeSet<char> = key.chars().collect();
    let length = key.chars().count();
    if digest::tag(key.as_bytes()) == PUBLISHED {
        Some("is the one that the replaced site's repository publishes".to_owned())
    } else if key.starts_with(DJANGO) {
        Some("is one that Django made for development".to_owned())
    } else if length < LONG {
        Some(format!("has only {length} characters"))
    } else if distinct.len() <= VARIED {
        Some(format!("has only {} different characters", distinct.len()))
    } else {
        None
    }
}
