//! What the front makes of the bytes of careless and hostile clients, on connections that are kept and reused.

use std::io::{BufReader, Read, Write};

use super::run::Run;
use super::server::{Answer, Server, demo_site, request};

#[test]
fn a_request_without_a_host_or_with_two_or_a_foreign_one_is_a_bad_one() {
    let (_run, server) = demo_site();
    for head in [
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.0\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "GET / HTTP/1.1\r\nHost: evil.example\r\n",
        "GET / HTTP/1.1\r\nHost: local host\r\n",
        "GET / HTTP/1.1\r\nHost: \r\n",
        "GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n",
        "GET / HTTP/1.1\r\nHost: localhost, evil.example\r\n",
    ] {
        let answer = server.send(format!("{head}Connection: close\r\n\r\n"));
        assert_eq!(answer.status, 400, "{head}");
    }
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost:8000",
        "127.0.0.1:1",
        "[::1]:8000",
        "site.localhost",
        "localhost.",
    ] {
        let answer = server.send(format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ));
        assert_eq!(answer.status, 200, "{host}");
    }
    for path in ["/healthz", "/readyz", "/up"] {
        let answer = server.send(format!(
            "GET {path} HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n"
        ));
        assert_eq!(answer.status, 200, "a health check knows only an address");
    }
}

#[test]
fn a_refused_host_is_logged_with_the_variable_that_would_allow_it() {
    let (_run, mut server) = demo_site();
    for _ in 0..3 {
        server.send("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    }
    let warnings: Vec<_> = server
        .stop()
        .into_iter()
        .filter(|line| line["level"] == "warn")
        .collect();
    assert_eq!(warnings.len(), 1, "not a line each: {warnings:?}");
    assert!(
        warnings[0]["msg"]
            .as_str()
            .unwrap()
            .contains("ALLOWED_HOSTS")
    );
    assert_eq!(warnings[0]["host"], "evil.example");
}

#[test]
fn headers_without_measure_are_refused_and_the_server_goes_on() {
    let (_run, server) = demo_site();
    let many = "X-Filler: 0123456789\r\n".repeat(64 * 1024 / 22);
    let long = format!("X-Filler: {}\r\n", "0".repeat(64 * 1024));
    let cookie = format!("Cookie: {}\r\n", "a=b; ".repeat(64 * 1024 / 5));
    for headers in [many, long, cookie] {
        let answer = server.send(request("GET", "/", &headers));
        let start: String = headers.chars().take(40).collect();
        assert!(
            matches!(answer.status, 400 | 414 | 431),
            "{start}: {}",
            answer.status
        );
    }
    let answer = server.send(request("GET", &format!("/?{}", "x".repeat(80_000)), ""));
    assert!(
        matches!(answer.status, 400 | 414 | 431),
        "{}",
        answer.status
    );
    assert_eq!(server.ask("GET", "/").status, 200);
}

#[test]
fn a_body_where_none_is_expected_is_read_past() {
    let (_run, server) = demo_site();
    let mut stream = server.connect();
    stream
        .write_all(request("GET", "/lettings/", "Content-Length: 5\r\n").as_bytes())
        .unwrap();
    stream.write_all(b"hello").unwrap();
    stream
        .write_all(request("GET", "/lettings/1/", "Transfer-Encoding: chunked\r\n").as_bytes())
        .unwrap();
    stream.write_all(b"5\r\nhello\r\n0\r\n\r\n").unwrap();
    stream
        .write_all(request("GET", "/profiles/", "Connection: close\r\n").as_bytes())
        .unwrap();
    let mut reader = BufReader::new(stream);
    let answers: Vec<String> = (0..3).map(|_| Answer::read(&mut reader).text()).collect();
    assert!(answers[0].contains("Oceanview Retreat"));
    assert!(answers[1].contains("7217 Bedford Street"));
    assert!(answers[2].contains("AirWow"));
    assert_eq!(reader.read(&mut [0]).unwrap(), 0, "and then the end");
}

#[test]
fn a_body_that_is_too_large_is_refused_by_its_length_alone() {
    let (_run, server) = demo_site();
    let answer = server.send(request("POST", "/", "Content-Length: 2000000\r\n"));
    assert_eq!(answer.status, 413);
}

#[test]
fn what_never_reaches_a_page_is_refused_in_the_sites_frame_and_logged_all_the_same() {
    let (_run, server) = demo_site();
    let large = "Content-Length: 2000000\r\n";
    for (method, headers, status, title) in [
        ("POST", large, 413, "Too large"),
        ("BREW", "", 501, "Not Implemented"),
        ("get", "", 501, "Not Implemented"),
    ] {
        let page = server.send(request(method, "/lettings/?page=1", headers));
        assert_eq!(page.status, status, "{method}");
        assert!(page.text().contains("<nav aria-label=\"Main\">"), "a page");
        assert!(page.text().contains(title), "{title}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        let line = server.line_with(&format!("{method} /lettings/ {status}"));
        assert_eq!(line["request_id"], page.header("x-request-id").unwrap());
        assert_eq!(line["method"], method);
        assert_eq!(line["client"], "127.0.0.1");

        let headers = format!("{headers}Accept: application/json\r\n");
        let json = server.send(request(method, "/", &headers));
        let reference = json.header("x-request-id").unwrap();
        assert_eq!(
            json.text(),
            format!("{{\"status\":{status},\"title\":\"{title}\",\"reference\":\"{reference}\"}}")
        );
    }
}

#[test]
fn what_is_no_request_has_a_reference_a_line_in_the_log_and_a_place_in_the_numbers() {
    let run = Run::new().with("METRICS_TOKEN", "one that only a test knows");
    let server = Server::start(&run);
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024));
    for (bytes, status) in [("nonsense\r\n\r\n", 400), (&long, 431)] {
        let answer = server.send(bytes);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("connection"), Some("close"));
        let line = server.line_with("a request that could not be read");
        assert_eq!(line["request_id"], answer.header("x-request-id").unwrap());
        assert_eq!(line["status"], status);
        assert_eq!(line["client"], "127.0.0.1");

        let token = "Authorization: Bearer one that only a test knows\r\n";
        let numbers = server.send(request("GET", "/metrics", token)).text();
        let counted = format!(
            "oc_lettings_http_requests_total{{method=\"other\",route=\"unknown\",status=\"{status}\"}} 1\n"
        );
        assert!(numbers.contains(&counted), "{numbers}");
    }
}

