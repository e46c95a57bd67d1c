//! Who may do what: every address of every model, asked for by everybody.

use rocket::http::Method;

use crate::support::Site;
use crate::support::answer::Answer;
use crate::support::browser::Browser;

const MODELS: [(&str, &str); 5] = [
    ("lettings", "address"),
    ("lettings", "letting"),
    ("profiles", "profile"),
    ("auth", "user"),
    ("auth", "group"),
];
const ACTIONS: [&str; 4] = ["add", "change", "delete", "view"];

/// What an address asks for, and its answer to whoever may: method, address, need, status.
const ADDRESSES: &[(Method, &str, &str, u16)] = &[
    (Method::Get, "/admin/", "staff", 200),
    (Method::Get, "/admin/{app}/", "any", 200),
    (Method::Get, "/admin/{app}/{model}/", "view", 200),
    // Nothing is ticked, so it leads back to the list.
    (Method::Post, "/admin/{app}/{model}/", "view", 303),
    (Method::Get, "/admin/{app}/{model}/add/", "add", 200),
    // An empty form has errors.
    (Method::Post, "/admin/{app}/{model}/add/", "add", 422),
    (Method::Get, "/admin/{app}/{model}/{id}/", "view", 303),
    (
        Method::Get,
        "/admin/{app}/{model}/{id}/change/",
        "view",
        200,
    ),
    (
        Method::Post,
        "/admin/{app}/{model}/{id}/change/",
        "change",
        422,
    ),
    (
        Method::Get,
        "/admin/{app}/{model}/{id}/history/",
        "view",
        200,
    ),
    (
        Method::Get,
        "/admin/{app}/{model}/{id}/delete/",
        "delete",
        200,
    ),
    (
        Method::Post,
        "/admin/{app}/{model}/{id}/delete/",
        "delete",
        303,
    ),
];
const OF_USERS: &[(Method, &str, &str, u16)] = &[
    (
        Method::Get,
        "/admin/{app}/{model}/{id}/password/",
        "change",
        200,
    ),
    (
        Method::Post,
        "/admin/{app}/{model}/{id}/password/",
        "change",
        422,
    ),
];

/// What an actor has: everything, these actions on the model, or no access to the admin.
#[derive(Clone, Copy, PartialEq)]
enum Has {
    Everything,
    Actions(&'static [&'static str]),
    NoAccess,
}

const ACTORS: &[(&str, Has)] = &[
    ("superuser", Has::Everything),
    ("adder", Has::Actions(&["add"])),
    ("changer", Has::Actions(&["change"])),
    ("deleter", Has::Actions(&["delete"])),
    ("viewer", Has::Actions(&["view"])),
    ("editor", Has::Actions(&["add", "change"])),
    ("member", Has::Actions(&["view", "delete"])),
    ("powerless", Has::Actions(&[])),
    ("plain", Has::NoAccess),
    ("former", Has::NoAccess),
    ("nobody", Has::NoAccess),
];

/// The accounts of the matrix for one model.
fn actors(site: &Site, app: &str, model: &str) {
    let names = |actions: &[&str]| -> Vec<String> {
        actions
            .iter()
            .map(|action| format!("{app}.{action}_{model}"))
            .collect()
    };
    for (username, has) in ACTORS {
        let user = site.user(username);
        let all = names(&ACTIONS);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        match (*username, has) {
            ("nobody", _) => {}
            ("plain", _) => drop(user.may(&all).make()),
            ("former", _) => drop(user.superuser().inactive().make()),
            (_, Has::Everything) => drop(user.superuser().make()),
            (_, Has::NoAccess) => {}
            (_, Has::Actions(actions)) => {
                let names = names(actions);
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                // What a group gives is as good as one's own.
                if *username == "member" {
                    let group = site.group("Members", &names);
                    user.staff().in_group(group).make();
                } else {
                    user.staff().may(&names).make();
                }
            }
        }
    }
}

/// A row on which nothing hangs.
fn row(site: &Site, model: &str, number: usize) -> i64 {
    match model {
        "address" => {
            let id = site.letting("Gone soon");
            site.sql("delete from letting where id = ?1", [id]);
            id
        }
        "letting" => site.letting("A home"),
        "profile" => {
            site.person(&format!("person{number}"));
            site.value("select max(id) from profile")
                .parse()
                .expect("an id")
        }
        "user" => site.user(&format!("somebody{number}")).make(),
        _ => site.group(&format!("Group {number}"), &[]),
    }
}

