//! `oc-lettings check`: findings with their cures, and the event that proves the way to Sentry.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use jiff::Timestamp;

use super::backup::Disk;
use super::database::powerless;
use super::receiver::Receiver;
use super::run::Run;

/// A site that has nothing to mend, in production either.
fn healthy() -> Run {
    let run = Run::new()
        .with("SITE_URL", "https://www.example.com")
        .with("TRUSTED_PROXIES", "10.0.0.0/8")
        .with("SENTRY_DSN", "https://key@sentry.example/1")
        .with("CONTACT_EMAIL", "homes@example.com")
        .with("BACKUP_EVERY", "24h");
    run.run(&["migrate"]).succeeded();
    run
}

/// The findings, without those about the disk of the machine that runs the tests, and the line of numbers.
fn findings(output: &str) -> (Vec<&str>, &str) {
    let (findings, numbers) = output
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or(("", output.trim_end()));
    let ours = |line: &&str| {
        !line.contains("site.sqlite3 is ") && !line.contains("warning: the backups in ")
    };
    (findings.lines().filter(ours).collect(), numbers)
}

#[test]
fn a_healthy_site_has_no_findings() {
    let run = healthy()
        .with("ADMIN_USERNAME", "ada")
        .with("ADMIN_PASSWORD", "Orange-Grove-41");
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    for arguments in [&["check"][..], &["check", "--deploy"]] {
        let output = run.run(arguments).succeeded();
        let (findings, numbers) = findings(&output);
        assert!(findings.is_empty(), "{output}");
        assert!(numbers.starts_with("0 errors, "), "{output}");
    }
}

#[test]
fn without_a_database_check_warns_makes_none_and_before_a_deploy_fails() {
    let run = Run::new();
    let output = run.run(&["check"]).succeeded();
    assert!(
        output.contains("warning: site.sqlite3 does not exist; "),
        "{output}"
    );
    assert!(output.contains("oc-lettings migrate"), "{output}");
    let output = run.run(&["check", "--deploy"]).found();
    assert!(
        output.contains("error: site.sqlite3 does not exist; "),
        "{output}"
    );
    assert!(!run.path("site.sqlite3").exists());
}

#[test]
fn what_only_matters_in_production_is_found_before_a_deploy_each_with_its_cure() {
    let run = Run::new().without("BIND");
    run.run(&["migrate"]).succeeded();
    let output = run.run(&["check", "--deploy"]).found();
    for name in [
        "ALLOWED_HOSTS",
        "SITE_URL",
        "TRUSTED_PROXIES",
        "SENTRY_DSN",
        "CONTACT_EMAIL",
    ] {
        let line = output
            .lines()
            .find(|line| line.contains(&format!(": {name} ")))
            .unwrap_or_else(|| panic!("no {name}: {output}"));
        let (_, cure) = line
            .split_once("; ")
            .unwrap_or_else(|| panic!("no cure: {line}"));
        assert!(!cure.is_empty());
    }
    assert!(
        findings(&run.run(&["check"]).succeeded()).0.is_empty(),
        "not without --deploy"
    );
    let output = run
        .with("DEBUG", "true")
        .run(&["check", "--deploy"])
        .found();
    assert!(
        output.contains("error: DEBUG is on; unset DEBUG"),
        "{output}"
    );
}

#[test]
fn a_published_password_of_a_superuser_is_an_error() {
    let run = healthy()
        .with("ADMIN_USERNAME", "ada")
        .with("ADMIN_PASSWORD", "Abc1234!");
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    let output = run.run(&["check"]).found();
    assert!(
        output.contains("error: a superuser has the published password"),
        "{output}"
    );
}

