//! The list of homes with its pages, and the page of one home.

use crate::support::Site;
use crate::support::answer::Answer;

/// The titles in a list of cards, in their order.
fn titles(page: &Answer) -> Vec<&str> {
    page.text()
        .split("<h2><a href=\"/lettings/")
        .skip(1)
        .filter_map(|rest| rest.split_once("\">")?.1.split_once("</a>"))
        .map(|(title, _)| title)
        .collect()
}

#[test]
fn the_six_demo_homes_show_their_exact_facts() {
    let site = Site::demo();
    for (id, facts) in [
        (
            1,
            "Joshua Tree Green Haus /w Hot Tub 7217 Bedford Street Brunswick, GA 31525 USA",
        ),
        (
            2,
            "Oceanview Retreat 4 Military Street Willoughby, OH 44094 USA",
        ),
        (
            3,
            "'Silo Studio' Cottage 340 Wintergreen Avenue Newport News, VA 23601 USA",
        ),
        (
            4,
            "Pirates of the Caribbean Getaway 9230 E. Joy Ridge Street Marquette, MI 49855 USA",
        ),
        (
            5,
            "The Mushroom Dome Retreat & LAND of Paradise Suite 9606 Harvard Street Aliquippa, PA 15001 USA",
        ),
        (
            6,
            "Underground Hygge 588 Argyle Avenue East Meadow, NY 11554 USA",
        ),
    ] {
        let page = site.get(&format!("/lettings/{id}/"));
        assert_eq!(page.status, 200);
        assert!(
            page.words().contains(&format!(" {facts} Last updated ")),
            "{}",
            page.words()
        );
    }
    assert_eq!(site.get("/lettings/7/").status, 404);
}

#[test]
fn a_letting_shows_its_address_as_americans_write_it() {
    let site = Site::demo();
    let letting = |id| site.get(&format!("/lettings/{id}/"));
    insta::assert_snapshot!(letting(1).between("<address>", "</address>"), @"7217 Bedford Street<br>Brunswick, GA 31525<br>USA");
    site.sql(
        "update address set number = '12-34', unit = 'Apt 4', zip_code = '00501-0001' where id = 1",
        [],
    );
    insta::assert_snapshot!(letting(1).between("<address>", "</address>"), @"12-34 Bedford Street, Apt 4<br>Brunswick, GA 00501-0001<br>USA");
    site.sql(
        "update address set country_iso_code = 'FRA', state = 'XX', zip_code = '' where id = 1",
        [],
    );
    insta::assert_snapshot!(letting(1).between("<address>", "</address>"), @"12-34 Bedford Street, Apt 4<br>Brunswick, XX<br>FRA");
}

#[test]
fn a_letting_leads_to_more_homes_in_its_city_and_state() {
    let page = Site::demo().get("/lettings/3/");
    let links = page.attributes("href");
    assert!(links.contains(&"/lettings/?state=VA&city=Newport%20News".to_owned()));
    assert!(links.contains(&"/lettings/?state=VA".to_owned()));
    assert!(
        page.words()
            .contains("More homes in Newport News, VA More homes in Virginia All lettings")
    );
}

#[test]
fn a_letting_is_described_for_search_engines() {
    let site = Site::with(&[("SITE_URL", "https://www.example.com")]);
    site.letting("Silo");
    site.sql("update address set unit = 'Apt 4', zip_code = '00501'", []);
    assert_eq!(
        site.get("/lettings/1/").structured_data(),
        serde_json::json!({
            "@context": "https://schema.org",
            "@type": "House",
            "name": "Silo",
            "url": "https://www.example.com/lettings/1/",
            "address": {
                "@type": "PostalAddress",
                "streetAddress": "1 Main Street, Apt 4",
                "addressLocality": "Irvine",
                "addressRegion": "CA",
                "postalCode": "00501",
                "addressCountry": "USA",
            },
        })
    );
}

#[test]
fn a_letting_was_last_updated_when_it_or_its_address_was() {
    let site = Site::new();
    site.letting("Silo");
    site.sql(
        "update address set updated_at = '2026-11-22T07:31:05.123456Z'",
        [],
    );
    assert_eq!(
        site.get("/lettings/1/").between("Last updated ", "</p>"),
        "<time datetime=\"2026-11-22\">November 22, 2026</time>"
    );
}

#[test]
fn a_home_keeps_its_drawing_and_has_another_than_its_neighbor() {
    let site = Site::demo();
    let drawing = |target| {
        let page = site.get(target);
        page.between("<svg class=\"drawing\"", "</svg>").to_owned()
    };
    assert_eq!(drawing("/lettings/1/"), drawing("/lettings/1/"));
    assert_ne!(drawing("/lettings/1/"), drawing("/lettings/2/"));
    assert_eq!(drawing("/lettings/6/"), drawing("/lettings/"));
}

#[test]
fn an_id_is_not_given_out_twice() {
    let site = Site::new();
    let gone = site.letting("Gone");
    site.sql("delete from address", []);
    assert_ne!(site.letting("New"), gone);
    assert_eq!(site.get(&format!("/lettings/{gone}/")).status, 404);
}

