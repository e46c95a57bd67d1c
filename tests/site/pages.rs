//! What a visitor reads, page by page in `pages/`; here what all pages have in common.

use std::collections::BTreeSet;

use rocket::http::Method;

use crate::support::Site;

mod home;
mod lettings;
mod places;
mod profiles;
mod titles;

#[test]
fn a_page_names_itself_and_its_one_true_address() {
    let site = Site::with(&[("SITE_URL", "https://www.example.com")]);
    site.letting("Silo");
    site.person("ada");
    for (target, title) in [
        ("/", "Holiday Homes"),
        ("/lettings/", "Lettings · Holiday Homes"),
        ("/lettings/1/", "Silo · Holiday Homes"),
        ("/profiles/", "Profiles · Holiday Homes"),
        ("/profiles/ada/", "ada · Holiday Homes"),
    ] {
        let page = site.get(target);
        assert_eq!(page.between("<title>", "</title>"), title);
        assert_eq!(
            page.between("rel=\"canonical\" href=\"", "\""),
            format!("https://www.example.com{target}")
        );
        assert_eq!(page.text().matches("<h1>").count(), 1, "{target}");
        assert_eq!(page.attributes("lang"), ["en-US"], "{target}");
    }
}

#[test]
fn without_a_public_origin_links_use_the_host_that_was_asked_for() {
    let site = Site::demo();
    let page = site
        .ask(Method::Get, "/lettings/1/")
        .hosts(&["LocalHost:8000"])
        .send();
    assert_eq!(
        page.between("rel=\"canonical\" href=\"", "\""),
        "http://localhost:8000/lettings/1/"
    );
}

#[test]
fn the_navigation_shows_where_one_is() {
    let site = Site::demo();
    for (target, current) in [
        ("/", "Home"),
        ("/lettings/3/", "Lettings"),
        ("/profiles/AirWow/", "Profiles"),
    ] {
        let page = site.get(target);
        assert_eq!(page.between("aria-current=\"page\">", "</a>"), current);
    }
}

#[test]
fn homes_are_for_search_engines_and_people_are_not() {
    let site = Site::demo();
    let hidden = |target| site.get(target).text().contains("content=\"noindex\"");
    assert!(!hidden("/") && !hidden("/lettings/") && !hidden("/lettings/1/"));
    assert!(hidden("/profiles/") && hidden("/profiles/AirWow/") && hidden("/nothing-here/"));
}

#[test]
fn every_link_on_the_site_leads_to_a_page() {
    let site = Site::demo();
    site.letting_in("NY", "Saint-Jean & \"Cie\" #1 <100%>", "Far");
    site.many_lettings(80);
    for username in ["zoë", "plus+name.-_@x", "a.b"] {
        site.person(username);
    }
    let mut seen = BTreeSet::from(["/".to_owned()]);
    let mut next = vec!["/".to_owned()];
    while let Some(target) = next.pop() {
        let page = site.get(&target);
        assert_eq!(page.status, 200, "{target}");
        if !page.header("content-type").starts_with("text/html") {
            continue;
        }
        for link in page.attributes("href") {
            if link.starts_with('/') && seen.insert(link.clone()) {
                next.push(link);
            }
        }
    }
    assert!(seen.contains("/profiles/zo%C3%AB/") && seen.contains("/lettings/?page=4"));
}

#[test]
fn a_page_loads_nothing_from_elsewhere_and_nothing_that_its_policy_forbids() {
    let site = Site::demo();
    for target in [
        "/",
        "/lettings/",
        "/lettings/1/",
        "/profiles/",
        "/profiles/AirWow/",
        "/x/",
    ] {
        let page = site.get(target);
        for link in page
            .attributes("href")
            .iter()
            .chain(&page.attributes("src"))
        {
            let ours = link.starts_with('/') && !link.starts_with("//") || link.starts_with('#');
            assert!(
                ours || link.starts_with("http://localhost/"),
                "{target}: {link}"
            );
        }
        assert!(page.attributes("style").is_empty(), "{target}");
        for script in page.text().split("<script").skip(1) {
            assert!(
                script.starts_with(" type=\"application/ld+json\">"),
                "{target}"
            );
        }
    }
}

#[test]
fn a_first_visit_fits_into_one_window_of_tcp() {
    let site = Site::with(&[("SITE_URL", "https://www.example.com")]);
    site.many_lettings(100);
    site.sql(
        "update letting set title = title || ' with a Hot Tub and a View of the Sea'",
        [],
    );
    for person in 0..60 {
        site.person(&format!("somebody-{person}"));
    }
    let packed = |target: &str| {
        site.ask(Method::Get, target)
            .header("Accept-Encoding", "gzip, br")
            .send()
            .size()
    };
    let home = site.get("/");
    let css = packed(home.between("rel=\"stylesheet\" href=\"", "\""));
    for target in [
        "/",
        "/lettings/",
        "/lettings/?page=3",
        "/lettings/1/",
        "/profiles/",
        "/x/",
    ] {
        let page = packed(target);
        assert!(page + css <= 14_336, "{target}: {page} and {css} bytes");
    }
}
