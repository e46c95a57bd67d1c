//! An account: its declaration and the rules that guard it. Signing in is in `models/user/account.rs`.
//!
//! Nobody can raise themselves: only superusers make superusers, touch them, or grant what they do not hold; and the
//! last one who could is kept.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{group, permission};
use crate::error::Result;
use crate::password;
use crate::schema::draft::{Draft, Errors, Value};
use crate::schema::{
    Author, By, Column, Field, Fieldset, Filter, Hooks, Index, Kind, List, Many, Model, Order,
    check,
};

pub mod account;

const LAST_SUPERUSER: &str = "The last superuser cannot be deleted, deactivated or demoted.";

/// The groups of a user.
pub static GROUPS: Many = Many {
    model: &group::MODEL,
    table: "user_group",
    ours: "user_id",
    theirs: "group_id",
    group: "'Groups'",
};

/// The permissions of a user, besides those of the groups.
pub static PERMISSIONS: Many = Many {
    model: &permission::MODEL,
    table: "user_permission",
    ours: "user_id",
    theirs: "permission_id",
    group: "app || ' · ' || model",
};

const USERNAME: Field = Field::new("username", "Username", Kind::Text { max: 150 })
    .check(check::username)
    .help("Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.");

/// The declaration.
pub static MODEL: Model = Model {
    app: "auth",
    app_title: "Authentication and Authorization",
    slug: "user",
    singular: "user",
    plural: "users",
    title: "Users",
    table: "user",
    label: "username",
    choice: Some("names"),
    fieldsets: &[
        Fieldset::plain(&[USERNAME, Field::new("password", "Password", Kind::Hash)]),
        Fieldset::titled(
            "Personal info",
            &[
                Field::new("first_name", "First name", Kind::Text { max: 150 }).optional(),
                Field::new("last_name", "Last name", Kind::Text { max: 150 }).optional(),
                Field::new("email", "Email address", Kind::Email { max: 254 }).optional(),
            ],
        ),
        Fieldset::titled(
            "Permissions",
            &[
                Field::new("is_active", "Active", Kind::Bool).optional().help(
                    "Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                ),
                Field::new("is_staff", "Staff status", Kind::Bool)
                    .optional()
                    .help("Designates whether the user can log into this admin site."),
                Field::new("is_superuser", "Superuser status", Kind::Bool).optional().help(
                    "Designates that this user has all permissions without explicitly assigning them.",
                ),
                Field::new("groups", "Groups", Kind::Many(&GROUPS)).optional().help(
                    "The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                ),
                Field::new("user_permissions", "User permissions", Kind::Many(&PERMISSIONS))
                    .optional()
                    .help("Specific permissions for this user."),
            ],
        ),
        Fieldset::titled(
            "Important dates",
            &[
                Field::new("last_login", "Last login", Kind::Moment).optional(),
                Field::new("date_joined", "Date joined", Kind::Moment),
            ],
        ),
    ],
    add_fieldsets: Some(&[Fieldset::plain(&[USERNAME, Field::new("password", "Password", Kind::Password)])]),
    list: List {
        columns: &[
            Column::text("Username", "username"),
            Column::text("Email address", "email"),
            Column::text("First name", "first_name"),
            Column::text("Last name", "last_name"),
            Column::flag("Staff status", "is_staff"),
            Column::flag("Active", "is_active"),
        ],
        search: &["names", "email"],
        index: Some(Index { table: "user_search", name: "names" }),
        filters: &[
            Filter { name: "is_staff", label: "Staff status", by: By::Flag("is_staff") },
            Filter { name: "is_superuser", label: "Superuser status", by: By::Flag("is_superuser") },
            Filter { name: "is_active", label: "Active", by: By::Flag("is_active") },
            Filter { name: "groups", label: "Groups", by: By::Many(&GROUPS) },
        ],
        order: Order::By(&["username"]),
    },
    hooks: Hooks { before_save, before_delete, ..Hooks::DEFAULT },
    add_needs_change: true,
    ..Model::DEFAULT
};

/// An account to be written, without a usable password.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct NewUser {
    /// The id to use when it is free.
    pub id: i64,
    /// Unique, case-sensitive.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// May be empty.
    pub email: String,
    /// May use the admin, as far as permissions go.
    pub is_staff: bool,
    /// May do everything.
    pub is_superuser: bool,
}

/// The id of the account with exactly this name.
pub fn id_of(conn: &Connection, username: &str) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached("select id from user where username = ?1")?;
    Ok(statement
        .query_row([username], |row| row.get(0))
        .optional()?)
}

