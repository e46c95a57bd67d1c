//! Somebody of the staff, at work over a real socket: signed in by the form, on one connection for many requests.

use std::io::{self, BufReader, Write};
use std::net::TcpStream;

use super::run::Run;
use super::server::{Answer, Server, request};

const PASSWORD: &str = "Orange-Grove-41";

impl Run {
    /// With an administrator, who is called ada.
    pub(super) fn administered(self) -> Self {
        let run = self
            .with("ADMIN_USERNAME", "ada")
            .with("ADMIN_PASSWORD", PASSWORD);
        run.run(&["createsuperuser", "--noinput"]).succeeded();
        run
    }
}

/// A session, and a connection to a server that knows it.
pub(super) struct Staff {
    connection: BufReader<TcpStream>,
    session: String,
    token: String,
}

impl Staff {
    /// Signs ada in.
    pub(super) fn sign_in(server: &Server) -> Self {
        let done = send_sign_in(server);
        assert_eq!(done.status, 303, "{}", done.text());
        let session = done.cookie("session").expect("a session").to_owned();
        let mut staff = Self {
            connection: BufReader::new(server.connect()),
            session,
            token: String::new(),
        };
        staff.token = token_of(&staff.get("/admin/"));
        staff
    }

    /// The same session on another connection, to this server or to another one on the same database.
    pub(super) fn at(&self, server: &Server) -> Self {
        Self {
            connection: BufReader::new(server.connect()),
            session: self.session.clone(),
            token: self.token.clone(),
        }
    }

    /// A page of the admin.
    pub(super) fn get(&mut self, path: &str) -> Answer {
        let page = request("GET", path, &cookie_line("session", &self.session));
        let answer = self.exchange(&page).expect("a server that answers");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    /// Sends a form of the admin; an answer is what came whole.
    pub(super) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Answer> {
        let cookie = cookie_line("session", &self.session);
        self.exchange(&post(path, &cookie, &self.token, fields))
    }

    /// Sends the form of a new address in this street.
    pub(super) fn add_address(&mut self, street: &str) -> Answer {
        let fields = [
            ("number", "1"),
            ("street", street),
            ("city", "Irvine"),
            ("state", "CA"),
            ("zip_code", "92602"),
            ("country_iso_code", "USA"),
        ];
        let answer = self.post("/admin/lettings/address/add/", &fields);
        answer.expect("a server that answers")
    }

    fn exchange(&mut self, request: &str) -> io::Result<Answer> {
        self.connection.get_mut().write_all(request.as_bytes())?;
        Answer::receive(&mut self.connection)
    }
}

/// What is answered when ada fills in the form and sends it.
pub(super) fn send_sign_in(server: &Server) -> Answer {
    let form = server.ask("GET", "/admin/login/");
    let cookie = form.cookie("sign_in").expect("a cookie for the form");
    let headers = format!("Connection: close\r\n{}", cookie_line("sign_in", cookie));
    let fields = [("username", "ada"), ("password", PASSWORD)];
    server.send(post("/admin/login/", &headers, &token_of(&form), &fields))
}

fn cookie_line(name: &str, value: &str) -> String {
    format!("Cookie: {name}={value}\r\n")
}

fn post(path: &str, headers: &str, token: &str, fields: &[(&str, &str)]) -> String {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("form_token", token)
        .extend_pairs(fields)
        .finish();
    let headers = format!(
        "{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        body.len()
    );
    request("POST", path, &headers) + &body
}

/// The token in a page's form.
pub(super) fn token_of(page: &Answer) -> String {
    let text = page.text();
    let token = text
        .split_once("name=\"form_token\" value=\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    token.expect("a form with its token").0.to_owned()
}
