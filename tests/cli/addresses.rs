//! The essentials of the site's addresses and methods over a real socket; `tests/site/` asks in detail.

use super::server::demo_site;

#[test]
fn every_address_answers() {
    let (_run, server) = demo_site();
    for (path, status, part) in [
        ("/", 200, "Welcome to Holiday Homes"),
        ("/lettings/", 200, "Joshua Tree Green Haus /w Hot Tub"),
        ("/lettings/?state=GA", 200, "Joshua Tree"),
        ("/lettings/1/", 200, "7217 Bedford Street"),
        ("/lettings/7/", 404, "Page not found"),
        ("/profiles/", 200, "4meRomance"),
        ("/profiles/4meRomance/", 200, "Berlin"),
        ("/profiles/4MEROMANCE/", 404, "Page not found"),
        ("/healthz", 200, "ok"),
        ("/readyz", 200, "ok"),
        ("/up", 200, "ok"),
        ("/version", 200, env!("CARGO_PKG_VERSION")),
        ("/robots.txt", 200, "Sitemap: http://localhost/sitemap.xml"),
        (
            "/sitemap.xml",
            200,
            "<loc>http://localhost/lettings/6/</loc>",
        ),
        ("/favicon.svg", 200, "<svg"),
        ("/static/css/site.css", 200, "{"),
        ("/.well-known/security.txt", 404, "Page not found"),
        ("/metrics", 404, ""),
        ("/admin/a/b/c/secret.css", 404, ""),
        ("/lettings/-1/", 404, ""),
        ("/lettings/0/", 404, ""),
        ("/lettings/1e3/", 404, ""),
        ("/lettings/99999999999999999999/", 404, ""),
        ("/lettings/%00/", 404, ""),
        ("/lettings/..%2f/", 404, ""),
        ("/profiles/%2e%2e/", 404, ""),
        ("/profiles/%FF/", 404, ""),
        ("/static/../Cargo.toml", 404, ""),
        ("/static/%2e%2e/Cargo.toml", 404, ""),
        ("//", 404, ""),
    ] {
        let answer = server.ask("GET", path);
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(part), "{path}: {}", answer.text());
        assert!(answer.header("x-request-id").is_some(), "{path}");
        assert!(answer.header("server").is_none(), "{path}");
    }
    assert_eq!(server.ask("GET", "/favicon.ico").status, 200);
    assert_eq!(
        server
            .ask("GET", &format!("/profiles/{}/", "x".repeat(5000)))
            .status,
        404
    );
}

#[test]
fn an_address_without_its_slash_leads_to_the_one_with_it() {
    let (_run, server) = demo_site();
    for (path, to) in [
        ("/lettings", "/lettings/"),
        ("/lettings/1", "/lettings/1/"),
        ("/lettings?page=1&x=%20", "/lettings/?page=1&x=%20"),
    ] {
        let answer = server.ask("GET", path);
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, Some(to)),
            "{path}"
        );
        assert_eq!(server.ask("POST", path).status, 308, "{path}");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let (_run, server) = demo_site();
    for path in [
        "/",
        "/lettings/",
        "/lettings/1/",
        "/nothing/",
        "/static/css/site.css",
        "/sitemap.xml",
        "/readyz",
    ] {
        let (get, head) = (server.ask("GET", path), server.ask("HEAD", path));
        assert!(head.body.is_empty(), "{path}");
        assert!(!get.body.is_empty(), "{path}");
        assert_eq!(head.status, get.status, "{path}");
        for name in [
            "content-length",
            "content-type",
            "etag",
            "cache-control",
            "vary",
            "content-security-policy",
        ] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let (_run, server) = demo_site();
    for encoding in ["", "Accept-Encoding: gzip\r\n", "Accept-Encoding: br\r\n"] {
        let first = server.ask_with("GET", "/lettings/", encoding);
        let etag = first.header("etag").unwrap().to_owned();
        let again = server.ask_with(
            "GET",
            "/lettings/",
            &format!("{encoding}If-None-Match: {etag}\r\n"),
        );
        assert_eq!((again.status, again.body.len()), (304, 0), "{encoding}");
        assert_eq!(again.header("etag"), Some(etag.as_str()));
    }
}

#[test]
fn other_methods_are_refused_with_those_that_there_are() {
    let (_run, server) = demo_site();
    for path in ["/", "/lettings/", "/lettings/1/", "/robots.txt", "/healthz"] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
            let answer = server.ask(method, path);
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some("GET, HEAD, OPTIONS")),
                "{method} {path}"
            );
            assert!(
                !answer.text().contains("Connection: close"),
                "nothing is echoed"
            );
        }
        let options = server.ask("OPTIONS", path);
        assert_eq!(
            (options.status, options.header("allow"), options.body.len()),
            (204, Some("GET, HEAD, OPTIONS"), 0),
            "{path}"
        );
    }
    for method in ["PROPFIND", "FOO", "get", "head", "Post"] {
        let answer = server.ask(method, "/");
        assert!(
            matches!(answer.status, 400 | 405 | 501),
            "{method}: {}",
            answer.status
        );
    }
    assert_eq!(server.ask("POST", "/nothing/").status, 404);
}

#[test]
fn an_error_is_json_for_those_who_ask_for_it() {
    let (_run, server) = demo_site();
    let answer = server.ask_with("GET", "/nothing/", "Accept: application/json\r\n");
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, json["status"].as_u64()), (404, Some(404)));
    assert_eq!(json["reference"].as_str(), answer.header("x-request-id"));
    assert!(answer.header("vary").unwrap().contains("Accept"));
}
