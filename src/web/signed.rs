//! Who is signed in: the cookie's session, looked up afresh for every request, and its desk in the admin.
//!
//! What an account may do is decided by `schema::Author`; signing in and out is in `pages/session.rs`.

use std::net::IpAddr;

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::time::Duration;
use rocket::{Request, async_trait};

use super::asked::Asked;
use super::cookies::{Jar, MESSAGES, SESSION};
use super::keys::Keys;
use super::notices::Notices;
use super::posted;
use crate::db::Db;
use crate::models::session;
use crate::models::user::account::{self, Account};
use crate::schema::{Action, Author, Models};
use crate::ui::office::{App, Message, Notice, Office};

/// A session's cookie outlives the session, which ends by its own clock.
pub const COOKIE_AGE: Duration = Duration::days(90);
/// The longest cookie of messages.
const MESSAGES_SIZE: usize = 3_000;
/// So many characters of a row's name fit into it in any script.
const LABEL_SIZE: usize = 150;
const PURPOSE: &str = "messages";

/// Somebody with a session.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Who.
    pub account: Account,
    /// The session's token.
    pub token: String,
}

impl Signed {
    /// Who is signed in, if anybody; asked once a request.
    pub async fn of<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        request
            .local_cache_async(async { look_up(request).await })
            .await
            .as_ref()
    }
}

async fn look_up(request: &Request<'_>) -> Option<Signed> {
    let token = Jar::of(request)
        .get(SESSION)
        .filter(|token| token.len() == 64)?
        .to_owned();
    let db = request.rocket().state::<Db>()?;
    let client: Option<IpAddr> = Asked::of(request).client;
    let found = db.read(|conn| {
        let Some((user_id, stale)) = session::find(conn, &token)? else {
            return Ok(None);
        };
        Ok(account::find(conn, user_id, client)?.map(|account| (account, stale)))
    });
    let (account, stale) = match found {
        Ok(found) => found?,
        Err(error) => {
            log::error!("the session cannot be read: {error}");
            return None;
        }
    };
    if stale {
        let token = token.clone();
        // A session that could not be prolonged is still a session.
        if let Err(error) = db.write(move |tx| session::touch(tx, &token)).await {
            log::error!("the session cannot be prolonged: {error}");
        }
    }
    Some(Signed { account, token })
}

/// Staff at work: who, what just happened, and the token for the forms of this page.
pub struct Desk<'r> {
    jar: Jar<'r>,
    keys: &'r Keys,
    /// Who.
    pub account: &'r Account,
    /// The session's token.
    pub session: &'r str,
    /// The token for the forms.
    pub token: String,
    /// The declarations of the site.
    pub models: Models,
    messages: Vec<Message>,
    notices: Vec<Notice>,
    apps: Vec<App>,
}

#[async_trait]
impl<'r> FromRequest<'r> for Desk<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let Some(signed) = Signed::of(request)
            .await
            .filter(|signed| signed.account.is_staff)
        else {
            return Outcome::Error((Status::Unauthorized, ()));
        };
        let rocket = request.rocket();
        let (Some(keys), Some(models)) = (rocket.state::<Keys>(), rocket.state::<Models>()) else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        Outcome::Success(Self {
            jar: Jar::of(request),
            keys,
            account: &signed.account,
            session: &signed.token,
            token: posted::token(keys, &signed.token),
            messages: read_messages(Jar::of(request), keys),
            notices: rocket
                .state::<Notices>()
                .map_or_else(Vec::new, Notices::now),
            models: *models,
            apps: apps(
                *models,
                &signed.account.author,
                request.uri().path().as_str(),
            ),
        })
    }
}

impl Desk<'_> {
    /// Who acts.
    pub fn author(&self) -> &Author {
        &self.account.author
    }

    /// Keeps words for the next page.
    pub fn say(&self, message: Message) {
        say(self.jar, self.keys, message);
    }

    /// The frame of a page. What just happened is shown on it, and then forgotten.
    pub fn office<'a>(&'a self, title: &'a str) -> Office<'a> {
        if !self.messages.is_empty() {
            self.jar.remove(MESSAGES);
        }
        let account = self.account;
        Office {
            title,
            has_errors: false,
            crumbs: vec![("/admin/".to_owned(), "Home".to_owned())],
            greeting: Some(if account.first_name.is_empty() {
                &account.author.username
            } else {
                &account.first_name
            }),
            apps: &self.apps,
            messages: &self.messages,
            notices: &self.notices,
            token: &self.token,
            public_url: None,
        }
    }
}

/// Keeps words for the next page of the admin that this browser sees.
pub fn say(jar: Jar<'_>, keys: &Keys, mut message: Message) {
    let mut text = written(&message);
    if let Some((label, _)) = &mut message.object
        && text.len() > MESSAGES_SIZE
    {
        *label = label.chars().take(LABEL_SIZE).chain(['…']).collect();
        text = written(&message);
    }
    if text.len() <= MESSAGES_SIZE {
        jar.set(
            MESSAGES,
            format!("{}.{text}", keys.sign(PURPOSE, &text)),
            None,
        );
    }
}

/// A message as a cookie can carry it.
fn written(message: &Message) -> String {
    let text = serde_json::to_string(&[message]).unwrap_or_default();
    percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn read_messages(jar: Jar<'_>, keys: &Keys) -> Vec<Message> {
    let Some((signature, text)) = jar.get(MESSAGES).and_then(|value| value.split_once('.')) else {
        return Vec::new();
    };
    if !keys.verify(PURPOSE, text, signature) {
        return Vec::new();
    }
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Lists that the author may see, by app, in the order of the declarations.
fn apps(models: Models, author: &Author, path: &str) -> Vec<App> {
    let mut apps: Vec<App> = Vec::new();
    for model in models
        .registered()
        .filter(|model| author.may(Action::View, model))
    {
        let entry = (model.title, model.url(), path.starts_with(&model.url()));
        match apps.iter_mut().find(|app| app.title == model.app_title) {
            Some(app) => app.models.push(entry),
            None => apps.push(App {
                title: model.app_title,
                url: format!("/admin/{}/", model.app),
                models: vec![entry],
            }),
        }
    }
    apps
}
