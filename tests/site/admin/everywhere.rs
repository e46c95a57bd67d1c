//! What holds for every page below `/admin`: never kept, never found by search engines, one frame, also for errors.

use super::desk::{Desk, middle, words};

/// Every kind of page, with the status that a superuser gets.
const PAGES: [(&str, u16); 14] = [
    ("/admin/", 200),
    ("/admin/lettings/", 200),
    ("/admin/lettings/letting/", 200),
    ("/admin/lettings/letting/?p=7", 303),
    ("/admin/lettings/letting/add/", 200),
    ("/admin/lettings/letting/1/", 303),
    ("/admin/lettings/letting/1/change/", 200),
    ("/admin/lettings/letting/1/delete/", 200),
    ("/admin/lettings/letting/1/history/", 200),
    ("/admin/auth/user/1/password/", 200),
    ("/admin/auth/user/add/", 200),
    ("/admin/lettings/letting/99/change/", 404),
    ("/admin/nothing/", 404),
    ("/admin", 301),
];

#[test]
fn nothing_is_kept_by_caches_or_search_engines() {
    let desk = Desk::new();
    desk.letting("Silo");
    for (target, status) in PAGES {
        let page = desk.get(target);
        assert_eq!(page.status, status, "{target}");
        assert_eq!(page.header("cache-control"), "no-store", "{target}");
        assert_eq!(page.header("x-robots-tag"), "noindex", "{target}");
        assert!(
            page.header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{target}"
        );
    }
    for (fields, status) in [
        (vec![("title", "")], 422),
        (
            vec![("title", "Sea"), ("address_id", "1"), ("_version", "7")],
            409,
        ),
    ] {
        let page = desk.post("/admin/lettings/letting/1/change/", &fields);
        assert_eq!(
            (page.status, page.header("cache-control").as_str()),
            (status, "no-store")
        );
    }
}

#[test]
fn every_page_has_one_heading_and_a_name() {
    let desk = Desk::new();
    desk.letting("Silo");
    for (target, status) in PAGES {
        if status == 200 || status == 404 {
            let page = desk.get(target);
            assert_eq!(page.text().matches("<h1>").count(), 1, "{target}");
            assert!(
                page.between("<title>", "</title>")
                    .ends_with(" · Holiday Homes administration"),
                "{target}"
            );
            assert!(words(page.text()).contains("Welcome, ada"), "{target}");
        }
    }
}

#[test]
fn what_is_not_there_is_said_in_the_frame_with_a_way_to_the_list() {
    let desk = Desk::new();
    desk.letting("Silo");
    for id in [
        "99",
        "0",
        "abc",
        "-1",
        "1.5",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999",
    ] {
        for rest in ["", "change/", "delete/", "history/"] {
            let target = format!("/admin/lettings/letting/{id}/{rest}");
            let mut page = desk.get(&target);
            if page.status == 303 {
                page = desk.get(&page.header("location"));
            }
            assert_eq!(page.status, 404, "{target}");
            assert!(
                middle(&page).contains("Page not found"),
                "{target}: {}",
                middle(&page)
            );
            assert!(
                page.text()
                    .contains("href=\"/admin/lettings/letting/\">Back to the list</a>"),
                "{target}"
            );
        }
    }
    let page = desk.get("/admin/auth/user/99/password/");
    assert!(
        page.status == 404
            && page
                .text()
                .contains("href=\"/admin/auth/user/\">Back to the list</a>")
    );
    for target in [
        "/admin/lettings/nothing/",
        "/admin/auth/permission/",
        "/admin/auth/permission/1/change/",
        "/admin/lettings/user/",
    ] {
        assert_eq!(desk.get(target).status, 404, "{target}");
    }
}

#[test]
fn posts_to_rows_that_are_not_there_do_nothing() {
    let desk = Desk::new();
    desk.letting("Silo");
    let before = desk.everything();
    for target in [
        "99/change/",
        "99/delete/",
        "0/delete/",
        "99999999999999999999999/delete/",
    ] {
        let page = desk.post(
            &format!("/admin/lettings/letting/{target}"),
            &[("title", "Sea"), ("address_id", "1"), ("post", "yes")],
        );
        assert_eq!(page.status, 404, "{target}");
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_method_that_hides_in_a_body_does_not_get_past_the_guards() {
    let desk = Desk::new();
    desk.letting("Silo");
    let bob = desk.colleague("bob", &["lettings.view_letting"]);
    let before = desk.everything();
    for method in ["DELETE", "PUT", "PATCH", "GET"] {
        for target in ["1/change/", "1/delete/"] {
            let page = bob.post(
                &format!("/admin/lettings/letting/{target}"),
                &[("_method", method), ("title", "Sea")],
            );
            assert!(
                page.status >= 400 || page.status == 200,
                "{method} {target}"
            );
        }
    }
    assert_eq!(desk.everything(), before);
}

#[test]
fn every_link_of_the_admin_leads_to_a_page() {
    let desk = Desk::demo();
    desk.group("Cleaners");
    let mut seen = std::collections::BTreeSet::new();
    let mut next = vec!["/admin/".to_owned()];
    while let Some(target) = next.pop() {
        // The order of a list can be asked for in endlessly many ways.
        if target.contains("o=") || !seen.insert(target.clone()) {
            continue;
        }
        let page = desk.get(&target);
        assert!(
            matches!(page.status, 200 | 303),
            "{target}: {}",
            page.status
        );
        let links = page.attributes("href");
        next.extend(
            links
                .into_iter()
                .filter(|link| link.starts_with("/admin/") && !link.contains("_facets")),
        );
    }
    assert!(seen.len() > 60, "{}", seen.len());
}
