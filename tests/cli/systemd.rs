//! `oc-lettings systemd`: a unit that says where the binary is, what is set, where it may write, and no secret.

use super::run::{Run, binary};

fn unit(run: &Run) -> String {
    run.run(&["systemd"]).succeeded()
}

/// The values of a directive, in their order.
fn values<'a>(unit: &'a str, directive: &str) -> Vec<&'a str> {
    unit.lines()
        .filter_map(|line| line.strip_prefix(directive)?.strip_prefix('='))
        .collect()
}

#[test]
fn without_settings_the_service_has_an_account_and_a_folder_of_its_own() {
    let unit = unit(&Run::bare());
    let start = format!("{} serve", binary().display());
    assert_eq!(values(&unit, "ExecStart"), [start]);
    assert_eq!(
        values(&unit, "Environment"),
        ["DATABASE=/var/lib/oc-lettings/oc-lettings.sqlite3"],
        "what is a default is not repeated"
    );
    assert_eq!(values(&unit, "DynamicUser"), ["yes"]);
    assert_eq!(values(&unit, "StateDirectory"), ["oc-lettings"]);
    assert_eq!(values(&unit, "CapabilityBoundingSet"), [""]);
    assert_eq!(values(&unit, "ProtectSystem"), ["strict"]);
    for section in ["[Unit]", "[Service]", "[Install]"] {
        assert_eq!(unit.lines().filter(|line| *line == section).count(), 1);
    }
}

#[test]
fn what_is_set_goes_into_the_unit_wherever_it_was_set_and_means_there_what_it_meant_here() {
    let run = Run::bare()
        .file(
            "oc-lettings.toml",
            "site_url = \"https://www.example.com\"\n",
        )
        .with("LOG_LEVEL", "warn")
        .with("DATABASE", "here/100% mine.sqlite3")
        .with("BACKUP_DIR", "/var/lib/copies");
    let unit = unit(&run);
    let folder = run.path("here").display().to_string();
    assert_eq!(
        values(&unit, "Environment"),
        [
            format!("\"DATABASE={folder}/100%% mine.sqlite3\"").as_str(),
            "SITE_URL=https://www.example.com",
            "LOG_LEVEL=warn",
            "BACKUP_DIR=/var/lib/copies",
        ]
    );
    assert_eq!(values(&unit, "ReadWritePaths"), [folder.as_str()]);
    assert_eq!(values(&unit, "StateDirectory"), ["copies"]);
    assert_eq!(values(&unit, "User"), ["oc-lettings"]);
    assert_eq!(
        values(&unit, "BindPaths"),
        [folder.as_str()],
        "the folder lies where the unit hides everything else"
    );
}

#[test]
fn secrets_are_not_printed_and_it_is_said_how_they_come_to_the_service() {
    let run = Run::bare()
        .with("SENTRY_DSN", "https://stolen@sentry.example/1")
        .with("ADMIN_PASSWORD", "stolen-stolen-stolen")
        .file("key", "stolen-stolen-stolen-stolen-stolen-stolen\n")
        .with("SECRET_KEY_FILE", "key");
    let unit = unit(&run);
    assert!(!unit.contains("stolen"), "{unit}");
    for (name, file) in [
        ("SENTRY_DSN", "sentry-dsn"),
        ("ADMIN_PASSWORD", "admin-password"),
        ("SECRET_KEY", "secret-key"),
    ] {
        for line in [
            format!("# {name} is set where this was printed"),
            format!("#LoadCredential={file}:/etc/oc-lettings/{file}\n"),
            format!("#Environment={name}_FILE=%d/{file}\n"),
        ] {
            assert!(unit.contains(&line), "no {line:?} in: {unit}");
        }
    }
    assert!(!unit.contains("METRICS_TOKEN is set"), "{unit}");
}

#[test]
fn a_low_port_is_the_one_thing_it_may_do_that_others_may_not() {
    let unit = unit(&Run::bare().with("PORT", "80"));
    for directive in ["CapabilityBoundingSet", "AmbientCapabilities"] {
        assert_eq!(values(&unit, directive), ["CAP_NET_BIND_SERVICE"]);
    }
    assert!(values(&unit, "PrivateUsers").is_empty());
}
