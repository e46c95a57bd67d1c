//! The one-time link of a site that has no administrator yet.

use crate::support::Site;
use crate::support::accounts::PASSWORD;

const TOKEN: &str = "5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e5f0c3d1e";

fn link() -> String {
    format!("/admin/setup/{TOKEN}/")
}

#[test]
fn the_link_makes_a_superuser_signs_in_and_works_once() {
    let site = Site::awaiting(TOKEN);
    let browser = site.browser();
    let form = browser
        .form(&link())
        .set("username", "ada")
        .set("email", "ada@example.com")
        .set("password1", PASSWORD)
        .set("password2", PASSWORD);
    let second = form.ready();
    let answer = form.send();
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/")
    );
    assert!(browser.get("/admin/").words().contains("Welcome, ada"));
    assert_eq!(
        site.value("select username || email || is_staff || is_superuser || is_active from user"),
        "adaada@example.com111"
    );
    assert_eq!(
        site.value("select count(*) from history where model = 'user' and action = 'add'"),
        "1"
    );
    assert_eq!(second.send().status, 404);
    assert_eq!(site.get(&link()).status, 404);
    assert_eq!(site.value("select count(*) from user"), "1");
    assert_eq!(site.browser().log_in("ada", PASSWORD).status, 303);
}

#[test]
fn two_people_with_the_link_make_one_administrator() {
    let site = Site::awaiting(TOKEN);
    let browsers = [site.browser(), site.browser()];
    let asks = browsers.iter().zip(["ada", "eve"]).map(|(browser, name)| {
        browser
            .form(&link())
            .set("username", name)
            .set("password1", PASSWORD)
            .set("password2", PASSWORD)
            .ready()
    });
    let mut statuses: Vec<u16> = site
        .at_once(asks.collect())
        .iter()
        .map(|answer| answer.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
    assert_eq!(site.value("select count(*) from user"), "1");
}

#[test]
fn another_token_or_none_opens_nothing() {
    let site = Site::awaiting(TOKEN);
    let longer = format!("{TOKEN}0");
    for token in ["x", &TOKEN[1..], &longer, &TOKEN.to_uppercase(), "%00", "…"] {
        let target = format!("/admin/setup/{}/", token.replace('…', "%E2%80%A6"));
        assert_eq!(site.get(&target).status, 404, "{token}");
    }
    assert_eq!(
        Site::new().get(&link()).status,
        404,
        "a launch without a link"
    );
    let answer = site
        .browser()
        .bare_post(&link(), &[("username", "ada")])
        .send();
    assert_eq!(answer.status, 403, "a post from elsewhere");
}

#[test]
fn the_link_is_gone_once_there_is_an_administrator() {
    let site = Site::awaiting(TOKEN);
    site.user("former").superuser().inactive().make();
    site.user("demo").superuser().with_hash("!").make();
    site.user("staff").staff().make();
    let browser = site.browser();
    let form = browser
        .form(&link())
        .set("username", "ada")
        .set("password1", PASSWORD)
        .set("password2", PASSWORD);
    assert_eq!(site.get(&link()).status, 200, "none of these is one");
    site.user("root").superuser().make();
    assert_eq!(site.get(&link()).status, 404);
    assert_eq!(form.send().status, 404);
    assert_eq!(site.value("select count(*) from user"), "4");
}

#[test]
fn what_is_wrong_is_said_and_the_link_stays_good() {
    let site = Site::awaiting(TOKEN);
    let browser = site.browser();
    for (username, email, first, second, words) in [
        (
            "",
            "",
            PASSWORD,
            PASSWORD,
            "Username: This field is required.",
        ),
        ("a b", "", PASSWORD, PASSWORD, "Enter a valid username."),
        (
            &"x".repeat(151),
            "",
            PASSWORD,
            PASSWORD,
            "at most 150 characters",
        ),
        (
            "ada",
            "no",
            PASSWORD,
            PASSWORD,
            "Enter a valid email address.",
        ),
        ("ada", "", "", "", "Password: This field is required."),
        (
            "ada",
            "",
            PASSWORD,
            "other",
            "The two password fields didn’t match.",
        ),
        (
            "ada",
            "",
            "12345678",
            "12345678",
            "This password is entirely numeric.",
        ),
        ("ada\0", "", PASSWORD, PASSWORD, "Enter a valid username."),
        (
            "ada",
            "",
            "Rain\0on the roof",
            "Rain\0on the roof",
            "Null characters are not allowed.",
        ),
    ] {
        let answer = browser
            .form(&link())
            .set("username", username)
            .set("email", email)
            .set("password1", first)
            .set("password2", second)
            .send();
        assert_eq!(answer.status, 422, "{words}");
        assert!(
            answer.words().contains(words),
            "{words}: {}",
            answer.words()
        );
    }
    assert_eq!(site.value("select count(*) from user"), "0");
    assert_eq!(site.get(&link()).status, 200);
}

#[test]
fn a_name_that_somebody_has_is_not_taken_over_by_the_link() {
    let site = Site::awaiting(TOKEN);
    site.user("eve").make();
    let hash = site.hash_of("eve");
    let answer = site
        .browser()
        .form(&link())
        .set("username", "eve")
        .set("password1", "Snow on the hill 8")
        .set("password2", "Snow on the hill 8")
        .send();
    assert_eq!(answer.status, 422);
    assert!(
        answer
            .words()
            .contains("A user with that username already exists."),
        "{}",
        answer.words()
    );
    assert_eq!(site.hash_of("eve"), hash);
}

#[test]
fn no_log_line_has_the_token_of_the_link() {
    let site = Site::awaiting(TOKEN);
    let browser = site.browser();
    let answers = [
        browser.get(&link()),
        site.get(&format!("{}?x=1", link())),
        site.get(&format!("/admin/setup/{TOKEN}")),
        browser.bare_post(&link(), &[]).send(),
        browser.form(&link()).send(),
        site.get(&format!("/admin/setup/{TOKEN}/more/")),
        site.get(&format!("//admin/setup/{TOKEN}/")),
    ];
    for answer in answers {
        let lines = answer.logged();
        assert!(!lines.is_empty());
        for line in lines {
            let line = format!("{line:?}");
            assert!(!line.contains(TOKEN), "{line}");
        }
    }
}
