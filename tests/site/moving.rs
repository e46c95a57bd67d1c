//! The data as a whole: backups on a page, and moving in by the browser, with an account and before there is one.

use std::path::Path;

use rocket::http::Method;

use crate::support::Site;
use crate::support::accounts::PASSWORD;
use crate::support::answer::Answer;
use crate::support::browser::{Browser, encoded};

const HERE: &str = "/admin/data/";
const TOKEN: &str = "5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e";
/// One address as Django writes it into a fixture.
const FIXTURE: &str = r#"[{"model": "lettings.address", "pk": 7, "fields": {"number": 12, "street": "Ocean Avenue", "city": "Irvine", "state": "ca", "zip_code": 501, "country_iso_code": "USA"}}]"#;

/// A site with a superuser, `root`, who is signed in.
fn site() -> Site {
    let site = Site::new();
    site.user("root").superuser().make();
    site
}

/// A database of the old site's, as Django wrote it.
fn django() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/django-site.sqlite3");
    std::fs::read(path).expect("a file of the tests")
}

/// Sends a file with the token of the form at this address, and follows what it leads to.
fn send(browser: &Browser<'_>, target: &str, name: &str, bytes: &[u8]) -> Answer {
    let token = browser.get(target).token().to_owned();
    ended(
        browser,
        browser.kept(multipart(browser, target, &token, name, bytes)),
    )
}

fn multipart(browser: &Browser<'_>, target: &str, token: &str, name: &str, bytes: &[u8]) -> Answer {
    let mut body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n\
         --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    browser
        .ask(Method::Post, target)
        .header("Content-Type", "multipart/form-data; boundary=edge")
        .bytes(body)
        .send()
}

/// What an answer came to at last, where it takes long.
fn ended(browser: &Browser<'_>, answer: Answer) -> Answer {
    let next = answer.header("location");
    if !next.starts_with("/admin/jobs/") {
        return answer;
    }
    loop {
        let page = browser.get(&next);
        if page.status != 200 {
            return page;
        }
    }
}

/// Presses `Take it over` on the page of a file, with these boxes ticked.
fn take(browser: &Browser<'_>, page: &str, ticked: &[&str]) -> Answer {
    let token = browser.get(page).token().to_owned();
    let boxes = ticked.iter().map(|name| (*name, "on"));
    let fields: Vec<(&str, &str)> = boxes.chain([("form_token", token.as_str())]).collect();
    let answer = browser
        .ask(Method::Post, page)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(&encoded(&fields))
        .send();
    ended(browser, browser.kept(answer))
}

/// Files of ours in the site's folder that should be gone.
fn left_behind(site: &Site) -> Vec<String> {
    let mut names = site.files();
    names.retain(|name| name.starts_with(".oc-lettings-sent-"));
    names
}

#[test]
fn a_django_site_is_looked_at_and_then_taken_over() {
    let site = site();
    site.letting("Silo");
    let root = site.sign_in("root");
    let page = send(&root, HERE, "db.sqlite3", &django()).header("location");
    assert!(page.starts_with("/admin/data/file/"), "{page}");
    let shown = root.get(&page).words();
    for words in [
        "A Django site’s database",
        "would import 14 lettings, 17 addresses, 30 users, 28 profiles",
        "lettings_address 16",
        "Leave out 2 rows that cannot be taken",
        "Replace what is here: 1 letting, 1 address",
        "nothing was written",
    ] {
        assert!(shown.contains(words), "{words:?} in {shown}");
    }
    assert_eq!(site.value("select count(*) from letting"), "1");

    let refused = take(&root, &page, &[]);
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .words()
            .contains("Agree that what is here is replaced.")
    );
    assert_eq!(take(&root, &page, &["skip_bad"]).status, 422);
    assert_eq!(site.value("select count(*) from letting"), "1");

    let taken = take(&root, &page, &["skip_bad", "replace"]);
    assert_eq!(
        (taken.status, taken.header("location").as_str()),
        (303, "/admin/")
    );
    assert_eq!(
        site.value("select (select count(*) from letting) || ' ' || (select count(*) from address) || ' ' || (select count(*) from session)"),
        "14 17 0"
    );
    assert_eq!(root.get("/admin/").status, 303, "everybody signs in again");
    assert!(
        site.files()
            .iter()
            .any(|name| name.ends_with("-before-replace.sqlite3"))
    );
    assert!(left_behind(&site).is_empty());
    // The words wait for whoever signs in from this browser.
    root.log_in("made.by.admin", "Changed-In-Admin-4");
    site.sql(
        "update user set is_staff = 1 where username = 'made.by.admin'",
        [],
    );
    root.log_in("made.by.admin", "Changed-In-Admin-4");
    assert!(
        root.get("/admin/")
            .words()
            .contains("“db.sqlite3” is taken over: imported 14 lettings")
    );
}

