//! A site of its own with a server before it, by the front or by Rocket, until the test is done with it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use oc_lettings::config::{Config, Environment};
use oc_lettings::db::Db;
use oc_lettings::front::limits::{Limits, Pace};
use oc_lettings::models::permission;
use oc_lettings::{demo, front, models, site};
use rocket::fairing::AdHoc;
use rocket::local::asynchronous::Client;
use rocket::tokio::runtime::Runtime;
use rocket::tokio::sync::oneshot;
use rocket::tokio::task::JoinHandle;
use rocket::{Build, Rocket};
use rusqlite::Transaction;
use tempfile::TempDir;

/// So long that whoever waits for it has failed.
const FOREVER: Duration = Duration::from_hours(1);

/// Limits of which none is ever reached, for a test to set the one that it is about.
pub(crate) const LIMITLESS: Limits = Limits {
    first_byte: FOREVER,
    head: FOREVER,
    idle: FOREVER,
    stall: FOREVER,
    pace: Pace {
        free: FOREVER,
        rate: 1,
    },
    grace: FOREVER,
    connections: 10_000,
    of_a_peer: 10_000,
    of_a_client: 10_000,
};

/// Waited for in a test that is about being late.
pub(crate) const SOON: Duration = Duration::from_millis(100);

/// A served site.
pub(crate) struct Served {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    front: Option<JoinHandle<bool>>,
    _folder: TempDir,
}

/// A site before it is served.
pub(crate) struct Prepared {
    site: Rocket<Build>,
    db: Db,
    folder: TempDir,
}

/// The site with the demo rows.
pub(crate) fn site(settings: &[(&str, &str)]) -> Prepared {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("test.sqlite3").display().to_string();
    let mut environment = Environment::from([
        ("DATABASE".to_owned(), path),
        (
            "SECRET_KEY".to_owned(),
            "not a secret in any way ".repeat(2),
        ),
    ]);
    for (name, value) in settings {
        environment.insert((*name).to_owned(), (*value).to_owned());
    }
    let config = Config::read(&environment, folder.path()).expect("settings that fit");
    let (db, _) = Db::open_and_migrate(&config.database).expect("a database in the folder");
    db.write_now(|tx| {
        permission::bring_up_to_date(tx, models::ALL)?;
        demo::load(tx)
    })
    .expect("an empty database takes the demo rows");
    Prepared {
        site: site::build(config, db.clone()),
        db,
        folder,
    }
}

impl Prepared {
    /// With something more in it than the site has.
    pub(crate) fn and(mut self, change: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Self {
        self.site = change(self.site);
        self
    }

    /// With other rows.
    pub(crate) fn changed(self, change: impl FnOnce(&Transaction<'_>)) -> Self {
        let changed = self.db.write_now(|tx| {
            change(tx);
            Ok(())
        });
        changed.expect("a database that can be written");
        self
    }

    /// Served by the front.
    pub(crate) fn behind_front(self, limits: Limits) -> Served {
        let runtime = Runtime::new().expect("threads for the site");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(front::bind(any)).expect("a free port");
        let address = listener.local_addr().expect("a port");
        let client = runtime
            .block_on(Client::untracked(self.site))
            .expect("a site that ignites");
        let (stop, stopped) = oneshot::channel();
        let served = runtime.spawn(front::serve(listener, Arc::new(client), limits, async {
            let _ = stopped.await;
        }));
        Served {
            address,
            runtime,
            stop: Some(stop),
            front: Some(served),
            _folder: self.folder,
        }
    }

    /// Served by Rocket's own server.
    pub(crate) fn behind_rocket(self) -> Served {
        let runtime = Runtime::new().expect("threads for the site");
        let (sender, listens) = std::sync::mpsc::channel();
        let figment = self.site.figment().clone();
        let figment = figment
            .merge(("address", "127.0.0.1"))
            .merge(("port", 0))
            .merge(("shutdown.ctrlc", false));
        let told = AdHoc::on_liftoff("the port that was free", move |rocket| {
            let config = rocket.config();
            let address = SocketAddr::new(config.address, config.port);
            Box::pin(async move { sender.send(address).expect("a test that waits") })
        });
        let site = self.site.configure(figment).attach(told);
        runtime.spawn(site.launch());
        let address = listens
            .recv_timeout(super::wire::PATIENCE)
            .expect("Rocket's server listens");
        Served {
            address,
            runtime,
            stop: None,
            front: None,
            _folder: self.folder,
        }
    }
}

impl Served {
    /// Asks the front to stop, and gives whether everything was finished in time.
    pub(crate) fn stop(mut self) -> bool {
        drop(self.stop.take());
        let front = self.front.take().expect("a front");
        self.runtime.block_on(front).expect("no panic")
    }
}
