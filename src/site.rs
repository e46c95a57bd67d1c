//! The site as one Rocket: every mount, fairing and catcher, on one screen.

use std::sync::Arc;

use rocket::data::{Limits, ToByteUnit};
use rocket::shield::Shield;
use rocket::{Build, Rocket};

use crate::admin;
use crate::config::Config;
use crate::db::Db;
use crate::db::backup::Backups;
use crate::models;
use crate::moving::Moving;
use crate::pages::{bring, health, home, lettings, metrics, profiles, session, setup, wellknown};
use crate::schema::Models;
use crate::telemetry::metrics::Metrics;
use crate::web::finish::Finish;
use crate::web::gate::Gate;
use crate::web::hashing::Hashing;
use crate::web::jobs::Jobs;
use crate::web::notices::Notices;
use crate::web::throttle::Throttle;
use crate::web::uploads::Uploads;
use crate::web::{assets, errors, keys, watch};

/// The site on this database; who drives it, the front or a test, is not its affair.
pub fn build(config: Config, db: Db) -> Rocket<Build> {
    build_with(config, db, models::ALL)
}

/// The same with other declarations than the site's own.
pub fn build_with(config: Config, db: Db, models: Models) -> Rocket<Build> {
    let numbers = Arc::new(Metrics::new());
    let mut pages = vec![
        home::routes(),
        lettings::routes(),
        profiles::routes(),
        health::routes(),
        wellknown::routes(),
        assets::routes(),
        session::routes(),
        setup::routes(),
        bring::routes(),
        admin::routes(),
    ];
    if config.metrics_token.is_some() {
        pages.push(metrics::routes());
    }
    let uploads = Uploads::beside(db.path());
    let moving = Moving::new(Backups::of(&config));
    rocket::custom(rocket_config())
        .manage(Notices::of(db.path()))
        .manage(config)
        .manage(db)
        .manage(models)
        .mount("/", watch::watched(pages.concat()))
        .manage(Throttle::new())
        .manage(Hashing::new())
        .manage(Jobs::default())
        .manage(uploads)
        .manage(moving)
        .manage(Arc::clone(&numbers))
        .register("/", watch::watched_catchers(errors::catchers()))
        .register("/admin", watch::watched_catchers(errors::office_catchers()))
        .attach(keys::fairing())
        .attach(Gate)
        .attach(Finish::new(numbers))
        // Rocket would set headers of its own; ours are in web/headers.rs.
        .attach(Shield::new())
}

/// Nothing of Rocket's own configuration applies: no file, no variable, no banner, no log of its own.
fn rocket_config() -> rocket::Config {
    rocket::Config {
        ident: rocket::config::Ident::none(),
        log_level: rocket::config::LogLevel::Off,
        limits: Limits::new()
            .limit("bytes", 1.mebibytes())
            .limit("form", 1.mebibytes()),
        ..rocket::Config::release_default()
    }
}
