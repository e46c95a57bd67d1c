//! A new home with its new address in one form: both or neither, each with its line of history.

use super::desk::{Desk, Typed, complaint, middle, values};

const ADD: &str = "/admin/lettings/letting/add/";

/// A whole new address as it is typed into the form of a home.
const NEW: &[Typed<'_>] = &[
    ("address_id", "new"),
    ("address_id.number", "100B"),
    ("address_id.street", "Ocean Avenue"),
    ("address_id.unit", "2"),
    ("address_id.city", "Irvine"),
    ("address_id.state", "ca"),
    ("address_id.zip_code", "92602"),
    ("address_id.country_iso_code", "usa"),
];

/// The new address and a title, with some of it typed otherwise.
fn typed<'a>(other: &[Typed<'a>]) -> Vec<Typed<'a>> {
    let all = NEW.iter().copied().chain([("title", "Silo")]);
    let kept = all.filter(|(name, _)| other.iter().all(|(changed, _)| changed != name));
    kept.chain(other.iter().copied()).collect()
}

#[test]
fn a_home_and_its_address_are_saved_by_one_form() {
    let desk = Desk::new();
    let (next, said) = desk.save(ADD, &typed(&[]));
    assert_eq!(next, "/admin/lettings/letting/");
    assert_eq!(said, "The letting “Silo” was added successfully.");
    assert_eq!(
        desk.column(
            "select title || ': ' || number || ' ' || street || ' ' || unit || ' ' || city || ' ' || state || ' ' || zip_code || ' ' || country_iso_code
             from letting join address on address.id = address_id"
        ),
        ["Silo: 100B Ocean Avenue 2 Irvine CA 92602 USA"]
    );
    assert_eq!(
        desk.logged(),
        [
            "ada add address 1 100B Ocean Avenue []",
            "ada add letting 1 Silo []"
        ]
    );
}

#[test]
fn what_is_wrong_in_either_is_said_at_once_and_what_was_typed_stays() {
    let desk = Desk::new();
    let before = desk.everything();
    let page = desk.submit(
        ADD,
        &typed(&[
            ("title", ""),
            ("address_id.state", "ZZ"),
            ("address_id.street", ""),
        ]),
    );
    assert_eq!(page.status, 422);
    assert_eq!(complaint(&page, "title"), "This field is required.");
    assert_eq!(
        complaint(&page, "address_id.street"),
        "This field is required."
    );
    assert!(
        page.text()
            .contains("<a href=\"#address_id.street\">Street: This field is required.</a>")
    );
    let kept = values(page.between("<form class=\"edit\"", "</form>"));
    for pair in [
        ("address_id", "new"),
        ("address_id.number", "100B"),
        ("address_id.state", "ZZ"),
    ] {
        assert!(
            kept.contains(&(pair.0.to_owned(), pair.1.to_owned())),
            "{pair:?}"
        );
    }
    // With the texts right, the rules across fields have their say, beside the field of the inner form.
    let page = desk.submit(ADD, &typed(&[("address_id.state", "ZZ")]));
    assert_eq!(
        complaint(&page, "address_id.state"),
        "Enter a state or territory of the USA, such as CA."
    );
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_home_that_is_refused_leaves_no_address_behind() {
    let desk = Desk::new();
    desk.sql(
        "create trigger no_silo before insert on letting when new.title = 'Silo' begin select raise(abort, 'UNIQUE constraint failed: letting.title'); end",
        [],
    );
    let before = desk.everything();
    let page = desk.submit(ADD, &typed(&[]));
    assert_eq!(page.status, 422);
    assert_eq!(
        complaint(&page, "title"),
        "Letting with this Title already exists."
    );
    assert_eq!(desk.everything(), before);
}

#[test]
fn an_existing_address_that_is_chosen_wins_over_what_was_typed_for_a_new_one() {
    let desk = Desk::new();
    desk.address("1", "Main Street");
    desk.save(ADD, &typed(&[("address_id", "1")]));
    assert_eq!(desk.one::<i64>("select count(*) from address"), 1);
    assert_eq!(desk.one::<i64>("select address_id from letting"), 1);
}

#[test]
fn an_address_that_was_typed_counts_where_nothing_is_chosen() {
    let desk = Desk::new();
    let fields = typed(&[]);
    let unchosen: Vec<Typed<'_>> = fields
        .into_iter()
        .filter(|(name, _)| *name != "address_id")
        .collect();
    desk.save(ADD, &unchosen);
    assert_eq!(desk.one::<i64>("select count(*) from letting"), 1);
    let page = desk.submit(ADD, &[("title", "No address")]);
    assert_eq!(complaint(&page, "address_id"), "This field is required.");
}

#[test]
fn a_home_moves_to_a_new_address_and_the_history_says_from_where() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.save("/admin/lettings/letting/1/change/", NEW);
    assert_eq!(desk.one::<i64>("select address_id from letting"), 2);
    assert_eq!(
        desk.logged(),
        [
            "ada add address 2 100B Ocean Avenue []",
            "ada change letting 1 Silo [{\"field\":\"Address\",\"old\":\"1 Main Street\",\"new\":\"100B Ocean Avenue\"}]"
        ]
    );
}

#[test]
fn who_may_not_add_addresses_is_not_offered_one_and_cannot_send_one() {
    let desk = Desk::new();
    let bob = desk.colleague("bob", &["lettings.add_letting", "lettings.view_letting"]);
    assert!(!middle(&bob.get(ADD)).contains("A new address"));
    let before = desk.everything();
    let page = bob.submit(ADD, &typed(&[]));
    assert_eq!(page.status, 422);
    assert_eq!(
        complaint(&page, "address_id"),
        "Select a valid choice. That choice is not one of the available choices."
    );
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_conflict_shows_the_address_that_was_typed_and_keeps_it() {
    let desk = Desk::new();
    desk.letting("Silo");
    let form = "/admin/lettings/letting/1/change/";
    let opened = desk.filled(form, NEW);
    desk.sql("update letting set version = version + 1", []);
    let fields: Vec<Typed<'_>> = opened
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let page = desk.post(form, &fields);
    assert_eq!(page.status, 409);
    assert!(middle(&page).contains("new: 100B Ocean Avenue 2 Irvine CA 92602 USA"));
    let kept = values(page.between("<form class=\"edit\"", "</form>"));
    assert!(kept.contains(&("address_id.street".to_owned(), "Ocean Avenue".to_owned())));
    assert_eq!(desk.one::<i64>("select count(*) from address"), 1);
}
