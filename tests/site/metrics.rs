//! The numbers at `/metrics`: who may read them, that Prometheus can, and that they are true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rocket::http::Method;

use crate::support::Site;
use crate::support::accounts::PASSWORD;
use crate::support::answer::Answer;

const TOKEN: &str = "token-for-the-numbers";

/// What a text in Prometheus' form says (prometheus.io, "Exposition formats"); a text in another form is no text.
#[derive(Debug, Default)]
struct Numbers {
    /// Type and help of each metric.
    metrics: BTreeMap<String, (String, String)>,
    /// Each sample by its name with its labels, as it is written.
    samples: BTreeMap<String, f64>,
    /// The same as text, for numbers that are whole.
    written: BTreeMap<String, String>,
}

impl Numbers {
    fn read(text: &str) -> Self {
        let mut numbers = Self::default();
        let mut helps = BTreeMap::new();
        assert!(text.ends_with('\n'), "the last line ends too");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help");
                let known = helps.insert(name.to_owned(), help.to_owned());
                assert_eq!(known, None, "one help: {line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                let help = helps.remove(name).expect("the help comes first");
                let known = (kind.to_owned(), help);
                let twice = numbers.metrics.insert(name.to_owned(), known);
                assert_eq!(twice, None, "one type: {line}");
            } else {
                numbers.sample(line);
            }
        }
        assert!(helps.is_empty(), "a type for each help: {helps:?}");
        numbers
    }

    fn sample(&mut self, line: &str) {
        let (series, text) = line.rsplit_once(' ').expect("a value");
        let value = text.parse().unwrap_or_else(|_| panic!("{line}"));
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{line}"
        );
        let labels = labels.strip_suffix('}').expect("labels that end");
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (_, value) = label.split_once('=').expect("a label with a value");
            assert!(value.starts_with('"') && value.ends_with('"'), "{line}");
        }
        assert!(self.kind_of(name).is_some(), "a type before: {line}");
        let twice = self.samples.insert(series.to_owned(), value);
        assert_eq!(twice, None, "one value: {line}");
        self.written.insert(series.to_owned(), text.to_owned());
    }

    /// The type of the metric that a sample belongs to.
    fn kind_of(&self, sample: &str) -> Option<&str> {
        let parts = ["_bucket", "_sum", "_count"];
        let whole = parts.iter().find_map(|part| {
            let name = sample.strip_suffix(part)?;
            let (kind, _) = self.metrics.get(name)?;
            (kind == "histogram").then_some(kind)
        });
        whole
            .or_else(|| self.metrics.get(sample).map(|(kind, _)| kind))
            .map(String::as_str)
    }

    fn value(&self, series: &str) -> f64 {
        let value = self.samples.get(series);
        *value.unwrap_or_else(|| panic!("no {series} in {:#?}", self.samples))
    }

    fn whole(&self, series: &str) -> &str {
        let text = self.written.get(series);
        text.unwrap_or_else(|| panic!("no {series} in {:#?}", self.written))
    }

    /// The values of the buckets of a histogram with this label, by their upper ends.
    fn buckets(&self, name: &str, label: &str) -> Vec<(f64, f64)> {
        let mut buckets: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter_map(|(series, value)| {
                let labels = series.strip_prefix(&format!("{name}_bucket{{"))?;
                let (_, end) = labels.split_once("le=\"")?;
                let (end, _) = end.split_once('"')?;
                labels
                    .contains(label)
                    .then(|| (end.parse().expect("an upper end"), *value))
            })
            .collect();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        buckets
    }
}

fn ask(site: &Site, authorization: &str) -> Answer {
    site.ask(Method::Get, "/metrics")
        .header("Authorization", authorization)
        .send()
}

fn numbers(site: &Site) -> Numbers {
    let answer = ask(site, &format!("Bearer {TOKEN}"));
    assert_eq!(answer.status, 200);
    Numbers::read(answer.text())
}

fn watched() -> Site {
    Site::with(&[("METRICS_TOKEN", TOKEN)])
}

