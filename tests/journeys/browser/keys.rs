//! The keyboard of a browser: keys wherever the focus is, and the stops of the tabulator.

use serde::Deserialize;
use thirtyfour::{Key, TypingData};

use super::Browser;
use crate::scripts::FOCUS;

/// More stops of the tabulator than any page has.
const STOPS: usize = 100;

/// Where the tabulator stops.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stop {
    /// Its label or words.
    pub(crate) words: String,
    /// Whether it is the page's own matter, and not of the frame.
    pub(crate) is_content: bool,
    is_shown: bool,
}

impl Browser<'_> {
    /// Strikes keys, wherever the focus is.
    pub(crate) fn strike(&self, keys: impl Into<TypingData>) {
        self.ask(self.driver.action_chain().send_keys(keys).perform());
    }

    /// Strikes Enter where it leads to another page.
    pub(crate) fn enter(&self) {
        self.leave(|| self.strike(Key::Enter));
    }

    /// Goes on to the next stop of the tabulator, which must be seen to have the focus.
    pub(crate) fn next_stop(&self) -> Stop {
        self.strike(Key::Tab);
        let stop = self.script(FOCUS, []);
        let stop: Stop = serde_json::from_value(stop).expect("what the script tells");
        assert!(stop.is_shown, "{stop:?}");
        stop
    }

    /// Goes on from stop to stop until one with these words.
    pub(crate) fn tab_to(&self, words: &str) {
        let found = (0..STOPS).any(|_| self.next_stop().words == words);
        assert!(found, "the tabulator does not stop at “{words}”");
    }
}
