//! The history of a row: what, from what to what, who, from where; for ever.

use super::desk::{Desk, middle, rows, words};

const PAGE: &str = "/admin/lettings/letting/1/history/";

#[test]
fn a_row_that_came_from_elsewhere_has_no_history() {
    let desk = Desk::new();
    desk.letting("Silo");
    let page = desk.get(PAGE);
    assert_eq!(page.between("<h1>", "</h1>"), "Change history: Silo");
    assert!(middle(&page).contains(
        "This object doesn’t have a change history. It probably wasn’t added via this admin site."
    ));
}

#[test]
fn each_save_is_told_with_old_and_new() {
    let desk = Desk::new();
    let form = "/admin/lettings/address/1/change/";
    desk.save("/admin/lettings/address/add/", &super::forms::ADDRESS);
    desk.save(form, &[("number", "12-34"), ("city", "<b>")]);
    desk.save(form, &[]);
    desk.save(
        form,
        &[("number", "1"), ("street", "Main"), ("unit", "Apt 4")],
    );
    let page = desk.get("/admin/lettings/address/1/history/");
    let told: Vec<String> = rows(&page)
        .iter()
        .map(|row| {
            row.split_once(" | ")
                .map_or("", |(_, rest)| rest)
                .to_owned()
        })
        .collect();
    assert_eq!(
        told,
        [
            "ada | 192.0.2.7 | Added.",
            "ada | 192.0.2.7 | Changed Number and City. Number: 9606 → 12-34 City: Aliquippa → <b>",
            "ada | 192.0.2.7 | No fields changed.",
            "ada | 192.0.2.7 | Changed Number, Street and Unit. Number: 12-34 → 1 Street: Harvard Street → Main Unit: (empty) → Apt 4",
        ]
    );
    assert!(
        page.text()
            .contains("<del>Aliquippa</del> → <ins>&lt;b&gt;</ins>")
    );
    assert!(middle(&page).ends_with("4 entries"));
}

#[test]
fn related_rows_and_flags_are_told_by_name() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.address("2", "Ocean Avenue");
    let group = desk.group("Cleaners");
    let view = desk.permission("lettings.view_letting");
    desk.save("/admin/lettings/letting/1/change/", &[("address_id", "2")]);
    assert!(
        rows(&desk.get(PAGE))[0]
            .ends_with("Changed Address. Address: 1 Main Street → 2 Ocean Avenue")
    );
    let target = format!("/admin/auth/group/{group}");
    desk.save(&format!("{target}/change/"), &[("permissions", &view)]);
    assert!(
        rows(&desk.get(&format!("{target}/history/")))[0]
            .ends_with("Changed Permissions. Permissions: (empty) → Can view letting")
    );
    let bob = desk.user("bob");
    desk.save(
        &format!("/admin/auth/user/{bob}/change/"),
        &[("is_staff", "on")],
    );
    assert!(
        rows(&desk.get(&format!("/admin/auth/user/{bob}/history/")))[0]
            .ends_with("Changed Staff status. Staff status: No → Yes")
    );
}

#[test]
fn the_oldest_stands_first_or_the_newest() {
    let desk = Desk::new();
    desk.letting("Silo");
    for title in ["One", "Two"] {
        desk.save("/admin/lettings/letting/1/change/", &[("title", title)]);
    }
    let oldest = desk.get(PAGE);
    assert!(rows(&oldest)[0].ends_with("Silo → One"));
    assert!(
        oldest
            .attributes("href")
            .contains(&format!("{PAGE}?order=newest"))
    );
    let newest = desk.get(&format!("{PAGE}?order=newest"));
    assert!(rows(&newest)[0].ends_with("One → Two"));
    assert!(newest.attributes("href").contains(&PAGE.to_owned()));
    for query in [
        "order=sideways",
        "order=",
        "p=abc",
        "p=99",
        "p=-1",
        "order=%00",
    ] {
        let page = desk.get(&format!("{PAGE}?{query}"));
        assert_eq!((page.status, rows(&page).len()), (200, 2), "{query}");
    }
}

#[test]
fn a_hundred_entries_are_on_a_page() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.sql(
        "insert into history (at, username, action, app, model, row_id, label)
         with recursive number (n) as (select 1 union all select n + 1 from number where n < 101)
         select '2026-11-22T07:31:05.000000Z', 'user ' || n, 'change', 'lettings', 'letting', '1', '' from number",
        [],
    );
    let page = desk.get(PAGE);
    assert_eq!(rows(&page).len(), 100);
    assert!(middle(&page).contains("101 entries"));
    assert!(rows(&page)[0].starts_with("Nov. 22, 2026, 7:31 a.m. | user 1 | - | "));
    assert!(
        page.text()
            .contains("<time datetime=\"2026-11-22T07:31:05Z\">Nov. 22, 2026, 7:31 a.m.</time>")
    );
    let page = desk.get(&format!("{PAGE}?p=2"));
    assert_eq!(rows(&page).len(), 1);
}

#[test]
fn history_survives_its_author_and_its_row() {
    let desk = Desk::new();
    let bob = desk.colleague("bob", &["lettings.change_letting"]);
    desk.letting("Silo");
    bob.save("/admin/lettings/letting/1/change/", &[("title", "Sea")]);
    let target = format!("/admin/auth/user/{}/delete/", bob.id);
    assert_eq!(desk.post(&target, &[("post", "yes")]).status, 303);
    assert!(
        rows(&desk.get(PAGE))[0].contains("| bob | 192.0.2.7 | Changed Title. Title: Silo → Sea")
    );
    desk.post("/admin/lettings/letting/1/delete/", &[("post", "yes")]);
    assert_eq!(desk.get(PAGE).status, 404);
    assert_eq!(desk.logged().len(), 3, "{:?}", desk.logged());
}

#[test]
fn nobody_rewrites_history() {
    let desk = Desk::new();
    desk.save("/admin/auth/group/add/", &[("name", "Cleaners")]);
    for statement in ["update history set username = 'eve'", "delete from history"] {
        assert!(
            desk.refusal(statement).contains("history is append-only"),
            "{statement}"
        );
    }
    assert_eq!(desk.logged(), ["ada add group 1 Cleaners []"]);
}

#[test]
fn a_long_value_is_cut_in_the_history_and_kept_in_the_row() {
    let desk = Desk::new();
    desk.letting("Silo");
    let title = "🍊".repeat(256);
    desk.save("/admin/lettings/letting/1/change/", &[("title", &title)]);
    assert!(rows(&desk.get(PAGE))[0].ends_with(&format!("Silo → {}", "🍊".repeat(200))));
    assert_eq!(desk.one::<String>("select title from letting"), title);
}

#[test]
fn entries_in_other_words_are_shown_without_details() {
    let desk = Desk::new();
    desk.letting("Silo");
    desk.sql(
        "insert into history (at, username, action, app, model, row_id, label, changes)
         values ('long ago', '', 'change', 'lettings', 'letting', '1', 'Silo', '{\"x\": 1}')",
        [],
    );
    let page = desk.get(PAGE);
    assert_eq!(
        rows(&page),
        ["long ago | command line | - | No fields changed."]
    );
    assert!(words(page.between("<h1>", "</h1>")).contains("Silo"));
}
