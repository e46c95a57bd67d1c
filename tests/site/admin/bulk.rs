//! What is done with ticked rows and with all rows of a list.

use super::desk::{Desk, Typed, middle, said, values};
use crate::support::answer::Answer;

const LIST: &str = "/admin/lettings/letting/";
const DELETE: Typed<'_> = ("action", "delete_selected");

/// Presses `Yes, I’m sure` on a page that asks.
fn confirm(desk: &Desk, target: &str, page: &Answer) -> Answer {
    let fields = values(page.between("<form class=\"actions\"", "</form>"));
    let fields: Vec<Typed<'_>> = fields
        .iter()
        .filter(|(name, _)| name != "form_token")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    desk.post(target, &fields)
}

#[test]
fn nothing_ticked_and_no_action_change_nothing() {
    let desk = Desk::new();
    desk.letting("Silo");
    let before = desk.everything();
    let nothing =
        "Items must be selected in order to perform actions on them. No items have been changed.";
    for (fields, words) in [
        (vec![DELETE], nothing),
        (vec![DELETE, ("_selected_action", "abc")], nothing),
        (
            vec![("action", ""), ("_selected_action", "1")],
            "No action selected.",
        ),
        (vec![("_selected_action", "1")], "No action selected."),
        (
            vec![
                ("action", "explode"),
                ("_selected_action", "1"),
                ("post", "yes"),
            ],
            "No action selected.",
        ),
        (vec![], "No action selected."),
    ] {
        let answer = desk.post(&format!("{LIST}?q=silo"), &fields);
        assert_eq!(answer.status, 303, "{fields:?}");
        assert_eq!(
            desk.after(answer),
            (format!("{LIST}?q=silo"), words.to_owned()),
            "{fields:?}"
        );
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn ticked_rows_go_after_the_question() {
    let desk = Desk::new();
    for title in ["Silo", "Sea", "Stay"] {
        desk.letting(title);
    }
    let before = desk.everything();
    let page = desk.post(
        LIST,
        &[DELETE, ("_selected_action", "1"), ("_selected_action", "2")],
    );
    assert_eq!(page.status, 200);
    insta::assert_snapshot!(middle(&page), @"Home Lettings Delete multiple lettings Delete multiple lettings Are you sure you want to delete the selected lettings? All of the following objects and their related items will be deleted: Summary Lettings: 2 Objects Letting: Silo Letting: Sea Yes, I’m sure No, take me back");
    assert_eq!(desk.everything(), before, "to ask is not to delete");
    let answer = confirm(&desk, LIST, &page);
    assert_eq!(
        desk.after(answer),
        (
            LIST.to_owned(),
            "Successfully deleted 2 lettings.".to_owned()
        )
    );
    assert_eq!(desk.column("select title from letting"), ["Stay"]);
    assert_eq!(
        desk.logged(),
        [
            "ada delete letting 1 Silo []",
            "ada delete letting 2 Sea []"
        ]
    );
    assert_eq!(
        desk.column("select city || lettings from place"),
        ["Irvine1"]
    );
    let page = desk.post(LIST, &[DELETE, ("_selected_action", "3")]);
    let answer = confirm(&desk, LIST, &page);
    assert_eq!(desk.after(answer).1, "Successfully deleted 1 letting.");
}

#[test]
fn what_hangs_on_ticked_rows_goes_along_and_is_logged() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.letting("Sea");
    let target = "/admin/lettings/address/";
    let page = desk.post(
        target,
        &[DELETE, ("_selected_action", "1"), ("_selected_action", "2")],
    );
    assert!(middle(&page).contains("Summary Addresses: 2 Lettings: 2"));
    let answer = confirm(&desk, target, &page);
    assert_eq!(desk.after(answer).1, "Successfully deleted 2 addresses.");
    assert_eq!(desk.logged().len(), 4);
}

#[test]
fn rows_that_vanished_meanwhile_are_passed_over() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.letting("Sea");
    let page = desk.post(
        LIST,
        &[
            DELETE,
            ("_selected_action", "1"),
            ("_selected_action", "2"),
            ("_selected_action", "99"),
        ],
    );
    assert!(middle(&page).contains("Summary Lettings: 2"));
    desk.sql("delete from letting where id = 1", []);
    let answer = confirm(&desk, LIST, &page);
    assert_eq!(desk.after(answer).1, "Successfully deleted 1 letting.");
    assert_eq!(desk.logged(), ["ada delete letting 2 Sea []"]);
}

#[test]
fn all_fifteen_hundred_rows_of_a_list_go_at_once_with_the_number_said_before() {
    let desk = Desk::new();
    desk.many_lettings(1_500);
    let page = desk.get(LIST);
    assert!(middle(&page).contains("all 1,500 lettings of this list"));
    let page = desk.post(LIST, &[DELETE, ("select_across", "1")]);
    assert!(middle(&page).contains("Summary Lettings: 1,500"));
    assert!(page.bytes.len() < 40_000, "one field, not one a row");
    let answer = confirm(&desk, LIST, &page);
    assert_eq!(
        desk.after(answer),
        (
            LIST.to_owned(),
            "Successfully deleted 1,500 lettings.".to_owned()
        )
    );
    assert_eq!(desk.one::<i64>("select count(*) from letting"), 0);
    assert_eq!(desk.one::<i64>("select count(*) from place"), 0);
    assert_eq!(
        desk.one::<i64>("select count(distinct row_id) from history where action = 'delete'"),
        1_500
    );
}

