//! The history of everything: for superusers, with a search and both orders.

use super::desk::{Desk, rows};

const PAGE: &str = "/admin/history/";

#[test]
fn everything_that_happened_is_there_the_newest_first() {
    let desk = Desk::demo();
    let colleague = desk.colleague("bob", &["lettings.change_address", "lettings.view_address"]);
    colleague.save("/admin/lettings/address/1/change/", &[("city", "Savannah")]);
    desk.post("/admin/lettings/address/2/delete/", &[("post", "yes")]);
    let told = rows(&desk.get(PAGE));
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].ends_with("ada | 192.0.2.7 | address 4 Military Street | Deleted."),
        "{told:?}"
    );
    assert!(
        told[1].ends_with("ada | 192.0.2.7 | letting Oceanview Retreat | Deleted."),
        "{told:?}"
    );
    assert!(
        told[2].contains("bob | 192.0.2.7 | address 7217 Bedford Street | Changed City."),
        "{told:?}"
    );
    let mut turned = rows(&desk.get("/admin/history/?order=oldest"));
    turned.reverse();
    assert_eq!(turned, told);
}

#[test]
fn a_search_finds_rows_people_and_clients() {
    let desk = Desk::demo();
    desk.save("/admin/lettings/address/1/change/", &[("city", "Savannah")]);
    for (words, found) in [
        ("Bedford", 1),
        ("ADA", 1),
        ("192.0.2.7", 1),
        ("nobody", 0),
        ("%", 0),
        ("%00", 1),
    ] {
        let page = desk.get(&format!("/admin/history/?q={words}"));
        assert_eq!(rows(&page).len(), found, "{words}");
    }
    assert!(
        desk.get("/admin/history/?q=nobody")
            .text()
            .contains("Nothing matches.")
    );
}

#[test]
fn it_is_for_superusers_and_linked_for_them_only() {
    let desk = Desk::demo();
    let colleague = desk.colleague("bob", &["lettings.view_letting"]);
    assert_eq!(colleague.get(PAGE).status, 403);
    assert!(!colleague.get("/admin/").text().contains(PAGE));
    assert!(desk.get("/admin/").text().contains(PAGE));
}
