//! The proof that another model is cheap: a table and a declaration, and the admin has it.

use oc_lettings::models::{address, group, letting, permission, profile, user};
use oc_lettings::schema::draft::Errors;
use oc_lettings::schema::{
    By, Column, Field, Fieldset, Filter, Hooks, Kind, List, Model, Models, Shown,
};

use super::desk::{Desk, complaint, middle, rows, words};

const TABLE: &str = "
    create table review (
        id         integer primary key autoincrement,
        letting_id integer not null references letting (id) on delete cascade,
        stars      text not null,
        is_public  integer not null default 0,
        written    text,
        updated_at text not null,
        version    integer not null default 1
    ) strict;";

static REVIEW: Model = Model {
    app: "reviews",
    app_title: "Reviews",
    slug: "review",
    singular: "review",
    plural: "reviews",
    title: "Reviews",
    table: "review",
    label: "stars || ' for ' || (select title from letting where id = review.letting_id)",
    fieldsets: &[Fieldset::plain(&[
        Field::new("letting_id", "Letting", Kind::One(&letting::MODEL)),
        Field::new("stars", "Stars", Kind::Text { max: 5 }).check(only_stars),
        Field::new("is_public", "Public", Kind::Bool).optional(),
        Field::new("written", "Written", Kind::Moment).optional(),
    ])],
    list: List {
        columns: &[
            Column::text("Stars", "stars"),
            Column::text(
                "Letting",
                "(select title from letting where id = review.letting_id)",
            ),
            Column {
                label: "Public",
                sql: "is_public",
                shown: Shown::Flag,
            },
        ],
        search: &["(select title from letting where id = review.letting_id)"],
        filters: &[
            Filter {
                name: "public",
                label: "Public",
                by: By::Flag("is_public"),
            },
            Filter {
                name: "stars",
                label: "Stars",
                by: By::Value("stars"),
            },
        ],
        ..List::DEFAULT
    },
    hooks: Hooks {
        check: |draft| {
            if draft.flag("is_public") && draft.text("stars") == "*" {
                return Errors::one("is_public", "One star stays between us.");
            }
            Errors::default()
        },
        ..Hooks::DEFAULT
    },
    ..Model::DEFAULT
};

const MODELS: Models = Models(&[
    &group::MODEL,
    &user::MODEL,
    &address::MODEL,
    &letting::MODEL,
    &profile::MODEL,
    &REVIEW,
    &permission::MODEL,
]);

fn only_stars(text: &str) -> Result<String, String> {
    if text.chars().all(|c| c == '*') {
        Ok(text.to_owned())
    } else {
        Err("Give one to five stars.".to_owned())
    }
}

/// A site with reviews and two homes, Silo with three stars and Sea with five.
fn site() -> Desk {
    let desk = Desk::built_with(TABLE, MODELS);
    desk.letting("Silo");
    desk.letting("Sea");
    for (letting, stars) in [("1", "***"), ("2", "*****")] {
        desk.save(
            "/admin/reviews/review/add/",
            &[("letting_id", letting), ("stars", stars)],
        );
    }
    desk
}

#[test]
fn it_stands_in_the_index_and_has_a_page_of_its_app() {
    let desk = site();
    let index = desk.get("/admin/");
    assert!(
        middle(&index).contains(
            "Profiles Profiles 0Add profileChange profiles Reviews Reviews 2Add reviewChange reviews"
        ),
        "{}",
        middle(&index)
    );
    assert_eq!(
        desk.get("/admin/reviews/").between("<h1>", "</h1>"),
        "Reviews"
    );
    assert!(
        index
            .between("<nav class=\"side\"", "</nav>")
            .contains("/admin/reviews/review/")
    );
}

#[test]
fn it_is_listed_searched_narrowed_and_sorted() {
    let desk = site();
    let listed = |query: &str| rows(&desk.get(&format!("/admin/reviews/review/{query}")));
    assert_eq!(listed(""), ["***** | Sea | No", "*** | Silo | No"]);
    assert_eq!(listed("?q=silo"), ["*** | Silo | No"]);
    assert_eq!(listed("?stars=*****"), ["***** | Sea | No"]);
    assert!(listed("?public=1").is_empty());
    assert_eq!(
        listed("?o=1").first().map(String::as_str),
        Some("*** | Silo | No")
    );
    let filters = desk.get("/admin/reviews/review/?_facets=1");
    assert!(
        words(filters.between("<aside", "</aside>"))
            .contains("By public All Yes (0) No (2) By stars All *** (1) ***** (1)")
    );
}

