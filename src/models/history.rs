//! What was changed, by whom, from where: written in the transaction of the change itself, never rewritten.
//!
//! Changes are a JSON list of objects with `field` and, where there is something to tell, `old` and `new`; or one JSON
//! text, where an entry came from elsewhere and says it in a sentence. An entry keeps names as text and outlives both its
//! row and its author.

use rusqlite::{Connection, Row, Transaction, params_from_iter};
use serde::{Deserialize, Serialize};

use super::search;
use crate::error::{Context, Result};
use crate::paging::Window;
use crate::schema::search::{Found, Search, Texts};
use crate::schema::{Author, Model};

/// Longest value that is kept of a change, in characters; the row itself has the whole.
const KEPT: usize = 200;
/// So many of the newest entries are looked through for words that are too short for an index: there may be millions.
pub const COMPARED: u32 = 100_000;

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It was made.
    Added,
    /// It was changed.
    Changed,
    /// It was deleted.
    Deleted,
}

impl Event {
    /// The word that the table holds.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "add",
            Self::Changed => "change",
            Self::Deleted => "delete",
        }
    }
}

/// One field's change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's label.
    pub field: String,
    /// What it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl Change {
    /// A field with both values, cut to what is worth keeping.
    pub fn new(field: &str, old: &str, new: &str) -> Self {
        let cut = |text: &str| text.chars().take(KEPT).collect();
        Self {
            field: field.to_owned(),
            old: Some(cut(old)),
            new: Some(cut(new)),
        }
    }

    /// A field whose values are nobody's business, such as a password.
    pub fn hidden(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            old: None,
            new: None,
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in UTC.
    pub at: String,
    /// The author's account, which may be gone; nothing for a command.
    pub user_id: Option<i64>,
    /// The author's name as it was then.
    pub username: String,
    /// Where from.
    pub client: String,
    /// What happened: `add`, `change` or `delete`.
    pub action: String,
    /// The model's app and name.
    pub model: (String, String),
    /// The row's id, as text.
    pub row_id: String,
    /// What the row was called then.
    pub label: String,
    /// What changed.
    pub changes: Vec<Change>,
    /// What happened, in the words of where the entry came from; mostly nothing, since `action` and `changes` say it.
    pub sentence: Option<String>,
}

/// The two forms of what the table holds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Changes(Vec<Change>),
    Sentence(String),
}

/// Writes an entry that was made elsewhere, with the id that it had there.
pub fn insert(tx: &Transaction<'_>, id: i64, entry: &Entry) -> Result<()> {
    let changes = match &entry.sentence {
        Some(sentence) => serde_json::to_string(sentence),
        None => serde_json::to_string(&entry.changes),
    };
    tx.prepare_cached(
        "insert into history (id, at, user_id, username, client, action, app, model, row_id, label, changes)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute((
        id,
        &entry.at,
        entry.user_id,
        &entry.username,
        &entry.client,
        &entry.action,
        &entry.model.0,
        &entry.model.1,
        &entry.row_id,
        &entry.label,
        changes.context("write the changes as JSON")?,
    ))?;
    Ok(())
}

/// Runs a change of entries that are there, which nothing else may do: the triggers that hold the history together are
/// taken off for it and put back word for word. Whatever fails, the caller's transaction must not be committed.
pub fn rewrite<T>(
    tx: &Transaction<'_>,
    change: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let triggers = search::take_off(tx, "tbl_name = 'history'")?;
    let answer = change(tx)?;
    search::put_back(tx, &triggers)?;
    // The index of words was kept by one of them.
    search::renew_history(tx)?;
    Ok(answer)
}

impl Entry {
    /// Who did it, as people read it.
    pub fn author(&self) -> &str {
        if self.username.is_empty() {
            "command line"
        } else {
            &self.username
        }
    }
}

/// Writes down what somebody did that changed no row of a model: a sentence about a thing of this kind.
pub fn note(
    tx: &Transaction<'_>,
    author: &Author,
    (app, kind): (&str, &str),
    label: &str,
    sentence: &str,
) -> Result<()> {
    let sentence = serde_json::to_string(sentence).context("write the sentence as JSON")?;
    tx.prepare_cached(
        "insert into history (at, user_id, username, client, action, app, model, row_id, label, changes)
         values (?1, ?2, ?3, ?4, 'change', ?5, ?6, '', ?7, ?8)",
    )?
    .execute((
        crate::clock::now(),
        author.id,
        &author.username,
        client_of(author),
        app,
        kind,
        label,
        sentence,
    ))?;
    Ok(())
}

fn client_of(author: &Author) -> String {
    author
        .client
        .map(|client| client.to_string())
        .unwrap_or_default()
}

