//! The words in which a model is described, so that the admin can be read off the description.
//!
//! A declaration says what a row is called, which fields its form has, which columns its list shows; index, lists,
//! forms, permissions, history and deletion follow from it. No SQL is run and nothing is drawn here; raw input becomes
//! checked values in `schema/draft.rs`, and checks that several models share are in `schema/check.rs`. What is typed into a
//! search is in `schema/search.rs`.

use std::collections::BTreeSet;
use std::net::IpAddr;

use rusqlite::Transaction;

use crate::error::Result;

pub mod check;
pub mod draft;
pub mod search;

use draft::{Draft, Errors};

/// Everything the admin knows of one kind of row.
pub struct Model {
    /// The app in addresses and permissions, as in Django: `lettings`.
    pub app: &'static str,
    /// The app's name for people.
    pub app_title: &'static str,
    /// The model in addresses and permissions: `letting`.
    pub slug: &'static str,
    /// One of them, in running text.
    pub singular: &'static str,
    /// Many of them, in running text.
    pub plural: &'static str,
    /// Many of them, as a heading.
    pub title: &'static str,
    /// The table, quoted where SQL demands it.
    pub table: &'static str,
    /// What a row is called: an SQL expression over the table.
    pub label: &'static str,
    /// What a row is called where it is chosen among others, when its name alone does not tell it from them.
    pub choice: Option<&'static str>,
    /// The form.
    pub fieldsets: &'static [Fieldset],
    /// The form of a new row, where it is another one.
    pub add_fieldsets: Option<&'static [Fieldset]>,
    /// The list.
    pub list: List,
    /// Rules that a field alone cannot say.
    pub hooks: Hooks,
    /// Where the row is on the public site: an SQL expression over the table.
    pub public_url: Option<&'static str>,
    /// Whether the admin lists it; a model that is only chosen from is not.
    pub registered: bool,
    /// Permissions besides its own `add` that adding needs, as Django's users do.
    pub add_needs_change: bool,
}

impl Model {
    /// What most models leave as it is.
    pub const DEFAULT: Self = Self {
        app: "",
        app_title: "",
        slug: "",
        singular: "",
        plural: "",
        title: "",
        table: "",
        label: "id",
        choice: None,
        fieldsets: &[],
        add_fieldsets: None,
        list: List::DEFAULT,
        hooks: Hooks::DEFAULT,
        public_url: None,
        registered: true,
        add_needs_change: false,
    };

    /// The address of its list.
    pub fn url(&self) -> String {
        format!("/admin/{}/{}/", self.app, self.slug)
    }

    /// The address of the form of a row.
    pub fn change_url(&self, id: i64) -> String {
        format!("{}{id}/change/", self.url())
    }

    /// `lettings.change_letting`, as Django writes a permission.
    pub fn permission(&self, action: Action) -> String {
        format!("{}.{}_{}", self.app, action.word(), self.slug)
    }

    /// The fieldsets of the form: a new row may have its own.
    pub fn form(&self, adding: bool) -> &'static [Fieldset] {
        self.add_fieldsets
            .filter(|_| adding)
            .unwrap_or(self.fieldsets)
    }

    /// The fields of the form in order.
    pub fn fields(&self, adding: bool) -> impl Iterator<Item = &'static Field> + use<> {
        self.form(adding)
            .iter()
            .flat_map(|fieldset| fieldset.fields)
    }

    /// Whether two declarations are the same one.
    pub fn is(&self, other: &Self) -> bool {
        self.app == other.app && self.slug == other.slug
    }

    /// `Letting`, at the beginning of a sentence.
    pub fn capitalized(&self) -> String {
        let mut letters = self.singular.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    }
}

/// The declarations that a site is built with, in the order of its index.
#[derive(Clone, Copy)]
pub struct Models(pub &'static [&'static Model]);

impl Models {
    /// Those that have pages of their own.
    pub fn registered(self) -> impl Iterator<Item = &'static Model> {
        self.0.iter().copied().filter(|model| model.registered)
    }

    /// The one with these names in its address.
    pub fn named(self, app: &str, slug: &str) -> Option<&'static Model> {
        self.registered()
            .find(|model| model.app == app && model.slug == slug)
    }

    /// Models with a field that points at this one, and the field's column.
    pub fn dependents(self, model: &Model) -> impl Iterator<Item = (&'static Model, &'static str)> {
        self.0.iter().flat_map(move |child| {
            child
                .fields(false)
                .filter_map(move |field| match field.kind {
                    Kind::One(target) if target.is(model) => Some((*child, field.name)),
                    _ => None,
                })
        })
    }
}