/// Writes an active account and gives its id: the wished one, or a new one when that is taken.
pub fn insert(tx: &Transaction<'_>, user: &NewUser) -> Result<i64> {
    let taken: bool = tx.query_row(
        "select exists (select 1 from user where id = ?1)",
        [user.id],
        |row| row.get(0),
    )?;
    let now = crate::clock::now();
    tx.prepare_cached(
        "insert into user (id, username, first_name, last_name, email, password, is_staff, is_superuser, date_joined, updated_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
    )?
    .execute((
        (!taken).then_some(user.id),
        &user.username,
        &user.first_name,
        &user.last_name,
        &user.email,
        password::UNUSABLE,
        user.is_staff,
        user.is_superuser,
        now,
    ))?;
    Ok(tx.last_insert_rowid())
}

struct Before {
    username: String,
    is_active: bool,
    is_superuser: bool,
    groups: Vec<i64>,
    permissions: Vec<i64>,
}

fn before(conn: &Connection, id: i64) -> Result<Option<Before>> {
    let known = conn
        .query_row(
            "select username, is_active, is_superuser from user where id = ?1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((username, is_active, is_superuser)) = known else {
        return Ok(None);
    };
    let ids = |sql: &str| -> Result<Vec<i64>> {
        let mut statement = conn.prepare_cached(sql)?;
        Ok(statement
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    };
    Ok(Some(Before {
        username,
        is_active,
        is_superuser,
        groups: ids("select group_id from user_group where user_id = ?1")?,
        permissions: ids("select permission_id from user_permission where user_id = ?1")?,
    }))
}

fn before_save(
    tx: &Transaction<'_>,
    author: &Author,
    id: Option<i64>,
    draft: &mut Draft,
) -> Result<Errors> {
    let mut errors = Errors::default();
    let before = id.map_or(Ok(None), |id| before(tx, id))?;
    if before
        .as_ref()
        .is_none_or(|before| before.username != draft.text("username"))
        && has_twin(tx, id, draft.text("username"))?
    {
        errors.add("username", "A user with that username already exists.");
    }
    let Some(before) = before else {
        draft.set("date_joined", Value::Moment(Some(crate::clock::now())));
        return Ok(errors);
    };
    if !author.is_superuser {
        if before.is_superuser {
            errors.add("", "Only superusers can change the account of a superuser.");
        } else if draft.flag("is_superuser") {
            errors.add(
                "is_superuser",
                "Only superusers can grant superuser status.",
            );
        }
        for words in group::not_held(
            tx,
            author,
            draft.many("user_permissions"),
            &before.permissions,
        )? {
            errors.add("user_permissions", words);
        }
        for joined in draft
            .many("groups")
            .iter()
            .filter(|id| !before.groups.contains(id))
        {
            for words in group::not_held(tx, author, &group::permissions_of(tx, *joined)?, &[])? {
                errors.add("groups", words);
            }
        }
    }
    let stays = draft.flag("is_superuser") && draft.flag("is_active");
    if before.is_superuser
        && before.is_active
        && !stays
        && !other_superuser(tx, &[id.unwrap_or_default()])?
    {
        errors.add(
            if draft.flag("is_active") {
                "is_superuser"
            } else {
                "is_active"
            },
            LAST_SUPERUSER,
        );
    }
    Ok(errors)
}

fn before_delete(tx: &Transaction<'_>, author: &Author, ids: &[i64]) -> Result<Option<String>> {
    if author.id.is_some_and(|own| ids.contains(&own)) {
        return Ok(Some("You cannot delete your own account.".to_owned()));
    }
    let superusers: i64 = tx.query_row(
        "select count(*) from user where is_superuser and id in (select value from json_each(?1))",
        [super::json_ids(ids)],
        |row| row.get(0),
    )?;
    if superusers > 0 && !author.is_superuser {
        return Ok(Some(
            "Only superusers can delete the account of a superuser.".to_owned(),
        ));
    }
    if superusers > 0 && !other_superuser(tx, ids)? {
        return Ok(Some(LAST_SUPERUSER.to_owned()));
    }
    Ok(None)
}

/// Whether there is an active superuser besides these.
fn other_superuser(conn: &Connection, ids: &[i64]) -> Result<bool> {
    Ok(conn.query_row(
        "select exists (select 1 from user where is_superuser and is_active and id not in (select value from json_each(?1)))",
        [super::json_ids(ids)],
        |row| row.get(0),
    )?)
}

/// Whether another account has the same name but for letter case. SQLite folds ASCII only, so it is compared here.
pub fn has_twin(conn: &Connection, id: Option<i64>, username: &str) -> Result<bool> {
    let folded = username.to_lowercase();
    let mut statement =
        conn.prepare_cached("select username from user where ?1 is null or id <> ?1")?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        if row
            .get_ref(0)?
            .as_str()
            .is_ok_and(|other| other.to_lowercase() == folded)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
