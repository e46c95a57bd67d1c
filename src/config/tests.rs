//! What the configuration promises: precedence, sources, refusals that name the key, and silence about secrets.

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn read(pairs: &[(&str, &str)]) -> Result<Config> {
    Config::read(&environment(pairs), Path::new("/nonexistent"))
}

fn with_file(toml: &str, pairs: &[(&str, &str)]) -> Result<Config> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("oc-lettings.toml"), toml).unwrap();
    Config::read(&environment(pairs), folder.path())
}

fn line(config: &Config, name: &str) -> (String, String) {
    let shown = config
        .lines()
        .iter()
        .find(|shown| shown.name == name)
        .unwrap();
    (shown.value.clone(), shown.source.clone())
}

fn refusal(result: Result<Config>) -> String {
    let words = result.map(|_| ()).unwrap_err().to_string();
    assert!(!words.contains('\n'), "one line: {words}");
    words
}

#[test]
fn without_anything_the_defaults_apply() {
    let config = read(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "0.0.0.0:8000");
    assert_eq!(
        line(&config, "DATABASE"),
        ("data/oc-lettings.sqlite3".into(), "default".into())
    );
    assert_eq!(
        line(&config, "SECRET_KEY"),
        ("set".into(), "generated".into())
    );
    assert_eq!(
        line(&config, "BACKUP_DIR"),
        ("data".into(), "default".into())
    );
    assert!(config.allowed_hosts.allow("localhost") && !config.allowed_hosts.allow("example.com"));
}

#[test]
fn debug_binds_loopback_unless_told_otherwise() {
    assert_eq!(
        read(&[("DEBUG", "true")]).unwrap().listen.to_string(),
        "127.0.0.1:8000"
    );
    assert_eq!(
        read(&[("DEBUG", "on"), ("BIND", "0.0.0.0")])
            .unwrap()
            .listen
            .to_string(),
        "0.0.0.0:8000"
    );
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
    let toml = "port = 1234\nlog_level = \"debug\"\nallowed_hosts = [\"a.org\", \".b.org\"]\ndebug = false\n";
    let config = with_file(toml, &[("PORT", "4321")]).unwrap();
    assert_eq!(line(&config, "PORT"), ("4321".into(), "env PORT".into()));
    let (level, source) = line(&config, "LOG_LEVEL");
    assert_eq!(level, "debug");
    assert!(
        source.starts_with("file /") && source.ends_with("/oc-lettings.toml"),
        "{source}"
    );
    assert!(config.allowed_hosts.allow("x.b.org"));
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let config = with_file(
        "port = 1234",
        &[("PORT", ""), ("SECRET_KEY", ""), ("SENTRY_DSN_FILE", "")],
    )
    .unwrap();
    assert_eq!(config.listen.port(), 1234);
    assert!(config.secret_key.is_none());
}

#[test]
fn a_password_of_digits_stays_text() {
    let config = read(&[("ADMIN_PASSWORD", "00123"), ("ADMIN_USERNAME", "[1,2]")]).unwrap();
    assert_eq!(config.admin.password.unwrap().reveal(), "00123");
    assert_eq!(config.admin.username.unwrap(), "[1,2]");
}

#[test]
fn a_secret_may_come_from_a_file_and_loses_one_line_ending() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, format!("{}\n\n", "k".repeat(40))).unwrap();
    let config = read(&[("SECRET_KEY_FILE", path.to_str().unwrap())]).unwrap();
    assert_eq!(
        line(&config, "SECRET_KEY"),
        ("set".into(), "env SECRET_KEY_FILE".into())
    );
    assert_eq!(
        config.secret_key.unwrap().reveal(),
        format!("{}\n", "k".repeat(40))
    );
}

#[test]
fn render_brings_its_own_defaults() {
    let config = read(&[
        ("RENDER", "true"),
        ("RENDER_EXTERNAL_HOSTNAME", "oc.onrender.com"),
        ("RENDER_EXTERNAL_URL", "https://oc.onrender.com"),
    ])
    .unwrap();
    assert_eq!(
        line(&config, "TRUSTED_PROXIES"),
        ("render".into(), "render".into())
    );
    assert_eq!(
        line(&config, "SITE_URL"),
        ("https://oc.onrender.com".into(), "render".into())
    );
    assert!(config.allowed_hosts.allow("oc.onrender.com"));
}

#[test]
fn the_host_of_the_public_origin_is_always_allowed() {
    let config = read(&[
        ("SITE_URL", "https://Homes.Example.com:8443/"),
        ("ALLOWED_HOSTS", "a.org"),
    ])
    .unwrap();
    assert!(config.allowed_hosts.allow("homes.example.com"));
    assert_eq!(
        config.site_url.unwrap().to_string(),
        "https://homes.example.com:8443"
    );
}

