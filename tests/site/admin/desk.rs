//! Somebody at work in the admin: a signed-in browser that reads forms, fills them in and sends them.
//!
//! It carries the session and the words of the last action along, as a browser does, and asserts nothing.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::thread::spawn;

use oc_lettings::config::{Config, Environment};
use oc_lettings::db::Db;
use oc_lettings::models::{self, permission, session};
use oc_lettings::schema::Models;
use oc_lettings::web::keys::Keys;
use oc_lettings::web::posted;
use oc_lettings::{demo, site};
use rocket::http::{ContentType, Cookie, Header, Method};
use rocket::local::blocking::Client;
use rusqlite::types::FromSql;
use rusqlite::{Params, Transaction};
use tempfile::TempDir;

use crate::support::answer::Answer;
use crate::support::logged::LOG;

/// When every row of a test was made.
const THEN: &str = "2026-11-03T07:31:05.000000Z";

/// Elements that stand in running text.
const INLINE: [&str; 6] = ["a", "del", "ins", "span", "strong", "time"];

/// A field's name and what was typed into it.
pub(super) type Typed<'a> = (&'a str, &'a str);

/// Somebody who is signed in.
pub(super) struct Desk {
    house: Rc<House>,
    session: String,
    messages: RefCell<Option<String>>,
    /// Their account's id.
    pub(super) id: i64,
}

/// The site that several people may share.
struct House {
    client: Client,
    db: Db,
    _folder: TempDir,
}

impl Desk {
    /// A superuser named `ada` on a new site without homes.
    pub(super) fn new() -> Self {
        Self::built_with("", models::ALL)
    }

    /// The same with six homes and their people.
    pub(super) fn demo() -> Self {
        let desk = Self::new();
        desk.write(|tx| demo::load(tx).expect("demo rows for a database without homes"));
        desk
    }

    /// The same on a site with other declarations, and with their tables.
    pub(super) fn built_with(tables: &str, models: Models) -> Self {
        LazyLock::force(&LOG);
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut environment = Environment::new();
        let path = folder.path().join("test.sqlite3");
        environment.insert("DATABASE".to_owned(), path.display().to_string());
        let config = Config::read(&environment, folder.path()).expect("settings that fit");
        let (db, _) = Db::open_and_migrate(&config.database).expect("a database in the folder");
        db.write_now(|tx| {
            tx.execute_batch(tables)?;
            permission::bring_up_to_date(tx, models)
        })
        .expect("tables and permissions");
        let rocket = site::build_with(config, db.clone(), models);
        let client = Client::untracked(rocket).expect("a site that ignites");
        let house = House {
            client,
            db,
            _folder: folder,
        };
        Self::signed_in(Rc::new(house), "ada", true, &[])
    }

    /// Somebody else of the staff on the same site, with these permissions, written as `lettings.change_letting`.
    pub(super) fn colleague(&self, username: &str, permissions: &[&str]) -> Self {
        Self::signed_in(Rc::clone(&self.house), username, false, permissions)
    }