/// The status that the table says, and the permission that is missing.
fn expected(has: Has, model: &str, need: &str, ok: u16) -> (u16, Option<&'static str>) {
    let missing = match has {
        Has::Everything => None,
        Has::NoAccess => return (303, None),
        Has::Actions(actions) => {
            let may = |action| actions.contains(&action);
            match need {
                "any" if actions.is_empty() => return (404, None),
                "any" | "staff" => None,
                "view" => (!may("view") && !may("change")).then_some("view"),
                // Who could add users could otherwise make one, but not finish it.
                "add" if model == "user" && may("add") => (!may("change")).then_some("change"),
                "add" => (!may("add")).then_some("add"),
                "change" => (!may("change")).then_some("change"),
                _ => (!may("delete")).then_some("delete"),
            }
        }
    };
    (if missing.is_some() { 403 } else { ok }, missing)
}

fn asked(browser: &Browser<'_>, method: Method, target: &str) -> Answer {
    if method == Method::Post {
        browser.post(target, &[])
    } else {
        browser.get(target)
    }
}

fn matrix(app: &str, model: &str) {
    let site = Site::new();
    actors(&site, app, model);
    let mut number = 0;
    let of_users = if model == "user" { OF_USERS } else { &[] };
    for (username, has) in ACTORS {
        let browser = if *username == "nobody" {
            site.browser()
        } else {
            site.sign_in(username)
        };
        for (method, address, need, ok) in ADDRESSES.iter().chain(of_users) {
            number += 1;
            let id = row(&site, model, number);
            let target = address
                .replace("{app}", app)
                .replace("{model}", model)
                .replace("{id}", &id.to_string());
            let answer = asked(&browser, *method, &target);
            let (status, missing) = expected(*has, model, need, *ok);
            let case = format!("{username}: {method} {target}");
            assert_eq!(answer.status, status, "{case}");
            if let Some(missing) = missing {
                let permission = format!("{app}.{missing}_{model}");
                assert!(
                    answer.words().contains(&permission),
                    "{case}: {}",
                    answer.words()
                );
            }
            if *has == Has::NoAccess {
                assert!(
                    answer.header("location").starts_with("/admin/login/?next="),
                    "{case}"
                );
            }
            let table = if model == "group" { "\"group\"" } else { model };
            let gone = site.value(&format!("select count(*) from {table} where id = {id}")) == "0";
            let deletes = *method == Method::Post
                && *need == "delete"
                && status == 303
                && *has != Has::NoAccess;
            assert_eq!(gone, deletes, "{case}");
        }
    }
}

#[test]
fn each_address_of_the_addresses_asks_for_its_permission() {
    matrix(MODELS[0].0, MODELS[0].1);
}

#[test]
fn each_address_of_the_lettings_asks_for_its_permission() {
    matrix(MODELS[1].0, MODELS[1].1);
}

#[test]
fn each_address_of_the_profiles_asks_for_its_permission() {
    matrix(MODELS[2].0, MODELS[2].1);
}

#[test]
fn each_address_of_the_users_asks_for_its_permission() {
    matrix(MODELS[3].0, MODELS[3].1);
}

#[test]
fn each_address_of_the_groups_asks_for_its_permission() {
    matrix(MODELS[4].0, MODELS[4].1);
}

