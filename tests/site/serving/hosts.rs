//! Under which names the site answers.

use rocket::http::Method;

use crate::support::Site;

fn statuses<'h>(site: &Site, hosts: &[&'h str]) -> Vec<(&'h str, u16)> {
    let status = |host| {
        site.ask(Method::Get, "/lettings/")
            .hosts(&[host])
            .send()
            .status
    };
    hosts.iter().map(|host| (*host, status(host))).collect()
}

#[test]
fn a_name_of_ours_is_known_with_a_port_in_any_case_and_with_a_final_dot() {
    let site = Site::with(&[("ALLOWED_HOSTS", "www.Example.com, .example.org, [::1]")]);
    for (host, status) in statuses(
        &site,
        &[
            "www.example.com",
            "WWW.EXAMPLE.COM",
            "www.example.com:8000",
            "www.example.com.",
            "www.example.com.:443",
            "example.org",
            "a.b.example.org",
            "[::1]",
            "[::1]:8000",
        ],
    ) {
        assert_eq!(status, 200, "{host}");
    }
}

#[test]
fn any_other_name_is_refused() {
    let site = Site::with(&[("ALLOWED_HOSTS", "www.example.com, .example.org")]);
    for (host, status) in statuses(
        &site,
        &[
            "example.com",
            "badexample.org",
            "www.example.com.evil.net",
            "localhost",
            "127.0.0.1",
            "",
            " ",
            "www.example.com evil.net",
            "www.example.com, evil.net",
            "evil.net@www.example.com",
            "www.example.com:80a",
            "www.example.com/",
            "www.example.com..",
            "[::1",
            "<script>",
        ],
    ) {
        assert_eq!(status, 400, "{host:?}");
    }
}

#[test]
fn a_request_that_names_no_host_or_two_is_refused() {
    for allowed in ["localhost", "*"] {
        let site = Site::with(&[("ALLOWED_HOSTS", allowed)]);
        for hosts in [
            &[] as &[&str],
            &["localhost", "localhost"],
            &["localhost", "evil.net"],
        ] {
            let answer = site.ask(Method::Get, "/").hosts(hosts).send();
            assert_eq!(answer.status, 400, "{allowed} {hosts:?}");
        }
    }
}

#[test]
fn a_site_for_all_names_still_wants_a_name() {
    let site = Site::with(&[("ALLOWED_HOSTS", "*")]);
    let statuses = statuses(
        &site,
        &["anything.example", "192.0.2.7:80", "no host", "a/b"],
    );
    let statuses: Vec<u16> = statuses.into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [200, 200, 400, 400]);
}

#[test]
fn a_refusal_is_a_page_that_repeats_nothing_and_leads_nowhere_else() {
    let page = Site::new()
        .ask(Method::Get, "/lettings")
        .hosts(&["evil.example"])
        .send();
    assert_eq!(page.status, 400);
    assert_eq!(page.between("<h1>", "</h1>"), "Bad request");
    assert!(!page.text().contains("evil") && page.header("location").is_empty());
}

#[test]
fn loopback_names_are_ours_by_default() {
    let site = Site::new();
    for (host, status) in statuses(
        &site,
        &["localhost:8000", "127.0.0.1", "[::1]:8000", "a.localhost"],
    ) {
        assert_eq!(status, 200, "{host}");
    }
}

#[test]
fn the_hosts_of_the_public_origin_and_of_render_are_ours() {
    let site = Site::with(&[
        ("SITE_URL", "https://www.example.com"),
        ("RENDER_EXTERNAL_HOSTNAME", "oc.onrender.com"),
        ("ALLOWED_HOSTS", "other.example.com"),
    ]);
    for (host, status) in statuses(
        &site,
        &["www.example.com", "oc.onrender.com", "other.example.com"],
    ) {
        assert_eq!(status, 200, "{host}");
    }
}

#[test]
fn forwarded_hosts_are_never_read() {
    let page = Site::with(&[("TRUSTED_PROXIES", "127.0.0.1")])
        .ask(Method::Get, "/")
        .from("127.0.0.1")
        .header("X-Forwarded-Host", "evil.example")
        .header("Forwarded", "host=evil.example;proto=https;for=192.0.2.7")
        .send();
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("evil.example"));
    assert_eq!(page.header("strict-transport-security"), "");
}