#[test]
fn a_fixture_is_taken_over_row_by_row() {
    let site = site();
    let root = site.sign_in("root");
    let page = send(&root, HERE, "site.json", FIXTURE.as_bytes()).header("location");
    let shown = root.get(&page).words();
    assert!(
        shown.contains("A fixture") && shown.contains("1 address"),
        "{shown}"
    );
    assert_eq!(take(&root, &page, &[]).status, 303);
    assert_eq!(
        site.value("select id || ' ' || state || ' ' || zip_code from address"),
        "7 CA 00501"
    );
    assert!(
        root.get("/admin/")
            .words()
            .contains("“site.json” is taken over")
    );
    assert_eq!(
        site.value("select username || ' ' || label from history where app = 'data'"),
        "root site.json"
    );
    assert_eq!(root.get(&page).status, 404, "the file is gone");
}

#[test]
fn a_fixture_with_a_bad_row_says_so_and_cannot_be_taken() {
    let site = site();
    let root = site.sign_in("root");
    let bad = FIXTURE.replace("\"ca\"", "\"C\"");
    let page = send(&root, HERE, "site.json", bad.as_bytes()).header("location");
    let shown = root.get(&page).words();
    assert!(
        shown.contains("Rows of the file cannot be taken."),
        "{shown}"
    );
    assert!(!shown.contains("Take it over"));
    assert_eq!(take(&root, &page, &[]).status, 409);
    assert_eq!(site.value("select count(*) from address"), "0");
}

#[test]
fn a_backup_is_made_fetched_and_put_back_while_the_site_is_served() {
    let site = site();
    site.letting("Silo");
    let root = site.sign_in("root");
    let made = root.post("/admin/data/backup/", &[]);
    assert_eq!(ended(&root, made).status, 303);
    let page = root.get(HERE);
    assert!(page.words().contains("manual"), "{}", page.words());
    let link = page
        .attributes("href")
        .into_iter()
        .find(|link| link.starts_with("/admin/data/backup/"))
        .expect("a link to the backup");
    let download = root.get(&link);
    assert_eq!(download.status, 200);
    assert_eq!(download.header("content-type"), "application/vnd.sqlite3");
    assert!(
        download
            .header("content-disposition")
            .starts_with("attachment; filename=\"test-")
    );
    assert!(download.bytes.starts_with(b"SQLite format 3\0"));
    assert_eq!(
        site.value(
            "select group_concat(json_extract(changes, '$'), ' ') from history where app = 'data'"
        ),
        "Made. Downloaded."
    );

    site.sql("update letting set title = 'Changed'", []);
    let key = site.value("select value from setting where name = 'secret_key'");
    let page = send(&root, HERE, "copy.sqlite3", &download.bytes).header("location");
    assert!(root.get(&page).words().contains("A backup"));
    assert_eq!(take(&root, &page, &[]).status, 422);
    assert_eq!(take(&root, &page, &["replace"]).status, 303);
    assert_eq!(site.value("select title from letting"), "Silo");
    assert_eq!(
        site.value("select value from setting where name = 'secret_key'"),
        key
    );
    assert_eq!(root.get(HERE).status, 303, "everybody signs in again");
    assert!(
        site.files()
            .iter()
            .any(|name| name.ends_with("-before-restore.sqlite3"))
    );
    let root = site.sign_in("root");
    root.post("/admin/lettings/letting/1/delete/", &[("post", "yes")]);
    assert_eq!(
        site.value("select count(*) from letting"),
        "0",
        "and it goes on"
    );
}

#[test]
fn what_is_none_of_these_is_refused_by_its_own_name_and_changes_nothing() {
    let site = site();
    site.letting("Silo");
    let root = site.sign_in("root");
    let whole = django();
    let mut foreign = whole.clone();
    foreign[68..72].copy_from_slice(b"MPBX");
    let mut ours = whole.clone();
    ours[68..72].copy_from_slice(b"OCLT");
    for (name, bytes) in [
        ("diary.txt", b"Dear diary".as_slice()),
        ("cut.sqlite3", &whole[..50_000]),
        ("head.sqlite3", &whole[..100]),
        ("only-called-ours.sqlite3", &ours),
        ("broken.json", b"[{\"model\": \"lettings.address\""),
        ("page.html", b"<html></html>"),
    ] {
        let answer = send(&root, HERE, name, bytes);
        let words = answer.words();
        assert_eq!(answer.status, 409, "{name}: {words}");
        assert!(
            words.contains(name) && !words.contains(".oc-lettings-sent-"),
            "{words}"
        );
        assert_eq!(site.value("select title from letting"), "Silo");
    }
    assert_eq!(site.value("select count(*) from history"), "0");
}

