//! What is answered from the cache, to whom, and that nobody can tell.

use rocket::http::Method;

use crate::support::Site;

/// Every kind of page that is kept.
const KEPT: &[&str] = &[
    "/",
    "/lettings/",
    "/lettings/?state=CA",
    "/lettings/?city=Irvine&state=CA",
    "/lettings/1/",
    "/lettings/999/",
    "/profiles/",
    "/profiles/AirWow/",
    "/profiles/nobody/",
    "/robots.txt",
    "/sitemap.xml",
    "/sitemap-1.xml",
];

#[test]
fn an_answer_that_was_kept_is_the_one_that_rocket_gives() {
    let site = Site::demo();
    let front = site.front(&[]);
    for path in KEPT {
        for form in ["", "gzip", "br", "gzip;q=0.5, br;q=0.1"] {
            for method in [Method::Get, Method::Head] {
                let expected = site
                    .ask(method, path)
                    .header("Accept-Encoding", form)
                    .send();
                let headers = format!("Accept-Encoding: {form}\r\n");
                for time in ["first", "second"] {
                    let answer = front.ask(method.as_str(), path, &headers);
                    let case = format!("{method} {path} {form} {time}");
                    assert_eq!(answer.status, expected.status, "{case}");
                    let (ours, its) = (answer.lasting_headers(), expected.lasting_headers());
                    assert_eq!(ours, its, "{case}");
                    assert_eq!(answer.length, expected.length, "{case}");
                    assert_eq!(answer.header("x-request-id").len(), 32, "{case}");
                    if method == Method::Get {
                        assert_eq!(answer.bytes, expected.bytes, "{case}");
                    } else {
                        assert!(answer.bytes.is_empty(), "{case}");
                    }
                }
            }
        }
    }
    assert_eq!(
        front.asked(),
        KEPT.len(),
        "each was made once, whatever its forms"
    );
}

#[test]
fn who_has_the_bytes_gets_no_others() {
    let site = Site::demo();
    let front = site.front(&[]);
    let mut tags = Vec::new();
    for form in ["identity", "gzip", "br"] {
        let form = format!("Accept-Encoding: {form}\r\n");
        let tag = front.ask("GET", "/lettings/", &form).header("etag");
        assert!(
            tag.starts_with('"') && !tags.contains(&tag),
            "{tag} {tags:?}"
        );
        let again = front.ask(
            "GET",
            "/lettings/",
            &format!("{form}If-None-Match: {tag}\r\n"),
        );
        let expected = site
            .ask(Method::Get, "/lettings/")
            .header(
                "Accept-Encoding",
                form.trim_start_matches("Accept-Encoding: ").trim(),
            )
            .header("If-None-Match", &tag)
            .send();
        assert_eq!((again.status, expected.status), (304, 304));
        assert_eq!(again.lasting_headers(), expected.lasting_headers());
        assert!(again.bytes.is_empty() && again.length.is_none());
        for other in &tags {
            let headers = format!("{form}If-None-Match: {other}\r\n");
            assert_eq!(
                front.ask("GET", "/lettings/", &headers).status,
                200,
                "{other}"
            );
        }
        tags.push(tag);
    }
    assert_eq!(front.asked(), 1);
}

#[test]
fn what_does_not_matter_of_a_query_makes_no_other_page() {
    let site = Site::demo();
    let front = site.front(&[]);
    let list = front.get("/lettings/");
    for query in [
        "utm_source=x",
        "x",
        "&&",
        "page[]=7",
        "Page=2",
        "fbclid=1&gclid=2",
    ] {
        let answer = front.get(&format!("/lettings/?{query}"));
        assert_eq!(answer.bytes, list.bytes, "{query}");
    }
    assert_eq!(front.asked(), 1);
    let narrowed = front.get("/lettings/?state=CA&city=Irvine");
    assert!(narrowed.text().contains("Lettings in Irvine, CA"));
    for query in [
        "city=Irvine&state=CA",
        "x=1&state=CA&state=GA&city=%49rvine",
    ] {
        let answer = front.get(&format!("/lettings/?{query}"));
        assert_eq!(answer.bytes, narrowed.bytes, "{query}");
    }
    assert_eq!(front.asked(), 1);
    assert_eq!(
        front.get("/lettings/?page=99&x=1").header("location"),
        "/lettings/"
    );
    assert_eq!(front.get("/lettings/1/?page=99").status, 200);
}

