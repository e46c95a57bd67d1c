//! The embedded files, below `/static/` and where browsers look for icons unasked.

use rocket::http::Method;

use crate::support::Site;
use crate::support::answer::Answer;

/// The addresses with a hash that the home page links to: icon and style sheet.
fn linked(site: &Site) -> Vec<String> {
    let links = site.get("/").attributes("href");
    links
        .into_iter()
        .filter(|link| link.starts_with("/static/"))
        .collect()
}

fn kind(answer: &Answer) -> (u16, String, String) {
    (
        answer.status,
        answer.header("content-type"),
        answer.header("cache-control"),
    )
}

#[test]
fn a_file_under_its_hashed_name_may_be_kept_for_a_year() {
    let site = Site::new();
    let linked = linked(&site);
    assert_eq!(linked.len(), 2);
    for target in linked {
        let file = site.get(&target);
        assert_eq!(file.status, 200, "{target}");
        assert_eq!(
            file.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert!(!file.header("etag").is_empty());
        let hash = target.rsplit('.').nth(1).unwrap();
        assert!(
            hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{target}"
        );
    }
}

#[test]
fn a_file_under_its_plain_name_is_asked_about_each_time() {
    let site = Site::new();
    for (target, content_type) in [
        ("/static/css/site.css", "text/css; charset=utf-8"),
        ("/static/img/favicon.svg", "image/svg+xml"),
        ("/static/img/favicon.ico", "image/x-icon"),
        ("/favicon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/x-icon"),
    ] {
        let file = site.get(target);
        assert_eq!(
            kind(&file),
            (200, content_type.to_owned(), "no-cache".to_owned()),
            "{target}"
        );
        let again = site
            .ask(Method::Get, target)
            .header("If-None-Match", &file.header("etag"))
            .send();
        assert_eq!((again.status, again.bytes.len()), (304, 0), "{target}");
    }
}

#[test]
fn both_names_lead_to_the_same_bytes() {
    let site = Site::new();
    let style_sheet = linked(&site)
        .into_iter()
        .find(|link| link.contains(".css"))
        .unwrap();
    assert_eq!(
        site.get(&style_sheet).bytes,
        site.get("/static/css/site.css").bytes
    );
    assert_eq!(
        site.get("/favicon.svg").bytes,
        site.get("/static/img/favicon.svg").bytes
    );
}

#[test]
fn text_travels_packed_and_pictures_as_they_are() {
    let site = Site::new();
    let packed = |target: &str| {
        let file = site
            .ask(Method::Get, target)
            .header("Accept-Encoding", "gzip, br")
            .send();
        (
            file.header("content-encoding"),
            file.header("vary"),
            file.bytes.len(),
        )
    };
    let (encoding, vary, length) = packed("/static/css/site.css");
    assert_eq!(
        (encoding.as_str(), vary.as_str()),
        ("br", "Accept-Encoding")
    );
    assert!(length < site.get("/static/css/site.css").bytes.len() / 2);
    let (encoding, vary, _) = packed("/favicon.ico");
    assert_eq!((encoding.as_str(), vary.as_str()), ("", ""));
}

#[test]
fn what_is_not_embedded_is_not_there() {
    let site = Site::new();
    for target in [
        "/static",
        "/static/",
        "/static/css",
        "/static/css/",
        "/static/css/site.css/",
        "/static/css/site.000000000000.css",
        "/static/css/other.css",
        "/static/CSS/site.css",
        "/static/css/site.css%00",
        "/static/css%2fsite.css",
        "/static/%FF",
        "/static/../Cargo.toml",
        "/static/../../Cargo.toml",
        "/static/%2e%2e/Cargo.toml",
        "/static/..%2fCargo.toml",
        "/static/..%5cCargo.toml",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/.git/config",
        "/static/C:/x",
        "/static/css/site.css~",
        "/static/css/*",
    ] {
        assert_eq!(site.get(target).status, 404, "{target}");
    }
}

#[test]
fn files_are_read_and_nothing_else() {
    let answer = Site::new().ask(Method::Post, "/static/css/site.css").send();
    assert_eq!(
        (answer.status, answer.header("allow").as_str()),
        (405, "GET, HEAD, OPTIONS")
    );
}