#[test]
fn only_superusers_come_near_it() {
    let site = site();
    let everything = ["address", "letting", "profile"].map(|model| {
        let app = if model == "profile" {
            "profiles"
        } else {
            "lettings"
        };
        ["add", "change", "delete", "view"].map(|action| format!("{app}.{action}_{model}"))
    });
    let all: Vec<&str> = everything.iter().flatten().map(String::as_str).collect();
    site.user("bob").staff().may(&all).make();
    site.user("eve").superuser().make();
    let root = site.sign_in("root");
    let bob = site.sign_in("bob");
    let page = send(&root, HERE, "site.json", FIXTURE.as_bytes()).header("location");
    let made = root.post("/admin/data/backup/", &[]);
    ended(&root, made);
    let link = root
        .get(HERE)
        .attributes("href")
        .into_iter()
        .find(|link| link.starts_with("/admin/data/backup/"))
        .expect("a link to the backup");
    for target in [HERE, &page, &link] {
        assert_eq!(bob.get(target).status, 403, "{target}");
        assert_eq!(site.get(target).status, 303, "{target}");
    }
    let token = bob.get("/admin/").token().to_owned();
    assert_eq!(multipart(&bob, HERE, &token, "x.json", b"[]").status, 403);
    assert_eq!(bob.post("/admin/data/backup/", &[]).status, 403);
    assert_eq!(bob.post(&page, &[]).status, 403);
    assert!(!bob.get("/admin/").words().contains("newest backup"));
    assert!(
        root.get("/admin/")
            .words()
            .contains("Backups and moving in")
    );
    assert_eq!(
        site.sign_in("eve").get(&page).status,
        404,
        "whose file it is decides"
    );
    assert_eq!(root.get("/admin/data/backup/test.sqlite3/").status, 404);
    assert_eq!(
        root.get("/admin/data/backup/..%2Ftest.sqlite3/").status,
        404
    );
    assert_eq!(site.value("select count(*) from address"), "0");
}

#[test]
fn a_file_from_another_site_or_without_the_token_is_not_taken() {
    let site = site();
    let root = site.sign_in("root");
    assert_eq!(
        multipart(&root, HERE, "", "x.json", FIXTURE.as_bytes()).status,
        403
    );
    assert_eq!(multipart(&root, HERE, "wrong", "x.json", b"[]").status, 403);
    let token = root.get(HERE).token().to_owned();
    let elsewhere = site
        .sign_in("root")
        .header("Origin", "https://evil.example");
    assert_eq!(
        multipart(&elsewhere, HERE, &token, "x.json", b"[]").status,
        403
    );
    let answer = root.post(HERE, &[]);
    assert_eq!(answer.status, 415, "a form without a file in it");
    assert!(left_behind(&site).is_empty());
}

#[test]
fn who_chose_no_file_is_told_so() {
    let site = site();
    let root = site.sign_in("root");
    let answer = send(&root, HERE, "", b"");
    assert_eq!(answer.header("location"), HERE);
    assert!(root.get(HERE).words().contains("Choose a file first."));
}

#[test]
fn a_new_site_begins_with_the_data_of_the_old_one() {
    let site = Site::awaiting(TOKEN);
    let link = format!("/admin/setup/{TOKEN}/");
    let file = format!("{link}file/");
    let browser = site.browser();
    assert!(
        browser
            .get(&link)
            .attributes("href")
            .contains(&"file/".to_owned())
    );
    assert_eq!(site.get("/admin/setup/wrong/file/").status, 404);
    let page = send(&browser, &file, "db.sqlite3", &django()).header("location");
    assert!(page.starts_with(&file), "{page}");
    let shown = browser.get(&page).words();
    assert!(shown.contains("would import 14 lettings"), "{shown}");
    assert!(
        !shown.contains("Replace what is here"),
        "there is nothing here"
    );
    assert_eq!(take(&browser, &page, &[]).status, 422);
    assert_eq!(take(&browser, &page, &["skip_bad"]).status, 303);
    assert_eq!(site.value("select count(*) from letting"), "14");
    for gone in [&link, &file, &page] {
        assert_eq!(
            browser.get(gone).status,
            404,
            "{gone}: there is an administrator now"
        );
    }
    assert_eq!(browser.log_in("lena.editor", "Orange-Grove-41").status, 303);
    let first = browser.get("/admin/").words();
    assert!(first.contains("“db.sqlite3” is taken over"), "{first}");
    assert_eq!(site.browser().log_in("lena.editor", PASSWORD).status, 422);
}
