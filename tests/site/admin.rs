//! The admin's engine, driven as staff drive it: lists, forms, deletion and history of the five models and of a sixth.
//!
//! Who may come in at all is tested elsewhere; here somebody is always signed in. Their words are in `admin/desk.rs`.

mod bulk;
mod choices;
mod deletion;
mod desk;
mod events;
mod everywhere;
mod export;
mod fields;
mod forms;
mod history;
mod index;
mod jobs;
mod limits;
mod lists;
mod notices;
mod rights;
mod search;
mod sessions;
mod sixth;
mod together;
mod users;
mod within;