/// A group of fields with a heading.
pub struct Fieldset {
    /// The heading; the first group often has none.
    pub title: Option<&'static str>,
    /// The fields in order.
    pub fields: &'static [Field],
}

impl Fieldset {
    /// A group without a heading.
    pub const fn plain(fields: &'static [Field]) -> Self {
        Self {
            title: None,
            fields,
        }
    }

    /// A group with a heading.
    pub const fn titled(title: &'static str, fields: &'static [Field]) -> Self {
        Self {
            title: Some(title),
            fields,
        }
    }
}

/// One field of a form.
pub struct Field {
    /// The column, or for many rows the name of the relation; also the input's name.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// A sentence under the label.
    pub help: &'static str,
    /// What the value is.
    pub kind: Kind,
    /// Whether it may be left empty.
    pub required: bool,
    /// Tidies and judges a text that is not empty: the value, or what is wrong with it.
    pub check: fn(&str) -> std::result::Result<String, String>,
    /// The input's `autocomplete`.
    pub autocomplete: &'static str,
    /// For one row of another model: whether a new one can be made in the same form. Only for models whose form has
    /// plain inputs, a value each.
    pub takes_new: bool,
}

impl Field {
    /// A required field.
    pub const fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self {
            name,
            label,
            help: "",
            kind,
            required: true,
            check: check::as_it_is,
            autocomplete: "off",
            takes_new: false,
        }
    }

    /// The other row may be made in the same form.
    pub const fn or_new(mut self) -> Self {
        self.takes_new = true;
        self
    }

    /// The model of which this field takes a new row in the same form.
    pub fn new_of(&self) -> Option<&'static Model> {
        match self.kind {
            Kind::One(target) if self.takes_new => Some(target),
            _ => None,
        }
    }

    /// It may be left empty.
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// A sentence under the label.
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// How a text is tidied and judged.
    pub const fn check(mut self, check: fn(&str) -> std::result::Result<String, String>) -> Self {
        self.check = check;
        self
    }
}

/// What a field's value is. Each variant is one arm in the form, the draft and the store.
pub enum Kind {
    /// A line of text, at most so many characters.
    Text {
        /// The limit in characters (Unicode scalar values).
        max: usize,
    },
    /// The same, its outer blanks kept.
    Verbatim {
        /// The limit in characters.
        max: usize,
    },
    /// An e-mail address.
    Email {
        /// The limit in characters.
        max: usize,
    },
    /// Yes or no.
    Bool,
    /// A moment in UTC.
    Moment,
    /// A new password, asked for twice, or none.
    Password,
    /// A stored hash, shown as what it is and never sent; it is changed on a page of its own.
    Hash,
    /// One row of another model; `unique` when no two rows may have the same.
    One(&'static Model),
    /// Any number of rows of another model.
    Many(&'static Many),
}

/// A relation to many rows, kept in a table of its own.
pub struct Many {
    /// What is chosen from.
    pub model: &'static Model,
    /// The table between.
    pub table: &'static str,
    /// Its column for our row.
    pub ours: &'static str,
    /// Its column for the chosen row.
    pub theirs: &'static str,
    /// The heading under which a choice stands: an SQL expression over the chosen model's table.
    pub group: &'static str,
}

/// A row to choose for a field that points at others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The row.
    pub id: i64,
    /// What it is called.
    pub label: String,
    /// Under which heading it stands, where choices are grouped.
    pub group: String,
}

/// The list of a model.
pub struct List {
    /// Columns; the first one links to the row.
    pub columns: &'static [Column],
    /// Where a search looks: SQL expressions over the table.
    pub search: &'static [&'static str],
    /// An index of the words in the same texts, for a list that may grow long.
    pub index: Option<Index>,
    /// What the list can be narrowed by.
    pub filters: &'static [Filter],
    /// The order when none is asked for.
    pub order: Order,
}

impl List {
    /// The label alone, the newest row first, as Django lists an unadorned model.
    pub const DEFAULT: Self = Self {
        columns: &[],
        search: &[],
        index: None,
        filters: &[],
        order: Order::Newest,
    };
}

/// An index of words: an FTS5 table of trigrams whose row ids are those of the rows.
pub struct Index {
    /// The FTS5 table.
    pub table: &'static str,
    /// Its column with what a row is called among others, which is all that a search for a choice may look at.
    pub name: &'static str,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest row first.
    Newest,
    /// By these columns, upwards.
    By(&'static [&'static str]),
}

