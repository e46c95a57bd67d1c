//! Which files may be put in the database's place: copies of a database of ours that this binary can use.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use crate::db::{self, APPLICATION_ID, file, migrate};
use crate::error::{Error, Result};

/// Opens the copy to read it, once it is found fit as far as can be told before all of it is read.
pub(super) fn open(copy: &Path, database: &Path) -> Result<Connection> {
    let identity = file::identity(copy);
    if identity.is_some() && identity == file::identity(database) {
        return Err(refusal(copy, "it is the database itself"));
    }
    let metadata = match File::open(copy).and_then(|file| file.metadata()) {
        Ok(metadata) => metadata,
        Err(error) => return Err(refusal(copy, &format!("it cannot be read ({error})"))),
    };
    if metadata.is_dir() {
        return Err(refusal(copy, "it is a folder; name a file in it"));
    }
    if !metadata.is_file() {
        return Err(refusal(copy, "it is no ordinary file"));
    }
    if metadata.len() == 0 {
        return Err(refusal(copy, "it is empty"));
    }
    let conn = db::look(copy)?;
    judge(copy, &conn).map_err(|error| unreadable(copy, error))?;
    Ok(conn)
}

fn judge(copy: &Path, conn: &Connection) -> Result<()> {
    conn.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
    refuse_foreign(copy, conn)?;
    refuse_other_schemas(copy, conn)
}

/// What stands in the way of reading the copy is a reason to refuse it.
fn unreadable(copy: &Path, error: Error) -> Error {
    let reason = match &error {
        Error::Internal(cause) => cause.source_of::<rusqlite::Error>(),
        _ => None,
    };
    reason
        .map(words)
        .map_or(error, |words| refusal(copy, &words))
}

fn words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "it is not an SQLite database".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => format!("it is damaged ({error})"),
        _ => error.to_string(),
    }
}

fn refuse_foreign(copy: &Path, conn: &Connection) -> Result<()> {
    let mark = migrate::application_id(conn)?;
    if mark == APPLICATION_ID {
        return Ok(());
    }
    let is_djangos: bool = conn.query_row(
        "select exists (select 1 from sqlite_schema where name = 'django_migrations')",
        [],
        |row| row.get(0),
    )?;
    Err(refusal(
        copy,
        &if is_djangos {
            "it is a Django site's database, which `oc-lettings import-django` takes over"
                .to_owned()
        } else {
            format!(
                "it is a database of another application (its mark is {mark:#010x}, ours is {APPLICATION_ID:#010x})"
            )
        },
    ))
}

fn refuse_other_schemas(copy: &Path, conn: &Connection) -> Result<()> {
    let (found, latest) = (migrate::version(conn)?, migrate::latest());
    if found == 0 {
        return Err(refusal(copy, "it has no list of migrations"));
    }
    if found > latest {
        return Err(refusal(
            copy,
            &format!(
                "it has schema version {found}, made by a newer oc-lettings, and {} knows versions up to {latest}; restore it with the newer one",
                env!("CARGO_PKG_VERSION")
            ),
        ));
    }
    match migrate::stranger(conn)? {
        None => Ok(()),
        Some(name) => Err(refusal(
            copy,
            &format!("its list of migrations is not that of this oc-lettings (at {name})"),
        )),
    }
}

/// Why a copy is not put in the database's place.
pub(super) fn refusal(copy: &Path, words: &str) -> Error {
    Error::Refused(format!(
        "{} cannot be restored: {words}; nothing was changed",
        copy.display()
    ))
}
