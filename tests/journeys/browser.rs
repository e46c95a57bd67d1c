//! A browser, spoken to as one speaks to a person at it: what to fill in, press and see, by the words on the screen.
//!
//! Every page that a journey comes to is looked over on arrival (`faults.js`), whatever the journey is about.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::tokio::runtime::{Builder, Runtime};
use serde_json::Value;
use tempfile::TempDir;
use thirtyfour::cdp::domains::page::CaptureScreenshot;
use thirtyfour::error::WebDriverResult;
use thirtyfour::support::base64_decode;
use thirtyfour::{WebDriver, WebElement, WindowHandle};

use super::chromium::Driver;
use super::scripts::{FAULTS, FIND, LABELS, LOADED};
use super::variant::Visit;

mod keys;

/// How long anything may take before a journey has failed; never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to leave the processors to the browser between two looks at it.
const PAUSE: Duration = Duration::from_millis(10);

/// What is pressed to see how far a long action is.
const AGAIN: &str = "Look again";

/// A browser; it is closed when the journey is over.
pub(crate) struct Browser<'v> {
    visit: &'v Visit<'v>,
    runtime: Runtime,
    driver: WebDriver,
    _profile: TempDir,
}

/// One of its tabs.
pub(crate) struct Tab(WindowHandle);