    fn signed_in(
        house: Rc<House>,
        username: &str,
        is_superuser: bool,
        permissions: &[&str],
    ) -> Self {
        let session = session::new_token().expect("random bytes");
        let begin = |tx: &Transaction<'_>| {
            tx.execute(
                "insert into user (username, password, is_staff, is_superuser, date_joined, updated_at)
                 values (?1, '!', 1, ?2, ?3, ?3)",
                (username, is_superuser, THEN),
            )?;
            let id = tx.last_insert_rowid();
            for permission in permissions {
                tx.execute(
                    "insert into user_permission (user_id, permission_id)
                     select ?1, id from permission where app || '.' || action || '_' || model = ?2",
                    (id, permission),
                )?;
            }
            session::create(tx, &session, id, "", "")?;
            Ok(id)
        };
        let id = house.db.write_now(begin).expect("an account of the staff");
        Self {
            house,
            session,
            messages: RefCell::new(None),
            id,
        }
    }

    /// Adds an address in Irvine, California.
    pub(super) fn address(&self, number: &str, street: &str) -> i64 {
        self.sql(
            "insert into address (number, street, city, state, zip_code, country_iso_code, updated_at)
             values (?1, ?2, 'Irvine', 'CA', '92602', 'USA', ?3)",
            (number, street, THEN),
        )
    }

    /// Adds a home with an address of its own; their ids are the same on a site where every address has one.
    pub(super) fn letting(&self, title: &str) -> i64 {
        let address = self.address("1", "Main Street");
        self.sql(
            "insert into letting (title, address_id, updated_at) values (?1, ?2, ?3)",
            (title, address, THEN),
        )
    }

    /// Adds as many homes, named `Home 1` and so on.
    pub(super) fn many_lettings(&self, count: u32) {
        self.many_addresses(count);
        self.sql(
            "insert into letting (title, address_id, updated_at) select 'Home ' || number, id, updated_at from address",
            [],
        );
    }

    /// Adds as many addresses, numbered from 1.
    pub(super) fn many_addresses(&self, count: u32) {
        self.sql(
            "insert into address (number, street, city, state, zip_code, country_iso_code, updated_at)
             with recursive number (n) as (select 1 union all select n + 1 from number where n < ?1)
             select n, 'Main Street', 'Irvine', 'CA', '92602', 'USA', ?2 from number",
            (count, THEN),
        );
    }

    /// Adds an account without rights.
    pub(super) fn user(&self, username: &str) -> i64 {
        self.sql(
            "insert into user (username, password, date_joined, updated_at) values (?1, '!', ?2, ?2)",
            (username, THEN),
        )
    }

    /// Adds a group without permissions.
    pub(super) fn group(&self, name: &str) -> i64 {
        self.sql(
            "insert into \"group\" (name, updated_at) values (?1, ?2)",
            (name, THEN),
        )
    }

    /// The id of a permission, written as `lettings.change_letting`.
    pub(super) fn permission(&self, name: &str) -> String {
        let sql = format!(
            "select id from permission where app || '.' || action || '_' || model = '{name}'"
        );
        self.one::<i64>(&sql).to_string()
    }

    /// Runs one statement, as somebody else's change or a misfortune, and gives the id of the last new row.
    pub(super) fn sql(&self, statement: &str, values: impl Params) -> i64 {
        self.write(|tx| {
            tx.execute(statement, values)
                .expect("a statement that the schema takes");
            tx.last_insert_rowid()
        })
    }

    /// What SQLite says to a statement that it refuses; empty when it does not.
    pub(super) fn refusal(&self, statement: &str) -> String {
        self.write(|tx| tx.execute(statement, []).err())
            .map_or_else(String::new, |error| error.to_string())
    }

    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> T) -> T {
        let written = self.house.db.write_now(|tx| Ok(change(tx)));
        written.expect("a database that can be written")
    }

    /// Does something while somebody else's change holds the database's one writer.
    pub(super) fn meanwhile<T>(&self, doing: impl FnOnce() -> T) -> T {
        let (begun, has_begun) = channel();
        let (over, is_over) = channel::<()>();
        let db = self.house.db.clone();
        let other = spawn(move || {
            db.write_now(|_| {
                begun.send(()).expect("a test that waits for this");
                // It ends when the test lets go of its end.
                let _ = is_over.recv();
                Ok(())
            })
        });
        has_begun.recv().expect("a change that has begun");
        let done = doing();
        drop(over);
        let ended = other.join().expect("a change without a panic");
        ended.expect("a change that ends well");
        done
    }

    /// One value from the database.
    pub(super) fn one<T: FromSql>(&self, sql: &str) -> T {
        let read = self
            .house
            .db
            .read(|conn| Ok(conn.query_row(sql, [], |row| row.get(0))?));
        read.expect("a question with one answer")
    }

    /// The first column of every row, as text.
    pub(super) fn column(&self, sql: &str) -> Vec<String> {
        let read = self.house.db.read(|conn| {
            let mut statement = conn.prepare(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.expect("a question of one column")
    }

    /// What was written into the history, the oldest first: `ada add letting 1 Silo []`.
    pub(super) fn logged(&self) -> Vec<String> {
        self.column(
            "select username || ' ' || action || ' ' || model || ' ' || row_id || ' ' || label || ' ' || changes
             from history order by id",
        )
    }

    /// Everything that a refused form must leave as it was.
    pub(super) fn everything(&self) -> Vec<String> {
        ["address", "letting", "profile", "\"group\""]
            .iter()
            .map(|table| format!("select count(*) || '/' || sum(version) || '{table}' from {table}"))
            .chain([
                "select group_concat(username || first_name || password || version || date_joined) from user".to_owned(),
                "select count(*) || 'history' from history".to_owned(),
                "select count(*) || 'groups' from user_group".to_owned(),
                "select count(*) || 'permissions' from user_permission".to_owned(),
                "select count(*) || 'granted' from group_permission".to_owned(),
            ])
            .map(|sql| self.one::<Option<String>>(&sql).unwrap_or_default())
            .collect()
    }

    /// Asks for a page.
    pub(super) fn get(&self, target: &str) -> Answer {
        self.send(Method::Get, target, None)
    }

    /// Sends these fields and the token of the session's forms.
    pub(super) fn post(&self, target: &str, fields: &[Typed<'_>]) -> Answer {
        let keys = self.house.client.rocket().state::<Keys>();
        let token = posted::token(keys.expect("a site with a key"), &self.session);
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("form_token", &token);
        body.extend_pairs(fields);
        self.send(Method::Post, target, Some(body.finish()))
    }

    fn send(&self, method: Method, target: &str, body: Option<String>) -> Answer {
        let mut request = self.house.client.req(method, target.to_owned());
        request.add_header(Header::new("Host", "localhost"));
        request.set_remote("192.0.2.7:50000".parse().expect("an address"));
        request = request.cookie(Cookie::new("session", self.session.clone()));
        let mut messages = self.messages.borrow_mut();
        if let Some(kept) = messages.as_ref() {
            request = request.cookie(Cookie::new("messages", kept.clone()));
        }
        if let Some(body) = body {
            request.add_header(ContentType::Form);
            request.set_body(body);
        }
        let response = request.dispatch();
        if let Some(cookie) = response.cookies().get("messages") {
            *messages = Some(cookie.value().to_owned()).filter(|value| !value.is_empty());
        }
        Answer::read_now(response)
    }

    /// What the form at this address would send as it stands there, with some of it typed anew.
    pub(super) fn filled(&self, target: &str, typed: &[Typed<'_>]) -> Vec<(String, String)> {
        let page = self.get(target);
        let mut fields = values(page.between("<form class=\"edit\"", "</form>"));
        fields.retain(|(name, _)| name != "form_token" && typed.iter().all(|(new, _)| new != name));
        fields.extend(
            typed
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        fields
    }

    /// Opens the form at this address, types this into it, and presses the button that is typed along, or `Save`.
    pub(super) fn submit(&self, target: &str, typed: &[Typed<'_>]) -> Answer {
        let fields = self.filled(target, typed);
        let fields: Vec<Typed<'_>> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.post(target, &fields)
    }

    /// The same, followed to the next page: its address, and what it says has happened.
    pub(super) fn save(&self, target: &str, typed: &[Typed<'_>]) -> (String, String) {
        self.after(self.submit(target, typed))
    }

    /// What an action came to at last, where it takes long.
    pub(super) fn ended(&self, answer: Answer) -> Answer {
        let next = answer.header("location");
        if !next.starts_with("/admin/jobs/") {
            return answer;
        }
        loop {
            let page = self.get(&next);
            if page.status != 200 {
                return page;
            }
        }
    }

    /// Where an answer leads at last, and what that page says has happened.
    pub(super) fn after(&self, answer: Answer) -> (String, String) {
        let next = self.ended(answer).header("location");
        let page = self.get(&next);
        (next, said(&page))
    }
}

/// What a page says has happened.
pub(super) fn said(page: &Answer) -> String {
    words(page.between("<div class=\"messages\" role=\"status\">", "</div>"))
}

/// What is read in the middle of a page.
pub(super) fn middle(page: &Answer) -> String {
    words(page.between("<main id=\"content\">", "</main>"))
}

/// What is read in a piece of markup, each run of blanks as one; blocks stand apart.
pub(super) fn words(markup: &str) -> String {
    let mut pieces = markup.split('<');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (tag, rest) = piece.split_once('>').unwrap_or_default();
        let name = tag.trim_start_matches('/').split(' ').next();
        if !name.is_some_and(|name| INLINE.contains(&name)) {
            text.push(' ');
        }
        text.push_str(rest);
    }
    unescaped(&text.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
}

/// The cells of a list's rows, as they are read.
pub(super) fn rows(page: &Answer) -> Vec<String> {
    let body = page.between("<tbody>", "</tbody>");
    body.split("<tr>")
        .skip(1)
        .map(|row| {
            let cells = row.split(" data-label=\"").skip(1);
            let cells = cells.filter_map(|cell| cell.split_once('>'));
            let cells = cells.map(|(_, cell)| words(cell));
            let shown: Vec<String> = cells
                .map(|cell| cell.trim_start_matches(['✓', '–', ' ']).to_owned())
                .collect();
            shown.join(" | ")
        })
        .collect()
}

/// What is written beside a field.
pub(super) fn complaint(page: &Answer, field: &str) -> String {
    words(page.between(
        &format!("<div class=\"wrong\" id=\"{field}-error\">"),
        "</div>",
    ))
}

/// Names and values of the inputs, as a browser would send them.
pub(super) fn values(form: &str) -> Vec<(String, String)> {
    let inputs = form.split("<input ").skip(1);
    let tags = inputs.filter_map(|rest| rest.split_once('>'));
    tags.filter_map(|(tag, _)| {
        let tag = format!(" {tag} ");
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            Some(unescaped(rest.split_once('"')?.0))
        };
        let kind = attribute("type")?;
        let ticked = tag.contains(" checked ");
        let empty = if kind == "checkbox" { "on" } else { "" };
        (ticked || !matches!(kind.as_str(), "radio" | "checkbox")).then(|| {
            let value = attribute("value").unwrap_or_else(|| empty.to_owned());
            attribute("name").map(|name| (name, value))
        })?
    })
    .collect()
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