#[test]
fn a_refusal_names_the_key_the_source_and_what_was_expected() {
    for (name, value, expected) in [
        ("PORT", "eighty", "a port number from 0 to 65535"),
        ("PORT", "70000", "a port number from 0 to 65535"),
        ("DEBUG", "maybe", "true or false"),
        ("BIND", "localhost", "an IP address"),
        ("SITE_URL", "example.com", "an origin without a path"),
        (
            "SITE_URL",
            "https://example.com/shop",
            "an origin without a path",
        ),
        ("SITE_URL", "ftp://example.com", "an origin without a path"),
        (
            "ALLOWED_HOSTS",
            "https://example.com",
            "host names without scheme and port",
        ),
        ("SENTRY_TRACES_SAMPLE_RATE", "2", "a number from 0 to 1"),
        ("SENTRY_TRACES_SAMPLE_RATE", "NaN", "a number from 0 to 1"),
        ("LOG_LEVEL", "loud", "error, warn, info, debug or trace"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("CONTACT_EMAIL", "nobody", "an e-mail address"),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/99",
            "`render`, or addresses and networks",
        ),
        ("BACKUP_KEEP", "0", "a whole number from 1 to 1000"),
        ("BACKUP_EVERY", "soon", "a time of at least a minute"),
        ("BACKUP_EVERY", "-5h", "a time of at least a minute"),
        ("BACKUP_EVERY", "0", "or off"),
    ] {
        let words = refusal(read(&[(name, value)]));
        assert!(
            words.starts_with(&format!(
                "{name} (env {name}): {value:?} cannot be used, expected "
            )),
            "{words}"
        );
        assert!(words.contains(expected), "{words}");
    }
}

#[test]
fn mistakes_in_the_file_name_the_file() {
    let words = refusal(with_file("prot = 8000", &[]));
    assert!(
        words.starts_with("prot (file /")
            && words.contains("is no setting, expected one of secret_key, "),
        "{words}"
    );
    let words = refusal(with_file("port = [8000]", &[]));
    assert!(
        words.contains("PORT (file /") && words.contains("expected one plain value"),
        "{words}"
    );
    let words = refusal(with_file("port = ", &[]));
    assert!(
        words.contains("oc-lettings.toml cannot be read as TOML: "),
        "{words}"
    );
}

#[test]
fn a_named_file_must_exist() {
    let words = refusal(read(&[("OC_LETTINGS_CONFIG", "/nonexistent/x.toml")]));
    assert!(
        words.starts_with(
            "OC_LETTINGS_CONFIG (env OC_LETTINGS_CONFIG): \"/nonexistent/x.toml\" is not a file"
        ),
        "{words}"
    );
}

#[test]
fn a_secret_given_twice_is_refused() {
    let words = refusal(read(&[
        ("METRICS_TOKEN", "abc"),
        ("METRICS_TOKEN_FILE", "/etc/token"),
    ]));
    assert_eq!(
        words,
        "METRICS_TOKEN (env METRICS_TOKEN) and METRICS_TOKEN_FILE (env METRICS_TOKEN_FILE) are both set, expected one of them"
    );
}

#[test]
fn a_short_key_is_refused_outside_development_and_never_repeated() {
    let words = refusal(read(&[("SECRET_KEY", "short-key")]));
    assert!(
        words.starts_with("SECRET_KEY (env SECRET_KEY) has 9 characters, expected at least 32"),
        "{words}"
    );
    assert!(!words.contains("short-key"));
    assert!(read(&[("SECRET_KEY", "short-key"), ("DEBUG", "1")]).is_ok());
}

#[test]
fn secrets_never_appear_in_debug_output_or_lines() {
    let secrets = [
        "correct-horse-battery-staple-000",
        "https://key@sentry.example/1",
        "hunter22",
        "token-4711",
    ];
    let config = read(&[
        ("SECRET_KEY", secrets[0]),
        ("SENTRY_DSN", secrets[1]),
        ("ADMIN_PASSWORD", secrets[2]),
        ("METRICS_TOKEN", secrets[3]),
    ])
    .unwrap();
    let shown = format!("{config:?} {:?}", config.lines());
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret}");
    }
    for name in source::SECRETS {
        assert_eq!(line(&config, name).0, "set");
    }
}

#[test]
fn how_often_reads_back_as_written() {
    for (text, shown) in [
        ("24h", "24h"),
        ("90m", "1h 30m"),
        ("7d", "168h"),
        ("1h 30m", "1h 30m"),
        ("61s", "61s"),
        ("5m", "5m"),
        ("off", "off"),
        (" Off ", "off"),
    ] {
        assert_eq!(
            line(&read(&[("BACKUP_EVERY", text)]).unwrap(), "BACKUP_EVERY").0,
            shown
        );
    }
}