impl<'v> Browser<'v> {
    /// Starts one, and makes sure that scripts run in it exactly if they shall.
    pub(crate) fn start(visit: &'v Visit<'v>, driver: &Driver) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("threads and sockets");
        let profile = visit.site.folder();
        let driver = runtime.block_on(driver.browser(visit.variant, profile.path()));
        let browser = Self {
            visit,
            runtime,
            driver,
            _profile: profile,
        };
        browser.ask(browser.driver.goto(
            "data:text/html,<title>scripts are off</title><script>document.title = 'scripts are on'</script>",
        ));
        let expected = if visit.variant.script {
            "scripts are on"
        } else {
            "scripts are off"
        };
        assert_eq!(browser.ask(browser.driver.title()), expected);
        browser
    }

    /// Goes to an address of the site, as from a bookmark.
    pub(crate) fn open(&self, path: &str) {
        self.ask(self.driver.goto(self.visit.site.url(path)));
        self.look_over();
    }

    /// Signs in at the sign-in page.
    pub(crate) fn sign_in(&self, username: &str, password: &str) {
        self.open("/admin/");
        self.fill("Username", username);
        self.fill("Password", password);
        self.press("Log in");
        self.see("Site administration");
    }

    /// Writes into the field of this label, in place of what is there.
    pub(crate) fn fill(&self, label: &str, words: &str) {
        let field = self.field(label);
        self.ask(field.clear());
        self.ask(field.send_keys(words));
    }

    /// Chooses a file of this machine in the field of this label.
    pub(crate) fn attach(&self, label: &str, file: &Path) {
        let path = file.to_str().expect("a path that can be typed");
        self.ask(self.field(label).send_keys(path));
    }

    /// Ticks or chooses what bears this label.
    pub(crate) fn choose(&self, label: &str) {
        let field = self.field(label);
        self.ask(field.click());
        assert!(self.ask(field.is_selected()), "{label} is not chosen");
    }

    /// What the field of this label holds.
    pub(crate) fn held(&self, label: &str) -> String {
        self.ask(self.field(label).value()).unwrap_or_default()
    }

    /// Presses the button or link with these words, and waits for the page that it leads to.
    pub(crate) fn press(&self, words: &str) {
        let target = self.found("press", words);
        self.leave(|| self.ask(target.click()));
    }

    /// Does what leads to another page, and waits for that page.
    fn leave(&self, act: impl FnOnce()) {
        let old = self.script(LOADED, []);
        act();
        self.patiently("the page does not change", || {
            // Between two pages there is none to ask.
            let new = self.runtime.block_on(self.driver.execute(LOADED, []));
            let new = new.ok()?.json().clone();
            (!new.is_null() && new != old).then_some(())
        });
        self.look_over();
    }

    /// Waits for the page with this heading, at the end of what may take long; the page on the way looks again by itself
    /// where scripts run, else one has to.
    pub(crate) fn arrive(&self, heading: &str) {
        self.patiently(&format!("“{heading}” is not reached"), || {
            let again = self.script(FIND, ["press".into(), AGAIN.into()]);
            if !self.visit.variant.script && !again.is_null() {
                self.press(AGAIN);
            }
            (self.heading() == heading).then_some(())
        });
        self.look_over();
    }

    /// Waits until these words are on the page.
    pub(crate) fn see(&self, words: &str) {
        self.patiently(&format!("“{words}” is not to be seen"), || {
            self.text().contains(words).then_some(())
        });
    }

    /// Makes sure that these words are not on the page.
    pub(crate) fn miss(&self, words: &str) {
        let text = self.text();
        assert!(!text.contains(words), "“{words}” is to be seen: {text}");
    }

    /// The words on the page.
    fn text(&self) -> String {
        let text = self.script("return document.body.innerText.replace(/\\s+/g, ' ')", []);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The heading of the page.
    pub(crate) fn heading(&self) -> String {
        let text = self.script("return document.querySelector('h1').innerText", []);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The status that the page came with.
    pub(crate) fn status(&self) -> u64 {
        let status = self.script(
            "return performance.getEntriesByType('navigation')[0].responseStatus",
            [],
        );
        status.as_u64().unwrap_or_default()
    }

    /// Whether there is a field of this label.
    pub(crate) fn has_field(&self, label: &str) -> bool {
        self.script(FIND, ["fill".into(), label.into()]) != Value::Null
    }

    /// The tab that is looked at.
    pub(crate) fn tab(&self) -> Tab {
        Tab(self.ask(self.driver.window()))
    }

    /// Opens another tab and looks at it.
    pub(crate) fn open_tab(&self) -> Tab {
        let tab = Tab(self.ask(self.driver.new_tab()));
        self.look_at(&tab);
        tab
    }

    /// Looks at a tab that is open.
    pub(crate) fn look_at(&self, tab: &Tab) {
        self.ask(self.driver.switch_to_window(tab.0.clone()));
    }

    /// The headings of a list that are to be seen, and the labels beside the values of the row that begins with these words.
    pub(crate) fn labels(&self, row: &str) -> (Vec<String>, Vec<String>) {
        let labels = self.script(LABELS, [row.into()]);
        serde_json::from_value(labels).expect("what the script tells")
    }

    /// Keeps a picture of the whole page, so that people can look at it.
    pub(crate) fn picture(&self, page: &str) {
        let saved = self.save(&self.visit.picture(page));
        saved.unwrap_or_else(|error| panic!("there is no picture of {page}: {error}"));
    }

    /// Runs a script on the page; works where the page's own must not.
    fn script(&self, script: &str, arguments: impl Into<Arc<[Value]>>) -> Value {
        self.ask(self.driver.execute(script, arguments))
            .json()
            .clone()
    }

    fn field(&self, label: &str) -> WebElement {
        self.found("fill", label)
    }

    fn found(&self, kind: &str, words: &str) -> WebElement {
        let complaint = format!("there is nothing to {kind} with the words “{words}”");
        let element = self.patiently(&complaint, || {
            Some(self.script(FIND, [kind.into(), words.into()])).filter(|found| !found.is_null())
        });
        WebElement::from_json(element, self.driver.handle().clone()).expect("an element")
    }

    /// Nothing is wrong with the page, whatever it is about.
    fn look_over(&self) {
        let variant = self.visit.variant;
        let faults = self.script(FAULTS, [variant.width.into(), variant.dark.into()]);
        assert_eq!(faults, Value::Array(Vec::new()), "{}", self.heading());
    }

    fn save(&self, path: &Path) -> WebDriverResult<()> {
        let whole = CaptureScreenshot {
            capture_beyond_viewport: Some(true),
            ..CaptureScreenshot::default()
        };
        let picture = self.runtime.block_on(self.driver.cdp().send(whole))?;
        Ok(std::fs::write(path, base64_decode(&picture.data)?)?)
    }

    fn patiently<T>(&self, complaint: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < deadline, "{complaint}: {}", self.text());
            std::thread::sleep(PAUSE);
        }
    }

    fn ask<T>(&self, question: impl Future<Output = WebDriverResult<T>>) -> T {
        let answer = self.runtime.block_on(question);
        answer.unwrap_or_else(|error| {
            let words = error.to_string();
            // What follows is where in the driver it happened.
            let (words, _) = words.split_once("Stacktrace:").unwrap_or((&words, ""));
            panic!("the browser says: {words}")
        })
    }
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Where the browser itself is what failed, there is nothing to look at.
            let _ = self.save(&self.visit.failed());
        }
        // It may have ended by itself.
        let _ = self.runtime.block_on(self.driver.clone().quit());
    }
}
