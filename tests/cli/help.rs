//! Help, version and usage: what the binary says about itself, and its exit codes.

use std::fs::OpenOptions;
use std::process::Stdio;

use serde_json::Value;

use super::run::{Done, Run};

/// The commands that the first level of help lists.
fn commands(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split(' ').next())
        .filter(|command| !matches!(*command, "" | "help"))
        .collect()
}

#[test]
fn help_on_every_level_shows_an_example() {
    let run = Run::bare();
    let top = run.run(&["--help"]).succeeded();
    assert!(top.contains("Usage: oc-lettings"), "{top}");
    assert!(top.contains("Example:\n"), "{top}");
    let commands = commands(&top);
    for command in ["serve", "migrate", "check", "config", "version"] {
        assert!(commands.contains(&command), "{command} is not in: {top}");
    }
    for command in commands {
        let help = run.run(&[command, "--help"]).succeeded();
        assert!(
            help.contains(&format!("Usage: oc-lettings {command}")),
            "{help}"
        );
        assert!(help.contains("Example:\n"), "{help}");
        assert!(help.contains(&format!("oc-lettings {command}")), "{help}");
    }
}

#[test]
fn help_and_version_need_no_configuration_that_holds() {
    let run = Run::bare().with("PORT", "no port");
    run.run(&["--help"]).succeeded();
    run.run(&["--version"]).succeeded();
    run.run(&["version"]).succeeded();
    run.run(&["check", "--help"]).succeeded();
}

#[test]
fn version_prints_the_terms_of_everything_that_is_inside() {
    let texts = Run::bare().run(&["version", "--licenses"]).succeeded();
    for part in [
        "\n- rocket 0.5",
        "\n- rusqlite 0.",
        "\n- tikv-jemallocator 0.",
        "SQLite, which is in the public domain",
        "Permission is hereby granted, free of charge",
        "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
        "musl as a whole is licensed under the following standard MIT license",
    ] {
        assert!(texts.contains(part), "{part:?} is not in what it prints");
    }
}

#[test]
fn version_says_version_commit_target_and_sqlite_in_words_and_as_json() {
    let run = Run::bare();
    let words = run.run(&["version"]).succeeded();
    assert_eq!(run.run(&["--version"]).succeeded(), words);
    let json: Value = serde_json::from_str(&run.run(&["version", "--json"]).succeeded()).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["version", "commit", "target", "sqlite"]);
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    for value in json.as_object().unwrap().values() {
        let value = value.as_str().unwrap();
        assert!(!value.is_empty());
        assert!(words.contains(value), "{value} is not in: {words}");
    }
    assert_eq!(words.lines().count(), 1);
}

#[test]
fn a_command_or_option_that_is_not_there_is_a_matter_of_usage() {
    let run = Run::bare();
    for arguments in [
        &["serv"][..],
        &["--nonsense"],
        &["migrate", "--nonsense"],
        &["serve", "extra"],
    ] {
        let done = run.run(arguments);
        assert_eq!(
            (done.code, done.out.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert!(done.err.contains("Usage:"), "{}", done.err);
    }
    assert!(!run.path("data").exists(), "a mistake makes no file");
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure_and_a_reader_that_went_away_is_none() {
    let run = Run::bare();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = run.prepared(&["config"]).stdout(Stdio::from(full)).output();
    Done::of(output.unwrap()).refused(&["cannot write to standard output", "No space left"]);

    let mut child = run.prepared(&["config"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(Done::of(output).succeeded(), "");
}