/// Writes what happened to one row.
pub fn record(
    tx: &Transaction<'_>,
    author: &Author,
    model: &Model,
    event: Event,
    row: (i64, &str),
    changes: &[Change],
) -> Result<()> {
    let changes = serde_json::to_string(changes).context("write the changes as JSON")?;
    tx.prepare_cached(
        "insert into history (at, user_id, username, client, action, app, model, row_id, label, changes)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute((
        crate::clock::now(),
        author.id,
        &author.username,
        client_of(author),
        event.word(),
        model.app,
        model.slug,
        row.0.to_string(),
        row.1,
        changes,
    ))?;
    Ok(())
}

/// What happened to one row, a page at a time, the oldest first or the newest.
pub fn of_row(
    conn: &Connection,
    model: &Model,
    id: i64,
    newest_first: bool,
    limit: i64,
    offset: i64,
) -> Result<Vec<Entry>> {
    let direction = if newest_first { "desc" } else { "asc" };
    let sql = format!(
        "select * from history where app = ?1 and model = ?2 and row_id = ?3 order by id {direction} limit ?4 offset ?5"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement
        .query_map((model.app, model.slug, id.to_string(), limit, offset), read)?
        .collect::<Result<_, _>>()?)
}

/// How much happened to one row.
pub fn count_of_row(conn: &Connection, model: &Model, id: i64) -> Result<u64> {
    let mut statement = conn.prepare_cached(
        "select count(*) from history where app = ?1 and model = ?2 and row_id = ?3",
    )?;
    Ok(statement.query_row((model.app, model.slug, id.to_string()), |row| row.get(0))?)
}

/// What one account did last, the newest first.
pub fn of_user(conn: &Connection, user_id: i64, limit: i64) -> Result<Vec<Entry>> {
    let mut statement =
        conn.prepare_cached("select * from history where user_id = ?1 order by id desc limit ?2")?;
    Ok(statement
        .query_map((user_id, limit), read)?
        .collect::<Result<_, _>>()?)
}

/// When the last thing happened.
pub fn newest(conn: &Connection) -> Result<Option<String>> {
    Ok(conn.query_row("select max(at) from history", [], |row| row.get(0))?)
}

/// How far back the newest entries of some models are looked for, in entries of all.
const LOOKED_BACK: i64 = 1_000;

/// What everybody did last to rows of these models, the newest first; of what happened lately.
pub fn recent(conn: &Connection, models: &[&Model], limit: i64) -> Result<Vec<Entry>> {
    let names: Vec<String> = models
        .iter()
        .map(|model| format!("{}.{}", model.app, model.slug))
        .collect();
    let mut statement = conn.prepare_cached(
        "select * from (select * from history order by id desc limit ?3)
         where app || '.' || model in (select value from json_each(?1)) order by id desc limit ?2",
    )?;
    let names = serde_json::json!(names).to_string();
    Ok(statement
        .query_map((names, limit, LOOKED_BACK), read)?
        .collect::<Result<_, _>>()?)
}

/// Everything that happened in whose row's name, author or client the words occur, a page at a time.
pub fn all(
    conn: &Connection,
    search: &Search,
    newest_first: bool,
    window: Window,
) -> Result<Vec<Entry>> {
    let direction = |forward: bool| if forward { "asc" } else { "desc" };
    let mut found = found(search);
    let (limit, offset) = (
        found.bind(window.limit.into()),
        found.bind(window.offset.into()),
    );
    let sql = format!(
        "select * from history where id in (select {id} from {} order by {id} {} limit {limit} offset {offset})
         order by id {}",
        found.ids(),
        direction(newest_first == window.from_end),
        direction(!newest_first),
        id = found.id(),
    );
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement
        .query_map(params_from_iter(found.parameters), read)?
        .collect::<Result<_, _>>()?)
}

/// How much of it there is.
pub fn count_all(conn: &Connection, search: &Search) -> Result<u64> {
    let found = found(search);
    let mut statement = conn.prepare_cached(&format!("select count(*) from {}", found.ids()))?;
    Ok(statement.query_row(params_from_iter(found.parameters), |row| row.get(0))?)
}

fn found(search: &Search) -> Found {
    let mut found = search.within(Texts {
        table: "history",
        fields: &["label", "username", "client"],
        index: Some(("history_search", None)),
    });
    if search.has_short_words() {
        found.demand(COMPARED.into(), |place| {
            format!("id > (select max(id) from history) - {place}")
        });
    }
    found
}

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let changes: String = row.get("changes")?;
    let (changes, sentence) = match serde_json::from_str::<Told>(&changes) {
        Ok(Told::Changes(changes)) => (changes, None),
        Ok(Told::Sentence(sentence)) => (Vec::new(), Some(sentence)),
        Err(_) => (Vec::new(), None),
    };
    Ok(Entry {
        at: row.get("at")?,
        user_id: row.get("user_id")?,
        username: row.get("username")?,
        client: row.get("client")?,
        action: row.get("action")?,
        model: (row.get("app")?, row.get("model")?),
        row_id: row.get("row_id")?,
        label: row.get("label")?,
        changes,
        sentence,
    })
}
