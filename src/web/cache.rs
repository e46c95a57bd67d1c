//! Pages that are the same for everybody, kept as they were made: status, headers, tag, and the bytes in each form.
//!
//! A page is made by Rocket as any other, so that there is one way to make it, and looked for in front of Rocket
//! (`front/cached.rs`), so that finding it costs no more than that. Which routes may be kept, and which names of a query
//! matter to them, is said beside each route ([`Kept`]) and checked against the routes at the start; the gate's table
//! says whether an address is one of theirs.
//!
//! Each page carries the version of the content that was current before it was read ([`crate::db::Db::version`]), and
//! serves requests that came while no newer one was. What was made under an older one is replaced when it is asked for
//! again. So nobody has to be told of a write, and a page that was being made meanwhile is not taken for a new one.
//!
//! Space is bounded in bytes; what goes is decided by `quick_cache`, whose S3-FIFO lets a page stay only when it was asked
//! for again, so that a crawl passes through without driving out what is wanted. Errors are kept apart, in a small space,
//! and of those only pages that say that there is nothing.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::Arc;

use quick_cache::sync::{Cache as Store, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use rocket::fairing::{AdHoc, Fairing};
use rocket::tokio::sync::{Mutex, OwnedMutexGuard};

use super::addresses::Addresses;
use crate::compress::Encoding;
use crate::config::Config;
use page::Page;

pub mod page;

/// The part of the space that pages may take which say that there is nothing: one of so many.
const NOTHING: u64 = 16;
/// A page of ordinary size with what belongs to it, to guess how many there will be.
const ORDINARY: u64 = 8 * 1024;
/// The space is divided, so that threads seldom meet; one page may take no more than its part.
const PARTS: usize = 8;
/// How many pages can be made at once. Two that share a turn wait for each other, which costs a moment and no more.
const TURNS: usize = 256;

/// A route whose pages are the same for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The route as it is declared, as `/lettings/<id>`.
    pub route: &'static str,
    /// The names of the query that its pages depend on; others are not handed to it.
    pub query: &'static [&'static str],
}

/// Under what a page is kept: where it was asked for, and the form of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Visitors choose the addresses, so they are hashed with a secret of this process; once, as each is looked for and put
    /// in several times.
    hash: u64,
    address: String,
    form: Encoding,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // The forms of a page lie as far from each other as two pages.
        hasher.write_u64(self.hash.rotate_left(self.form as u32 * 21));
    }
}

/// Takes a hash for itself.
#[derive(Debug, Clone, Copy, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a key is hashed when it is made");
    }
}

type Pages = Store<Key, Arc<Page>, Weight, BuildHasherDefault<Hashed>>;

/// The pages of a site.
pub struct Cache {
    kept: Vec<(Kept, Arc<str>)>,
    pages: Pages,
    nothing: Pages,
    turns: Vec<Arc<Mutex<u64>>>,
    hasher: RandomState,
}

/// Puts a cache for these routes at the site's disposal. The site does not start when one of them is not there.
pub fn fairing(kept: &[&[Kept]]) -> impl Fairing {
    let kept = kept.concat();
    AdHoc::try_on_ignite("cache", |rocket| async move {
        let is_there = |route| {
            let addresses = rocket.state::<Addresses>();
            addresses.is_some_and(|addresses| addresses.has_route(route))
        };
        if let Some(stranger) = kept.iter().find(|kept| !is_there(kept.route)) {
            log::error!("no route {} to keep pages of", stranger.route);
            return Err(rocket);
        }
        let megabytes = rocket.state::<Config>().map_or(1, |config| config.cache_mb);
        let space = u64::from(megabytes) * 1024 * 1024;
        Ok(rocket.manage(Cache::new(kept, space)))
    })
}

