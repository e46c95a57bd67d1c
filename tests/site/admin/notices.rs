//! What staff read of how the site is run. Data that does not last is tested on a real server, in `tests/cli/volatile.rs`.

use rocket::http::Method;

use crate::support::Site;

const NOTICE: &str = "which the site does not trust.";

#[test]
fn a_proxy_that_is_not_trusted_is_named_to_staff_on_every_page_of_the_admin_and_to_nobody_else() {
    let site = Site::new();
    site.user("ada").superuser().make();
    let ada = site.sign_in("ada");
    assert!(!ada.get("/admin/").text().contains(NOTICE));

    let stranger = site
        .ask(Method::Get, "/")
        .from("203.0.113.7")
        .header("X-Forwarded-For", "192.0.2.1");
    assert!(!stranger.send().text().contains(NOTICE));
    let index = ada.get("/admin/");
    let notice = index.between("<section class=\"notices", "</section>");
    assert!(notice.contains("Requests come by way of 203.0.113.7, which the site does not trust."));
    assert!(notice.contains("TRUSTED_PROXIES"));
    assert!(
        notice.contains("<details open>"),
        "whole where there is room: {notice}"
    );
    for path in [
        "/admin/lettings/letting/",
        "/admin/auth/user/add/",
        "/admin/nothing/",
    ] {
        let page = ada.get(path);
        let notice = page.between("<section class=\"notices", "</section>");
        assert!(notice.contains(NOTICE), "{path}");
        assert!(notice.contains("<details>"), "folded: {notice}");
    }
    for path in ["/", "/admin/login/"] {
        assert!(!site.get(path).text().contains(NOTICE), "{path}");
    }
}

#[test]
fn a_proxy_that_is_trusted_is_not_worth_a_word() {
    let site = Site::with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]);
    site.user("ada").superuser().make();
    let ada = site.sign_in("ada").behind("192.0.2.1", "http");
    ada.get("/");
    assert!(!ada.get("/admin/").text().contains(NOTICE));
}
