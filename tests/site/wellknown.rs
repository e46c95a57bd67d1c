//! What machines look for at fixed addresses: crawlers, researchers, health checks, the pipeline.

use jiff::{SignedDuration, Timestamp};
use rocket::http::Method;

use crate::support::Site;

#[test]
fn robots_are_kept_from_the_admin_and_shown_the_sitemap() {
    let answer = Site::with(&[("SITE_URL", "https://www.example.com/")]).get("/robots.txt");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    insta::assert_snapshot!(answer.text(), @r"
    User-agent: *
    Disallow: /admin/

    Sitemap: https://www.example.com/sitemap.xml
    ");
}

#[test]
fn the_sitemap_names_pages_and_homes_and_no_people() {
    let site = Site::with(&[("SITE_URL", "https://www.example.com")]);
    site.letting("First");
    site.letting("Second");
    site.person("ada");
    site.sql(
        "update address set updated_at = '2026-11-22T07:31:05.123456Z' where id = 2",
        [],
    );
    let sitemap = site.get("/sitemap.xml");
    assert!(sitemap.header("content-type").contains("xml"));
    insta::assert_snapshot!(sitemap.text(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
    <url><loc>https://www.example.com/</loc></url>
    <url><loc>https://www.example.com/lettings/</loc></url>
    <url><loc>https://www.example.com/lettings/1/</loc><lastmod>2026-11-03T07:31:05.000000Z</lastmod></url>
    <url><loc>https://www.example.com/lettings/2/</loc><lastmod>2026-11-22T07:31:05.123456Z</lastmod></url>
    </urlset>
    "#);
    assert_eq!(site.get("/sitemap-1.xml").text(), sitemap.text());
}

#[test]
fn a_sitemap_that_is_not_there_is_404() {
    let site = Site::demo();
    for target in [
        "/sitemap-0.xml",
        "/sitemap-2.xml",
        "/sitemap-01x.xml",
        "/sitemap-.xml",
        "/sitemap--1.xml",
        "/sitemap-18446744073709551615.xml",
        "/sitemap-99999999999999999999.xml",
        "/sitemap-368934881474192.xml",
        "/sitemap-1.xml.gz",
        "/sitemap.xml/",
    ] {
        assert_eq!(site.get(target).status, 404, "{target}");
    }
}

#[test]
fn fifty_thousand_addresses_are_the_most_that_one_sitemap_holds() {
    let site = Site::new();
    let addresses = |target: &str| site.get(target).text().matches("<url>").count();
    site.many_lettings(49_998);
    assert_eq!(addresses("/sitemap.xml"), 50_000);
    assert_eq!(site.get("/sitemap-2.xml").status, 404);

    site.letting("One more");
    insta::assert_snapshot!(site.get("/sitemap.xml").text(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
    <sitemap><loc>http://localhost/sitemap-1.xml</loc></sitemap>
    <sitemap><loc>http://localhost/sitemap-2.xml</loc></sitemap>
    </sitemapindex>
    "#);
    assert_eq!(
        (addresses("/sitemap-1.xml"), addresses("/sitemap-2.xml")),
        (50_000, 1)
    );
    assert!(
        site.get("/sitemap-1.xml")
            .text()
            .contains("/lettings/49998/<")
    );
    assert!(
        site.get("/sitemap-2.xml")
            .text()
            .contains("/lettings/49999/<")
    );
    assert_eq!(site.get("/sitemap-3.xml").status, 404);
}

#[test]
fn researchers_find_a_contact_that_is_good_for_half_a_year() {
    let site = Site::with(&[
        ("CONTACT_EMAIL", "hello@example.com"),
        ("SITE_URL", "https://www.example.com"),
    ]);
    let answer = site.get("/.well-known/security.txt");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let expires = answer.between("Expires: ", "\n");
    insta::assert_snapshot!(answer.text().replace(expires, "<expires>"), @r"
    Contact: mailto:hello@example.com
    Expires: <expires>
    Preferred-Languages: en
    Canonical: https://www.example.com/.well-known/security.txt
    ");
    let left = expires
        .parse::<Timestamp>()
        .unwrap()
        .duration_since(Timestamp::now());
    assert!(
        left > SignedDuration::from_hours(178 * 24) && left <= SignedDuration::from_hours(180 * 24)
    );
}

#[test]
fn without_a_contact_there_is_no_security_txt() {
    assert_eq!(Site::new().get("/.well-known/security.txt").status, 404);
}

#[test]
fn health_checks_are_answered_whatever_host_they_name() {
    let site = Site::new();
    for target in ["/healthz", "/readyz", "/up"] {
        for hosts in [&[] as &[&str], &["10.0.0.7:8000"], &["a", "b"]] {
            let answer = site.ask(Method::Get, target).hosts(hosts).send();
            assert_eq!(
                (answer.status, answer.text()),
                (200, "ok\n"),
                "{target} {hosts:?}"
            );
        }
        assert_eq!(site.ask(Method::Head, target).send().status, 200);
    }
}

#[test]
fn a_site_whose_database_does_not_answer_lives_and_is_not_ready() {
    let site = Site::new();
    site.sql("drop table refinery_schema_history", []);
    assert_eq!(site.get("/healthz").status, 200);
    for target in ["/readyz", "/up"] {
        let answer = site.get(target);
        assert_eq!(
            (answer.status, answer.text()),
            (503, "the database does not answer\n")
        );
    }
}

#[test]
fn the_pipeline_can_ask_what_is_running() {
    let answer = Site::new().get("/version");
    assert_eq!(answer.header("content-type"), "application/json");
    let version = answer.json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(
        version["commit"]
            .as_str()
            .is_some_and(|commit| !commit.is_empty())
    );
    assert_eq!(version.as_object().unwrap().len(), 2);
}

#[test]
fn metrics_are_not_there_without_a_token() {
    assert_eq!(Site::new().get("/metrics").status, 404);
}