#[test]
fn the_host_in_a_target_counts_whatever_the_header_says() {
    let (_run, server) = demo_site();
    let status = |target: &str, host: &str| {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        server.send(head).status
    };
    assert_eq!(status("http://localhost/lettings/", "localhost"), 200);
    assert_eq!(status("http://localhost/lettings/", "evil.example"), 200);
    assert_eq!(status("http://evil.example/lettings/", "localhost"), 400);
    let two = "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n";
    assert_eq!(server.send(two).status, 400, "two are two all the same");
}

#[test]
fn a_body_is_asked_for_only_when_it_is_wanted() {
    let (_run, server) = demo_site();
    let expecting = |length: &str| {
        let mut reader = BufReader::new(server.connect());
        let headers = format!("Expect: 100-continue\r\nContent-Length: {length}\r\n");
        let head = request("POST", "/admin/login/", &headers);
        reader.get_mut().write_all(head.as_bytes()).unwrap();
        reader
    };
    let mut wanted = expecting("3");
    assert_eq!(Answer::read_head(&mut wanted).status, 100);
    wanted.get_mut().write_all(b"a=b").unwrap();
    assert!(matches!(Answer::read(&mut wanted).status, 400..500));
    let refused = Answer::read(&mut expecting("2000000"));
    assert_eq!(refused.status, 413, "without a word before");
    assert_eq!(refused.header("connection"), Some("close"));
}

#[test]
fn a_client_that_goes_on_sending_can_read_why_it_was_refused() {
    let (_run, server) = demo_site();
    let mut stream = server.connect();
    let head = request("POST", "/", "Content-Length: 2000000\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // More than the sockets hold, so that the answer comes in the middle of it.
    for _ in 0..200 {
        stream
            .write_all(&[b'x'; 10_000])
            .expect("a server that listens on");
    }
    assert_eq!(Answer::read(&mut BufReader::new(stream)).status, 413);
}

#[test]
fn lengths_that_contradict_each_other_are_bad_requests() {
    let (_run, server) = demo_site();
    for headers in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: x\r\n",
        "Transfer-Encoding: gibberish\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let answer = server.send(request("POST", "/", headers) + "0\r\n\r\n");
        assert!(
            matches!(answer.status, 400 | 405 | 501),
            "{headers}: {}",
            answer.status
        );
    }
    let answer = server.send("nonsense\r\n\r\n");
    assert_eq!(answer.status, 400);
}

#[test]
fn a_connection_is_kept_for_more_requests() {
    let (_run, server) = demo_site();
    let mut reader = BufReader::new(server.connect());
    for path in [
        "/",
        "/lettings/",
        "/nothing/",
        "/lettings",
        "/static/css/site.css",
        "/sitemap.xml",
        "/",
    ] {
        reader
            .get_mut()
            .write_all(request("GET", path, "").as_bytes())
            .unwrap();
        let answer = Answer::read(&mut reader);
        assert!(matches!(answer.status, 200 | 301 | 404), "{path}");
        assert_ne!(answer.header("connection"), Some("close"), "{path}");
    }
}

#[test]
fn requests_sent_at_once_are_answered_in_their_order() {
    let (_run, server) = demo_site();
    let mut stream = server.connect();
    let mut requests = String::new();
    for id in 1..=6 {
        requests += &request("GET", &format!("/lettings/{id}/"), "");
        requests += &request("GET", "/nothing/", "");
    }
    stream.write_all(requests.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    for id in 1..=6 {
        let answer = Answer::read(&mut reader);
        assert!(
            answer.text().contains(&format!(
                "<link rel=\"canonical\" href=\"http://localhost/lettings/{id}/\""
            )),
            "{id}"
        );
        assert_eq!(Answer::read(&mut reader).status, 404);
    }
}

#[test]
fn an_old_client_is_answered_and_let_go() {
    let (_run, server) = demo_site();
    let mut stream = server.connect();
    stream
        .write_all(b"GET /lettings/1/ HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"),
        "{answer}"
    );
    assert!(answer.contains("7217 Bedford Street"));
}
