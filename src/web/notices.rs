//! What staff should know about how the site is run, for the top of every page of the admin; the log says it too.
//!
//! A site whose data does not last, and headers about clients from a peer that is not trusted.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::db::file::Lasting;
use crate::ui::office::Notice;

/// So long after the last such request it is still news: a proxy of ours sends the next one soon, a stranger does not.
const NEWS: Duration = Duration::from_hours(1);

/// The notices of a running site.
pub struct Notices {
    storage: Lasting,
    untrusted: Mutex<Option<(Instant, IpAddr)>>,
}

impl Notices {
    /// Of a site on this database.
    pub fn of(database: &Path) -> Self {
        Self {
            storage: Lasting::of(database),
            untrusted: Mutex::new(None),
        }
    }

    /// A peer that is not trusted has said something about a client.
    pub fn untrusted(&self, peer: IpAddr) {
        *self.lock() = Some((Instant::now(), peer));
    }

    /// All that there is to say now.
    pub fn now(&self) -> Vec<Notice> {
        let storage = self.storage.cure().map(|cure| Notice {
            words: format!("The data of this site is {}.", self.storage.words()),
            advice: format!("Whoever runs the site can {cure}."),
        });
        let untrusted = self.lock().filter(|(since, _)| since.elapsed() < NEWS);
        let untrusted = untrusted.map(|(_, peer)| Notice {
            words: format!("Requests come by way of {peer}, which the site does not trust."),
            advice: "If it is your proxy, whoever runs the site can add it to TRUSTED_PROXIES; until then all visitors look like one, and cookies are not marked Secure. If not, somebody pretends to be a proxy, and nothing has to be done.".to_owned(),
        });
        storage.into_iter().chain(untrusted).collect()
    }
    fn lock(&self) -> MutexGuard<'_, Option<(Instant, IpAddr)>> {
        self.untrusted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
