//! Nobody raises themselves, and somebody who can do everything is always left.

use crate::support::Site;
use crate::support::answer::Answer;
use crate::support::browser::{Browser, Form};

const LAST: &str = "The last superuser cannot be deleted, deactivated or demoted.";
const OWN: &str = "You cannot delete your own account.";

/// A site with a superuser `root` and with `eve`, who keeps users and groups, and may see lettings.
struct Office {
    site: Site,
    root: i64,
    eve: i64,
}

impl Office {
    fn new() -> Self {
        let site = Site::new();
        let root = site.user("root").superuser().make();
        let mut rights = vec!["lettings.view_letting".to_owned()];
        for action in ["add", "change", "delete", "view"] {
            rights.push(format!("auth.{action}_user"));
            rights.push(format!("auth.{action}_group"));
        }
        let rights: Vec<&str> = rights.iter().map(String::as_str).collect();
        let eve = site.user("eve").staff().may(&rights).make();
        Self { site, root, eve }
    }

    fn eve(&self) -> Browser<'_> {
        self.site.sign_in("eve")
    }

    fn flag(&self, id: i64, name: &str) -> bool {
        self.site
            .value(&format!("select {name} from user where id = {id}"))
            == "1"
    }
}

fn form<'b>(browser: &'b Browser<'_>, id: i64) -> Form<'b> {
    browser.form(&format!("/admin/auth/user/{id}/change/"))
}

fn refused(answer: &Answer, words: &str) {
    assert_eq!(answer.status, 422, "{}", answer.words());
    assert!(answer.words().contains(words), "{}", answer.words());
}

#[test]
fn only_superusers_make_superusers() {
    let office = Office::new();
    let eve = office.eve();
    let other = office.site.user("other").make();
    for id in [office.eve, other] {
        refused(
            &form(&eve, id).set("is_superuser", "on").send(),
            "Only superusers can grant superuser status.",
        );
        assert!(!office.flag(id, "is_superuser"));
    }
    let root = office.site.sign_in("root");
    assert_eq!(
        form(&root, other).set("is_superuser", "on").send().status,
        303
    );
    assert!(office.flag(other, "is_superuser"));
}

#[test]
fn a_new_account_cannot_be_made_a_superuser_on_the_way() {
    let office = Office::new();
    let answer = office.eve().post(
        "/admin/auth/user/add/",
        &[
            ("username", "mallory"),
            ("usable_password", "false"),
            ("is_superuser", "on"),
            ("is_staff", "on"),
            ("groups", "1"),
            ("user_permissions", "1"),
        ],
    );
    assert_eq!(answer.status, 303);
    assert_eq!(
        office.site.value("select is_superuser || is_staff || (select count(*) from user_permission where user_id = user.id) from user where username = 'mallory'"),
        "000"
    );
}

#[test]
fn only_superusers_touch_a_superuser() {
    let office = Office::new();
    let eve = office.eve();
    // Another superuser, so that it is not about the last one.
    office.site.user("second").superuser().make();
    let id = office.root;
    refused(
        &form(&eve, id).set("email", "eve@example.com").send(),
        "Only superusers can change the account of a superuser.",
    );
    refused(
        &form(&eve, id).without("is_active").send(),
        "Only superusers can change the account of a superuser.",
    );
    refused(
        &form(&eve, id).without("is_superuser").send(),
        "Only superusers can change the account of a superuser.",
    );
    let page = format!("/admin/auth/user/{id}/password/");
    let hash = office.site.hash_of("root");
    for answer in [
        eve.get(&page),
        eve.post(&page, &[("usable_password", "false")]),
        eve.post(
            &page,
            &[
                ("password1", "Snow on the hill 8"),
                ("password2", "Snow on the hill 8"),
            ],
        ),
    ] {
        assert_eq!(answer.status, 403);
        assert!(
            answer
                .words()
                .contains("Only superusers can set the password of a superuser.")
        );
    }
    let answer = eve.post(
        &format!("/admin/auth/user/{id}/delete/"),
        &[("post", "yes")],
    );
    assert_eq!(answer.status, 409);
    assert!(
        answer
            .words()
            .contains("Only superusers can delete the account of a superuser.")
    );
    assert_eq!(office.site.hash_of("root"), hash);
    assert!(office.flag(id, "is_superuser") && office.flag(id, "is_active"));
    assert_eq!(
        office
            .site
            .value("select email from user where username = 'root'"),
        ""
    );
}

#[test]
fn nobody_grants_a_permission_that_they_do_not_hold() {
    let office = Office::new();
    let eve = office.eve();
    let (site, other) = (&office.site, office.site.user("other").make());
    let held = site.permission("lettings.view_letting").to_string();
    let not_held = site.permission("lettings.delete_letting").to_string();
    for id in [office.eve, other] {
        refused(
            &form(&eve, id).and("user_permissions", &not_held).send(),
            "You cannot grant lettings.delete_letting, because you do not hold it yourself.",
        );
    }
    assert_eq!(
        form(&eve, other)
            .and("user_permissions", &held)
            .send()
            .status,
        303
    );
    // What somebody has already is not granted by a save that leaves it there.
    site.sql(
        "insert into user_permission values (?1, ?2)",
        [other, not_held.parse::<i64>().unwrap()],
    );
    assert_eq!(
        form(&eve, other).set("first_name", "Olga").send().status,
        303
    );
    assert_eq!(
        site.value(&format!(
            "select count(*) from user_permission where user_id = {other}"
        )),
        "2"
    );
}

