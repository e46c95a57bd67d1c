//! What operators are told of what no page of the site brings about: handlers that break without an error of ours, and
//! answers that no handler gave.
//!
//! The handlers are mounted beside the site's own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use oc_lettings::config::{Config, Environment};
use oc_lettings::db::Db;
use oc_lettings::site;
use oc_lettings::telemetry::metrics::{Metrics, Seen};
use oc_lettings::telemetry::{self, Output, Telemetry};
use oc_lettings::web::answered::Answered;
use oc_lettings::web::watch;
use rocket::http::{Header, Status};
use rocket::local::blocking::{Client, LocalResponse};
use rocket::{get, routes};
use serde_json::json;
use tempfile::TempDir;

#[expect(
    dead_code,
    reason = "the other manners are for the tests of the commands"
)]
#[path = "cli/receiver.rs"]
mod receiver;

use receiver::{Post, Receiver};

#[get("/careless/<_>")]
fn careless() -> &'static str {
    log::error!(target: "oc_lettings::tests", "could not write to ada@example.com");
    panic!("no letter for ada@example.com");
}

#[get("/silent")]
fn silent() -> Status {
    Status::InternalServerError
}

/// A process has one way to Sentry, so one site is up at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A site with those pages, and the Sentry that it tells.
struct Watched {
    sentry: Receiver,
    client: Client,
    telemetry: Telemetry,
    _folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Watched {
    fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let sentry = Receiver::willing();
        let folder = tempfile::tempdir().expect("a folder for the test");
        let settings = [
            ("SENTRY_DSN", sentry.dsn()),
            ("SENTRY_TRACES_SAMPLE_RATE", "1".to_owned()),
            ("SITE_URL", "https://www.example.com".to_owned()),
            ("LOG_LEVEL", "error".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        let config = Config::read(&Environment::from(settings), folder.path());
        let config = config.expect("settings that fit");
        let telemetry = telemetry::start(&config, Output::Command);
        let (db, _) = Db::open_and_migrate(&folder.path().join("site.sqlite3"))
            .expect("a database in the folder");
        let site = site::build(config, db).mount("/", watch::watched(routes![careless, silent]));
        Self {
            sentry,
            client: Client::untracked(site).expect("a site that ignites"),
            telemetry,
            _folder: folder,
            _alone: alone,
        }
    }

    fn get<'c>(&'c self, path: &'c str) -> LocalResponse<'c> {
        self.client
            .get(path)
            .header(Header::new("Host", "localhost"))
            .header(Header::new("Cookie", "session=stolen"))
            .dispatch()
    }
}

#[test]
fn a_panic_is_a_500_with_a_reference_and_an_event_with_its_stack() {
    let site = Watched::new();
    let answer = site.get("/careless/stolen@example.com/?token=stolen");
    assert_eq!(answer.status(), Status::InternalServerError);
    let id = answer.headers().get_one("x-request-id").unwrap().to_owned();
    let page = answer.into_string().unwrap();
    assert!(page.contains(&id) && !page.contains("letter"), "{page}");

    let (first, second) = (site.sentry.next("event"), site.sentry.next("event"));
    assert_eq!(first["message"], "could not write to [address]");
    assert_eq!(first["event_id"].as_str().unwrap().replace('-', ""), id);
    assert_eq!(second["tags"]["request_id"], id);
    assert_ne!(second["event_id"], first["event_id"]);
    assert_eq!(second["level"], "fatal");
    assert_eq!(second["transaction"], "/careless/<_>");
    let [exception] = &second["exception"]["values"].as_array().unwrap()[..] else {
        panic!("{second}");
    };
    assert_eq!(exception["type"], "panic");
    assert_eq!(exception["mechanism"]["handled"], false);
    let words = exception["value"].as_str().unwrap();
    assert!(
        words.starts_with("panicked at tests/watching.rs:")
            && words.ends_with("no letter for [address]"),
        "{words}"
    );
    let frames = exception["stacktrace"]["frames"].as_array().unwrap();
    let functions = frames.iter().filter_map(|frame| frame["function"].as_str());
    assert!(functions.into_iter().any(|name| name.contains("careless")));
    let crumbs = second["breadcrumbs"]["values"].as_array().unwrap();
    assert_eq!(crumbs.len(), 1);
    assert_eq!(crumbs[0]["message"], "could not write to [address]");

    drop(site.telemetry);
    let told = site.sentry.next("sessions");
    assert_eq!(told["aggregates"][0]["crashed"], 1);
    for event in [first, second] {
        for word in ["stolen", "ada@"] {
            assert!(!event.to_string().contains(word), "{event}");
        }
    }
}

#[test]
fn a_500_that_nobody_explains_is_an_event_all_the_same() {
    let site = Watched::new();
    let answer = site.get("/silent/");
    assert_eq!(answer.status(), Status::InternalServerError);
    let id = answer.headers().get_one("x-request-id").unwrap();
    let event = site.sentry.next("event");
    assert_eq!(event["message"], "answered 500, and nothing said why");
    assert_eq!(event["event_id"].as_str().unwrap().replace('-', ""), id);
    assert_eq!(event["transaction"], "/silent");
}

#[test]
fn an_answer_that_no_handler_gave_is_told_like_any_other() {
    let site = Watched::new();
    let metrics = Metrics::new();
    let (route, check) = ("/lettings/<id>".into(), "/healthz".into());
    let answered = Answered {
        request_id: "0123456789abcdef0123456789abcdef",
        method: "GET",
        path: "/lettings/1/",
        route: Some(&route),
        status: 200,
        took: Duration::from_millis(2),
        bytes: 4096,
        client: None,
    };
    answered.told(None, &metrics);
    let told = site.sentry.next("transaction");
    assert_eq!(told["transaction"], "/lettings/<id>");
    assert_eq!(
        told["request"],
        json!({ "method": "GET", "url": "https://www.example.com/lettings/1/" })
    );
    assert_eq!(told["tags"]["request_id"], answered.request_id);
    let end: Timestamp = told["timestamp"].as_str().unwrap().parse().unwrap();
    let end = end.as_duration().as_secs_f64();
    let took = end - told["start_timestamp"].as_f64().unwrap();
    assert!((0.001..0.003).contains(&took), "{took}");

    let unknown = Answered {
        method: "BREW",
        route: None,
        status: 501,
        ..answered.clone()
    };
    unknown.told(None, &metrics);
    let check = Answered {
        route: Some(&check),
        ..answered
    };
    check.told(None, &metrics);
    drop(site.telemetry);
    let rest = site.sentry.rest();
    let items: Vec<_> = rest.iter().flat_map(Post::items).collect();
    let [health] = &items[..] else {
        panic!("{items:?}");
    };
    assert_eq!(health.kind, "sessions", "nothing else is traced");
    assert_eq!(health.value["aggregates"][0]["exited"], 2, "{health:?}");

    let text = metrics.text(&Seen::default()).unwrap();
    for labels in [
        r#"{method="GET",route="/lettings/<id>",status="200"} 1"#,
        r#"{method="GET",route="/healthz",status="200"} 1"#,
        r#"{method="other",route="unknown",status="501"} 1"#,
    ] {
        assert!(text.contains(labels), "{labels} in {text}");
    }
}
