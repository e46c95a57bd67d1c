//! The home page: the newest homes, where they are, how to get in touch.

use crate::support::Site;

/// What is read on the home page between two of its headings.
fn read_between(site: &Site, from: &str, to: &str) -> String {
    let words = site.get("/").words();
    let rest = words.split_once(from).map_or("", |(_, rest)| rest);
    rest.split_once(to)
        .map_or("", |(inner, _)| inner)
        .trim()
        .to_owned()
}

fn states(site: &Site) -> String {
    read_between(site, " States ", " Cities ")
}

fn cities(site: &Site) -> String {
    read_between(site, " Cities ", " Holiday Homes by ")
}

#[test]
fn the_home_page_welcomes_and_says_what_there_is() {
    let site = Site::demo();
    let page = site.get("/");
    assert_eq!(page.status, 200);
    assert_eq!(page.between("<h1>", "</h1>"), "Welcome to Holiday Homes");
    assert!(
        page.text()
            .contains("Right now we have 6 homes in 6 states.")
    );
    assert!(page.text().contains("Orange County Lettings"));
}

#[test]
fn the_newest_homes_come_first_and_six_are_shown() {
    let site = Site::demo();
    site.letting("Brand New");
    insta::assert_snapshot!(
        read_between(&site, " Newest homes ", " Where they are "),
        @"Brand New Irvine, CA Underground Hygge East Meadow, NY The Mushroom Dome Retreat & LAND of Paradise Suite Aliquippa, PA Pirates of the Caribbean Getaway Marquette, MI 'Silo Studio' Cottage Newport News, VA Oceanview Retreat Willoughby, OH"
    );
}

#[test]
fn states_and_cities_are_listed_with_their_numbers_the_largest_first() {
    let site = Site::demo();
    site.letting_in("NY", "Albany", "Second in New York");
    site.letting_in("NY", "Albany", "Third in New York");
    insta::assert_snapshot!(
        states(&site),
        @"New York 3 homes Georgia 1 home Michigan 1 home Ohio 1 home Pennsylvania 1 home Virginia 1 home"
    );
    insta::assert_snapshot!(
        cities(&site),
        @"Albany, NY 2 homes Aliquippa, PA 1 home Brunswick, GA 1 home East Meadow, NY 1 home Marquette, MI 1 home Newport News, VA 1 home Willoughby, OH 1 home"
    );
}

#[test]
fn a_place_links_to_its_homes() {
    let site = Site::new();
    site.letting_in("NY", "Saint-Jean & Cie", "Far");
    let links = site.get("/").attributes("href");
    assert!(links.contains(&"/lettings/?state=NY".to_owned()));
    assert!(links.contains(&"/lettings/?state=NY&city=Saint-Jean%20%26%20Cie".to_owned()));
}

#[test]
fn numbers_follow_what_editors_do_with_homes_and_addresses() {
    let site = Site::new();
    let first = site.letting_in("CA", "Irvine", "First");
    let second = site.letting_in("CA", "Irvine", "Second");
    assert_eq!(cities(&site), "Irvine, CA 2 homes");

    site.sql("update address set city = 'Anaheim' where id = ?1", [first]);
    assert_eq!(cities(&site), "Anaheim, CA 1 home Irvine, CA 1 home");

    site.sql("update address set state = 'NV' where id = ?1", [first]);
    assert_eq!(states(&site), "California 1 home Nevada 1 home");

    site.sql("delete from letting where id = ?1", [first]);
    assert_eq!(states(&site), "California 1 home");

    site.sql(
        "update letting set address_id = ?1 where id = ?2",
        [first, second],
    );
    assert_eq!(cities(&site), "Anaheim, NV 1 home");

    site.sql("delete from address where id = ?1", [first]);
    assert!(
        site.get("/")
            .text()
            .contains("No lettings are available yet.")
    );
    assert_eq!(site.get(&format!("/lettings/{second}/")).status, 404);
}

#[test]
fn numbers_are_grouped_by_thousands() {
    let site = Site::new();
    site.many_lettings(1_234);
    assert_eq!(states(&site), "California 1,234 homes");
}

#[test]
fn the_contact_address_is_shown_when_there_is_one() {
    let site = Site::with(&[("CONTACT_EMAIL", "hello@example.com")]);
    let page = site.get("/");
    assert!(page.words().contains("Get in touch"));
    assert!(
        page.attributes("href")
            .contains(&"mailto:hello@example.com".to_owned())
    );
    assert!(!Site::new().get("/").text().contains("mailto:"));
}
