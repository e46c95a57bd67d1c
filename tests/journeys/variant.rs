//! The eight ways in which every journey is made, and what is told when one of them fails.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::browser::Browser;
use super::chromium::Driver;
use super::site::Site;

/// A way to look at the site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    /// Whether scripts run.
    pub(crate) script: bool,
    /// Whether the reader prefers dark pages.
    pub(crate) dark: bool,
    /// How wide a page is shown, in pixels.
    pub(crate) width: u32,
}

const PHONE: u32 = 390;
const DESK: u32 = 1280;

impl Variant {
    fn all() -> impl Iterator<Item = Self> {
        [PHONE, DESK].into_iter().flat_map(|width| {
            [true, false].into_iter().flat_map(move |script| {
                [false, true].into_iter().map(move |dark| Self {
                    script,
                    dark,
                    width,
                })
            })
        })
    }

    /// Whether lists are shown as on a phone.
    pub(crate) fn is_phone(self) -> bool {
        self.width == PHONE
    }
}

/// As in `390-dark-script`, which is also how pictures are named.
impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.dark { "dark" } else { "light" };
        let script = if self.script { "script" } else { "no-script" };
        write!(f, "{}-{scheme}-{script}", self.width)
    }
}

/// A journey in one variant, on a site of its own.
pub(crate) struct Visit<'d> {
    /// The site.
    pub(crate) site: Site,
    /// How it is looked at.
    pub(crate) variant: Variant,
    driver: &'d Driver,
    journey: &'d str,
    failed: RefCell<Vec<PathBuf>>,
}

/// Makes a journey in every variant, to the end of the list even if some fail, and then tells of those that did.
pub(crate) fn everywhere(journey: &str, walk: impl Fn(&Visit<'_>)) {
    everywhere_on(Site::open, journey, walk);
}

/// The same on a site that has nothing yet.
pub(crate) fn everywhere_new(journey: &str, walk: impl Fn(&Visit<'_>)) {
    everywhere_on(Site::open_empty, journey, walk);
}

fn everywhere_on(open: fn() -> Site, journey: &str, walk: impl Fn(&Visit<'_>)) {
    let driver = Driver::start();
    let mut failures = Vec::new();
    for variant in Variant::all() {
        let visit = Visit {
            site: open(),
            variant,
            driver: &driver,
            journey,
            failed: RefCell::default(),
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| walk(&visit))) {
            failures.push(visit.told(&words(panic.as_ref())));
        }
    }
    assert!(failures.is_empty(), "{journey}\n{}", failures.join("\n"));
}

impl Visit<'_> {
    /// A browser of somebody who is not signed in.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::start(self, self.driver)
    }

    /// A browser in which the superuser has just signed in.
    pub(crate) fn ada(&self) -> Browser<'_> {
        let browser = self.browser();
        browser.sign_in(super::site::ADA, super::site::PASSWORD);
        browser
    }

    /// Where a picture of a page is kept.
    pub(crate) fn picture(&self, page: &str) -> PathBuf {
        self.file(page, "png")
    }

    /// Where the picture of a browser that saw the journey fail is kept.
    pub(crate) fn failed(&self) -> PathBuf {
        let mut failed = self.failed.borrow_mut();
        let name = format!("failed-{}-{}", self.journey, failed.len() + 1);
        let picture = self.picture(&name);
        failed.push(picture.clone());
        picture
    }

    /// What is told of a failure: the words, and where to look for more.
    fn told(&self, words: &str) -> String {
        let log = self.file(&format!("failed-{}", self.journey), "log");
        std::fs::write(&log, self.site.log()).expect("a folder of ours");
        let mut kept = vec![log.display().to_string()];
        for picture in self.failed.borrow().iter() {
            kept.push(picture.display().to_string());
        }
        format!("{}: {words}\n  {}", self.variant, kept.join("\n  "))
    }

    fn file(&self, name: &str, ending: &str) -> PathBuf {
        kept().join(format!("{name}-{}.{ending}", self.variant))
    }
}

/// `target/journeys`.
fn kept() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let folder = target.expect("a folder in target").join("journeys");
    std::fs::create_dir_all(&folder).expect("a folder of ours");
    folder
}

fn words(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| {
            panic
                .downcast_ref::<&str>()
                .map(|words| (*words).to_owned())
        })
        .unwrap_or_default()
}