#[test]
fn it_is_added_and_changed_with_messages_rules_and_history() {
    let desk = site();
    let form = "/admin/reviews/review/1/change/";
    assert_eq!(
        desk.save(
            form,
            &[
                ("stars", "****"),
                ("is_public", "on"),
                ("written_0", "2026-01-02"),
                ("written_1", "10:11")
            ]
        ),
        (
            "/admin/reviews/review/".to_owned(),
            "The review “**** for Silo” was changed successfully.".to_owned()
        )
    );
    assert_eq!(
        desk.one::<String>(
            "select stars || is_public || written || version from review where id = 1"
        ),
        "****12026-01-02T10:11:00.000000Z2"
    );
    let history = rows(&desk.get("/admin/reviews/review/1/history/"));
    assert!(history[0].ends_with("Added."));
    assert!(history[1].contains("Changed Stars, Public and Written. Stars: *** → **** Public: No → Yes Written: (empty) → "), "{}", history[1]);

    let before = (desk.everything(), desk.column("select stars from review"));
    for (typed, field, said) in [
        (vec![("stars", "")], "stars", "This field is required."),
        (vec![("stars", "good")], "stars", "Give one to five stars."),
        (
            vec![("stars", "******")],
            "stars",
            "Ensure this value has at most 5 characters (it has 6).",
        ),
        (
            vec![("letting_id", "99")],
            "letting_id",
            "Select a valid choice. That choice is not one of the available choices.",
        ),
        (
            vec![("written_0", "never"), ("written_1", "10:11")],
            "written",
            "Enter a valid date.",
        ),
        (
            vec![("stars", "*"), ("is_public", "on")],
            "is_public",
            "One star stays between us.",
        ),
    ] {
        let page = desk.submit(form, &typed);
        assert_eq!(
            (page.status, complaint(&page, field).as_str()),
            (422, said),
            "{typed:?}"
        );
    }
    assert_eq!(
        (desk.everything(), desk.column("select stars from review")),
        before
    );
    let opened = desk.submit(form, &[("stars", "*****"), ("_version", "1")]);
    assert_eq!(opened.status, 409);
}

#[test]
fn it_goes_along_with_its_letting_and_all_of_it_is_logged() {
    let desk = site();
    let page = desk.get("/admin/lettings/address/1/delete/");
    assert!(
        middle(&page).contains("Addresses: 1 Lettings: 1 Reviews: 1"),
        "{}",
        middle(&page)
    );
    desk.post("/admin/lettings/address/1/delete/", &[("post", "yes")]);
    assert_eq!(
        desk.logged()[2..],
        [
            "ada delete review 1 *** for Silo []",
            "ada delete letting 1 Silo []",
            "ada delete address 1 1 Main Street []"
        ]
    );
    let deleted = desk.post("/admin/reviews/review/2/delete/", &[("post", "yes")]);
    assert_eq!(
        desk.after(deleted).1,
        "The review “***** for Sea” was deleted successfully."
    );
    assert_eq!(desk.one::<i64>("select count(*) from review"), 0);
}

#[test]
fn it_has_its_four_permissions() {
    let desk = site();
    let bob = desk.colleague(
        "bob",
        &[
            "reviews.view_review",
            "lettings.delete_letting",
            "lettings.view_letting",
        ],
    );
    assert_eq!(
        bob.get("/admin/reviews/review/1/change/")
            .between("<h1>", "</h1>"),
        "View review: *** for Silo"
    );
    assert_eq!(
        bob.post("/admin/reviews/review/1/change/", &[("stars", "*")])
            .status,
        403
    );
    assert_eq!(bob.get("/admin/reviews/review/add/").status, 403);
    // A letting's reviews go along, so that deleting it needs the permission to delete reviews.
    let page = bob.get("/admin/lettings/letting/1/delete/");
    assert!(middle(&page).contains("Cannot delete letting"));
    assert_eq!(
        bob.post("/admin/lettings/letting/1/delete/", &[("post", "yes")])
            .status,
        403
    );
    assert!(middle(&desk.get("/admin/auth/group/add/")).contains(
        "reviews · review Can add review Can change review Can delete review Can view review"
    ));
    assert_eq!(desk.one::<i64>("select count(*) from review"), 2);
}
