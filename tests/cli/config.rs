//! `oc-lettings config` and the refusals of settings: which value is in effect, where it comes from, what is wrong.

use serde_json::Value;

use super::run::Run;
use super::server::Server;

const SECRETS: &[&str] = &[
    "SECRET_KEY",
    "SENTRY_DSN",
    "ADMIN_PASSWORD",
    "METRICS_TOKEN",
];

/// The lines as name, value and source.
fn lines(run: &Run) -> Vec<(String, String, String)> {
    run.run(&["config"])
        .succeeded()
        .lines()
        .map(|line| {
            let line = line.replace(" not set ", " not-set ");
            let mut words = line.split_whitespace();
            let mut word = || words.next().unwrap_or_else(|| panic!("{line}")).to_owned();
            let (name, value) = (word(), word());
            (name, value, words.collect::<Vec<_>>().join(" "))
        })
        .collect()
}

fn line(run: &Run, name: &str) -> (String, String) {
    let (_, value, source) = lines(run)
        .into_iter()
        .find(|(known, ..)| known == name)
        .unwrap_or_else(|| panic!("no line for {name}"));
    (value, source)
}

fn is(value: &str, source: &str) -> (String, String) {
    (value.to_owned(), source.to_owned())
}

#[test]
fn without_settings_everything_is_a_default_and_the_key_is_generated() {
    let run = Run::bare();
    assert_eq!(line(&run, "PORT"), is("8000", "default"));
    assert_eq!(line(&run, "BIND"), is("0.0.0.0", "default"));
    assert_eq!(line(&run, "DEBUG"), is("false", "default"));
    assert_eq!(
        line(&run, "DATABASE"),
        is("data/oc-lettings.sqlite3", "default")
    );
    assert_eq!(line(&run, "SECRET_KEY"), is("set", "generated"));
    assert_eq!(
        line(&run, "LOG_FORMAT"),
        is("json", "default"),
        "a pipe is no terminal"
    );
    for (name, _, source) in lines(&run) {
        let expected = if name == "SECRET_KEY" {
            "generated"
        } else {
            "default"
        };
        assert_eq!(source, expected, "{name}");
    }
    assert!(!run.path("data").exists(), "looking makes no file");
}

#[test]
fn debug_binds_loopback() {
    let run = Run::bare().with("DEBUG", "true");
    assert_eq!(line(&run, "BIND"), is("127.0.0.1", "default"));
    assert_eq!(line(&run, "DEBUG"), is("true", "env DEBUG"));
}

#[test]
fn each_source_is_named_and_the_environment_wins_over_the_file_over_render() {
    let run = Run::bare()
        .file("oc-lettings.toml", "port = 9001\nlog_level = \"warn\"\nsite_url = \"https://file.example\"\nallowed_hosts = [\"a.example\", \".b.example\"]\n")
        .file("key", "0123456789abcdef0123456789abcdef\n")
        .with("SECRET_KEY_FILE", "key")
        .with("LOG_LEVEL", "debug")
        .with("BIND", "")
        .with("RENDER", "true")
        .with("RENDER_EXTERNAL_URL", "https://render.example")
        .with("RENDER_EXTERNAL_HOSTNAME", "render.example");
    assert_eq!(line(&run, "PORT"), is("9001", "file oc-lettings.toml"));
    assert_eq!(line(&run, "LOG_LEVEL"), is("debug", "env LOG_LEVEL"));
    assert_eq!(
        line(&run, "SITE_URL"),
        is("https://file.example", "file oc-lettings.toml")
    );
    assert_eq!(line(&run, "SECRET_KEY"), is("set", "env SECRET_KEY_FILE"));
    assert_eq!(line(&run, "TRUSTED_PROXIES"), is("render", "render"));
    assert_eq!(
        line(&run, "BIND"),
        is("0.0.0.0", "default"),
        "empty counts as not set"
    );
    let (hosts, source) = line(&run, "ALLOWED_HOSTS");
    assert_eq!(source, "file oc-lettings.toml");
    for host in ["a.example", ".b.example", "render.example", "file.example"] {
        assert!(
            hosts.split(',').any(|known| known == host),
            "{host} is not in {hosts}"
        );
    }
    assert_eq!(line(&run.without("RENDER"), "TRUSTED_PROXIES").1, "default");
}

#[test]
fn another_file_can_be_named_and_must_then_exist() {
    let run = Run::bare()
        .file("other.toml", "port = 9002")
        .file("oc-lettings.toml", "port = 9003")
        .with("OC_LETTINGS_CONFIG", "other.toml");
    assert_eq!(line(&run, "PORT"), is("9002", "file other.toml"));
    run.with("OC_LETTINGS_CONFIG", "missing.toml")
        .run(&["config"])
        .refused(&["OC_LETTINGS_CONFIG", "missing.toml", "expected"]);
}

#[test]
fn json_has_what_the_lines_have() {
    let run = Run::bare().with("PORT", "9004");
    let json: Vec<Value> =
        serde_json::from_str(&run.run(&["config", "--json"]).succeeded()).unwrap();
    let lines = lines(&run);
    assert_eq!(json.len(), lines.len());
    for (object, (name, value, source)) in json.iter().zip(lines) {
        assert_eq!(object["name"], name.as_str());
        assert_eq!(object["source"], source.as_str());
        let value = match value.as_str() {
            "-" => "",
            "not-set" => "not set",
            other => other,
        };
        assert_eq!(object["value"], value);
    }
    let port = json.iter().find(|object| object["name"] == "PORT").unwrap();
    assert_eq!(port["source"], "env PORT");
}

