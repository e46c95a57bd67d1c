//! People of the Django site that was moved in from: they sign in with the passwords they have, and find what was theirs.

use crate::support::Site;

/// The accounts of the refactored site whose hashes a test can afford, of every kind that Django wrote.
const REFACTORED: &[(&str, &str)] = &[
    ("4meRomance", "Demo-Berlin-1"),
    ("DavWin", "Demo-Barcelona-3"),
    ("iter_20000", "Pw-for-20000"),
    ("iter_36000", "Pw-for-36000"),
    ("iter_100000", "Pw-for-100000"),
    ("sha1_user", "Pw-for-sha1"),
    ("argon2_user", "Pw-for-argon2"),
    ("bcrypt_user", "Pw-for-bcrypt"),
    ("scrypt_user", "Pw-for-scrypt"),
    ("zoë", "pässwörd-ünïcode-🍊"),
    ("airwow", "Lower-Case-Twin-7"),
    ("plus+name.-_@x", " leading and trailing spaces "),
    (LONGEST, "Longest-name-150"),
];

/// Those of the original site that are other ones, with salts of 12 characters and argon2i among them.
const ORIGINAL: &[(&str, &str)] = &[
    ("admin", "Abc1234!"),
    ("lena.editor", "Orange-Grove-41"),
    ("made.by.admin", "Changed-In-Admin-4"),
    ("argon2_user", "Pw-for-argon2"),
];

const LONGEST: &str = "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu\
    uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu";

/// A site after the move, on which everybody is staff: only they have a page to sign in at.
fn site(file: &str) -> Site {
    let site = Site::with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]);
    site.moved_in(file);
    site.sql("update user set is_staff = 1", []);
    site
}

/// Whether this opens the admin, from a client of its own.
fn opens(site: &Site, client: usize, username: &str, password: &str) -> bool {
    let browser = site
        .browser()
        .behind(&format!("198.51.100.{client}"), "http");
    browser.log_in(username, password);
    browser.get("/admin/").status == 200
}

#[test]
fn everybody_signs_in_with_the_password_they_have_and_the_next_time_finds_our_own_hash() {
    for (file, people) in [
        ("django-site.sqlite3", REFACTORED),
        ("django-site-original.sqlite3", ORIGINAL),
    ] {
        let site = site(file);
        for (client, (username, password)) in people.iter().enumerate() {
            assert!(
                !site.hash_of(username).starts_with("$argon2id$"),
                "{username}"
            );
            assert!(opens(&site, client, username, password), "{username}");
            assert!(
                site.hash_of(username).starts_with("$argon2id$"),
                "{username}"
            );
            assert!(opens(&site, client, username, password), "{username} again");
        }
    }
}

#[test]
fn a_wrong_password_opens_nothing_whatever_the_hash() {
    let site = site("django-site.sqlite3");
    let others = [
        ("iter_20000", "Pw-for-20000x"),
        ("argon2_user", "Pw-for-argon2x"),
        ("bcrypt_user", "Pw-for-bcryptx"),
        ("scrypt_user", "Pw-for-scryptx"),
        ("zoë", "passwörd-ünïcode-🍊"),
        ("plus+name.-_@x", "leading and trailing spaces"),
        // Of the twin; of an inactive account; of hashes that no password matches.
        ("airwow", "Demo-Budapest-2"),
        ("old.timer", "Retired-Staff-09"),
        ("md5_user", "Pw-for-md5"),
        ("no_password", ""),
        ("no_password", "!"),
    ];
    for (client, (username, password)) in others.into_iter().enumerate() {
        let before = site.hash_of(username);
        assert!(!opens(&site, client, username, password), "{username}");
        assert_eq!(site.hash_of(username), before, "{username}");
    }
}

#[test]
fn rights_pages_and_the_log_of_the_admin_are_there() {
    let site = site("django-site-original.sqlite3");
    let lena = site.sign_in("lena.editor");
    assert_eq!(lena.get("/admin/lettings/address/add/").status, 200);
    assert_eq!(lena.get("/admin/lettings/address/1/delete/").status, 403);
    assert_eq!(lena.get("/admin/profiles/profile/").status, 403);
    let history = lena.get("/admin/lettings/address/17/history/").words();
    for words in [
        "Nov. 22, 2026, 7:45 a.m.",
        "Added.",
        "Changed Number and City.",
        "No fields changed.",
        "admin",
    ] {
        assert!(history.contains(words), "no {words:?} in {history}");
    }
    assert_eq!(site.get("/lettings/7/").status, 200);
    assert!(
        site.get("/lettings/7/")
            .words()
            .contains("Irvine, CA 00501")
    );
    assert_eq!(
        site.get("/lettings/14/").status,
        404,
        "the row that broke the rules"
    );
    assert!(site.get("/profiles/AirWow/").words().contains("Budapest"));
    assert!(
        site.get("/profiles/airwow/")
            .words()
            .contains("Case Twin City")
    );
}

#[test]
fn what_an_old_django_wrote_as_a_sentence_is_shown_as_it_is() {
    let site = Site::new();
    site.letting("Silo");
    site.sql(
        "insert into history (at, username, action, app, model, row_id, label, changes)
         values ('2014-01-02T03:04:05.000000Z', 'ada', 'change', 'lettings', 'letting', '1', 'Silo', '\"Changed title & <b>address</b>.\"')",
        [],
    );
    site.user("ada").superuser().make();
    let ada = site.sign_in("ada");
    for page in ["/admin/lettings/letting/1/history/", "/admin/history/"] {
        let answer = ada.get(page);
        assert!(
            answer.words().contains("Changed title & <b>address</b>."),
            "{}",
            answer.words()
        );
        assert!(!answer.text().contains("<b>address"), "{}", answer.text());
    }
}
