//! The words that the tests speak: a site with its rows, a request, an answer.
//!
//! A site is a temporary folder with a real database, brought up by the real migrations, and Rocket's local client in
//! front of the real site. Nothing is mocked and nothing is asserted here. What comes back is in `support/answer.rs`,
//! what was logged meanwhile in `support/logged.rs`; accounts are made in `support/accounts.rs`, and who keeps cookies and
//! fills in forms is in `support/browser.rs`. The site behind its own front is in `support/front.rs`.

use std::net::SocketAddr;
use std::sync::LazyLock;

use oc_lettings::config::{Config, Environment};
use oc_lettings::db::Db;
use oc_lettings::models::{self, permission};
use oc_lettings::web::setup::SetUp;
use oc_lettings::{demo, site};
use rocket::futures::future::join_all;
use rocket::http::{Cookie, Header, Method};
use rocket::local::asynchronous::{Client, LocalRequest};
use rocket::tokio::runtime::Runtime;
use rusqlite::{Params, Transaction};
use tempfile::TempDir;

use answer::Answer;
use logged::LOG;

pub(crate) mod accounts;
pub(crate) mod answer;
pub(crate) mod browser;
pub(crate) mod front;
pub(crate) mod logged;

/// A site of its own, with its own database.
pub(crate) struct Site {
    client: Client,
    runtime: Runtime,
    db: Db,
    folder: TempDir,
}

impl Site {
    /// A site as it is after its first start: no homes, no people, no setting made.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// A new site whose operator set these variables.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        Self::launched(settings, None)
    }

    /// A new site that waits for its first administrator behind a link with this token.
    pub(crate) fn awaiting(token: &str) -> Self {
        Self::launched(&[], Some(token))
    }

    fn launched(settings: &[(&str, &str)], link: Option<&str>) -> Self {
        LazyLock::force(&LOG);
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut environment: Environment = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let path = folder.path().join("test.sqlite3");
        environment.insert("DATABASE".to_owned(), path.display().to_string());
        let config = Config::read(&environment, folder.path()).expect("settings that fit");
        let (db, _) = Db::open_and_migrate(&config.database).expect("a database in the folder");
        db.write_now(|tx| permission::bring_up_to_date(tx, models::ALL))
            .expect("permissions, as every launch makes them");
        let mut site = site::build(config, db.clone());
        if let Some(token) = link {
            site = site.manage(SetUp::new(token));
        }
        let runtime = Runtime::new().expect("threads for the site");
        let client = runtime
            .block_on(Client::untracked(site))
            .expect("a site that ignites");
        Self {
            client,
            runtime,
            db,
            folder,
        }
    }

    /// The names of what lies in the database's folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the site's folder");
        entries
            .map(|entry| entry.expect("an entry of the folder").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    /// The site with the demo homes and people.
    pub(crate) fn demo() -> Self {
        let site = Self::new();
        site.write(|tx| demo::load(tx).expect("demo rows for an empty database"));
        site
    }

    /// Adds a home in Irvine, California, and gives its id.
    pub(crate) fn letting(&self, title: &str) -> i64 {
        self.letting_in("CA", "Irvine", title)
    }

    /// Adds a home in a city of the USA and gives its id, which is its address's too.
    pub(crate) fn letting_in(&self, state: &str, city: &str, title: &str) -> i64 {
        self.write(|tx| {
            tx.execute(
                "insert into address (number, street, city, state, zip_code, country_iso_code, updated_at)
                 values ('1', 'Main Street', ?1, ?2, '92602', 'USA', '2026-11-03T07:31:05.000000Z')",
                (city, state),
            )
            .expect("an address the schema takes");
            let id = tx.last_insert_rowid();
            tx.execute(
                "insert into letting (id, title, address_id, updated_at)
                 values (?1, ?2, ?1, '2026-11-03T07:31:05.000000Z')",
                (id, title),
            )
            .expect("a letting the schema takes");
            id
        })
    }

    /// Adds as many homes in Irvine, named `Home 1` and so on, by one statement each.
    pub(crate) fn many_lettings(&self, count: u32) {
        self.write(|tx| {
            tx.execute(
                "insert into address (number, street, city, state, zip_code, country_iso_code, updated_at)
                 with recursive number (n) as (select 1 union all select n + 1 from number where n < ?1)
                 select n, 'Main Street', 'Irvine', 'CA', '92602', 'USA', '2026-11-03T07:31:05.000000Z' from number",
                [count],
            )
            .expect("addresses the schema takes");
            tx.execute(
                "insert into letting (id, title, address_id, updated_at)
                 select id, 'Home ' || number, id, updated_at from address
                 where id not in (select address_id from letting) order by id",
                [],
            )
            .expect("lettings the schema takes");
        });
    }

    /// Adds an account with an e-mail address and a profile that shows neither names nor the address.
    pub(crate) fn person(&self, username: &str) {
        self.write(|tx| {
            tx.execute(
                "insert into user (username, email, password, date_joined, updated_at)
                 values (?1, 'hidden@example.com', '!', '2026-11-03T07:31:05.000000Z', '2026-11-03T07:31:05.000000Z')",
                [username],
            )
            .expect("a user the schema takes");
            tx.execute(
                "insert into profile (user_id, updated_at) values (?1, '2026-11-03T07:31:05.000000Z')",
                [tx.last_insert_rowid()],
            )
            .expect("a profile the schema takes");
        });
    }

    /// Runs one statement, as an editor's change or a misfortune.
    pub(crate) fn sql(&self, statement: &str, values: impl Params) {
        self.write(|tx| {
            tx.execute(statement, values)
                .expect("a statement that the schema takes")
        });
    }

    /// The first column of the first row, as text; empty for null.
    pub(crate) fn value(&self, question: &str) -> String {
        let sql = format!("select coalesce(cast(({question}) as text), '')");
        let answer = self
            .db
            .read(|conn| Ok(conn.query_row(&sql, [], |row| row.get(0))?));
        answer.expect("a question that the schema takes")
    }

    /// The database, for what is about it and not about pages.
    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// Does something beside the test, on the site's threads.
    pub(crate) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) {
        self.runtime.spawn(work);
    }

    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> T) -> T {
        self.db
            .write_now(|tx| Ok(change(tx)))
            .expect("a database that can be written")
    }

    /// Asks for a page as a browser on this machine would.
    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask(Method::Get, target).send()
    }

    /// A request that can be said more about before it is sent. It names the host `localhost` unless told otherwise.
    pub(crate) fn ask(&self, method: Method, target: &str) -> Ask<'_> {
        Ask {
            request: self.client.req(method, target.to_owned()),
            runtime: &self.runtime,
            hosts: vec!["localhost".to_owned()],
        }
    }

    /// Sends them all before the first is answered; the answers are in the order of the requests.
    pub(crate) fn at_once(&self, asks: Vec<Ask<'_>>) -> Vec<Answer> {
        self.runtime
            .block_on(join_all(asks.into_iter().map(Ask::go)))
    }
}

