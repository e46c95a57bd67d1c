//! Chromium and its driver as processes: one driver for a journey, a fresh browser with an empty profile for each visit.

use std::io::{BufRead, BufReader, copy, sink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::{ChromeCapabilities, WebDriver};

use super::variant::Variant;

/// What to do where there is none.
const CURE: &str =
    "the journeys need Chromium and its driver: apt install chromium chromium-driver";

/// Nothing of these is the site's: no sandbox below root, no graphics card, no updates, no accounts, no motion.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
];

/// A running driver; it is killed when the journey is over.
pub(crate) struct Driver {
    process: Child,
    url: String,
}

impl Driver {
    /// Starts one on any free port.
    pub(crate) fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{CURE} ({error})"));
        let mut words = BufReader::new(process.stdout.take().expect("a pipe was asked for"));
        let port = port(&mut words);
        // Nobody reads the rest, but the driver must be able to write it.
        std::thread::spawn(move || copy(&mut words, &mut sink()));
        Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
        }
    }

    /// A browser of this variant, with its profile in an empty folder.
    pub(crate) async fn browser(&self, variant: Variant, profile: &Path) -> WebDriver {
        let driver = WebDriver::new(&self.url, capabilities(variant, profile)).await;
        driver.unwrap_or_else(|error| panic!("{CURE} ({error})"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// From the line that ends in `started successfully on port 40123.`
fn port(words: &mut impl BufRead) -> u16 {
    let mut lines = words.lines().map_while(Result::ok);
    lines
        .find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        })
        .expect("a line that says where the driver listens")
}

fn capabilities(variant: Variant, profile: &Path) -> ChromeCapabilities {
    let mut arguments: Vec<String> = ARGUMENTS.iter().copied().map(str::to_owned).collect();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments.push(format!("--window-size={},900", variant.width));
    if variant.dark {
        arguments.push("--force-dark-mode".to_owned());
    }
    let mut preferences = json!({});
    if !variant.script {
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let mut options = vec![("args", json!(arguments)), ("prefs", preferences)];
    if variant.is_phone() {
        // A window is never that narrow, so the driver shows pages as on the screen of a phone.
        let screen = json!({ "width": variant.width, "height": 844, "pixelRatio": 1, "mobile": true, "touch": false });
        options.push(("mobileEmulation", json!({ "deviceMetrics": screen })));
    }
    let mut capabilities = ChromeCapabilities::new();
    for (name, value) in options {
        set(&mut capabilities, name, value);
    }
    capabilities
}

fn set(capabilities: &mut ChromeCapabilities, name: &str, value: Value) {
    capabilities
        .add_experimental_option(name, value)
        .expect("JSON that is valid");
}