#[test]
fn a_permission_of_one_model_opens_no_other() {
    let site = Site::new();
    for (app, model) in MODELS {
        let names: Vec<String> = ACTIONS
            .iter()
            .map(|action| format!("{app}.{action}_{model}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        site.user(model).staff().may(&names).make();
        let browser = site.sign_in(model);
        for (other_app, other) in MODELS {
            let status = if other == model { 200 } else { 403 };
            for page in ["", "add/"] {
                let target = format!("/admin/{other_app}/{other}/{page}");
                assert_eq!(browser.get(&target).status, status, "{model}: {target}");
            }
        }
        let index = browser.get("/admin/");
        let links = index.attributes("href");
        for (other_app, other) in MODELS {
            let link = format!("/admin/{other_app}/{other}/");
            assert_eq!(links.contains(&link), other == model, "{model}: {link}");
        }
    }
}

#[test]
fn ticked_rows_are_deleted_only_by_those_who_may_delete() {
    let site = Site::new();
    site.user("viewer")
        .staff()
        .may(&["lettings.view_letting", "lettings.change_letting"])
        .make();
    site.user("deleter")
        .staff()
        .may(&["lettings.view_letting", "lettings.delete_letting"])
        .make();
    let id = site.letting("A home").to_string();
    let fields = [
        ("action", "delete_selected"),
        ("_selected_action", id.as_str()),
        ("post", "yes"),
    ];
    let count = || site.value("select count(*) from letting");
    let viewer = site.sign_in("viewer");
    assert_eq!(viewer.post("/admin/lettings/letting/", &fields).status, 303);
    assert!(
        viewer
            .get("/admin/lettings/letting/")
            .words()
            .contains("No action selected.")
    );
    let across = [
        ("action", "delete_selected"),
        ("select_across", "1"),
        ("expected", "1"),
        ("post", "yes"),
    ];
    assert_eq!(viewer.post("/admin/lettings/letting/", &across).status, 303);
    assert_eq!(count(), "1");
    let deleter = site.sign_in("deleter");
    assert_eq!(
        deleter
            .post("/admin/lettings/letting/", &fields[..2])
            .status,
        200,
        "it asks first"
    );
    assert_eq!(count(), "1");
    assert_eq!(
        deleter.post("/admin/lettings/letting/", &fields).status,
        303
    );
    assert_eq!(count(), "0");
}

#[test]
fn what_goes_along_needs_the_permission_too() {
    let site = Site::new();
    site.user("deleter")
        .staff()
        .may(&["lettings.view_address", "lettings.delete_address"])
        .make();
    let id = site.letting("A home").to_string();
    let browser = site.sign_in("deleter");
    let page = browser.get(&format!("/admin/lettings/address/{id}/delete/"));
    assert!(
        page.words().contains(
            "your account doesn’t have permission to delete the following types of objects: letting"
        ),
        "{}",
        page.words()
    );
    assert_eq!(
        browser
            .post(
                &format!("/admin/lettings/address/{id}/delete/"),
                &[("post", "yes")]
            )
            .status,
        403
    );
    let fields = [
        ("action", "delete_selected"),
        ("_selected_action", id.as_str()),
        ("post", "yes"),
    ];
    assert_eq!(
        browser.post("/admin/lettings/address/", &fields).status,
        403
    );
    assert_eq!(
        site.value("select (select count(*) from address) + (select count(*) from letting)"),
        "2"
    );
}

#[test]
fn who_may_nothing_is_told_so() {
    let site = Site::new();
    site.user("powerless").staff().make();
    let words = site.sign_in("powerless").get("/admin/").words();
    assert!(
        words.contains("You don’t have permission to view or edit anything."),
        "{words}"
    );
}

#[test]
fn who_may_only_add_is_led_to_the_index_and_sees_no_list() {
    let site = Site::new();
    site.user("adder").staff().may(&["auth.add_group"]).make();
    let browser = site.sign_in("adder");
    let answer = browser.post("/admin/auth/group/add/", &[("name", "Editors")]);
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (303, "/admin/")
    );
    let index = browser.get("/admin/");
    assert!(
        index.words().contains("was added successfully."),
        "{}",
        index.words()
    );
    let links = index.attributes("href");
    assert!(links.contains(&"/admin/auth/group/add/".to_owned()));
    assert!(
        !links.contains(&"/admin/auth/group/".to_owned()),
        "{links:?}"
    );
    let continuing = [("name", "Writers"), ("_continue", "1")];
    let answer = browser.post("/admin/auth/group/add/", &continuing);
    assert_eq!(browser.get(&answer.header("location")).status, 403);
}

#[test]
fn rows_and_models_that_are_not_there_are_not_found_and_nobody_learns_it_unasked() {
    let site = Site::new();
    site.user("root").superuser().make();
    let root = site.sign_in("root");
    for target in [
        "/admin/nothing/",
        "/admin/lettings/nothing/",
        "/admin/auth/permission/",
        "/admin/auth/letting/",
        "/admin/lettings/letting/1/change/",
        "/admin/lettings/letting/1/delete/",
        "/admin/lettings/letting/1/history/",
        "/admin/lettings/letting/0/change/",
        "/admin/lettings/letting/-1/change/",
        "/admin/lettings/letting/abc/change/",
        "/admin/lettings/letting/99999999999999999999/change/",
        "/admin/auth/group/1/password/",
    ] {
        assert_eq!(root.get(target).status, 404, "{target}");
        let stranger = site.get(target).status;
        assert!(matches!(stranger, 303 | 404), "{target}: {stranger}");
    }
}
