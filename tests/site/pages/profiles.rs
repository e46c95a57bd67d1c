//! The list of people with its pages, and the page of one person.

use crate::support::Site;
use crate::support::answer::Answer;

fn usernames(page: &Answer) -> Vec<&str> {
    page.text()
        .split("<h2><a href=\"/profiles/")
        .skip(1)
        .filter_map(|rest| rest.split_once("\">")?.1.split_once("</a>"))
        .map(|(username, _)| username)
        .collect()
}

#[test]
fn the_four_demo_people_show_their_exact_facts() {
    let site = Site::demo();
    for (username, first, last, city) in [
        ("4meRomance", "John", "Rodriguez", "Berlin"),
        ("AirWow", "Ada", "Paul", "Budapest"),
        ("DavWin", "Cassandra", "Grahm", "Barcelona"),
        ("HeadlinesGazer", "Jamie", "Lal", "Buenos Aires"),
    ] {
        let page = site.get(&format!("/profiles/{username}/"));
        assert_eq!(page.status, 200);
        let facts = format!(
            "{username} First name {first} Last name {last} Favorite city {city} All profiles"
        );
        assert!(page.words().contains(&facts), "{}", page.words());
    }
}

#[test]
fn each_page_of_many_people_with_gaps_holds_those_who_belong_there() {
    let site = Site::new();
    for change in [
        "insert into user (username, password, date_joined, updated_at)
         with recursive number (n) as (select 1 union all select n + 1 from number where n < 10000)
         select 'person' || n, '!', '2026-11-03T07:31:05.000000Z', '2026-11-03T07:31:05.000000Z' from number",
        "insert into profile (id, user_id, updated_at) select id + 7, id, updated_at from user",
        "delete from profile where id % 5 < 2",
    ] {
        site.sql(change, []);
    }
    for page in [1, 2, 6, 7, 62, 63, 64, 120, 124, 125] {
        let expected = site.value(&format!(
            "select group_concat(username, ',') from (select username from profile join user on user.id = user_id
             order by profile.id limit 48 offset {})",
            (page - 1) * 48
        ));
        let shown = site.get(&format!("/profiles/?page={page}"));
        assert_eq!(usernames(&shown).join(","), expected, "page {page}");
    }
}

#[test]
fn the_list_shows_people_in_the_order_in_which_they_came() {
    let page = Site::demo().get("/profiles/");
    assert!(
        page.words()
            .contains("Profiles 4 people HeadlinesGazer Jamie Lal Loves Buenos Aires DavWin ")
    );
    assert_eq!(
        usernames(&page),
        ["HeadlinesGazer", "DavWin", "AirWow", "4meRomance"]
    );
}

#[test]
fn an_address_is_published_only_by_those_who_chose_it() {
    let site = Site::demo();
    for target in ["/", "/profiles/", "/profiles/AirWow/"] {
        assert!(!site.get(target).text().contains('@'), "{target}");
    }
    site.sql("update profile set show_email = 1 where id = 3", []);
    let page = site.get("/profiles/AirWow/");
    assert!(page.words().contains("Email airwow@example.com"));
    assert!(
        page.attributes("href")
            .contains(&"mailto:airwow@example.com".to_owned())
    );
    assert!(!site.get("/profiles/DavWin/").text().contains('@'));
    assert!(!site.get("/profiles/").text().contains('@'));

    site.sql("update user set email = '' where username = 'AirWow'", []);
    assert!(!site.get("/profiles/AirWow/").text().contains("Email"));
}

#[test]
fn an_account_without_a_profile_is_not_there() {
    let site = Site::demo();
    assert_eq!(site.get("/profiles/admin/").status, 404);
    site.sql("delete from user where username = 'AirWow'", []);
    assert_eq!(site.get("/profiles/AirWow/").status, 404);
    assert_eq!(usernames(&site.get("/profiles/")).len(), 3);
}