#[test]
fn nobody_joins_anybody_to_a_group_that_may_more_than_they() {
    let office = Office::new();
    let (site, eve) = (&office.site, office.eve());
    let strong = site
        .group(
            "Strong",
            &["lettings.view_letting", "profiles.delete_profile"],
        )
        .to_string();
    let weak = site.group("Weak", &["lettings.view_letting"]).to_string();
    let other = site.user("other").make();
    for id in [office.eve, other] {
        refused(
            &form(&eve, id).and("groups", &strong).send(),
            "You cannot grant profiles.delete_profile, because you do not hold it yourself.",
        );
        assert_eq!(form(&eve, id).and("groups", &weak).send().status, 303);
    }
    assert_eq!(
        site.value("select group_concat(group_id) from user_group"),
        format!("{weak},{weak}")
    );
    // Not even a group of one's own is filled with more.
    let more = site.permission("profiles.delete_profile").to_string();
    let group = format!("/admin/auth/group/{weak}/change/");
    refused(
        &eve.form(&group).and("permissions", &more).send(),
        "You cannot grant profiles.delete_profile",
    );
    refused(
        &eve.post(
            "/admin/auth/group/add/",
            &[("name", "New"), ("permissions", &more)],
        ),
        "You cannot grant profiles.delete_profile",
    );
    assert_eq!(site.value("select count(*) from group_permission"), "3");
    assert_eq!(
        eve.form(&format!("/admin/auth/group/{strong}/change/"))
            .set("name", "Stronger")
            .send()
            .status,
        303
    );
}

#[test]
fn a_permission_or_group_that_is_none_is_refused() {
    let office = Office::new();
    let root = office.site.sign_in("root");
    for (field, value) in [
        ("user_permissions", "99999"),
        ("user_permissions", "x"),
        ("groups", "99999"),
        ("groups", "-1"),
    ] {
        refused(
            &form(&root, office.eve).and(field, value).send(),
            "Select a valid choice.",
        );
    }
}

#[test]
fn the_last_superuser_is_neither_demoted_nor_deactivated() {
    let office = Office::new();
    // One who cannot sign in any more does not count.
    office.site.user("former").superuser().inactive().make();
    let (root, id) = (office.site.sign_in("root"), office.root);
    refused(&form(&root, id).without("is_superuser").send(), LAST);
    refused(&form(&root, id).without("is_active").send(), LAST);
    assert!(office.flag(id, "is_superuser") && office.flag(id, "is_active"));
    office.site.user("second").superuser().make();
    assert_eq!(form(&root, id).without("is_superuser").send().status, 303);
    assert!(!office.flag(id, "is_superuser"));
}

#[test]
fn nobody_deletes_their_own_account_alone_or_among_others() {
    let office = Office::new();
    office.site.user("second").superuser().make();
    let other = office.site.user("other").make().to_string();
    for (username, id) in [("root", office.root), ("eve", office.eve)] {
        let browser = office.site.sign_in(username);
        let page = format!("/admin/auth/user/{id}/delete/");
        assert!(browser.get(&page).words().contains(OWN));
        let answer = browser.post(&page, &[("post", "yes")]);
        assert_eq!(answer.status, 409);
        assert!(answer.words().contains(OWN), "{}", answer.words());
        let id = id.to_string();
        let ticked = [
            ("action", "delete_selected"),
            ("_selected_action", other.as_str()),
            ("_selected_action", &id),
        ];
        let question = browser.post("/admin/auth/user/", &ticked);
        assert!(question.words().contains(OWN), "{}", question.words());
        let sure = [&ticked[..], &[("post", "yes")]].concat();
        assert_eq!(browser.post("/admin/auth/user/", &sure).status, 409);
        let all = office.site.value("select count(*) from user");
        let across = [
            ("action", "delete_selected"),
            ("select_across", "1"),
            ("expected", all.as_str()),
            ("post", "yes"),
        ];
        assert_eq!(browser.post("/admin/auth/user/", &across).status, 409);
    }
    assert_eq!(
        office.site.value("select count(*) from user"),
        "4",
        "nothing half done"
    );
}

#[test]
fn a_superuser_who_is_not_the_last_may_be_deleted_by_another() {
    let office = Office::new();
    let second = office.site.user("second").superuser().make();
    let root = office.site.sign_in("root");
    let answer = root.post(
        &format!("/admin/auth/user/{second}/delete/"),
        &[("post", "yes")],
    );
    assert_eq!(answer.status, 303);
    assert_eq!(
        office
            .site
            .value("select count(*) from user where is_superuser"),
        "1"
    );
}

#[test]
fn twins_of_a_name_are_refused_when_given_and_old_ones_can_be_saved() {
    let office = Office::new();
    let root = office.site.sign_in("root");
    let fields = |name| [("username", name), ("usable_password", "false")];
    let taken = "A user with that username already exists.";
    refused(&root.post("/admin/auth/user/add/", &fields("EVE")), taken);
    let twin = office.site.user("Eve").make();
    assert_eq!(
        form(&root, twin)
            .set("email", "e@example.com")
            .send()
            .status,
        303
    );
    refused(&form(&root, twin).set("username", "eVe").send(), taken);
    refused(&form(&root, twin).set("username", "eve").send(), taken);
}

#[test]
fn the_password_of_somebody_with_more_rights_is_set_by_superusers_only() {
    let site = Site::new();
    site.user("eve").staff().may(&["auth.change_user"]).make();
    let bob = site
        .user("bob")
        .staff()
        .may(&["lettings.delete_letting"])
        .make();
    let ada = site.user("ada").staff().make();
    let eve = site.sign_in("eve");
    let page = |id: i64| eve.get(&format!("/admin/auth/user/{id}/password/")).status;
    assert_eq!((page(bob), page(ada)), (403, 200));
}
