//! A home from its first line to its last: added with its address, changed, fought over, looked back on, taken down.

use super::browser::Browser;
use super::variant::everywhere;

/// From the first page of the admin to the form of a home.
fn open_form(browser: &Browser<'_>, title: &str) {
    browser.open("/admin/");
    browser.press("Change lettings");
    browser.press(title);
}

#[test]
fn a_home_is_added_with_its_address_changed_looked_back_on_and_taken_down() {
    everywhere("a-home", |visit| {
        let ada = visit.ada();
        ada.press("Add letting");
        ada.fill("Title", "Harbor Loft");
        ada.choose("A new address");
        for (label, words) in [
            ("Number", "12"),
            ("Street", "Ocean Avenue"),
            ("Unit", "3B"),
            ("City", "Laguna Beach"),
            ("State", "CA"),
            ("Zip code", "92651"),
            ("Country iso code", "USA"),
        ] {
            ada.fill(label, words);
        }
        ada.picture("add");
        ada.press("Save");
        ada.see("The letting “Harbor Loft” was added successfully.");
        ada.picture("list");
        ada.press("Harbor Loft");
        ada.press("View on site");
        ada.see("12 Ocean Avenue");
        ada.see("Laguna Beach, CA 92651");
        ada.picture("home");

        open_form(&ada, "Harbor Loft");
        ada.fill("Title", "Harbor Loft by the Sea");
        ada.picture("change");
        ada.press("Save");
        ada.see("The letting “Harbor Loft by the Sea” was changed successfully.");

        ada.press("Harbor Loft by the Sea");
        ada.press("History");
        ada.see("ada 127.0.0.1 Added.");
        ada.see("ada 127.0.0.1 Changed Title. Title: Harbor Loft → Harbor Loft by the Sea");
        ada.picture("history");

        ada.press("Addresses");
        ada.press("12 Ocean Avenue");
        ada.press("Delete");
        ada.see("Are you sure you want to delete the address “12 Ocean Avenue”?");
        ada.see("Addresses: 1 Lettings: 1");
        ada.see("Letting: Harbor Loft by the Sea");
        ada.picture("delete");
        ada.press("Yes, I’m sure");
        ada.see("The address “12 Ocean Avenue” was deleted successfully.");
        ada.open("/admin/");
        ada.press("Change lettings");
        ada.miss("Harbor Loft");
    });
}

#[test]
fn of_two_tabs_on_one_home_the_second_sees_both_versions_and_may_take_either() {
    everywhere("two-tabs", |visit| {
        let ada = visit.ada();
        let first = ada.tab();
        let second = ada.open_tab();
        let (mut title, both) = ("Oceanview Retreat", [&first, &second]);
        for (theirs, mine, button) in [
            ("Oceanview Spa", "Oceanview Hideaway", "Save my version"),
            ("Oceanview Lodge", "Oceanview Shack", "Take theirs"),
        ] {
            for tab in both {
                ada.look_at(tab);
                open_form(&ada, title);
            }
            ada.fill("Title", theirs);
            ada.press("Save");
            ada.look_at(&first);
            ada.fill("Title", mine);
            ada.press("Save");
            assert_eq!(ada.status(), 409);
            ada.see("Somebody else saved this letting since you opened it.");
            ada.see(&format!("Title {theirs} {mine}"));
            assert_eq!(ada.held("Title"), mine);
            ada.picture("conflict");
            ada.press(button);
            title = if button == "Take theirs" {
                assert_eq!(ada.held("Title"), theirs);
                theirs
            } else {
                ada.see(&format!("The letting “{mine}” was changed successfully."));
                mine
            };
            assert_eq!(ada.status(), 200);
        }
        open_form(&ada, title);
        ada.press("History");
        ada.see("Title: Oceanview Retreat → Oceanview Spa");
        ada.see("Title: Oceanview Spa → Oceanview Hideaway");
        ada.see("Title: Oceanview Hideaway → Oceanview Lodge");
        ada.miss("Oceanview Shack");
    });
}
