//! Somebody's browser: it keeps cookies, sends headers of its own, and fills in forms.

use std::cell::RefCell;
use std::collections::BTreeMap;

use oc_lettings::models::{session, user};
use rocket::http::{Cookie, Method};
use rocket::time::Duration;

use super::answer::Answer;
use super::{Ask, Site};

/// A browser with its cookies.
pub(crate) struct Browser<'s> {
    site: &'s Site,
    cookies: RefCell<BTreeMap<String, String>>,
    headers: Vec<(String, String)>,
    peer: Option<String>,
}

/// A form as it came, with what is typed into it.
#[must_use]
pub(crate) struct Form<'b> {
    browser: &'b Browser<'b>,
    target: String,
    fields: Vec<(String, String)>,
}

impl Site {
    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            site: self,
            cookies: RefCell::default(),
            headers: Vec::new(),
            peer: None,
        }
    }

    /// A browser with a new session of the account, begun without the sign-in form and its hash.
    pub(crate) fn sign_in(&self, username: &str) -> Browser<'_> {
        let token = session::new_token().expect("random bytes");
        self.write(|tx| {
            let id = user::id_of(tx, username).expect("a table of users");
            let id = id.expect("an account of that name");
            session::create(tx, &token, id, "127.0.0.1", "a test").expect("a session");
        });
        let browser = self.browser();
        browser.plant("session", &token);
        browser
    }
}

impl<'s> Browser<'s> {
    /// Behind a proxy at 10.0.0.1, which says from where and by which scheme it was asked.
    pub(crate) fn behind(mut self, client: &str, scheme: &str) -> Self {
        self.peer = Some("10.0.0.1".to_owned());
        self.header("X-Forwarded-For", client)
            .header("X-Forwarded-Proto", scheme)
    }

    /// With a header in each request from now on.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A cookie's value; empty when there is none.
    pub(crate) fn cookie(&self, name: &str) -> String {
        self.cookies.borrow().get(name).cloned().unwrap_or_default()
    }

    /// Puts a cookie in, as another page on the same host could.
    pub(crate) fn plant(&self, name: &str, value: &str) {
        self.cookies
            .borrow_mut()
            .insert(name.to_owned(), value.to_owned());
    }

    /// A request with the cookies and headers, not sent yet.
    pub(crate) fn ask(&self, method: Method, target: &str) -> Ask<'s> {
        let mut ask = self.site.ask(method, target);
        for (name, value) in self.cookies.borrow().iter() {
            ask = ask.cookie(name, value);
        }
        for (name, value) in &self.headers {
            ask = ask.header(name, value);
        }
        match &self.peer {
            Some(peer) => ask.from(peer),
            None => ask,
        }
    }

    /// Asks for a page and keeps its cookies.
    pub(crate) fn get(&self, target: &str) -> Answer {
        self.kept(self.ask(Method::Get, target).send())
    }

    /// A post of these fields and nothing else, not sent yet.
    pub(crate) fn bare_post(&self, target: &str, fields: &[(&str, &str)]) -> Ask<'s> {
        self.ask(Method::Post, target)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(&encoded(fields))
    }

    /// Posts these fields with the token that the admin's pages carry.
    pub(crate) fn post(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.get("/admin/").token().to_owned();
        let fields = [&[("form_token", token.as_str())], fields].concat();
        self.kept(self.bare_post(target, &fields).send())
    }

    /// The large form of a page, as it stands.
    pub(crate) fn form(&self, target: &str) -> Form<'_> {
        let fields = self.get(target).fields();
        Form {
            browser: self,
            target: target.to_owned(),
            fields,
        }
    }

    /// Signs in through the form.
    pub(crate) fn log_in(&self, username: &str, password: &str) -> Answer {
        self.log_in_form(username, password).send()
    }

    /// The sign-in form, filled in.
    pub(crate) fn log_in_form(&self, username: &str, password: &str) -> Form<'_> {
        self.form("/admin/login/")
            .set("username", username)
            .set("password", password)
    }

    /// Keeps an answer's cookies.
    pub(crate) fn kept(&self, answer: Answer) -> Answer {
        for line in answer.cookies() {
            let cookie = Cookie::parse_encoded(line).expect("a cookie as browsers read it");
            if cookie.max_age() == Some(Duration::ZERO) {
                self.cookies.borrow_mut().remove(cookie.name());
            } else {
                self.plant(cookie.name(), cookie.value());
            }
        }
        answer
    }
}

impl<'b> Form<'b> {
    /// With this value of a field and no other.
    pub(crate) fn set(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// With one value more.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a field, as a box that is not ticked.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// The post, not sent yet.
    pub(crate) fn ready(&self) -> Ask<'b> {
        let fields: Vec<(&str, &str)> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let target = self.target.as_str();
        self.browser.bare_post(target, &fields)
    }

    /// Sends it and keeps the cookies of the answer.
    pub(crate) fn send(self) -> Answer {
        self.browser.kept(self.ready().send())
    }
}

/// Fields as browsers send them.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}
