//! Accounts, as rows: whoever can sign in, and what they may do.

use std::path::Path;
use std::sync::LazyLock;

use oc_lettings::db::backup::Backups;
use oc_lettings::django::{Options, Source, import};
use oc_lettings::password;

use super::Site;

/// The password of every account that has one.
pub(crate) const PASSWORD: &str = "Rain on the roof 7";

/// Its hash, made once: hashing costs a lot on purpose.
static HASH: LazyLock<String> =
    LazyLock::new(|| password::hash(PASSWORD).expect("a password that can be hashed"));

const MADE: &str = "2026-11-03T07:31:05.000000Z";

/// An account before it is made.
#[must_use]
pub(crate) struct User<'s> {
    site: &'s Site,
    username: String,
    hash: String,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
    permissions: Vec<String>,
    groups: Vec<i64>,
}

impl Site {
    /// An active account without any right, with the password of all.
    pub(crate) fn user(&self, username: &str) -> User<'_> {
        User {
            site: self,
            username: username.to_owned(),
            hash: HASH.clone(),
            is_active: true,
            is_staff: false,
            is_superuser: false,
            permissions: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// Moves in from the Django site whose database is this file of `tests/data/`, without the rows that break a rule.
    pub(crate) fn moved_in(&self, file: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(file);
        let source = Source::open(&path, self.folder.path()).expect("a Django site's database");
        let backups = Backups::beside(self.db.path());
        let options = Options {
            skip_bad: true,
            ..Options::default()
        };
        import(&self.db, &backups, &source, options, &mut |_| {}).expect("an empty site takes it");
    }

    /// Adds a group with these permissions, such as `lettings.add_letting`, and gives its id.
    pub(crate) fn group(&self, name: &str, permissions: &[&str]) -> i64 {
        let ids: Vec<i64> = permissions
            .iter()
            .map(|name| self.permission(name))
            .collect();
        self.write(|tx| {
            let id = tx
                .query_row(
                    "insert into \"group\" (name, updated_at) values (?1, ?2) returning id",
                    (name, MADE),
                    |row| row.get(0),
                )
                .expect("a group the schema takes");
            for permission in ids {
                tx.execute(
                    "insert into group_permission values (?1, ?2)",
                    (id, permission),
                )
                .expect("a permission that is there");
            }
            id
        })
    }

    /// The id of a permission.
    pub(crate) fn permission(&self, name: &str) -> i64 {
        self.value(&format!(
            "select id from permission where app || '.' || action || '_' || model = '{name}'"
        ))
        .parse()
        .expect("a permission that is there")
    }

    /// The stored hash of an account.
    pub(crate) fn hash_of(&self, username: &str) -> String {
        self.value(&format!(
            "select password from user where username = '{username}'"
        ))
    }
}

impl User<'_> {
    /// May use the admin.
    pub(crate) fn staff(mut self) -> Self {
        self.is_staff = true;
        self
    }

    /// May do everything.
    pub(crate) fn superuser(mut self) -> Self {
        self.is_superuser = true;
        self.staff()
    }

    /// Was deactivated.
    pub(crate) fn inactive(mut self) -> Self {
        self.is_active = false;
        self
    }

    /// With another hash than that of the password of all; `!` is none.
    pub(crate) fn with_hash(mut self, hash: &str) -> Self {
        hash.clone_into(&mut self.hash);
        self
    }

    /// With these permissions of its own, such as `lettings.add_letting`.
    pub(crate) fn may(mut self, permissions: &[&str]) -> Self {
        self.permissions
            .extend(permissions.iter().map(|name| (*name).to_owned()));
        self
    }

    /// In a group.
    pub(crate) fn in_group(mut self, id: i64) -> Self {
        self.groups.push(id);
        self
    }

    /// Makes it and gives its id.
    pub(crate) fn make(self) -> i64 {
        let permissions: Vec<i64> = self
            .permissions
            .iter()
            .map(|name| self.site.permission(name))
            .collect();
        self.site.write(|tx| {
            let id = tx
                .query_row(
                    "insert into user (username, password, is_active, is_staff, is_superuser, date_joined, updated_at)
                     values (?1, ?2, ?3, ?4, ?5, ?6, ?6) returning id",
                    (&self.username, &self.hash, self.is_active, self.is_staff, self.is_superuser, MADE),
                    |row| row.get(0),
                )
                .expect("a user the schema takes");
            for permission in permissions {
                tx.execute("insert into user_permission values (?1, ?2)", (id, permission))
                    .expect("a permission that is there");
            }
            for group in &self.groups {
                tx.execute("insert into user_group values (?1, ?2)", (id, group))
                    .expect("a group that is there");
            }
            id
        })
    }
}
