//! The keyboard alone: the way past the navigation, through a form, and to its end.

use thirtyfour::Key;

use super::variant::everywhere;

#[test]
fn a_home_is_added_with_the_keyboard_alone() {
    everywhere("keyboard", |visit| {
        let ada = visit.ada();
        assert_eq!(ada.next_stop().words, "Skip to content");
        ada.picture("skip");
        ada.strike(Key::Enter);
        // What comes next is the page's own matter, not the menu.
        assert!(ada.next_stop().is_content);
        ada.tab_to("Add letting");
        ada.enter();
        assert_eq!(ada.heading(), "Add letting");

        assert_eq!(ada.next_stop().words, "Skip to content");
        ada.tab_to("Title");
        ada.strike("Harbor Loft");
        ada.tab_to("A new address");
        ada.strike(" ");
        for (label, words) in [
            ("Number", "12"),
            ("Street", "Ocean Avenue"),
            ("City", "Laguna Beach"),
            ("State", "CA"),
            ("Zip code", "92651"),
            ("Country iso code", "USA"),
        ] {
            ada.tab_to(label);
            ada.strike(words);
        }
        ada.tab_to("Save");
        ada.picture("focus");
        ada.enter();
        ada.see("The letting “Harbor Loft” was added successfully.");
    });
}