#[test]
fn debug_within_reach_of_others_is_an_error() {
    let run = healthy().with("DEBUG", "true").with("BIND", "0.0.0.0");
    let output = run.run(&["check"]).found();
    assert!(
        output.contains("error: DEBUG is on and the site listens on 0.0.0.0"),
        "{output}"
    );
    let output = run
        .with("BIND", "127.0.0.1")
        .with("RENDER", "true")
        .run(&["check"])
        .found();
    assert!(output.contains("error: DEBUG is on"), "{output}");
}

#[test]
fn a_dsn_that_cannot_be_parsed_is_an_error_and_is_not_repeated() {
    let run = healthy().with("SENTRY_DSN", "https://stolen.example");
    let done = run.run(&["check"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.out.contains("error: SENTRY_DSN cannot be parsed"),
        "{done:?}"
    );
    assert!(!format!("{done:?}").contains("stolen"), "{done:?}");
}

#[test]
fn pending_migrations_are_found() {
    let run = healthy();
    run.sql("delete from refinery_schema_history where version = (select max(version) from refinery_schema_history)");
    let output = run.run(&["check"]).succeeded();
    assert!(
        output.contains("warning: site.sqlite3 has 1 pending migrations; "),
        "{output}"
    );
    run.run(&["migrate", "--check"]).found();
}

#[test]
fn rows_that_point_nowhere_are_found() {
    let run = healthy();
    run.foreign_sql("insert into profile (id, user_id, updated_at) values (7, 99, '')");
    let output = run.run(&["check"]).found();
    assert!(output.contains("error: the database is damaged: profile 7 points at a row of user that does not exist; restore"), "{output}");
}

/// The lines that name a value or count the rest.
fn broken(output: &str) -> Vec<&str> {
    let about_rows = |line: &&str| line.contains("; save it ") || line.contains("; mend ");
    output.lines().filter(about_rows).collect()
}

#[test]
fn values_that_another_tool_wrote_past_the_rules_are_named_and_nothing_personal_with_them() {
    let run = healthy();
    run.run(&["demo"]).succeeded();
    run.foreign_sql(
        "update address set country_iso_code = 'XYZ' where id = 1;
         update address set city = 'Ir' || char(0x202e) || 'vine' || char(10) where id = 2;
         update address set street = cast(x'4dff' as text) where id = 3;
         update letting set title = char(0x3000) where id = 4;
         update letting set title = printf('%.100c', 'x') || char(7) where id = 5;
         update user set username = char(0xfb01) || 'ona' where id = 1;
         update user set email = 'nobody at home' where id = 2;
         update user set first_name = 'ada@example.com' || char(1) where id = 3;
         update profile set favorite_city = ' Oslo' where id = 4;",
    );
    let output = run.run(&["check"]).succeeded();
    let mut lines = broken(&output);
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    warning: address 1, country_iso_code "XYZ": Enter the three letters of the country (ISO 3166-1 alpha-3), such as USA; save it right at /admin/lettings/address/1/change/
    warning: address 2, city "Ir\u{202e}vine\n": Characters that turn the direction of writing round are not allowed; save it right at /admin/lettings/address/2/change/
    warning: address 3, street: It cannot be read: invalid utf-8 sequence of 1 bytes from index 1 at index 3; mend it with the tool that wrote it
    warning: letting 4, title "\u{3000}": This field is required; save it right at /admin/lettings/letting/4/change/
    warning: letting 5, title "xxxxxxxxxxxxxxxxxxxxxxxx"…: Control characters are not allowed; this is a single line; save it right at /admin/lettings/letting/5/change/
    warning: profile 4, favorite_city " Oslo": It is not as it would be saved (blanks around it, small letters, or characters in another form); save it right at /admin/profiles/profile/4/change/
    warning: user 1, username "ﬁona": It is not as it would be saved (blanks around it, small letters, or characters in another form); save it right at /admin/auth/user/1/change/
    warning: user 2, email: Enter a valid email address; save it right at /admin/auth/user/2/change/
    warning: user 3, first_name: Control characters are not allowed; this is a single line; save it right at /admin/auth/user/3/change/
    "#);
    let (_, numbers) = findings(&output);
    assert!(numbers.starts_with("0 errors, "), "{numbers}");
}

#[test]
fn of_many_broken_values_twenty_are_named_and_the_rest_is_counted() {
    let run = healthy();
    run.sql(
        "with recursive number (n) as (select 1 union all select n + 1 from number where n < 2020)
         insert into address (number, street, city, state, zip_code, country_iso_code, updated_at)
         select '1', 'Main Street', 'Irvine', 'CA', '', 'QQQ', '2026-01-01T00:00:00.000000Z' from number",
    );
    let output = run.run(&["check"]).succeeded();
    let lines = broken(&output);
    assert_eq!(lines.len(), 21, "{output}");
    assert!(
        lines[20].starts_with("warning: 2000 more values break today's rules; "),
        "{output}"
    );
}

#[test]
fn a_clock_that_is_behind_the_newest_row_is_doubted() {
    let run = healthy();
    run.run(&["demo"]).succeeded();
    run.sql("update address set updated_at = 'no time at all' where id = 1");
    assert!(!run.run(&["check"]).succeeded().contains("the clock says"));
    run.sql("update address set updated_at = '2999-12-31T00:00:00.000000Z' where id = 2");
    let output = run.run(&["check"]).succeeded();
    assert!(output.contains("warning: the clock says 20"), "{output}");
    assert!(
        output.contains(
            "the newest row was written at 2999-12-31 00:00 UTC; set the machine's clock"
        ),
        "{output}"
    );
    let run = healthy();
    run.sql(
        "insert into history (at, username, action, app, model, row_id, label)
         values ('2999-12-31T00:00:00.000000Z', '', 'add', 'auth', 'user', '1', '')",
    );
    let output = run.run(&["check"]).succeeded();
    assert!(output.contains("warning: the clock says 20"), "{output}");
}

#[test]
fn keys_that_can_be_guessed_are_found_and_not_repeated() {
    for (key, problem) in [
        ("0123456789abcdef0123456789abcdef", ""),
        (
            "abcabcabcabcabcabcabcabcabcabcabcabc",
            "has only 3 different characters",
        ),
        (
            "django-insecure-0123456789abcdefghijklmnop",
            "is one that Django made for development",
        ),
        (
            concat!("fp$9^593hsriajg$_%=5trot9g", "!1qa@ew(o-1#@=&4%=hp46(s"),
            "is the one that the replaced site's repository publishes",
        ),
    ] {
        let run = healthy().with("SECRET_KEY", key);
        if problem.is_empty() {
            run.run(&["check"]).succeeded();
            continue;
        }
        let output = run.run(&["check"]).found();
        assert!(
            output.contains(&format!("error: SECRET_KEY {problem}; make one with")),
            "{output}"
        );
        assert!(!output.contains(key), "{output}");
    }
    let run = healthy().with("SECRET_KEY", "short").with("DEBUG", "true");
    let output = run.with("BIND", "127.0.0.1").run(&["check"]).succeeded();
    assert!(
        output.contains("warning: SECRET_KEY has only 5 characters; "),
        "{output}"
    );
    let run = healthy().with("METRICS_TOKEN", "letmein");
    let output = run.run(&["check"]).succeeded();
    assert!(
        output.contains("warning: METRICS_TOKEN is short"),
        "{output}"
    );
    run.sql("update setting set value = 'weak' where name = 'secret_key'");
    let output = run.run(&["check"]).found();
    assert!(
        output.contains(
            "error: the generated key in the database has only 4 characters; set SECRET_KEY"
        ),
        "{output}"
    );
}

#[test]
fn proxies_that_are_not_told_apart_and_cookies_without_their_mark_are_found_before_a_deploy() {
    for (proxies, found) in [
        (
            "",
            "error: TRUSTED_PROXIES is not set, though SITE_URL is https: ",
        ),
        (
            "0.0.0.0/0",
            "error: TRUSTED_PROXIES trusts the whole internet: ",
        ),
        (
            "10.0.0.0/8, ::/0",
            "error: TRUSTED_PROXIES trusts the whole internet: ",
        ),
        (
            "render",
            "warning: TRUSTED_PROXIES is render, and this is not Render: ",
        ),
    ] {
        let run = healthy().with("TRUSTED_PROXIES", proxies);
        let output = run.run(&["check", "--deploy"]).out;
        let line = output.lines().find(|line| line.starts_with(found));
        let line = line.unwrap_or_else(|| panic!("{proxies}: {output}"));
        assert!(line.contains("; set it to the "), "{line}");
        assert!(!run.run(&["check"]).succeeded().contains("TRUSTED_PROXIES"));
    }
}

#[test]
fn a_damaged_page_is_found() {
    let run = healthy();
    run.run(&["demo"]).succeeded();
    let path = run.path("site.sqlite3");
    let mut bytes = fs::read(&path).unwrap();
    let title = bytes
        .windows(6)
        .position(|window| window == b" Hygge")
        .unwrap();
    let page = title / 4096 * 4096;
    // The head of the page that holds the titles: how many cells it has, and where.
    bytes[page + 3..page + 8].fill(0xFF);
    fs::write(&path, bytes).unwrap();
    let done = run.run(&["check"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        format!("{}{}", done.out, done.err).contains("is damaged"),
        "{done:?}"
    );
}

/// A site of production whose backups lie in a folder of their own.
fn with_backups() -> Run {
    healthy().with("BACKUP_DIR", "backups")
}

/// The warning about backups, where there is one.
fn about_backups(run: &Run) -> Option<String> {
    let output = run.run(&["check"]).succeeded();
    let (findings, _) = findings(&output);
    assert!(findings.len() <= 1, "{output}");
    findings.first().map(|line| (*line).to_owned())
}

#[test]
fn a_backup_that_is_late_is_found() {
    let run = with_backups();
    assert_eq!(
        about_backups(&run),
        None,
        "a new site has had no time to make one"
    );
    fs::create_dir(run.path("backups")).unwrap();
    let make = |moment: Timestamp| {
        let name = format!(
            "site-{}-scheduled.sqlite3",
            moment.strftime("%Y%m%dT%H%M%SZ")
        );
        fs::write(run.path("backups").join(name), "").unwrap();
    };
    let hours_ago = |hours| Timestamp::now() - Duration::from_hours(hours);
    fs::write(run.path("backups/site-20200102T000000Z-manual.sqlite3"), "").unwrap();
    make("2020-01-01T07:31:05Z".parse().unwrap());
    assert_eq!(
        about_backups(&run).unwrap(),
        "warning: the newest scheduled backup is from 2020-01-01T07:31:05Z, and BACKUP_EVERY is 24h; see the server's log for what kept it from making one, or run `oc-lettings backup`"
    );
    make(hours_ago(26));
    assert!(about_backups(&run).is_some());
    make(hours_ago(24));
    assert_eq!(about_backups(&run), None, "the next one is due now");
}

#[test]
fn a_database_that_is_old_and_has_no_backup_is_found() {
    let run = with_backups();
    run.sql("update refinery_schema_history set applied_on = '2020-01-01T00:00:00Z'");
    let line = about_backups(&run).unwrap();
    assert!(
        line.starts_with(
            "warning: there is no scheduled backup in backups, and BACKUP_EVERY is 24h; "
        ),
        "{line}"
    );
    assert_eq!(about_backups(&run.with("BACKUP_EVERY", "off")), None);
}

#[test]
fn backups_that_nothing_makes_are_found_before_a_deploy() {
    let run = with_backups().with("BACKUP_EVERY", "off");
    let output = run.run(&["check", "--deploy"]).succeeded();
    assert!(
        output.contains("warning: BACKUP_EVERY is off: the server makes no backups; set it to"),
        "{output}"
    );
    assert_eq!(about_backups(&run), None);
}

#[test]
fn a_folder_in_which_no_backup_can_be_made_is_an_error() {
    let run = with_backups()
        .file("file", "")
        .with("BACKUP_DIR", "file/backups");
    let output = run.run(&["check"]).found();
    assert!(
        output.contains("error: backups cannot be made in file/backups: uid "),
        "{output}"
    );
    assert!(output.contains(" cannot write file; "), "{output}");
    assert!(output.contains("set BACKUP_DIR"), "{output}");

    let run = run.with("BACKUP_DIR", "closed");
    fs::create_dir(run.path("closed")).unwrap();
    fs::set_permissions(run.path("closed"), Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(run.path(""), Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(run.path("site.sqlite3"), Permissions::from_mode(0o666)).unwrap();
    let output = powerless(&run, &["check"]).found();
    assert!(
        output.contains("error: backups cannot be made in closed: uid "),
        "{output}"
    );
}

#[test]
fn backups_on_a_disk_that_does_not_last_are_found() {
    let run = with_backups();
    let Some(_disk) = Disk::mount(run.path("backups"), 1) else {
        return;
    };
    let output = run.run(&["check"]).succeeded();
    assert!(
        output.contains("warning: the backups in backups are in memory, lost at the next restart; mount a disk or volume and set BACKUP_DIR"),
        "{output}"
    );
}

#[test]
fn a_test_event_that_is_accepted_is_reported_with_its_id() {
    let sentry = Receiver::willing();
    let run = healthy()
        .with("SENTRY_DSN", sentry.dsn())
        .with("SENTRY_ENVIRONMENT", "staging");
    let output = run.run(&["check", "--sentry"]).succeeded();
    let post = sentry.post();
    let [item] = &post.items()[..] else {
        panic!("{post:?}");
    };
    let event = &item.value;
    assert!(
        post.head.starts_with("POST /api/1/envelope/ HTTP/1.1\r\n"),
        "{}",
        post.head
    );
    assert!(post.head.contains("sentry_key=publickey"), "{}", post.head);
    assert!(
        event["message"].as_str().unwrap().contains("test event"),
        "{event}"
    );
    assert_eq!(event["environment"], "staging");
    assert!(
        event["release"].as_str().unwrap().starts_with(concat!(
            "oc-lettings@",
            env!("CARGO_PKG_VERSION"),
            "+"
        )),
        "{event}"
    );
    assert!(
        event.get("server_name").is_none() && event.get("user").is_none(),
        "{event}"
    );
    let id = event["event_id"].as_str().unwrap();
    assert!(
        output
            .replace('-', "")
            .contains(&format!("accepted the test event {id}").replace('-', "")),
        "{output} {id}"
    );
}

#[test]
fn a_test_event_that_is_refused_or_reaches_nobody_is_a_failure() {
    let sentry = Receiver::refusing();
    let run = healthy().with("SENTRY_DSN", sentry.dsn());
    run.run(&["check", "--sentry"]).refused(&[
        "Sentry at 127.0.0.1",
        "status 403 (said by the stand-in)",
        "copy SENTRY_DSN again",
    ]);
    sentry.post();
    run.with("SENTRY_DSN", Receiver::tired().dsn())
        .run(&["check", "--sentry"])
        .refused(&["status 429", "quota"]);
    let run = healthy().with("SENTRY_DSN", Receiver::rude().dsn());
    run.run(&["check", "--sentry"])
        .refused(&["Sentry at 127.0.0.1 cannot be reached"]);

    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let run = run.with("SENTRY_DSN", format!("http://key@{nobody}/1"));
    run.run(&["check", "--sentry"])
        .refused(&["Sentry at 127.0.0.1 cannot be reached"]);

    run.without("SENTRY_DSN")
        .run(&["check", "--sentry"])
        .refused(&["SENTRY_DSN is not set"]);
}