#[test]
fn usernames_are_case_sensitive() {
    let site = Site::demo();
    site.person("airwow");
    assert_eq!(
        site.get("/profiles/AirWow/").between("<h1>", "</h1>"),
        "AirWow"
    );
    assert_eq!(
        site.get("/profiles/airwow/").between("<h1>", "</h1>"),
        "airwow"
    );
    assert_eq!(site.get("/profiles/AIRWOW/").status, 404);
}

#[test]
fn every_username_that_an_account_may_have_has_a_page() {
    let site = Site::new();
    let long = "x".repeat(150);
    for (username, address) in [
        ("zoë", "/profiles/zo%C3%AB/"),
        ("plus+name.-_@x", "/profiles/plus+name.-_@x/"),
        ("plus+name.-_@x", "/profiles/plus%2Bname.-_%40x/"),
        ("...a", "/profiles/...a/"),
        ("名前", "/profiles/%E5%90%8D%E5%89%8D/"),
        (&long, &format!("/profiles/{long}/")),
    ] {
        site.sql("delete from user", []);
        site.person(username);
        let page = site.get(address);
        assert_eq!(page.status, 200, "{address}");
        assert_eq!(page.between("<h1>", "</h1>"), username);
    }
}

#[test]
fn a_person_who_says_nothing_has_a_page_all_the_same() {
    let site = Site::new();
    site.person("ada");
    assert!(
        site.get("/profiles/ada/")
            .words()
            .contains("ada There is nothing more to tell yet. All profiles")
    );
    assert!(
        site.get("/profiles/")
            .words()
            .contains("Profiles 1 person ada ")
    );
}

#[test]
fn names_and_cities_are_text_whatever_they_hold() {
    let site = Site::new();
    site.person("ada");
    site.sql(
        "update user set first_name = '<script>alert(1)</script>', last_name = '\"''&'",
        [],
    );
    site.sql("update profile set favorite_city = '</dd><script>'", []);
    for target in ["/profiles/", "/profiles/ada/"] {
        let page = site.get(target);
        assert!(!page.text().contains("<script"), "{target}");
        assert!(
            page.words().contains("<script>alert(1)</script>"),
            "{target}"
        );
    }
}

#[test]
fn an_empty_list_says_so() {
    assert!(
        Site::new()
            .get("/profiles/")
            .words()
            .contains("No profiles are available.")
    );
}

#[test]
fn forty_eight_people_are_on_a_page_and_links_lead_through_all_of_them() {
    let site = Site::new();
    for number in 1..=50 {
        site.person(&format!("person{number}"));
    }
    let first = site.get("/profiles/");
    assert_eq!(
        (usernames(&first).len(), usernames(&first)[0]),
        (48, "person1")
    );
    assert!(first.words().contains("1–48 of 50 people, page 1 of 2"));
    assert!(
        first
            .text()
            .contains("rel=\"next\" href=\"/profiles/?page=2\"")
    );

    let last = site.get("/profiles/?page=2");
    assert_eq!(usernames(&last), ["person49", "person50"]);
    assert!(last.text().contains("rel=\"prev\" href=\"/profiles/\""));
}

#[test]
fn page_numbers_are_read_as_on_the_list_of_homes() {
    let site = Site::new();
    for number in 1..=50 {
        site.person(&format!("person{number}"));
    }
    for (query, location) in [
        ("page=0", "/profiles/"),
        ("page=-1", "/profiles/"),
        ("page=3", "/profiles/?page=2"),
        ("page=9999999999999999999", "/profiles/?page=2"),
        ("page=abc", "/profiles/"),
        ("page=", "/profiles/"),
        ("page=abc&page=2", "/profiles/"),
    ] {
        let answer = site.get(&format!("/profiles/?{query}"));
        assert_eq!(
            (answer.status, answer.header("location").as_str()),
            (303, location),
            "{query}"
        );
    }
    assert!(
        site.get("/profiles/?page=2&page=abc")
            .words()
            .contains("page 2 of 2")
    );
}