#[test]
fn of_two_thousand_rows_none_goes_when_one_cannot() {
    let desk = Desk::new();
    desk.many_lettings(2_000);
    desk.sql(
        "create trigger it_stays before delete on letting when old.title = 'Home 1234'
         begin select raise(abort, 'this one stays'); end",
        [],
    );
    let before = desk.everything();
    let page = desk.post(LIST, &[DELETE, ("select_across", "1")]);
    assert_eq!(desk.ended(confirm(&desk, LIST, &page)).status, 500);
    assert_eq!(desk.everything(), before, "and nothing is in the history");
    assert_eq!(
        desk.column("select lettings || '' from place"),
        ["2000"],
        "the counts are as before"
    );
    assert!(middle(&desk.get(&format!("{LIST}?q=home"))).contains("2,000 results"));
    desk.sql("drop trigger it_stays", []);
    let answer = confirm(&desk, LIST, &page);
    assert_eq!(
        desk.after(answer).1,
        "Successfully deleted 2,000 lettings.",
        "the same page may be sent again"
    );
    assert_eq!(
        desk.column(
            "select count(*) || ' ' || count(distinct row_id) from history where action = 'delete'"
        ),
        ["2000 2000"]
    );
    assert!(middle(&desk.get(&format!("{LIST}?q=home"))).contains("0 results"));
}

#[test]
fn all_rows_of_a_narrowed_list_are_those_that_match() {
    let desk = Desk::new();
    desk.many_lettings(120);
    desk.letting("Stay");
    let target = format!("{LIST}?q=home+11");
    let page = desk.post(
        &target,
        &[DELETE, ("select_across", "1"), ("_selected_action", "121")],
    );
    assert!(
        middle(&page).contains("Summary Lettings: 11"),
        "{}",
        middle(&page)
    );
    assert!(
        page.attributes("href")
            .contains(&format!("{LIST}?q=home%2011")),
        "the way back is the narrowed list"
    );
    let answer = confirm(&desk, &target, &page);
    assert_eq!(
        desk.after(answer),
        (
            format!("{LIST}?q=home%2011"),
            "Successfully deleted 11 lettings.".to_owned()
        )
    );
    assert_eq!(desk.one::<i64>("select count(*) from letting"), 110);
}

#[test]
fn when_the_number_has_changed_the_question_is_asked_again() {
    let desk = Desk::new();
    desk.many_lettings(3);
    let page = desk.post(LIST, &[DELETE, ("select_across", "1")]);
    desk.letting("New");
    let again = confirm(&desk, LIST, &page);
    assert_eq!(again.status, 200);
    assert!(middle(&again).contains("Summary Lettings: 4"));
    assert_eq!(desk.one::<i64>("select count(*) from letting"), 4);
    for expected in ["", "abc", "3", "-4", "99999999999999999999999"] {
        let answer = desk.post(
            LIST,
            &[
                DELETE,
                ("select_across", "1"),
                ("post", "yes"),
                ("expected", expected),
            ],
        );
        assert_eq!(answer.status, 200, "{expected}");
    }
    assert_eq!(
        desk.post(LIST, &[DELETE, ("select_across", "1"), ("post", "yes")])
            .status,
        200
    );
    assert_eq!(desk.one::<i64>("select count(*) from letting"), 4);
    let answer = confirm(&desk, LIST, &again);
    assert_eq!(desk.after(answer).1, "Successfully deleted 4 lettings.");
}

#[test]
fn nothing_is_half_done_when_one_row_must_stay() {
    let desk = Desk::new();
    let bob = desk.user("bob").to_string();
    let own = desk.id.to_string();
    let before = desk.everything();
    let target = "/admin/auth/user/";
    let page = desk.post(
        target,
        &[
            DELETE,
            ("_selected_action", &bob),
            ("_selected_action", &own),
        ],
    );
    assert!(middle(&page).contains("You cannot delete your own account."));
    let answer = desk.post(
        target,
        &[
            DELETE,
            ("_selected_action", &bob),
            ("_selected_action", &own),
            ("post", "yes"),
        ],
    );
    assert_eq!(answer.status, 409);
    assert_eq!(desk.everything(), before);
}

#[test]
fn without_the_permission_there_is_no_action_and_none_is_carried_out() {
    let desk = Desk::new();
    desk.letting("Silo");
    let bob = desk.colleague(
        "bob",
        &[
            "lettings.change_letting",
            "lettings.view_address",
            "lettings.delete_address",
        ],
    );
    let before = desk.everything();
    let page = bob.get(LIST);
    assert!(!page.text().contains("delete_selected") && !page.text().contains("type=\"checkbox\""));
    let answer = bob.post(LIST, &[DELETE, ("_selected_action", "1"), ("post", "yes")]);
    assert_eq!(bob.after(answer).1, "No action selected.");
    // Nor where something would go along that they may not delete.
    let page = bob.post(
        "/admin/lettings/address/",
        &[DELETE, ("_selected_action", "1")],
    );
    assert!(middle(&page).contains("Cannot delete addresses"));
    let answer = bob.post(
        "/admin/lettings/address/",
        &[DELETE, ("_selected_action", "1"), ("post", "yes")],
    );
    assert_eq!(answer.status, 403);
    assert_eq!(desk.everything(), before);
    assert!(said(&bob.get(LIST)).is_empty());
}

#[test]
fn a_whole_page_of_ticks_is_a_form_that_is_taken() {
    let desk = Desk::new();
    desk.many_lettings(200);
    let mut fields = vec![DELETE];
    let ids: Vec<String> = (1..=200).map(|id| id.to_string()).collect();
    fields.extend(ids.iter().map(|id| ("_selected_action", id.as_str())));
    let page = desk.post(&format!("{LIST}?all="), &fields);
    assert!(middle(&page).contains("Summary Lettings: 200"));
    assert_eq!(confirm(&desk, LIST, &page).status, 303);
    assert_eq!(desk.one::<i64>("select count(*) from letting"), 0);
}