impl Order {
    /// As it is written in SQL, or the opposite, with the row's id under this name.
    pub fn sql(self, id: &str, turned: bool) -> String {
        let (columns, down): (&[&str], bool) = match self {
            Self::Newest => (&[], true),
            Self::By(columns) => (columns, false),
        };
        let direction = if down == turned { "asc" } else { "desc" };
        let terms: Vec<String> = columns
            .iter()
            .chain([&id])
            .map(|term| format!("{term} {direction}"))
            .collect();
        terms.join(", ")
    }
}

/// A column of a list.
pub struct Column {
    /// Its heading.
    pub label: &'static str,
    /// An SQL expression over the table.
    pub sql: &'static str,
    /// How a cell is drawn.
    pub shown: Shown,
}

impl Column {
    /// A column of text.
    pub const fn text(label: &'static str, sql: &'static str) -> Self {
        Self {
            label,
            sql,
            shown: Shown::Text,
        }
    }

    /// A column of yes and no.
    pub const fn flag(label: &'static str, sql: &'static str) -> Self {
        Self {
            label,
            sql,
            shown: Shown::Flag,
        }
    }
}

/// How a cell is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it is.
    Text,
    /// As a mark with words for screen readers.
    Flag,
}

/// What a list can be narrowed by.
pub struct Filter {
    /// The parameter in the address.
    pub name: &'static str,
    /// The heading.
    pub label: &'static str,
    /// What it looks at.
    pub by: By,
}

/// What a filter looks at.
pub enum By {
    /// A yes-or-no SQL expression.
    Flag(&'static str),
    /// A column with few distinct texts; a long table needs an index on it.
    Value(&'static str),
    /// The same of the row that a column points at.
    Related(Related),
    /// Membership: the relation whose rows are offered.
    Many(&'static Many),
}

/// A text of the row that a column points at.
pub struct Related {
    /// The column that points.
    pub column: &'static str,
    /// The table that it points at.
    pub table: &'static str,
    /// The column of that table, with an index on it.
    pub value: &'static str,
    /// The texts that there are among the rows of the list: an SQL question of one column, in order.
    pub all: &'static str,
}

/// What one may do with the rows of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Make new ones.
    Add,
    /// Change them, which includes seeing them.
    Change,
    /// Delete them.
    Delete,
    /// See them.
    View,
}

impl Action {
    /// All four, in Django's order.
    pub const ALL: [Self; 4] = [Self::Add, Self::Change, Self::Delete, Self::View];

    /// The word in a permission's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::View => "view",
        }
    }
}

/// Who acts: what rules and history need to know of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The account; nothing for a command.
    pub id: Option<i64>,
    /// Its name, kept as text in the history.
    pub username: String,
    /// May do everything.
    pub is_superuser: bool,
    /// What else it may do, as `lettings.change_letting`.
    pub permissions: BTreeSet<String>,
    /// Where from, as far as it is known.
    pub client: Option<IpAddr>,
}

impl Author {
    /// Somebody at the machine itself, who may do everything.
    pub fn command() -> Self {
        Self {
            id: None,
            username: String::new(),
            is_superuser: true,
            permissions: BTreeSet::new(),
            client: None,
        }
    }

    /// Whether this is allowed. Changing includes seeing.
    pub fn may(&self, action: Action, model: &Model) -> bool {
        let has = |action| self.permissions.contains(&model.permission(action));
        self.is_superuser
            || match action {
                Action::View => has(Action::View) || has(Action::Change),
                Action::Add => has(Action::Add) && (!model.add_needs_change || has(Action::Change)),
                _ => has(action),
            }
    }

    /// Whether anything of a model is allowed.
    pub fn may_any(&self, model: &Model) -> bool {
        self.is_superuser
            || Action::ALL
                .iter()
                .any(|action| self.permissions.contains(&model.permission(*action)))
    }
}

/// Rules that a field alone cannot say. Plain functions; what needs more gets a page of its own.
pub struct Hooks {
    /// Looks at all values together.
    pub check: fn(&mut Draft) -> Errors,
    /// Looks at the database before a row is written, with the id of a row that is there already.
    pub before_save: fn(&Transaction<'_>, &Author, Option<i64>, &mut Draft) -> Result<Errors>,
    /// Says why these rows may not go.
    pub before_delete: fn(&Transaction<'_>, &Author, &[i64]) -> Result<Option<String>>,
}

impl Hooks {
    /// No rules.
    pub const DEFAULT: Self = Self {
        check: |_| Errors::default(),
        before_save: |_, _, _, _| Ok(Errors::default()),
        before_delete: |_, _, _| Ok(None),
    };
}