#[test]
fn without_a_token_in_the_configuration_the_address_does_not_exist() {
    let site = Site::new();
    for path in ["/metrics", "/metrics/"] {
        for method in [Method::Get, Method::Head, Method::Post, Method::Options] {
            let asked = site
                .ask(method, path)
                .header("Authorization", "Bearer ")
                .send();
            let unknown = site.ask(method, "/nothing").send();
            assert_eq!(
                (asked.status, unknown.status),
                (404, 404),
                "{method} {path}"
            );
            assert_eq!(asked.header("www-authenticate"), "");
        }
    }
    let foreign = |path| site.ask(Method::Get, path).hosts(&["evil.example"]).send();
    assert_eq!(foreign("/metrics").status, foreign("/nothing").status);
}

#[test]
fn whoever_has_not_the_token_is_told_how_to_show_it() {
    let site = watched();
    let bare = site.get("/metrics");
    for answer in [
        bare,
        ask(&site, "Bearer wrong"),
        ask(&site, "Bearer "),
        ask(&site, "Bearer"),
        ask(&site, &format!("Basic {TOKEN}")),
        ask(&site, TOKEN),
        ask(&site, &format!("Bearer {TOKEN}x")),
        ask(&site, &format!("Bearer {}", &TOKEN[1..])),
        ask(&site, &format!("Bearer {}", TOKEN.to_uppercase())),
    ] {
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"metrics\""
        );
        assert!(!answer.text().contains("oc_lettings_"));
        assert_eq!(answer.between("<h1>", "</h1>"), "Please sign in");
    }
    for authorization in [format!("bearer {TOKEN}"), format!("BEARER  {TOKEN} ")] {
        assert_eq!(ask(&site, &authorization).status, 200, "{authorization}");
    }
}

#[test]
fn whatever_the_host_prometheus_gets_its_text() {
    let answer = watched()
        .ask(Method::Get, "/metrics")
        .header("Authorization", &format!("Bearer {TOKEN}"))
        .hosts(&["10.0.0.7:8000"])
        .send();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn each_metric_has_its_type_and_a_help() {
    let site = watched();
    site.get("/");
    let numbers = numbers(&site);
    let kinds: BTreeMap<&str, &str> = numbers
        .metrics
        .iter()
        .map(|(name, (kind, help))| {
            assert!(help.len() > 10, "{name}: {help:?}");
            (name.as_str(), kind.as_str())
        })
        .collect();
    let expected = [
        ("oc_lettings_build_info", "gauge"),
        ("oc_lettings_database_bytes", "gauge"),
        ("oc_lettings_database_wal_bytes", "gauge"),
        ("oc_lettings_http_request_duration_seconds", "histogram"),
        ("oc_lettings_http_requests_in_flight", "gauge"),
        ("oc_lettings_http_requests_total", "counter"),
        ("oc_lettings_sign_ins_total", "counter"),
        ("process_max_fds", "gauge"),
        ("process_open_fds", "gauge"),
        ("process_resident_memory_bytes", "gauge"),
        ("process_start_time_seconds", "gauge"),
    ];
    assert_eq!(kinds, BTreeMap::from(expected));
}

#[test]
fn requests_count_by_method_template_and_status() {
    let site = watched();
    site.letting("Seaview");
    for path in [
        "/lettings/1/",
        "/lettings/1/?x=y",
        "/lettings/7/",
        "/a/",
        "/b/",
    ] {
        site.get(path);
    }
    site.ask(Method::Head, "/lettings/1/").send();
    site.ask(Method::Post, "/lettings/").send();
    let numbers = numbers(&site);
    let count = |method: &str, route: &str, status: u16| {
        numbers.whole(&format!(
            "oc_lettings_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"
        ))
    };
    assert_eq!(count("GET", "/lettings/<id>", 200), "2");
    assert_eq!(count("GET", "/lettings/<id>", 404), "1");
    assert_eq!(count("HEAD", "/lettings/<id>", 200), "1");
    assert_eq!(count("GET", "unknown", 404), "2");
    assert_eq!(count("POST", "unknown", 405), "1");
    assert_eq!(numbers.whole("oc_lettings_http_requests_in_flight"), "1");
}

#[test]
fn however_many_addresses_are_tried_they_are_one_more_series() {
    let site = watched();
    let series = || -> BTreeSet<String> { numbers(&site).samples.into_keys().collect() };
    site.get("/x/");
    series();
    let before = series();
    for name in 0..50 {
        site.get(&format!("/x{name}/"));
        site.get(&format!("/lettings/{name}/"));
        site.get(&format!("/profiles/{name}/"));
        site.get(&format!("/static/{name}.css"));
    }
    let new: BTreeSet<String> = series().difference(&before).cloned().collect();
    let counters = new.iter().filter(|series| series.contains("_total{"));
    assert_eq!(counters.count(), 3, "{new:#?}");
}

#[test]
fn times_are_in_buckets_that_only_grow() {
    let site = watched();
    for _ in 0..20 {
        site.get("/");
    }
    let numbers = numbers(&site);
    let name = "oc_lettings_http_request_duration_seconds";
    let label = "route=\"/\"";
    let buckets = numbers.buckets(name, label);
    assert!(buckets.len() > 10, "{buckets:?}");
    assert_eq!(buckets.last().map(|last| last.0), Some(f64::INFINITY));
    assert!(
        buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1),
        "{buckets:?}"
    );
    let count = numbers.value(&format!("{name}_count{{{label}}}"));
    assert_eq!((count, buckets[buckets.len() - 1].1), (20.0, 20.0));
    assert!(numbers.value(&format!("{name}_sum{{{label}}}")) > 0.0);
}

