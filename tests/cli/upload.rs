//! Files on their way through the sockets: larger than any other body, into a file, and only from who may send them.

use std::io::{BufReader, Read, Write};

use super::run::Run;
use super::server::{Answer, Server};

/// A page with a form for a file, for who has the link of a new site.
struct Form {
    path: String,
    token: String,
    cookie: String,
}

/// A site without an administrator, and the form behind its link.
fn new_site() -> (Run, Server, Form) {
    let run = Run::new();
    let server = Server::start(&run);
    let link = server.invitation().expect("a link for the first one");
    let start = link.find("/admin/").expect("a path");
    let path = format!("{}file/", &link[start..]);
    let page = server.ask("GET", &path);
    let cookie = page.header("set-cookie").unwrap_or_default();
    let form = Form {
        token: page
            .text()
            .split_once("name=\"form_token\" value=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or_else(String::new, |(token, _)| token.to_owned()),
        cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
        path,
    };
    (run, server, form)
}

impl Form {
    /// The request with a file of this size, all blanks, and its body.
    fn filled(&self, size: usize) -> (String, Vec<u8>) {
        let mut body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{}\r\n\
             --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blanks.json\"\r\n\r\n",
            self.token
        )
        .into_bytes();
        body.resize(body.len() + size, b' ');
        body.extend_from_slice(b"\r\n--edge--\r\n");
        (self.head(body.len()), body)
    }

    fn head(&self, length: usize) -> String {
        format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\nContent-Type: multipart/form-data; boundary=edge\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
            self.path, self.cookie
        )
    }
}

/// The names of files that were sent and are still there.
fn kept(run: &Run) -> Vec<String> {
    let mut names = run.names();
    names.retain(|name| name.starts_with(".oc-lettings-sent-"));
    names
}

#[test]
fn a_file_of_some_megabytes_comes_through_and_is_looked_at() {
    let (run, server, form) = new_site();
    let (head, body) = form.filled(5_000_000);
    let answer = server.send([head.as_bytes(), &body].concat());
    let mut line = server.line();
    assert_eq!(line["method"], "GET", "the form");
    line = server.line_with("/admin/setup/… ");
    assert_eq!(
        line["method"], "POST",
        "nobody asked anything in between: {line}"
    );
    // Five million blanks are no fixture, which only who read them to their end can say.
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("blanks.json"), "{}", answer.text());
    assert!(kept(&run).len() <= 1, "{:?}", kept(&run));
}

#[test]
fn a_file_that_is_too_large_is_refused_in_words_and_not_kept() {
    let (run, server, form) = new_site();
    let (head, body) = form.filled(70 * 1024 * 1024);
    let answer = server.send([head.as_bytes(), &body].concat());
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("The file is larger than 64 MB."));
    assert!(kept(&run).is_empty(), "{:?}", kept(&run));
}

#[test]
fn who_may_not_see_the_form_cannot_send_a_file() {
    let (run, server, form) = new_site();
    for path in ["/admin/data/", "/admin/setup/wrong/file/", "/lettings/"] {
        let other = Form {
            path: path.to_owned(),
            ..new_form(&form)
        };
        let mut stream = server.connect();
        // The body is announced and never sent: nobody waits for it.
        stream
            .write_all(other.head(60_000_000).as_bytes())
            .expect("a server that listens");
        let answer = Answer::read(&mut BufReader::new(&stream));
        assert!(
            matches!(answer.status, 303 | 404 | 405),
            "{path}: {}",
            answer.status
        );
    }
    assert!(kept(&run).is_empty());
}

fn new_form(form: &Form) -> Form {
    Form {
        path: form.path.clone(),
        token: form.token.clone(),
        cookie: form.cookie.clone(),
    }
}

#[test]
fn one_file_is_on_its_way_at_a_time() {
    let (_run, server, form) = new_site();
    let (head, body) = form.filled(2_000_000);
    let mut first = server.connect();
    let waiting = head.replace(
        "Connection: close",
        "Connection: close\r\nExpect: 100-continue",
    );
    first
        .write_all(waiting.as_bytes())
        .expect("a server that listens");
    // It is asked for its body (RFC 9110, section 10.1.1), and so has the one place.
    let mut go_on = [0; 25];
    first
        .read_exact(&mut go_on)
        .expect("a word from the server");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    let second = server.send([head.as_bytes(), &body].concat());
    assert_eq!(second.status, 503);
    assert!(
        second
            .text()
            .contains("Another file is being sent just now.")
    );
    first.write_all(&body).expect("room on the way");
    assert_eq!(Answer::read(&mut BufReader::new(&first)).status, 409);
}

#[test]
fn nobody_can_name_a_file_that_was_handed_over() {
    let (_run, server, form) = new_site();
    let answer = server.send(format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\nX-Handed-Over: 00\r\nContent-Type: multipart/form-data; boundary=edge\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        form.path, form.cookie
    ));
    assert!(matches!(answer.status, 400 | 408), "{}", answer.status);
}