#[test]
fn the_list_shows_the_newest_first() {
    let page = Site::demo().get("/lettings/");
    assert!(page.words().contains("Lettings 6 homes, newest first"));
    insta::assert_snapshot!(titles(&page).join("\n"), @r"
    Underground Hygge
    The Mushroom Dome Retreat &amp; LAND of Paradise Suite
    Pirates of the Caribbean Getaway
    'Silo Studio' Cottage
    Oceanview Retreat
    Joshua Tree Green Haus /w Hot Tub
    ");
}

#[test]
fn an_empty_list_says_so() {
    let page = Site::new().get("/lettings/");
    assert_eq!(page.status, 200);
    assert!(page.words().contains("No lettings are available."));
}

#[test]
fn twenty_four_homes_are_on_a_page_and_links_lead_through_all_of_them() {
    let site = Site::new();
    site.many_lettings(50);
    let first = site.get("/lettings/");
    assert_eq!(titles(&first).len(), 24);
    assert_eq!(titles(&first)[0], "Home 50");
    assert!(
        first
            .words()
            .contains("1–24 of 50 homes, page 1 of 3, newest first")
    );
    assert!(
        first
            .text()
            .contains("<a class=\"step\" rel=\"next\" href=\"/lettings/?page=2\">Next</a>")
    );
    assert!(!first.text().contains("rel=\"prev\""));

    let middle = site.get("/lettings/?page=2");
    assert_eq!(
        (titles(&middle)[0], titles(&middle)[23]),
        ("Home 26", "Home 3")
    );
    assert!(
        middle
            .text()
            .contains("<a class=\"step\" rel=\"prev\" href=\"/lettings/\">Previous</a>")
    );
    assert_eq!(
        middle.between("<title>", "</title>"),
        "Lettings, page 2 · Holiday Homes"
    );

    let last = site.get("/lettings/?page=3");
    assert_eq!(titles(&last), ["Home 2", "Home 1"]);
    assert!(last.words().contains("49–50 of 50 homes, page 3 of 3"));
    assert!(!last.text().contains("rel=\"next\""));
}

#[test]
fn each_page_of_a_long_list_with_gaps_holds_the_homes_that_belong_there() {
    let site = Site::new();
    site.many_lettings(12_000);
    site.sql(
        "delete from letting where id % 3 = 0 and id > 400 or id between 5000 and 5900",
        [],
    );
    site.sql(
        "update address set state = 'GA', city = 'Brunswick' where id % 2 = 0",
        [],
    );
    let states = [
        ("/lettings/?", "true"),
        ("/lettings/?state=CA&", "state = 'CA'"),
        ("/lettings/?state=GA&city=Brunswick&", "state = 'GA'"),
        ("/lettings/?city=Irvine&", "city = 'Irvine'"),
    ];
    for (list, matching) in states {
        let homes =
            format!("from letting join address on address.id = address_id where {matching}");
        let total: u64 = site
            .value(&format!("select count(*) {homes}"))
            .parse()
            .expect("a number");
        let last = total.div_ceil(24);
        for page in [
            1,
            2,
            10,
            11,
            12,
            13,
            last / 3,
            last / 2,
            last / 2 + 1,
            last - 11,
            last - 1,
            last,
        ] {
            let expected = site.value(&format!(
                "select group_concat(title, ',') from (select title {homes} order by letting.id desc limit 24 offset {})",
                (page - 1) * 24
            ));
            let shown = site.get(&format!("{list}page={page}"));
            assert_eq!(titles(&shown).join(","), expected, "{list}page={page}");
        }
    }
}

#[test]
fn one_page_of_homes_has_no_page_links() {
    let site = Site::new();
    site.many_lettings(24);
    assert!(
        !site
            .get("/lettings/")
            .text()
            .contains("aria-label=\"Pages\"")
    );
    site.letting("One more");
    assert!(
        site.get("/lettings/")
            .text()
            .contains("aria-label=\"Pages\"")
    );
}

#[test]
fn a_page_number_out_of_range_leads_to_the_nearest_page() {
    let site = Site::new();
    site.many_lettings(50);
    for (wish, nearest) in [
        ("0", "/lettings/"),
        ("-1", "/lettings/"),
        ("-99999999999999999999", "/lettings/"),
        ("4", "/lettings/?page=3"),
        ("9999999999999999999", "/lettings/?page=3"),
        ("99999999999999999999999999", "/lettings/?page=3"),
    ] {
        let answer = site.get(&format!("/lettings/?page={wish}"));
        assert_eq!(
            (answer.status, answer.header("location").as_str()),
            (303, nearest),
            "{wish}"
        );
    }
}

#[test]
fn a_page_number_that_is_none_leads_to_the_list() {
    let site = Site::new();
    site.many_lettings(50);
    for wish in [
        "", "abc", "1e3", "1.0", "%2B1", "%201", "2%00", "%FF", "%D9%A3", "0x2",
    ] {
        let answer = site.get(&format!("/lettings/?page={wish}"));
        let location = answer.header("location");
        assert_eq!(
            (answer.status, location.as_str()),
            (303, "/lettings/"),
            "{wish:?}"
        );
    }
}

#[test]
fn of_two_page_numbers_the_first_counts() {
    let site = Site::new();
    site.many_lettings(50);
    assert!(
        site.get("/lettings/?page=2&page=3")
            .words()
            .contains("page 2 of 3")
    );
    assert_eq!(site.get("/lettings/?page=abc&page=3").status, 303);
}

#[test]
fn parameters_that_mean_nothing_here_change_nothing() {
    let site = Site::demo();
    assert_eq!(
        site.get("/lettings/?utm_source=x&&=&%").text(),
        site.get("/lettings/").text()
    );
}