#[test]
fn sign_ins_count_by_outcome_from_zero() {
    let site = watched();
    site.user("ada").staff().make();
    let count = |outcome: &str| {
        numbers(&site).value(&format!(
            "oc_lettings_sign_ins_total{{outcome=\"{outcome}\"}}"
        ))
    };
    let counts = || (count("ok"), count("refused"), count("held_back"));
    assert_eq!(counts(), (0.0, 0.0, 0.0));
    let signs_in = |password: &str| site.browser().log_in("ada", password).status;
    assert_eq!(signs_in(PASSWORD), 303);
    for _ in 0..5 {
        assert_eq!(signs_in("wrong"), 422);
    }
    assert_eq!(signs_in("wrong"), 429);
    assert_eq!(counts(), (1.0, 5.0, 1.0));
}

#[test]
fn the_files_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::with(&[
        ("METRICS_TOKEN", TOKEN),
        ("BACKUP_DIR", folder.path().to_str().unwrap()),
    ]);
    let before = numbers(&site);
    assert!(before.value("oc_lettings_database_bytes") >= 4096.0);
    assert!(before.value("oc_lettings_database_wal_bytes") > 0.0);
    assert!(before.value("process_resident_memory_bytes") > 1_000_000.0);
    assert!(before.value("process_open_fds") > 2.0);
    assert!(before.value("process_max_fds") >= before.value("process_open_fds"));
    assert!(before.value("process_start_time_seconds") > 1_700_000_000.0);
    assert!(
        !before
            .samples
            .contains_key("oc_lettings_backup_age_seconds")
    );

    let made = oc_lettings::clock::now()[..19].replace(['-', ':'], "");
    for reason in ["manual", "scheduled"] {
        assert!(
            !numbers(&site)
                .samples
                .contains_key("oc_lettings_backup_age_seconds")
        );
        let name = format!("test-{made}Z-{reason}.sqlite3");
        fs::write(folder.path().join(name), "a copy").unwrap();
    }
    let age = numbers(&site).value("oc_lettings_backup_age_seconds");
    assert!((0.0..600.0).contains(&age), "{age}");
}

#[test]
fn what_is_running_is_named() {
    let numbers = numbers(&watched());
    let build = numbers
        .samples
        .keys()
        .find(|series| series.starts_with("oc_lettings_build_info{"))
        .unwrap();
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    for label in [&version, "commit=\"", "target=\""] {
        assert!(build.contains(label), "{build}");
    }
    assert_eq!(numbers.whole(build), "1");
}