/// A request before it is sent.
#[must_use]
pub(crate) struct Ask<'s> {
    request: LocalRequest<'s>,
    runtime: &'s Runtime,
    hosts: Vec<String>,
}

impl Ask<'_> {
    /// With one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request
            .add_header(Header::new(name.to_owned(), value.to_owned()));
        self
    }

    /// With a cookie, which Rocket's local client does not read from a header.
    pub(crate) fn cookie(mut self, name: &str, value: &str) -> Self {
        let cookie = Cookie::new(name.to_owned(), value.to_owned());
        self.request = self.request.cookie(cookie);
        self
    }

    /// With these `Host` headers and no other: none, one, or two.
    pub(crate) fn hosts(mut self, hosts: &[&str]) -> Self {
        self.hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        self
    }

    /// With a body that is no text.
    pub(crate) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.request.set_body(body);
        self
    }

    /// From a peer of this IP address.
    pub(crate) fn from(mut self, peer: &str) -> Self {
        let peer = peer.parse().expect("an IP address");
        self.request.set_remote(SocketAddr::new(peer, 50_000));
        self
    }

    /// With a body.
    pub(crate) fn body(mut self, body: &str) -> Self {
        self.request.set_body(body);
        self
    }

    /// Sends it and reads the answer to its end.
    pub(crate) fn send(self) -> Answer {
        let runtime = self.runtime;
        runtime.block_on(self.go())
    }

    async fn go(mut self) -> Answer {
        for host in self.hosts {
            self.request.add_header(Header::new("Host", host));
        }
        Answer::read(self.request.dispatch().await).await
    }
}