impl Kept {
    /// The address with what matters of its query, each name once and in one order.
    pub fn target<'p>(&self, path: &'p str, query: Option<&str>) -> Cow<'p, str> {
        let Some(query) = query.filter(|_| !self.query.is_empty()) else {
            return Cow::Borrowed(path);
        };
        // Read as the handlers read it (`web/guards.rs`): given twice, the first counts.
        let mut first = self.query.iter().filter_map(|name| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let (_, value) = pairs.find(|(key, _)| key == name)?;
            Some((*name, value))
        });
        let Some((name, value)) = first.next() else {
            return Cow::Borrowed(path);
        };
        let target = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1)
            .append_pair(name, &value)
            .extend_pairs(first)
            .finish();
        Cow::Owned(target)
    }
}

impl Key {
    /// The same page in another form.
    pub fn in_form(&self, form: Encoding) -> Self {
        Self {
            form,
            ..self.clone()
        }
    }

    /// The form of its bytes.
    pub fn form(&self) -> Encoding {
        self.form
    }
}

impl Cache {
    fn new(kept: Vec<Kept>, space: u64) -> Self {
        let for_nothing = space / NOTHING;
        let kept = kept.into_iter().map(|kept| (kept, kept.route.into()));
        Self {
            kept: kept.collect(),
            pages: store(space - for_nothing),
            nothing: store(for_nothing),
            turns: (0..TURNS).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The key of a page. `origin` is the one that the page prints, where it depends on the request.
    pub fn key(&self, origin: Option<String>, target: &str, form: Encoding) -> Key {
        let mut address = origin.unwrap_or_default();
        address.push_str(target);
        Key {
            hash: self.hasher.hash_one(&address),
            address,
            form,
        }
    }

    /// What is said of the route whose address this raw path is in its one form, if its pages are kept; and the route as
    /// all who tell of it share it.
    pub fn kept(&self, addresses: &Addresses, path: &str) -> Option<&(Kept, Arc<str>)> {
        let route = addresses.route(path)?;
        self.kept.iter().find(|(kept, _)| kept.route == route)
    }

    /// The page, if it is not older than this version of the content.
    pub fn find(&self, key: &Key, version: u64) -> Option<Arc<Page>> {
        let current = |page: &Arc<Page>| page.version >= version;
        self.pages
            .get(key)
            .filter(current)
            .or_else(|| self.nothing.get(key).filter(current))
    }

    /// Keeps a page in the place of what was kept under its key.
    pub fn keep(&self, key: Key, page: Arc<Page>) {
        let (place, other) = if page.says_nothing() {
            (&self.nothing, &self.pages)
        } else {
            (&self.pages, &self.nothing)
        };
        other.remove(&key);
        place.insert(key, page);
    }

    /// Waits for the turn to make this page, in all its forms. Let go of, it is the next one's, whatever came of it.
    pub async fn turn(&self, key: &Key) -> Turn {
        let place = usize::try_from(key.hash % TURNS as u64);
        let turns = &self.turns[place.unwrap_or_default()];
        let (mut last, has_waited) = match Arc::clone(turns).try_lock_owned() {
            Ok(last) => (last, false),
            Err(_) => (Arc::clone(turns).lock_owned().await, true),
        };
        let after_own = has_waited && *last == key.hash;
        *last = key.hash;
        Turn {
            has_waited,
            after_own,
            _last: last,
        }
    }
}

/// The turn to make a page.
pub struct Turn {
    /// Whether it was somebody else's meanwhile.
    pub has_waited: bool,
    /// Whether that was for the same page.
    pub after_own: bool,
    /// Whose turn it was before.
    _last: OwnedMutexGuard<u64>,
}

/// Bytes in memory, as nearly as can be said.
#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Key, Arc<Page>> for Weight {
    fn weight(&self, key: &Key, page: &Arc<Page>) -> u64 {
        let own = key.address.len() + size_of::<(Key, Page)>() + page.weight();
        own as u64
    }
}

fn store(space: u64) -> Pages {
    let options = OptionsBuilder::new()
        .shards(PARTS)
        .weight_capacity(space)
        .estimated_items_capacity(usize::try_from(space / ORDINARY).unwrap_or(usize::MAX))
        .build()
        .expect("both sizes are set");
    Store::with_options(
        options,
        Weight,
        BuildHasherDefault::default(),
        DefaultLifecycle::default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::StatusCode;
    use hyper::body::Bytes;

    const SPACE: u64 = 16 * 1024 * 1024;
    const LIST: Kept = Kept {
        route: "/lettings",
        query: &["page", "state", "city"],
    };

    fn page(version: u64, status: u16, size: usize) -> Arc<Page> {
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::from(vec![b'x'; size]);
        let page = Page::of(
            version,
            LIST.route.into(),
            status,
            [("x-by", "a test")].into_iter(),
            body,
        );
        Arc::new(page.expect("a header that HTTP allows"))
    }

    fn key(cache: &Cache, target: &str) -> Key {
        cache.key(None, target, Encoding::Identity)
    }

    #[test]
    fn only_what_matters_of_a_query_makes_another_page() {
        for (query, target) in [
            (None, "/lettings/"),
            (Some(""), "/lettings/"),
            (Some("utm=1&x"), "/lettings/"),
            (Some("utm=1&page=2&page=3&y=1"), "/lettings/?page=2"),
            (Some("city=A+B%26&page=2"), "/lettings/?page=2&city=A+B%26"),
            (Some("page"), "/lettings/?page="),
        ] {
            assert_eq!(LIST.target("/lettings/", query), target, "{query:?}");
        }
        let show = Kept { query: &[], ..LIST };
        assert_eq!(show.target("/lettings/1/", Some("page=2")), "/lettings/1/");
    }

    #[test]
    fn a_page_serves_its_version_and_no_newer_one() {
        let cache = Cache::new(vec![LIST], SPACE);
        cache.keep(key(&cache, "/"), page(7, 200, 10));
        assert!(cache.find(&key(&cache, "/"), 7).is_some());
        assert!(cache.find(&key(&cache, "/"), 8).is_none());
        cache.keep(key(&cache, "/"), page(8, 404, 10));
        assert!(
            cache
                .find(&key(&cache, "/"), 8)
                .is_some_and(|page| page.says_nothing())
        );
        cache.keep(key(&cache, "/"), page(9, 200, 10));
        assert!(
            cache
                .find(&key(&cache, "/"), 9)
                .is_some_and(|page| !page.says_nothing())
        );
    }

    #[test]
    fn space_is_bounded_whatever_comes() {
        let cache = Cache::new(vec![LIST], SPACE);
        for number in 0..20_000 {
            let status = if number % 2 == 0 { 200 } else { 404 };
            cache.keep(
                key(&cache, &format!("/{number}/")),
                page(1, status, number % 10_000),
            );
        }
        cache.keep(key(&cache, "/large/"), page(1, 200, 4_000_000));
        let (pages, nothing) = (cache.pages.weight(), cache.nothing.weight());
        assert!(pages + nothing <= SPACE, "{pages} {nothing}");
        assert!(pages > SPACE / 2, "{pages}");
        assert!(nothing <= SPACE / NOTHING, "{nothing}");
        assert!(cache.find(&key(&cache, "/large/"), 1).is_none());
    }

    #[test]
    fn a_crawl_does_not_drive_out_what_is_asked_for() {
        let cache = Cache::new(vec![LIST], SPACE);
        let wanted: Vec<Key> = (0..100)
            .map(|number| key(&cache, &format!("/lettings/{number}/")))
            .collect();
        for key in &wanted {
            cache.keep(key.clone(), page(1, 200, 5_000));
            assert!(cache.find(key, 1).is_some());
        }
        for number in 0..50_000 {
            let crawled = key(&cache, &format!("/lettings/?city={number}"));
            if cache.find(&crawled, 1).is_none() {
                cache.keep(crawled, page(1, 200, 3_000));
            }
        }
        let left = wanted.iter().filter(|key| cache.find(key, 1).is_some());
        assert!(left.count() >= 95);
    }
}
