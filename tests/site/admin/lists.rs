//! Lists: columns, search, filters, order, pages; and addresses that mean nothing.

use super::desk::{Desk, middle, rows, values, words};
use crate::support::answer::Answer;

/// The headings of a list.
fn headings(page: &Answer) -> String {
    words(&page.between("<thead>", "</thead>").replace("</th>", " |"))
}

/// The blocks of filters as they are read.
fn filters(page: &Answer) -> String {
    words(page.between("<aside class=\"filters\"", "</aside>"))
        .trim_start_matches(|character| character != 'F')
        .to_owned()
}

/// The first cell of each row.
fn names(page: &Answer) -> Vec<String> {
    let first = |row: String| row.split(" | ").next().unwrap_or_default().to_owned();
    rows(page).into_iter().map(first).collect()
}

#[test]
fn addresses_are_listed_with_their_parts_the_newest_first() {
    let page = Desk::demo().get("/admin/lettings/address/");
    insta::assert_snapshot!(headings(&page), @"Select all on this page | Address | Unit | City | State | Zip code | Country |");
    insta::assert_snapshot!(rows(&page)[..2].join("\n"), @r"
    588 Argyle Avenue | - | East Meadow | NY | 11554 | USA
    9606 Harvard Street | - | Aliquippa | PA | 15001 | USA
    ");
    assert!(middle(&page).contains("6 addresses"));
    assert!(middle(&page).contains("Select address to change"));
    assert!(middle(&page).contains("Add address"));
}

#[test]
fn lettings_are_listed_with_their_place_the_newest_first() {
    let page = Desk::demo().get("/admin/lettings/letting/");
    insta::assert_snapshot!(headings(&page), @"Select all on this page | Letting | City | State |");
    insta::assert_snapshot!(rows(&page)[..2].join("\n"), @r"
    Underground Hygge | East Meadow | NY
    The Mushroom Dome Retreat & LAND of Paradise Suite | Aliquippa | PA
    ");
}

#[test]
fn profiles_are_listed_with_their_favorite_city() {
    let page = Desk::demo().get("/admin/profiles/profile/");
    insta::assert_snapshot!(headings(&page), @"Select all on this page | Profile | Favorite city | Email shown |");
    insta::assert_snapshot!(rows(&page).join("\n"), @r"
    4meRomance | Berlin | No
    AirWow | Budapest | No
    DavWin | Barcelona | No
    HeadlinesGazer | Buenos Aires | No
    ");
}

#[test]
fn users_are_listed_by_name_and_capitals_come_first() {
    let desk = Desk::new();
    desk.sql(
        "insert into user (username, email, first_name, last_name, password, is_active, date_joined, updated_at)
         values ('Zoe', 'zoe@example.com', 'Zoe', 'Z', '!', 0, '2026-01-01T00:00:00.000000Z', '')",
        [],
    );
    let page = desk.get("/admin/auth/user/");
    insta::assert_snapshot!(headings(&page), @"Select all on this page | Username | Email address | First name | Last name | Staff status | Active |");
    insta::assert_snapshot!(rows(&page).join("\n"), @r"
    Zoe | zoe@example.com | Zoe | Z | No | No
    ada | - | - | - | Yes | Yes
    ");
}

#[test]
fn groups_are_listed_with_their_sizes() {
    let desk = Desk::new();
    let id = desk.group("Cleaners");
    desk.group("Agents");
    desk.sql(
        "insert into user_group (user_id, group_id) values (?1, ?2)",
        (desk.id, id),
    );
    desk.sql("insert into group_permission (group_id, permission_id) select ?1, id from permission limit 3", [id]);
    let page = desk.get("/admin/auth/group/");
    insta::assert_snapshot!(headings(&page), @"Select all on this page | Group | Members | Permissions |");
    insta::assert_snapshot!(rows(&page).join("\n"), @r"
    Agents | 0 | 0
    Cleaners | 1 | 3
    ");
}

#[test]
fn an_empty_list_says_so() {
    let desk = Desk::new();
    for (target, plural) in [
        ("/admin/lettings/address/", "addresses"),
        ("/admin/lettings/letting/", "lettings"),
        ("/admin/profiles/profile/", "profiles"),
        ("/admin/auth/group/", "groups"),
    ] {
        let page = middle(&desk.get(target));
        assert!(
            page.contains(&format!("There are no {plural} yet. 0 {plural}")),
            "{page}"
        );
    }
}

#[test]
fn every_word_must_occur_and_letter_case_does_not_matter() {
    let desk = Desk::demo();
    let found = |search: &str| names(&desk.get(&format!("/admin/lettings/letting/?q={search}")));
    assert_eq!(found("OCEANview"), ["Oceanview Retreat"]);
    assert_eq!(found("retreat%20oceanview"), ["Oceanview Retreat"]);
    assert_eq!(found("retreat%20willoughby"), ["Oceanview Retreat"]);
    assert_eq!(found("retreat").len(), 2);
    assert!(found("retreat%20brunswick").is_empty());
}

#[test]
fn quotation_marks_keep_a_phrase_together() {
    let desk = Desk::demo();
    let found = |search: &str| names(&desk.get(&format!("/admin/lettings/letting/?q={search}")));
    assert_eq!(
        found("%22tree%20green%22"),
        ["Joshua Tree Green Haus /w Hot Tub"]
    );
    assert_eq!(found("green%20tree").len(), 1);
    assert!(found("%22green%20tree%22").is_empty());
    assert_eq!(
        found("%22tree%20green").len(),
        1,
        "a mark that is not closed"
    );
}

#[test]
fn signs_that_mean_something_to_the_database_are_searched_for_as_they_are() {
    let desk = Desk::new();
    for title in ["100% wool", "100 wool", "a_b", "aXb", "back\\slash", "it's"] {
        desk.letting(title);
    }
    let found = |search: &str| names(&desk.get(&format!("/admin/lettings/letting/?q={search}")));
    assert_eq!(found("100%25"), ["100% wool"]);
    assert_eq!(found("a_b"), ["a_b"]);
    assert_eq!(found("%5C"), ["back\\slash"]);
    assert_eq!(found("%27"), ["it's"]);
}

#[test]
fn each_model_is_searched_where_its_declaration_says() {
    let desk = Desk::demo();
    desk.group("Cleaners");
    desk.sql(
        "update user set email = 'grace@example.org', last_name = 'Hopper' where username = 'ada'",
        [],
    );
    for (target, count) in [
        ("/admin/lettings/address/?q=7217", 1),
        ("/admin/lettings/address/?q=31525", 1),
        ("/admin/lettings/address/?q=GA", 1),
        ("/admin/lettings/address/?q=argyle%20meadow", 1),
        ("/admin/auth/user/?q=hopper", 1),
        ("/admin/auth/user/?q=grace@example.org", 1),
        ("/admin/auth/group/?q=clean", 1),
        ("/admin/auth/group/?q=x", 0),
        ("/admin/profiles/profile/?q=airwow", 1),
    ] {
        assert_eq!(rows(&desk.get(target)).len(), count, "{target}");
    }
}

#[test]
fn a_search_tells_how_much_it_found_and_leads_back_to_everything() {
    let desk = Desk::demo();
    let page = desk.get("/admin/lettings/letting/?q=oceanview");
    assert!(middle(&page).contains("1 result (6 total)"));
    assert!(
        page.text()
            .contains("<a href=\"/admin/lettings/letting/\">6 total</a>")
    );
    let page = desk.get("/admin/lettings/letting/?q=nothing+like+it");
    assert!(middle(&page).contains("Nothing matches. Show all lettings"));
    assert!(middle(&page).contains("0 results (6 total)"));
}

#[test]
fn a_list_is_narrowed_by_a_value() {
    let desk = Desk::demo();
    let page = desk.get("/admin/lettings/address/?state=NY");
    assert_eq!(names(&page), ["588 Argyle Avenue"]);
    assert!(
        page.text()
            .contains("<a href=\"/admin/lettings/address/?state=NY\" aria-current=\"true\">NY</a>")
    );
    assert!(
        page.text()
            .contains("<a href=\"/admin/lettings/address/\">✖ Clear all filters</a>")
    );
    assert_eq!(
        rows(&desk.get("/admin/lettings/address/?state=NY&country=USA")).len(),
        1
    );
    assert_eq!(
        rows(&desk.get("/admin/lettings/address/?state=NY&country=FRA")).len(),
        0
    );
    assert_eq!(
        names(&desk.get("/admin/lettings/letting/?state=OH")),
        ["Oceanview Retreat"]
    );
}

#[test]
fn users_are_narrowed_by_flags() {
    let desk = Desk::new();
    desk.user("bob");
    desk.sql("update user set is_active = 0 where username = 'bob'", []);
    for (query, found) in [
        ("is_staff=1", "ada"),
        ("is_staff=0", "bob"),
        ("is_superuser=1", "ada"),
        ("is_active=0", "bob"),
    ] {
        assert_eq!(
            names(&desk.get(&format!("/admin/auth/user/?{query}"))),
            [found],
            "{query}"
        );
    }
    assert!(rows(&desk.get("/admin/auth/user/?is_active=0&is_staff=1")).is_empty());
}

#[test]
fn users_are_narrowed_by_group_or_by_having_none() {
    let desk = Desk::new();
    assert!(!desk.get("/admin/auth/user/").text().contains("By groups"));
    let (bob, cleaners) = (desk.user("bob"), desk.group("Cleaners"));
    desk.sql(
        "insert into user_group (user_id, group_id) values (?1, ?2)",
        (bob, cleaners),
    );
    let found = |value: &str| names(&desk.get(&format!("/admin/auth/user/?groups={value}")));
    assert_eq!(found(&cleaners.to_string()), ["bob"]);
    assert_eq!(found("-"), ["ada"]);
    assert!(found("99").is_empty());
    assert!(filters(&desk.get("/admin/auth/user/")).contains("By groups All Cleaners None"));
}

#[test]
fn numbers_stand_beside_the_filters_when_they_are_asked_for() {
    let desk = Desk::new();
    let (bob, cleaners) = (desk.user("bob"), desk.group("Cleaners"));
    desk.user("cleo");
    desk.sql(
        "insert into user_group (user_id, group_id) values (?1, ?2)",
        (bob, cleaners),
    );
    insta::assert_snapshot!(filters(&desk.get("/admin/auth/user/")), @"Filter Show counts By staff status All Yes No By superuser status All Yes No By active All Yes No By groups All Cleaners None");
    let page = desk.get("/admin/auth/user/?_facets=1");
    insta::assert_snapshot!(filters(&page), @"Filter Hide counts By staff status All Yes (1) No (2) By superuser status All Yes (1) No (2) By active All Yes (3) No (0) By groups All Cleaners (1) None (2)");
    let page = desk.get("/admin/auth/user/?is_staff=0&_facets=1");
    assert!(
        filters(&page).contains("By staff status All Yes (1) No (2)"),
        "{}",
        filters(&page)
    );
    // A choice counts with the other filters and the search, not with its own block's choice.
    let page = desk.get("/admin/auth/user/?is_staff=0&_facets=1&q=o");
    assert!(
        filters(&page).contains("By staff status All Yes (0) No (2)"),
        "{}",
        filters(&page)
    );
    assert!(
        filters(&page).contains("Cleaners (1) None (1)"),
        "{}",
        filters(&page)
    );
}

#[test]
fn numbers_beside_shared_texts_follow_the_search_and_the_other_filters() {
    let desk = Desk::new();
    for (title, state) in [
        ("Silo", "NY"),
        ("Sea", "NY"),
        ("Silo two", "OH"),
        ("Stay", "CA"),
    ] {
        let id = desk.letting(title);
        desk.sql("update address set state = ?1 where id = ?2", (state, id));
    }
    desk.address("9", "Nowhere");
    let shown = |target: &str| filters(&desk.get(&format!("/admin/lettings/{target}")));
    for (target, expected) in [
        ("letting/?_facets=1", "By state All CA (1) NY (2) OH (1)"),
        (
            "letting/?_facets=1&q=silo",
            "By state All CA (0) NY (1) OH (1)",
        ),
        (
            "letting/?_facets=1&q=si",
            "By state All CA (0) NY (1) OH (1)",
        ),
        (
            "letting/?_facets=1&q=silo&state=OH",
            "By state All CA (0) NY (1) OH (1)",
        ),
        (
            "address/?_facets=1",
            "By state All CA (2) NY (2) OH (1) By country All USA (5)",
        ),
        (
            "address/?_facets=1&q=main&state=CA",
            "By state All CA (1) NY (2) OH (1) By country All USA (1)",
        ),
    ] {
        assert!(
            shown(target).contains(expected),
            "{target}: {}",
            shown(target)
        );
    }
}

#[test]
fn a_filter_keeps_the_search_and_a_search_keeps_the_filter() {
    let desk = Desk::demo();
    let page = desk.get("/admin/lettings/address/?q=street&state=GA&o=3");
    assert!(
        page.attributes("href")
            .contains(&"/admin/lettings/address/?q=street&state=OH&o=3".to_owned())
    );
    let form = page.between("<form class=\"search\"", "</form>");
    assert_eq!(
        values(form).first(),
        Some(&("state".to_owned(), "GA".to_owned()))
    );
}

#[test]
fn a_search_keeps_the_order_that_was_chosen() {
    let desk = Desk::demo();
    let page = desk.get("/admin/lettings/address/?o=-3.1");
    let form = page.between("<form class=\"search\"", "</form>");
    assert!(values(form).contains(&("o".to_owned(), "-3.1".to_owned())));
}

#[test]
fn a_list_is_sorted_by_several_columns_and_a_heading_turns_it_round() {
    let desk = Desk::new();
    for (number, state) in [("1", "CA"), ("2", "NY"), ("3", "CA"), ("4", "NY")] {
        let id = desk.address(number, "Main");
        desk.sql("update address set state = ?1 where id = ?2", (state, id));
    }
    let sorted = |order: &str| {
        names(&desk.get(&format!("/admin/lettings/address/?o={order}")))
            .join(" ")
            .replace(" Main", "")
    };
    assert_eq!(sorted("4.-1"), "3 1 4 2");
    assert_eq!(sorted("-4.1"), "2 4 1 3");
    assert_eq!(sorted("1"), "1 2 3 4");
    assert_eq!(sorted("-1"), "4 3 2 1");
    let page = desk.get("/admin/lettings/address/?o=4.-1");
    let links = page.attributes("href");
    for link in ["?o=-4.-1", "?o=1.4", "?o=3.4.-1"] {
        assert!(
            links.contains(&format!("/admin/lettings/address/{link}")),
            "{link}"
        );
    }
    assert_eq!(page.attributes("aria-sort"), ["descending", "ascending"]);
}

#[test]
fn a_hundred_rows_are_on_a_page_and_the_order_goes_along() {
    let desk = Desk::new();
    desk.many_lettings(250);
    let first = desk.get("/admin/lettings/letting/");
    assert_eq!(
        (rows(&first).len(), names(&first)[0].as_str()),
        (100, "Home 250")
    );
    assert!(middle(&first).contains("250 lettings"));
    assert!(!middle(&first).contains("Show all"), "more than 200 rows");
    let last = desk.get("/admin/lettings/letting/?p=3");
    assert_eq!(
        (rows(&last).len(), names(&last)[49].as_str()),
        (50, "Home 1")
    );
    let sorted = desk.get("/admin/lettings/letting/?o=-1");
    assert!(
        sorted
            .attributes("href")
            .contains(&"/admin/lettings/letting/?o=-1&p=2".to_owned())
    );
}

#[test]
fn each_row_is_on_one_page_in_order_whichever_end_of_the_list_is_nearer() {
    let desk = Desk::new();
    desk.many_lettings(450);
    let newest: Vec<String> = (1..=450).rev().map(|id| format!("Home {id}")).collect();
    let mut by_title = newest.clone();
    by_title.sort();
    // Each home is in the same state, and then the newest comes first, either way.
    for (query, expected) in [
        ("", &newest),
        ("q=home", &newest),
        ("q=o", &newest),
        ("state=CA", &newest),
        ("o=3", &newest),
        ("o=-3&q=home", &newest),
        ("o=1", &by_title),
        ("o=1&q=irvine", &by_title),
    ] {
        let pages = (1..=5).flat_map(|page| {
            names(&desk.get(&format!("/admin/lettings/letting/?{query}&p={page}")))
        });
        assert_eq!(&pages.collect::<Vec<_>>(), expected, "{query}");
    }
}

#[test]
fn a_page_out_of_range_leads_to_the_nearest_with_the_same_search() {
    let desk = Desk::new();
    desk.many_lettings(150);
    for (wish, nearest) in [
        ("p=0", "/admin/lettings/letting/"),
        ("p=-1", "/admin/lettings/letting/"),
        ("p=3", "/admin/lettings/letting/?p=2"),
        ("p=99999999999999999999999", "/admin/lettings/letting/?p=2"),
        ("q=home&p=7", "/admin/lettings/letting/?q=home&p=2"),
    ] {
        let answer = desk.get(&format!("/admin/lettings/letting/?{wish}"));
        assert_eq!(
            (answer.status, answer.header("location").as_str()),
            (303, nearest),
            "{wish}"
        );
    }
}

#[test]
fn up_to_two_hundred_rows_can_be_shown_at_once() {
    let desk = Desk::new();
    desk.many_lettings(200);
    let page = desk.get("/admin/lettings/letting/?q=home");
    assert!(
        page.text()
            .contains("<a href=\"/admin/lettings/letting/?q=home&amp;all=\">Show all</a>")
    );
    assert_eq!(rows(&desk.get("/admin/lettings/letting/?all=")).len(), 200);
    desk.letting("One more");
    assert_eq!(rows(&desk.get("/admin/lettings/letting/?all=")).len(), 100);
    assert!(!middle(&desk.get("/admin/lettings/letting/")).contains("Show all"));
}

#[test]
fn parameters_that_mean_nothing_are_harmless() {
    let desk = Desk::demo();
    let all = rows(&desk.get("/admin/auth/user/"));
    for query in [
        "p=abc",
        "p=1.5",
        "p=",
        "o=99",
        "o=abc",
        "o=0",
        "o=-",
        "o=1.1.1",
        "o=99999999999999999999999",
        "is_staff=maybe",
        "is_staff=",
        "is_staff=2",
        "color=red",
        "password__startswith=a",
        "q=%00",
        "q=",
        "q=%20",
        "q=%22",
        "all=",
        "_facets=",
        "&&=&%",
        "%FF=%FF",
    ] {
        let page = desk.get(&format!("/admin/auth/user/?{query}"));
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(rows(&page), all, "{query}");
    }
    for query in [
        "q=%FF",
        "groups=abc",
        "groups=",
        "groups=%00",
        "groups=99999999999999999999999",
        "q=%F0%9F%8D%8A",
    ] {
        let page = desk.get(&format!("/admin/auth/user/?{query}"));
        assert_eq!((page.status, rows(&page).len()), (200, 0), "{query}");
    }
    for query in ["state=%00", "state=", "state=%FF", "country=%27%20or%201"] {
        let page = desk.get(&format!("/admin/lettings/address/?{query}"));
        assert_eq!((page.status, rows(&page).len()), (200, 0), "{query}");
    }
}

#[test]
fn a_search_of_ten_thousand_characters_is_harmless() {
    let desk = Desk::demo();
    for search in [
        "x".repeat(10_000),
        "x+".repeat(5_000),
        "%22".repeat(3_333),
        "%25".repeat(3_333),
        "%F0%9F%8D%8A".repeat(833),
    ] {
        let page = desk.get(&format!("/admin/lettings/letting/?q={search}"));
        assert_eq!(page.status, 200, "{}", &search[..8]);
        assert!(rows(&page).len() <= 6);
    }
}

#[test]
fn what_is_searched_for_is_shown_and_never_markup() {
    let page = Desk::demo().get("/admin/lettings/letting/?q=%22%3E%3Cscript%3E");
    assert!(!page.text().contains("<script>"));
    assert!(page.attributes("value").contains(&"\"><script>".to_owned()));
}

#[test]
fn filters_survive_the_way_through_a_form_and_back() {
    let desk = Desk::demo();
    let list = "/admin/lettings/letting/?q=retreat&state=OH&o=-1";
    let page = desk.get(list);
    let kept = "?_changelist_filters=q%3Dretreat%26state%3DOH%26o%3D-1";
    let form = format!("/admin/lettings/letting/2/change/{kept}");
    for link in [
        form.as_str(),
        &format!("/admin/lettings/letting/add/{kept}"),
    ] {
        assert!(page.attributes("href").contains(&link.to_owned()), "{link}");
    }
    let opened = desk.get(&form);
    assert!(
        opened.attributes("href").contains(&list.to_owned()),
        "the way back in the breadcrumb"
    );
    assert!(
        opened
            .attributes("href")
            .contains(&format!("/admin/lettings/letting/2/delete/{kept}"))
    );
    assert_eq!(desk.save(&form, &[]).0, list);
    assert_eq!(desk.save(&form, &[("_continue", "1")]).0, form);
    assert_eq!(
        desk.save(&form, &[("_addanother", "1")]).0,
        format!("/admin/lettings/letting/add/{kept}")
    );
    let refused = desk.submit(&form, &[("title", "")]);
    assert_eq!(refused.status, 422);
    assert!(refused.attributes("href").contains(&list.to_owned()));
    let deleted = desk.post(
        &format!("/admin/lettings/letting/2/delete/{kept}"),
        &[("post", "yes")],
    );
    assert_eq!(deleted.header("location"), list);
}

#[test]
fn kept_filters_never_lead_out_of_the_list() {
    let desk = Desk::demo();
    for kept in [
        "https://evil.example/",
        "//evil.example",
        "p=abc%26x=%0D%0ASet-Cookie:a",
        "%00",
        "%FF",
    ] {
        let form = format!("/admin/lettings/letting/2/change/?_changelist_filters={kept}");
        assert_eq!(
            desk.save(&form, &[]).0,
            "/admin/lettings/letting/",
            "{kept}"
        );
    }
}

#[test]
fn a_search_beyond_what_the_database_takes_is_harmless() {
    let desk = Desk::demo();
    let words = "_".repeat(30_000);
    for path in ["/admin/lettings/letting/", "/admin/history/"] {
        assert_eq!(desk.get(&format!("{path}?q={words}")).status, 200, "{path}");
    }
    let typed = [("title", "Silo"), ("address_id__search", words.as_str())];
    let page = desk.post("/admin/lettings/letting/add/", &typed);
    assert_eq!(page.status, 200);
}
