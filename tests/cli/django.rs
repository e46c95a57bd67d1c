//! A Django site's database in the folder of a run: the one that Django wrote, as time and other programs leave it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::run::Run;

/// Another password than the published one, at a cost that tests can afford.
pub(super) const CHEAP: &str =
    "pbkdf2_sha256$1000$seasalt$xLtcw5Eni/f0yu4GtaUc/tGVui1yO/AxQnFBrESFXqM=";

/// What makes address 16 one that can be taken, and the administrator's password one that is soon compared.
const MENDED: &str = "update lettings_address set state = 'CA', zip_code = 92602, country_iso_code = 'USA' where id = 16;
    update auth_user set password = 'pbkdf2_sha256$1000$seasalt$xLtcw5Eni/f0yu4GtaUc/tGVui1yO/AxQnFBrESFXqM=' where id = 1;";

/// The database of the refactored site, as it is in `tests/data/`.
pub(super) fn refactored() -> PathBuf {
    data("django-site.sqlite3")
}

/// That of the site before it was refactored.
pub(super) fn original() -> PathBuf {
    data("django-site-original.sqlite3")
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// A copy in the folder of a run.
pub(super) struct Django {
    pub(super) path: PathBuf,
}

impl Run {
    /// The refactored site's database as `db.sqlite3`, with no row that breaks a rule, changed by these statements.
    pub(super) fn django(&self, sql: &str) -> Django {
        self.django_of(&refactored(), &format!("{MENDED} {sql}"))
    }

    /// The same of a file, as it is but for these statements.
    pub(super) fn django_of(&self, file: &Path, sql: &str) -> Django {
        let django = Django {
            path: self.path("db.sqlite3"),
        };
        std::fs::copy(file, &django.path).expect("a folder of ours");
        django.sql(sql);
        django
    }
}

impl Django {
    /// A connection as any program has one that knows nothing of the rules.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is about what others do to the file"
    )]
    pub(super) fn open(&self) -> Connection {
        let conn = Connection::open(&self.path).expect("a database that can be opened");
        conn.execute_batch("pragma foreign_keys = off; pragma ignore_check_constraints = on")
            .expect("pragmas of SQLite");
        conn
    }

    /// Changes the file.
    pub(super) fn sql(&self, sql: &str) {
        self.open()
            .execute_batch(sql)
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
}
