//! Orange County Lettings as one executable: a lettings agency's whole web presence.
//!
//! This page is for who reads the code; who runs the site reads `README.md`. Modules stand below in reading order:
//! from what knows nothing of the site to what puts it together. A module uses only those in layers above its own,
//! and `tests/tidy.rs` holds the code to it.
//!
//! | layer | modules | what they may not |
//! | --- | --- | --- |
//! | foundations | [`error`], [`clock`], [`digest`], [`compress`], [`paging`], [`password`], [`assets`], [`config`], [`telemetry`] | know the site |
//! | database | [`db`] | know a table |
//! | words | [`schema`] | run SQL, draw, know a model |
//! | subjects | [`models`] and [`ui`] (which do not know each other) | know a request |
//! | requests, rows in bulk | [`web`], [`fixtures`], [`django`], [`demo`] (which do not know each other) | know a page |
//! | moving in | [`moving`] | mount itself |
//! | pages | [`pages`] and [`admin`] (which do not know each other) | mount themselves |
//! | the whole | [`site`] and [`front`] (which do not know each other) | hold logic of a page |
//! | commands | [`cli`] | build SQL or HTML |
//!
//! # Five journeys
//!
//! **`GET /lettings/1/`.** [`front::serve`] takes the connection, within [`front::limits`]. If the page is kept
//! ([`web::cache`]) and nothing that pages show was written since ([`db::Db::version`]), that is the answer, written at
//! once where the request is a plain one; else the request goes to Rocket. The gate ([`web::gate`]) has read who asks
//! ([`web::asked::Asked`]), checks the host, and finds the address in the site's own table ([`web::addresses`]); a missing
//! slash or a wrong method ends here. The handler in [`pages::lettings`] asks [`models::letting::Letting::find`] where it
//! stands ([`db::Db::read`]) and draws the answer with [`ui::page`]. On the way out [`web::finish`] tags and compresses it,
//! and [`web::answered`] tells the log, the numbers and Sentry ([`telemetry`]) what became of it.
//!
//! **`POST /admin/lettings/letting/1/change/`.** Before the handler in [`admin::change`] runs, [`web::signed::Desk`] has
//! found the session and the account with its rights, [`admin::Named`] the declaration, [`web::posted::Posted`] has passed
//! size, origin and token. [`schema::Model::check`] turns the fields into a draft or into words beside them;
//! [`admin::store::update`] runs the declaration's rules, the update and its line of [`models::history`] in one transaction.
//! A new model is a migration, a file in [`models`] with its declaration, and a line in [`models::ALL`].
//!
//! **An error.** Whatever fails below a handler is an [`error::Error`], named for what the visitor is told. Its
//! responder in [`web::errors`] logs what is ours, which is also what Sentry gets ([`telemetry::reporter`]), with what was
//! logged before in the same request, and leaves a status; one catcher draws every status as a page or, for programs, as
//! JSON.
//!
//! **`oc-lettings serve`.** `main.rs` calls [`cli::main`]; [`config::Config::load`] reads every setting once, with its
//! source; [`db::Db::open_and_migrate_with`] looks at the file before it opens it, makes it where it is missing and brings
//! it up to date; [`site::build`] mounts everything; [`front::serve`] runs until SIGTERM and finishes what it began; beside
//! it [`db::backup::schedule`] makes backups.
//!
//! **A migration.** Write `migrations/V12__letting_rent.sql`; `src/build.rs` makes cargo see it; [`db::migrate`] carries
//! it in the binary and applies all that is pending in one transaction, once [`db::backup`] has made a copy of what was
//! there before. Then a field in [`models::letting`]. `tests/migrations/` runs it.

pub mod error;

pub mod clock;
pub mod compress;
pub mod digest;
pub mod paging;
pub mod password;

pub mod assets;
pub mod config;
pub mod telemetry;

pub mod db;

pub mod schema;

pub mod models;
pub mod ui;

pub mod demo;
pub mod django;
pub mod fixtures;
pub mod web;

pub mod moving;

pub mod admin;
pub mod pages;

pub mod front;
pub mod site;

pub mod cli;