#[test]
fn secrets_are_set_or_not_set_and_never_shown() {
    for name in SECRETS {
        let secret = match *name {
            "SENTRY_DSN" => "https://stolen@sentry.example/1",
            _ => "stolen-stolen-stolen-stolen-stolen-stolen",
        };
        let run = Run::bare().with(name, secret);
        for arguments in [&["config"][..], &["config", "--json"]] {
            let shown = run.run(arguments).out;
            assert!(!shown.contains("stolen"), "{name}: {shown}");
        }
        assert_eq!(line(&run, name), is("set", &format!("env {name}")));
        let json = run.run(&["config", "--json"]).out;
        let json: Vec<Value> = serde_json::from_str(&json).unwrap();
        for object in json {
            let known = object["name"].as_str().unwrap();
            if SECRETS.contains(&known) && known != *name && known != "SECRET_KEY" {
                assert_eq!(object["value"], "not set", "{known}");
            }
        }
    }
}

#[test]
fn a_value_that_cannot_be_used_is_one_line_with_name_source_and_what_was_expected() {
    for (name, value, expected) in [
        ("PORT", "80000", "a port number"),
        ("PORT", "http", "a port number"),
        ("BIND", "localhost", "an IP address"),
        ("DEBUG", "perhaps", "true or false"),
        ("SITE_URL", "example.com", "https://"),
        ("SITE_URL", "https://example.com/path", "without a path"),
        ("LOG_LEVEL", "loud", "error, warn, info"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("SENTRY_TRACES_SAMPLE_RATE", "2", "from 0 to 1"),
        ("CONTACT_EMAIL", "nobody", "an e-mail address"),
        ("ADMIN_EMAIL", "a@b@c", "an e-mail address"),
        ("TRUSTED_PROXIES", "10.0.0.0/64", "expected"),
        ("ALLOWED_HOSTS", "http://example.com/", "expected"),
        ("BACKUP_KEEP", "0", "from 1 to 1000"),
        ("BACKUP_EVERY", "now and then", "24h"),
        ("SECRET_KEY", "short", "at least 32"),
    ] {
        let line = Run::bare().with(name, value).run(&["serve"]).refused(&[
            name,
            &format!("(env {name})"),
            "expected",
            expected,
        ]);
        if name == "SECRET_KEY" {
            assert!(!line.contains("short"), "{line}");
        }
    }
}

#[test]
fn every_command_refuses_a_configuration_that_does_not_hold() {
    let run = Run::bare().with("PORT", "http");
    for command in [
        "serve",
        "migrate",
        "showmigrations",
        "check",
        "config",
        "demo",
        "healthcheck",
    ] {
        run.run(&[command]).refused(&["PORT (env PORT)"]);
    }
    assert!(!run.path("data").exists(), "a mistake makes no file");
}

#[test]
fn the_file_is_named_where_it_is_wrong() {
    for (text, words) in [
        (
            "prot = 9000",
            &["prot (file oc-lettings.toml)", "expected one of", "port"][..],
        ),
        ("PORT = 9000", &["PORT (file oc-lettings.toml)"]),
        (
            "port = \"http\"",
            &["PORT (file oc-lettings.toml)", "a port number"],
        ),
        (
            "port = [8000]",
            &["PORT (file oc-lettings.toml)", "expected"],
        ),
        ("[server]\nport = 8000", &["server (file oc-lettings.toml)"]),
        ("port = ", &["oc-lettings.toml cannot be read as TOML"]),
        (
            "port = 1\nport = 2",
            &["oc-lettings.toml cannot be read as TOML"],
        ),
    ] {
        Run::bare()
            .file("oc-lettings.toml", text)
            .run(&["config"])
            .refused(words);
    }
}

#[test]
fn a_wrong_secret_is_not_repeated_and_two_sources_of_one_are_refused() {
    let run = Run::bare().file("key", "from-a-file-from-a-file-from-a-file\n");
    let run = run
        .with("SECRET_KEY_FILE", "key")
        .with("SECRET_KEY", "from-the-environment-from-the-environment");
    let line = run.run(&["config"]).refused(&[
        "SECRET_KEY (env SECRET_KEY)",
        "SECRET_KEY_FILE",
        "both set",
    ]);
    assert!(!line.contains("from-"), "{line}");
    run.without("SECRET_KEY")
        .with("SECRET_KEY_FILE", "missing")
        .run(&["config"])
        .refused(&["SECRET_KEY_FILE", "missing", "cannot be read"]);
}

#[test]
fn rockets_own_settings_change_nothing() {
    let run = Run::bare().file(
        "Rocket.toml",
        "[default]\nport = 1\naddress = \"nonsense\"\n",
    );
    let run = run
        .with("ROCKET_PORT", "2")
        .with("ROCKET_LOG_LEVEL", "nonsense")
        .with("ROCKET_PROFILE", "nonsense");
    assert_eq!(line(&run, "PORT"), is("8000", "default"));
    let run = run.with("BIND", "127.0.0.1").with("PORT", "0");
    let server = Server::start(&run);
    assert_eq!(server.ask("GET", "/").status, 200);
}
