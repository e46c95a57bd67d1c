//! Actions that take long: where they are, who may know it, and how they end.

use super::desk::{Desk, Typed, middle};

const LIST: &str = "/admin/lettings/letting/";

/// What a confirmation sends that deletes this home.
const DELETE: &[Typed<'_>] = &[
    ("action", "delete_selected"),
    ("_selected_action", "1"),
    ("post", "yes"),
];

/// Starts a deletion that has to wait for another change, and gives the page that it leads to.
fn begin(desk: &Desk) -> String {
    desk.meanwhile(|| {
        let page = desk.post(LIST, DELETE).header("location");
        let shown = desk.get(&page);
        assert_eq!(shown.status, 200);
        assert!(middle(&shown).contains("Deleting lettings Counting what there is to do."));
        assert!(shown.text().contains("<progress class=\"job\""));
        page
    })
}

#[test]
fn a_long_deletion_says_where_it_is_and_then_what_it_did() {
    let desk = Desk::new();
    desk.letting("Silo");
    let page = begin(&desk);
    assert!(page.starts_with("/admin/jobs/"), "{page}");
    let (next, said) = desk.after(desk.get(&page));
    assert_eq!(next, LIST);
    assert_eq!(said, "Successfully deleted 1 letting.");
    assert_eq!(desk.one::<i64>("select count(*) from letting"), 0);
    assert_eq!(desk.get(&page).status, 404, "its end is told once");
}

#[test]
fn nobody_else_sees_a_job() {
    let desk = Desk::new();
    desk.letting("Silo");
    let bob = desk.colleague("bob", &["lettings.delete_letting"]);
    let page = begin(&desk);
    assert_eq!(bob.get(&page).status, 404);
    assert_eq!(bob.get("/admin/jobs/0123/").status, 404);
    assert_eq!(desk.get(&page).status, 303);
}

#[test]
fn a_job_that_is_refused_says_so_and_has_changed_nothing() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.sql(
        "create trigger kept before delete on letting begin select raise(abort, 'kept'); end",
        [],
    );
    let page = begin(&desk);
    assert_eq!(desk.get(&page).status, 500);
    assert_eq!(desk.one::<i64>("select count(*) from letting"), 1);
    assert!(desk.logged().is_empty());
}
