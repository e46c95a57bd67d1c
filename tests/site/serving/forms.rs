//! Entity tags, 304, and the forms in which bytes travel.

use std::io::Read;

use rocket::http::Method;

use crate::support::Site;
use crate::support::answer::Answer;

const PAGES: &[&str] = &[
    "/",
    "/lettings/",
    "/lettings/1/",
    "/profiles/",
    "/profiles/AirWow/",
    "/static/css/site.css",
    "/static/img/favicon.svg",
    "/sitemap.xml",
    "/robots.txt",
];

fn accepting(site: &Site, target: &str, accept: &str) -> Answer {
    site.ask(Method::Get, target)
        .header("Accept-Encoding", accept)
        .send()
}

fn having(site: &Site, target: &str, tags: &str) -> Answer {
    site.ask(Method::Get, target)
        .header("If-None-Match", tags)
        .send()
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut bytes = Vec::new();
    match answer.header("content-encoding").as_str() {
        "gzip" => flate2::read::GzDecoder::new(&answer.bytes[..]).read_to_end(&mut bytes),
        "br" => brotli::Decompressor::new(&answer.bytes[..], 4096).read_to_end(&mut bytes),
        _ => (&answer.bytes[..]).read_to_end(&mut bytes),
    }
    .expect("bytes in the form that the header names");
    bytes
}

#[test]
fn each_form_unpacks_to_the_same_page() {
    let site = Site::demo();
    for target in PAGES.iter().chain(&["/x/"]) {
        let plain = site.get(target);
        assert_eq!(plain.header("content-encoding"), "", "{target}");
        for accept in ["gzip", "br"] {
            let packed = accepting(&site, target, accept);
            assert_eq!(packed.status, plain.status);
            assert_eq!(packed.header("content-encoding"), accept, "{target}");
            assert!(
                packed.header("vary").contains("Accept-Encoding"),
                "{target}"
            );
            if plain.status == 200 {
                assert!(unpacked(&packed) == plain.bytes, "{target} as {accept}");
            } else {
                assert_eq!(
                    unpacked(&packed).len(),
                    plain.bytes.len(),
                    "{target} as {accept}"
                );
            }
        }
    }
}

#[test]
fn a_large_answer_unpacks_to_the_same_bytes() {
    let site = Site::new();
    site.many_lettings(3_000);
    let plain = site.get("/sitemap.xml");
    for accept in ["gzip", "br"] {
        let packed = accepting(&site, "/sitemap.xml", accept);
        assert!(packed.bytes.len() < plain.bytes.len() / 4);
        assert!(unpacked(&packed) == plain.bytes, "{accept}");
    }
}

#[test]
fn the_form_is_the_one_that_is_welcome_most() {
    let site = Site::new();
    for (accept, form) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("*", "br"),
        ("gzip;q=0, br;q=0", ""),
        ("*;q=0", ""),
        ("identity, br;q=0.5", ""),
        ("deflate", ""),
        ("", ""),
    ] {
        assert_eq!(
            accepting(&site, "/", accept).header("content-encoding"),
            form,
            "{accept:?}"
        );
    }
}

#[test]
fn each_form_has_a_strong_tag_of_its_own() {
    let site = Site::demo();
    for target in PAGES {
        let mut tags: Vec<String> = ["identity", "gzip", "br"]
            .map(|accept| accepting(&site, target, accept).header("etag"))
            .to_vec();
        for tag in &tags {
            assert!(
                tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2,
                "{target}: {tag}"
            );
        }
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 3, "{target}");
    }
}

#[test]
fn who_has_the_page_gets_304() {
    let site = Site::demo();
    for target in PAGES {
        let page = site.get(target);
        let tag = page.header("etag");
        for tags in [
            tag.clone(),
            "*".to_owned(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
            format!("\"a,b\" , W/\"c\",{tag}"),
        ] {
            let answer = having(&site, target, &tags);
            assert_eq!(
                (answer.status, answer.bytes.len()),
                (304, 0),
                "{target} {tags}"
            );
            for name in ["etag", "cache-control", "vary", "content-security-policy"] {
                assert_eq!(answer.header(name), page.header(name), "{target}: {name}");
            }
            assert_eq!(answer.header("content-encoding"), "");
        }
    }
}

#[test]
fn who_has_something_else_gets_the_page() {
    let site = Site::demo();
    let tag = site.get("/").header("etag");
    let packed = accepting(&site, "/", "br").header("etag");
    for tags in [
        "",
        "\"other\"",
        tag.trim_matches('"'),
        &packed,
        &tag[..tag.len() - 1],
        "\"*\"",
    ] {
        assert_eq!(having(&site, "/", tags).status, 200, "{tags}");
    }
}

#[test]
fn the_tag_of_a_packed_page_answers_for_that_form() {
    let site = Site::demo();
    let tag = accepting(&site, "/", "br").header("etag");
    let answer = site
        .ask(Method::Get, "/")
        .header("Accept-Encoding", "br")
        .header("If-None-Match", &tag)
        .send();
    assert_eq!((answer.status, answer.header("etag")), (304, tag));
}

#[test]
fn a_change_is_seen_at_once() {
    let site = Site::demo();
    let tag = site.get("/lettings/1/").header("etag");
    site.sql("update letting set title = 'Renamed' where id = 1", []);
    let page = having(&site, "/lettings/1/", &tag);
    assert_eq!(
        (page.status, page.between("<h1>", "</h1>")),
        (200, "Renamed")
    );
}

#[test]
fn an_error_has_no_tag_and_is_never_304() {
    let answer = having(&Site::new(), "/lettings/1/", "*");
    assert_eq!((answer.status, answer.header("etag").as_str()), (404, ""));
}
