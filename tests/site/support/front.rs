//! The site behind its own front on a socket, and how often Rocket was asked for something.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oc_lettings::config::{Config, Environment};
use oc_lettings::front::limits::Limits;
use oc_lettings::{front, site};
use rocket::fairing::AdHoc;
use rocket::local::asynchronous::Client;
use rocket::tokio::sync::oneshot;

use super::Site;
use super::answer::Answer;

/// How long anything may take before a test gives up; never waited for when all is well.
const PATIENCE: Duration = Duration::from_mins(1);

/// A front on the database of a site; it ends when the test is done with it.
pub(crate) struct Front {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    _stop: oneshot::Sender<()>,
}

impl Site {
    /// Opens a front, whose operator set these variables.
    pub(crate) fn front(&self, settings: &[(&str, &str)]) -> Front {
        let mut environment: Environment = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let path = self.db.path().display().to_string();
        environment.insert("DATABASE".to_owned(), path);
        let config = Config::read(&environment, self.folder.path()).expect("settings that fit");
        let asked = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&asked);
        let count = AdHoc::on_request("count", move |_, _| {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {})
        });
        let site = site::build(config, self.db.clone()).attach(count);
        let (stop, stopped) = oneshot::channel::<()>();
        let (client, listener) = self.runtime.block_on(async {
            let client = Client::untracked(site).await;
            let listener = front::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
            (
                client.expect("a site that ignites"),
                listener.expect("a free port"),
            )
        });
        let address = listener.local_addr().expect("an address");
        self.runtime.spawn(async move {
            // A front that is dropped wants to stop as well.
            let stop = async { drop(stopped.await) };
            front::serve(listener, Arc::new(client), Limits::STANDARD, stop).await
        });
        Front {
            address,
            asked,
            _stop: stop,
        }
    }
}

impl Front {
    /// How often Rocket was asked since the last time this was called.
    pub(crate) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }

    /// Asks for a page.
    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, "")
    }

    /// A request with more header lines, each ending in a line break.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &str) -> Answer {
        self.send(method, target, &format!("Host: localhost\r\n{headers}"))
            .answer()
    }

    /// Sends a request with these header lines and no other, on a connection of its own.
    pub(crate) fn send(&self, method: &str, target: &str, headers: &str) -> Sent {
        let mut stream = TcpStream::connect(self.address).expect("a front that listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        let request = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
        stream
            .write_all(request.as_bytes())
            .expect("a front that reads");
        Sent(stream)
    }
}

/// A request that is on its way; dropped, the visitor leaves.
pub(crate) struct Sent(TcpStream);

impl Sent {
    /// Waits for the whole answer.
    pub(crate) fn answer(mut self) -> Answer {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).expect("an answer");
        Answer::of_bytes(&bytes)
    }
}
