//! Administrators made at launch and by command, and the one-time link where there is none.

use std::io::Write;
use std::process::Stdio;

use super::run::{Done, Run};
use super::server::{Answer, Server};

const PASSWORD: &str = "Rain on the roof 7";
const DEMO: &str = "Abc1234!";
/// Active superusers with a password.
const ADMINISTRATORS: &str = "select coalesce(group_concat(username || is_staff), '') from user where is_superuser and is_active and password <> '!'";

/// What a form sends.
fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// The answer to a form of that page, filled in with these fields.
fn filled(server: &Server, path: &str, fields: &[(&str, &str)]) -> Answer {
    let page = server.ask("GET", path);
    let text = page.text();
    let token = text
        .split_once("name=\"form_token\" value=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("", |(token, _)| token);
    let cookie = page.header("set-cookie").unwrap_or_default();
    let cookie = cookie.split(';').next().unwrap_or_default();
    let body = encoded(&[&[("form_token", token)], fields].concat());
    let length = body.len();
    server.send(format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

fn signs_in(server: &Server, username: &str, password: &str) -> bool {
    let fields = [("username", username), ("password", password)];
    filled(server, "/admin/login/", &fields).status == 303
}

fn says(server: &Server, words: &str) -> bool {
    server
        .start
        .iter()
        .any(|line| line["msg"].as_str().unwrap_or_default().contains(words))
}

/// The path of the set-up link that the launch logged; empty when it logged none.
fn link(server: &Server) -> String {
    let address = server.invitation().unwrap_or_default();
    let start = address.find("/admin/").unwrap_or(address.len());
    address[start..].to_owned()
}

fn piped(run: &Run, arguments: &[&str], input: &str) -> Done {
    let mut child = run
        .prepared(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .expect("our binary starts");
    let mut stdin = child.stdin.take().expect("a pipe was asked for");
    // It may have refused before it read anything.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    Done::of(child.wait_with_output().expect("a process of ours"))
}

fn admin(run: Run) -> Run {
    run.with("ADMIN_USERNAME", "ada")
        .with("ADMIN_EMAIL", "ada@example.com")
        .with("ADMIN_PASSWORD", PASSWORD)
}

#[test]
fn the_first_administrator_is_made_of_the_variables_and_never_again() {
    let run = admin(Run::new());
    let mut server = Server::start(&run);
    assert!(says(
        &server,
        "made the administrator that ADMIN_USERNAME names"
    ));
    assert_eq!(link(&server), "");
    assert!(signs_in(&server, "ada", PASSWORD));
    let log = server.stop();
    let log = format!("{:?} {log:?}", server.start);
    assert!(
        !log.contains(PASSWORD) && !log.contains("ada@example.com"),
        "{log}"
    );
    assert_eq!(run.ask(ADMINISTRATORS), "ada1");
    assert_eq!(run.ask("select email from user"), "ada@example.com");
    let hash = run.ask("select password from user");
    let run = run.with("ADMIN_PASSWORD", "Snow on the hill 8");
    let mut server = Server::start(&run);
    assert!(!says(&server, "ADMIN_USERNAME"), "{:?}", server.start);
    server.stop();
    assert_eq!(
        run.ask("select password from user"),
        hash,
        "a change in the admin is kept"
    );
}

#[test]
fn an_account_of_that_name_becomes_the_administrator_only_without_a_password() {
    let run = admin(Run::new());
    run.run(&["demo"]).succeeded();
    let run = run.with("ADMIN_USERNAME", "AirWow");
    Server::start(&run).stop();
    assert_eq!(run.ask(ADMINISTRATORS), "AirWow1");
    assert_eq!(run.ask("select count(*) from user"), "5");

    let run = admin(Run::new());
    run.run(&["demo"]).succeeded();
    run.sql("update user set password = 'pbkdf2_sha256$1000$saltsaltsalt$MtyQP3tRnIlaz30mVoUTNqH/ksezn4oPPT5B8ZNIFxU=', is_superuser = 0 where username = 'AirWow'");
    let run = run.with("ADMIN_USERNAME", "AirWow");
    let mut server = Server::start(&run);
    assert!(
        says(&server, "names an account that has a password already"),
        "{:?}",
        server.start
    );
    assert_ne!(link(&server), "", "there is none yet");
    server.stop();
    assert_eq!(run.ask(ADMINISTRATORS), "");
    assert_eq!(
        run.ask("select password from user where username = 'AirWow'"),
        "pbkdf2_sha256$1000$saltsaltsalt$MtyQP3tRnIlaz30mVoUTNqH/ksezn4oPPT5B8ZNIFxU="
    );
}

#[test]
fn an_administrator_who_can_sign_in_no_more_is_no_reason_to_go_without_one() {
    let run = admin(Run::new());
    run.run(&["migrate"]).succeeded();
    run.sql(
        "insert into user (username, password, is_staff, is_superuser, is_active, date_joined, updated_at) values
            ('former', 'pbkdf2_sha256$1000$saltsaltsalt$MtyQP3tRnIlaz30mVoUTNqH/ksezn4oPPT5B8ZNIFxU=', 1, 1, 0, '2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:00.000000Z'),
            ('without', '!', 1, 1, 1, '2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:00.000000Z')",
    );
    Server::start(&run).stop();
    assert_eq!(
        run.ask("select count(*) from user where username = 'ada' and is_superuser"),
        "1"
    );
}

#[test]
fn a_name_that_nobody_can_have_stops_the_launch_with_a_cure() {
    for name in ["a b", "...", &"x".repeat(151)] {
        admin(Run::new())
            .with("ADMIN_USERNAME", name)
            .run(&["serve"])
            .refused(&["ADMIN_USERNAME", "at most 150 letters"]);
    }
}

#[test]
fn without_variables_a_link_is_logged_once_that_makes_the_administrator() {
    let run = Run::new();
    let mut server = Server::start(&run);
    let link = link(&server);
    let token = link
        .trim_start_matches("/admin/setup/")
        .trim_end_matches('/')
        .to_owned();
    assert_eq!(token.len(), 64, "{:?}", server.start);
    assert_eq!(server.ask("GET", "/admin/setup/x/").status, 404);
    let fields = [
        ("username", "ada"),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
    ];
    assert_eq!(filled(&server, &link, &fields).status, 303);
    assert_eq!(server.ask("GET", &link).status, 404);
    assert!(signs_in(&server, "ada", PASSWORD));
    let rest = server.stop();
    assert!(!format!("{rest:?}").contains(&token), "{rest:?}");
    assert_eq!(format!("{:?}", server.start).matches(&token).count(), 1);
    assert_eq!(run.ask(ADMINISTRATORS), "ada1");
    let server = Server::start(&run);
    assert!(!says(&server, "/admin/setup/"), "{:?}", server.start);
    assert_eq!(server.ask("GET", &link).status, 404);
}

#[test]
fn a_new_launch_makes_a_new_link_and_the_old_one_is_gone() {
    let run = Run::new();
    let mut server = Server::start(&run);
    let old = link(&server);
    server.stop();
    let server = Server::start(&run.with("SITE_URL", "https://homes.example"));
    assert_ne!(link(&server), old);
    assert!(
        says(&server, &format!("https://homes.example{}", link(&server))),
        "{:?}",
        server.start
    );
    assert_eq!(server.ask("GET", &old).status, 404);
    assert_eq!(server.ask("GET", &link(&server)).status, 200);
}

#[test]
fn in_development_the_demo_comes_with_an_administrator_whose_password_is_said() {
    let run = Run::new().with("DEBUG", "true");
    let mut server = Server::start(&run);
    assert!(
        says(
            &server,
            "sign in at /admin/ as admin with the password Abc1234!"
        ),
        "{:?}",
        server.start
    );
    assert!(signs_in(&server, "admin", DEMO));
    assert_eq!(link(&server), "");
    server.stop();
    assert_eq!(run.ask(ADMINISTRATORS), "admin1");
    let server = Server::start(&run);
    assert!(!says(&server, DEMO), "said when it is set");
}

#[test]
fn no_known_password_is_set_outside_development_on_render_or_beyond_loopback() {
    for (name, value) in [("DEBUG", "false"), ("RENDER", "true"), ("BIND", "0.0.0.0")] {
        let run = Run::new()
            .with("DEBUG", "true")
            .with("SECRET_KEY", "0123456789abcdef0123456789abcdef")
            .with(name, value);
        let mut server = Server::start(&run);
        assert!(!says(&server, DEMO), "{name}: {:?}", server.start);
        assert_ne!(link(&server), "", "{name}: {:?}", server.start);
        server.stop();
        assert_eq!(run.ask(ADMINISTRATORS), "", "{name}");
    }
    // Nor where the rows of the demo came later, or by command.
    let run = Run::new();
    run.run(&["demo"]).succeeded();
    let mut server = Server::start(&run.with("DEBUG", "true"));
    assert!(!says(&server, DEMO), "{:?}", server.start);
    server.stop();
}

#[test]
fn createsuperuser_takes_the_variables_and_asks_nothing() {
    let run = admin(Run::new());
    let arguments = ["createsuperuser", "--noinput"];
    assert_eq!(
        run.run(&arguments).succeeded(),
        "created the superuser ada\n"
    );
    assert_eq!(run.ask(ADMINISTRATORS), "ada1");
    assert_eq!(
        run.ask("select substr(password, 1, 10) from user"),
        "$argon2id$"
    );
    assert_eq!(
        run.ask("select group_concat(action || model || username || row_id) from history"),
        "adduser1"
    );
    run.run(&arguments)
        .refused(&["ada", "already taken", "changepassword"]);
    assert_eq!(run.ask("select count(*) from user"), "1");
    let server = Server::start(&run);
    assert!(signs_in(&server, "ada", PASSWORD));
}

#[test]
fn createsuperuser_without_a_password_makes_an_account_that_cannot_sign_in() {
    let run = admin(Run::new())
        .without("ADMIN_PASSWORD")
        .without("ADMIN_EMAIL");
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    assert_eq!(run.ask("select password from user"), "!");
}

#[test]
fn createsuperuser_reads_the_password_from_a_file() {
    let run = admin(Run::new())
        .without("ADMIN_PASSWORD")
        .file("secret", &format!("{PASSWORD}\n"))
        .with("ADMIN_PASSWORD_FILE", "secret");
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    let server = Server::start(&run);
    assert!(signs_in(&server, "ada", PASSWORD));
}

#[test]
fn createsuperuser_says_what_it_needs_and_what_is_wrong() {
    let arguments = ["createsuperuser", "--noinput"];
    Run::new()
        .run(&arguments)
        .refused(&["ADMIN_USERNAME is not set", "--noinput"]);
    for (name, value, words) in [
        ("ADMIN_USERNAME", "a b", "Enter a valid username."),
        ("ADMIN_USERNAME", &"x".repeat(151), "at most 150 characters"),
        ("ADMIN_EMAIL", "no", "expected an e-mail address"),
    ] {
        let run = admin(Run::new());
        run.run(&["migrate"]).succeeded();
        let run = run.with(name, value);
        run.run(&arguments).refused(&[words]);
        assert_eq!(run.ask("select count(*) from user"), "0");
    }
    Run::new()
        .run(&["createsuperuser"])
        .refused(&["no terminal", "--noinput"]);
}

#[test]
fn changepassword_reads_a_line_ends_the_sessions_and_logs_no_password() {
    let run = admin(Run::new());
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    run.sql(
        "insert into session (token_hash, user_id, created_at, last_used_at) values
            (zeroblob(32), 1, '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')",
    );
    let new = " Snow on the hill 8 ";
    let done = piped(
        &run,
        &["changepassword", "ada", "--stdin"],
        &format!("{new}\n"),
    );
    assert_eq!(
        done.succeeded(),
        "changed the password of ada, ended 1 sessions\n"
    );
    assert_eq!(run.ask("select count(*) from session"), "0");
    assert_eq!(
        run.ask(
            "select count(*) from history where instr(changes, 'Snow') or instr(changes, 'argon2')"
        ),
        "0"
    );
    let server = Server::start(&run);
    assert!(signs_in(&server, "ada", new), "blanks are part of it");
    assert!(!signs_in(&server, "ada", PASSWORD));
}

#[test]
fn changepassword_refuses_what_is_too_weak_and_whom_it_does_not_know() {
    let run = admin(Run::new());
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    let hash = run.ask("select password from user");
    let arguments = ["changepassword", "ada", "--stdin"];
    for (input, words) in [
        (
            "abc\n",
            &[
                "This password is too short.",
                "This password is too common.",
            ][..],
        ),
        ("12345678\n", &["This password is entirely numeric."]),
        (
            "ada@example\n",
            &["The password is too similar to the email address."],
        ),
        ("", &["This password is too short."]),
        ("Rain\0on the roof\n", &["Null characters are not allowed."]),
    ] {
        piped(&run, &arguments, input).refused(words);
    }
    piped(&run, &["changepassword", "Ada", "--stdin"], "x\n").refused(&["\"Ada\" does not exist"]);
    run.run(&["changepassword", "ada"])
        .refused(&["no terminal", "--stdin"]);
    assert_eq!(run.ask("select password from user"), hash);
}

#[test]
fn clearsessions_drops_those_that_have_ended_and_no_other() {
    let run = admin(Run::new());
    run.run(&["createsuperuser", "--noinput"]).succeeded();
    let time = |ago: &str| format!("strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '{ago}')");
    for (number, (began, last)) in [
        ("-1 hours", "-1 minutes"),
        ("-80 days", "-13 days"),
        ("-20 days", "-15 days"),
        ("-91 days", "-1 minutes"),
    ]
    .into_iter()
    .enumerate()
    {
        run.sql(&format!(
            "insert into session (token_hash, user_id, created_at, last_used_at)
             values (cast(printf('%032d', {number}) as blob), 1, {}, {})",
            time(began),
            time(last)
        ));
    }
    assert_eq!(
        run.run(&["clearsessions"]).succeeded(),
        "dropped 2 expired sessions\n"
    );
    assert_eq!(run.ask("select count(*) from session"), "2");
    assert_eq!(
        run.run(&["clearsessions"]).succeeded(),
        "dropped 0 expired sessions\n"
    );
}