#[test]
fn the_gate_stands_before_what_is_kept() {
    let site = Site::demo();
    let front = site.front(&[]);
    assert_eq!(front.get("/lettings/1/").status, 200);
    front.asked();
    for headers in [
        "Host: evil.example\r\n",
        "",
        "Host: localhost\r\nHost: localhost\r\n",
    ] {
        let answer = front.send("GET", "/lettings/1/", headers).answer();
        assert_eq!(answer.status, 400, "{headers}");
    }
    for (method, target, status) in [
        ("GET", "/lettings/1", 301),
        ("GET", "//lettings/1/", 404),
        ("GET", "/Lettings/1/", 404),
        ("POST", "/lettings/1/", 405),
        ("DELETE", "/lettings/1/", 405),
        ("OPTIONS", "/lettings/1/", 204),
    ] {
        let answer = front.ask(method, target, "Content-Length: 0\r\n");
        assert_eq!(answer.status, status, "{method} {target}");
    }
    assert_eq!(front.asked(), 9, "none of it was answered without Rocket");
}

#[test]
fn staff_see_the_pages_that_visitors_see() {
    let site = Site::demo();
    let front = site.front(&[]);
    let page = front.get("/");
    let headers = "Cookie: session=0123456789; sign_in=x\r\nAuthorization: Basic YTpi\r\n";
    let answer = front.ask("GET", "/", headers);
    assert_eq!(answer.bytes, page.bytes);
    assert!(answer.cookies().is_empty());
    assert_eq!(front.asked(), 1);
}

#[test]
fn pages_are_kept_by_the_origin_that_they_print() {
    let site = Site::demo();
    let front = site.front(&[("TRUSTED_PROXIES", "127.0.0.1/32")]);
    let origins = [
        ("localhost", "http", "http://localhost"),
        ("localhost", "https", "https://localhost"),
        ("LOCALHOST:8000", "http", "http://localhost:8000"),
    ];
    for (host, scheme, origin) in origins.iter().chain(&origins) {
        let headers = format!("Host: {host}\r\nX-Forwarded-Proto: {scheme}\r\n");
        let answer = front.send("GET", "/lettings/1/", &headers).answer();
        let canonical = answer.between("<link rel=\"canonical\" href=\"", "\"");
        assert_eq!(canonical, format!("{origin}/lettings/1/"));
        let promised = !answer.header("strict-transport-security").is_empty();
        assert_eq!(promised, *scheme == "https");
    }
    assert_eq!(front.asked(), 3);

    let front = site.front(&[
        ("TRUSTED_PROXIES", "127.0.0.1/32"),
        ("SITE_URL", "https://www.example.com"),
    ]);
    for (scheme, promised) in [("http", false), ("https", true), ("http", false)] {
        let headers = format!("X-Forwarded-Proto: {scheme}\r\n");
        let answer = front.ask("GET", "/lettings/1/", &headers);
        assert!(
            answer
                .text()
                .contains("href=\"https://www.example.com/lettings/1/\"")
        );
        let header = answer.header("strict-transport-security");
        assert_eq!(!header.is_empty(), promised);
    }
    assert_eq!(front.asked(), 1, "one page, whoever asks");
}

#[test]
fn a_page_that_says_there_is_nothing_is_kept_for_who_reads_pages() {
    let site = Site::demo();
    let front = site.front(&[]);
    let json = "Accept: application/json\r\n";
    assert_eq!(
        front.ask("GET", "/lettings/999/", json).json()["status"],
        404
    );
    assert_eq!(front.get("/lettings/999/").status, 404);
    assert_eq!(front.asked(), 2);
    assert_eq!(front.get("/lettings/999/").status, 404);
    assert_eq!(front.asked(), 0);
    assert_eq!(
        front.ask("GET", "/lettings/999/", json).json()["status"],
        404
    );
    assert_eq!(front.get("/lettings/7/").status, 404);
    assert_eq!(site.letting("A home at last"), 7);
    assert!(front.get("/lettings/7/").text().contains("A home at last"));
    site.sql("delete from letting where id = 7", []);
    assert_eq!(front.get("/lettings/7/").status, 404);
}

#[test]
fn a_request_that_a_proxy_named_keeps_its_name() {
    let site = Site::demo();
    let front = site.front(&[("TRUSTED_PROXIES", "127.0.0.1/32")]);
    for _ in 0..2 {
        let answer = front.ask("GET", "/", "X-Request-Id: from-the-proxy-1\r\n");
        assert_eq!(answer.header("x-request-id"), "from-the-proxy-1");
    }
    assert_ne!(
        front.get("/").header("x-request-id"),
        front.get("/").header("x-request-id")
    );
    assert_eq!(front.asked(), 1);
}

#[test]
fn no_more_is_kept_than_there_is_space_for() {
    let site = Site::new();
    site.many_lettings(300);
    for (megabytes, kept) in [("16", 300..=300), ("1", 50..=200)] {
        let front = site.front(&[("CACHE_MB", megabytes)]);
        let pages = || (1..=300).map(|id| front.get(&format!("/lettings/{id}/")).status);
        assert!(pages().all(|status| status == 200));
        assert_eq!(front.asked(), 300);
        assert!(pages().all(|status| status == 200));
        let made_again = front.asked();
        assert!(
            kept.contains(&(300 - made_again)),
            "{megabytes}: {made_again}"
        );
    }
}
