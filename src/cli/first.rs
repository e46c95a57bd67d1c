//! The first administrator at launch, where there is no shell to make one in.
//!
//! Only while no active superuser has a usable password: from `ADMIN_*`, else by a one-time link in the log. The demo's
//! known password is set under `DEBUG` alone, on loopback, never on Render.

use crate::config::Config;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::models::user::account;
use crate::models::{session, user};
use crate::password;
use crate::schema::check;

/// The demo's account and its published password.
const DEMO: (&str, &str) = ("admin", "Abc1234!");

/// Makes the administrator that the configuration names, or gives the token of a set-up link where there is none.
pub(super) fn prepare(config: &Config, db: &Db, demo_loaded: bool) -> Result<Option<String>> {
    if db.read(account::has_administrator)? {
        return Ok(None);
    }
    if demo_loaded && config.debug && !config.on_render && config.listen.ip().is_loopback() {
        let hash = password::hash(DEMO.1)?;
        db.write_now(|tx| account::make_superuser(tx, DEMO.0, "", &hash))?;
        log::warn!(
            "development: sign in at /admin/ as {} with the password {}",
            DEMO.0,
            DEMO.1
        );
        return Ok(None);
    }
    if configured(config, db)? {
        return Ok(None);
    }
    session::new_token().map(Some)
}

/// Makes the account of `ADMIN_USERNAME` unless somebody has it already.
fn configured(config: &Config, db: &Db) -> Result<bool> {
    let admin = &config.admin;
    let (Some(username), Some(plain)) = (&admin.username, &admin.password) else {
        return Ok(false);
    };
    let username = check::username(username)
        .ok()
        .filter(|name| name.chars().count() <= 150)
        .ok_or_else(|| {
            Error::Refused(
                "ADMIN_USERNAME cannot be used, expected at most 150 letters, digits and @ . + - _"
                    .to_owned(),
            )
        })?;
    let known = db.read(|conn| account::credentials(conn, &username))?;
    if known.is_some_and(|known| password::is_usable(&known.password)) {
        log::warn!(
            "ADMIN_USERNAME names an account that has a password already; it is left as it is: give it superuser status, or set another name"
        );
        return Ok(false);
    }
    let hash = password::hash(plain.reveal())?;
    let email = admin.email.clone().unwrap_or_default();
    db.write_now(|tx| {
        let id = account::make_superuser(tx, &username, &email, &hash)?;
        let author = crate::schema::Author::command();
        crate::models::history::record(
            tx,
            &author,
            &user::MODEL,
            crate::models::history::Event::Changed,
            (id, &username),
            &[crate::models::history::Change::hidden("Password")],
        )
    })?;
    log::info!("made the administrator that ADMIN_USERNAME names");
    Ok(true)
}
