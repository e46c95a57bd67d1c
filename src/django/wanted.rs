//! Which tables and columns of Django's are read, by the names they have there.

/// A table of Django's and what is read of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name, and the one it had before the site was refactored.
    pub(super) names: &'static [&'static str],
    /// The columns in the order in which they are read; the id comes first.
    pub(super) columns: &'static [&'static str],
    /// Whether a site cannot be without it.
    pub(super) needed: bool,
}

impl Wanted {
    /// What it is called here.
    pub(super) fn name(&self) -> &'static str {
        self.names[0]
    }
}

/// One that has always had its name, and that a site may be without.
const fn of_django(names: &'static [&'static str], columns: &'static [&'static str]) -> Wanted {
    Wanted {
        names,
        columns,
        needed: false,
    }
}

pub(super) static GROUPS: Wanted = of_django(&["auth_group"], &["id", "name"]);
pub(super) static CONTENT_TYPES: Wanted =
    of_django(&["django_content_type"], &["id", "app_label", "model"]);
pub(super) static PERMISSIONS: Wanted =
    of_django(&["auth_permission"], &["id", "content_type_id", "codename"]);
pub(super) static GROUP_PERMISSIONS: Wanted = of_django(
    &["auth_group_permissions"],
    &["id", "group_id", "permission_id"],
);
pub(super) static USERS: Wanted = Wanted {
    names: &["auth_user"],
    columns: &[
        "id",
        "username",
        "first_name",
        "last_name",
        "email",
        "password",
        "is_active",
        "is_staff",
        "is_superuser",
        "date_joined",
        "last_login",
    ],
    needed: true,
};
pub(super) static USER_GROUPS: Wanted =
    of_django(&["auth_user_groups"], &["id", "user_id", "group_id"]);
pub(super) static USER_PERMISSIONS: Wanted = of_django(
    &["auth_user_user_permissions"],
    &["id", "user_id", "permission_id"],
);
pub(super) static ADDRESSES: Wanted = Wanted {
    names: &["lettings_address", "oc_lettings_site_address"],
    columns: &[
        "id",
        "number",
        "street",
        "city",
        "state",
        "zip_code",
        "country_iso_code",
    ],
    needed: true,
};
pub(super) static LETTINGS: Wanted = Wanted {
    names: &["lettings_letting", "oc_lettings_site_letting"],
    columns: &["id", "title", "address_id"],
    needed: true,
};
pub(super) static PROFILES: Wanted = Wanted {
    names: &["profiles_profile", "oc_lettings_site_profile"],
    columns: &["id", "user_id", "favorite_city"],
    needed: true,
};
pub(super) static LOG: Wanted = of_django(
    &["django_admin_log"],
    &[
        "id",
        "action_time",
        "user_id",
        "content_type_id",
        "object_id",
        "object_repr",
        "action_flag",
        "change_message",
    ],
);

/// Every table that is read, each after those that it points at.
pub(super) static ALL: [&Wanted; 11] = [
    &CONTENT_TYPES,
    &PERMISSIONS,
    &GROUPS,
    &GROUP_PERMISSIONS,
    &USERS,
    &USER_GROUPS,
    &USER_PERMISSIONS,
    &ADDRESSES,
    &LETTINGS,
    &PROFILES,
    &LOG,
];

/// Tables that changed their names together: a home is read with its address, from one layout or the other.
pub(super) static APPS: [&[&Wanted]; 2] = [&[&ADDRESSES, &LETTINGS], &[&PROFILES]];

/// Tables of Django's own that hold nothing worth taking, or nothing that could be taken.
pub(super) const NOTHING_WORTH: [&str; 2] = ["django_migrations", "django_session"];
