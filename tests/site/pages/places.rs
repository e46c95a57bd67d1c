//! The list of homes narrowed to a state or a city.

use crate::support::Site;

/// Three homes in Irvine, one in Anaheim, one in an Irvine of another state.
fn site() -> Site {
    let site = Site::new();
    for title in ["First", "Second", "Third"] {
        site.letting_in("CA", "Irvine", title);
    }
    site.letting_in("CA", "Anaheim", "Near the Park");
    site.letting_in("KY", "Irvine", "Far Away");
    site
}

#[test]
fn a_list_can_be_narrowed_to_a_state_a_city_or_both() {
    let site = site();
    for (query, heading, count, homes) in [
        (
            "state=CA",
            "Lettings in California",
            "4 homes",
            "Near the Park Anaheim, CA Third Irvine, CA",
        ),
        (
            "state=CA&city=Irvine",
            "Lettings in Irvine, CA",
            "3 homes",
            "Third Irvine, CA Second Irvine, CA",
        ),
        (
            "city=Irvine",
            "Lettings in Irvine",
            "4 homes",
            "Far Away Irvine, KY Third Irvine, CA",
        ),
        (
            "city=Anaheim",
            "Lettings in Anaheim",
            "1 home",
            "Near the Park Anaheim, CA See all lettings",
        ),
    ] {
        let page = site.get(&format!("/lettings/?{query}"));
        assert_eq!(page.status, 200);
        let words = page.words();
        assert!(
            words.contains(&format!("{heading} {count}, newest first {homes}")),
            "{words}"
        );
        assert_eq!(
            page.between("<title>", "</title>"),
            format!("{heading} · Holiday Homes")
        );
    }
}

#[test]
fn a_narrowed_list_is_not_for_search_engines() {
    let page = site().get("/lettings/?state=CA");
    assert!(
        page.text()
            .contains("<meta name=\"robots\" content=\"noindex\">")
    );
}

#[test]
fn a_place_without_homes_says_so_and_leads_back() {
    let site = site();
    for (query, place) in [
        ("state=NV", "Nevada"),
        ("state=CA&city=Springfield", "Springfield, CA"),
        ("city=Springfield", "Springfield"),
        ("state=Nowhere", "NOWHERE"),
        ("city=irvine", "irvine"),
    ] {
        let page = site.get(&format!("/lettings/?{query}"));
        assert_eq!(page.status, 200, "{query}");
        let words = format!("No lettings are available in {place}. See all lettings");
        assert!(page.words().contains(&words), "{query}: {}", page.words());
        assert!(page.text().contains("content=\"noindex\""), "{query}");
    }
}

#[test]
fn a_state_may_be_written_in_small_letters_and_with_blanks_around() {
    assert!(
        site()
            .get("/lettings/?state=+ca+&city=%20Irvine")
            .words()
            .contains("Lettings in Irvine, CA 3 homes")
    );
}

#[test]
fn an_empty_place_narrows_nothing() {
    let site = site();
    assert_eq!(
        site.get("/lettings/?state=&city=+").text(),
        site.get("/lettings/").text()
    );
}

#[test]
fn pages_of_a_narrowed_list_stay_narrowed() {
    let site = site();
    site.many_lettings(60);
    let page = site.get("/lettings/?state=CA&city=Irvine&page=2");
    assert!(page.words().contains("25–48 of 63 homes, page 2 of 3"));
    let links = page.attributes("href");
    assert!(links.contains(&"/lettings/?state=CA&city=Irvine".to_owned()));
    assert!(links.contains(&"/lettings/?state=CA&city=Irvine&page=3".to_owned()));

    for (wish, location) in [
        ("7", "/lettings/?state=CA&city=Irvine&page=3"),
        ("0", "/lettings/?state=CA&city=Irvine"),
        ("abc", "/lettings/?state=CA&city=Irvine"),
    ] {
        let answer = site.get(&format!("/lettings/?state=CA&city=Irvine&page={wish}"));
        assert_eq!(
            (answer.status, answer.header("location").as_str()),
            (303, location),
            "{wish}"
        );
    }
}

#[test]
fn the_last_page_of_a_narrowed_list_holds_the_oldest_homes() {
    let site = site();
    site.many_lettings(60);
    let words = site.get("/lettings/?state=CA&page=3").words();
    assert!(
        words.contains(
            "Near the Park Anaheim, CA Third Irvine, CA Second Irvine, CA First Irvine, CA"
        ),
        "{words}"
    );
}

#[test]
fn a_place_is_shown_as_text_whatever_a_visitor_wrote() {
    let page = site()
        .get("/lettings/?city=%3Cscript%3Ealert(1)%3C/script%3E%22%E2%80%AE%F0%9F%8F%A0%00%FF");
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("<script>alert"));
    assert!(
        page.text()
            .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
    );
}
