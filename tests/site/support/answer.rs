//! An answer, and the ways in which a test looks at it.

use std::sync::PoisonError;

use rocket::http::HeaderMap;
use rocket::local::{asynchronous, blocking};

use super::logged::{LOG, Line};

/// What came back.
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Names in lower case, in the order in which they were sent.
    headers: Vec<(String, String)>,
    /// How long the body is said to be.
    pub(crate) length: Option<usize>,
    /// The body as it traveled.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// Reads an answer of the client that many requests share.
    pub(crate) async fn read(response: asynchronous::LocalResponse<'_>) -> Self {
        Self {
            status: response.status().code,
            headers: written(response.headers()),
            length: response.body().preset_size(),
            bytes: response.into_bytes().await.unwrap_or_default(),
        }
    }

    /// Reads an answer of the client that asks one thing after the other.
    pub(crate) fn read_now(response: blocking::LocalResponse<'_>) -> Self {
        Self {
            status: response.status().code,
            headers: written(response.headers()),
            length: response.body().preset_size(),
            bytes: response.into_bytes().unwrap_or_default(),
        }
    }

    /// Reads an answer as it traveled on a connection that ended with it.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let (head, body) = bytes.split_at(end.expect("the end of the headers") + 4);
        let head = std::str::from_utf8(head).expect("headers of text");
        let mut lines = head.lines().filter(|line| !line.is_empty());
        let status = lines.next().and_then(|line| line.get(9..12));
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        Self {
            status: status.and_then(|code| code.parse().ok()).expect("a status"),
            length: length.map(|(_, value)| value.parse().expect("a length")),
            headers,
            bytes: body.to_vec(),
        }
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("a body of text")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).expect("a body of JSON")
    }

    /// The value of a header, its lines joined as HTTP allows; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> String {
        let name = name.to_lowercase();
        let lines = self.headers.iter().filter(|(key, _)| *key == name);
        lines
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The cookies that it sets, as they were sent.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(key, _)| key == "set-cookie");
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// The token of the page's forms; empty when there is none.
    pub(crate) fn token(&self) -> &str {
        self.between("name=\"form_token\" value=\"", "\"")
    }

    /// What the page's large form would send as it stands.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let form = self.between("<form class=\"edit\"", "</form>");
        form.split("<input ")
            .skip(1)
            .filter_map(|rest| {
                let tag = rest.split('>').next()?;
                let attribute = |name: &str| {
                    let (_, rest) = format!(" {tag}")
                        .split_once(&format!(" {name}=\""))
                        .map(|(a, b)| (a.to_owned(), b.to_owned()))?;
                    Some(unescaped(rest.split_once('"')?.0))
                };
                let kind = attribute("type")?;
                let counts =
                    !matches!(kind.as_str(), "checkbox" | "radio") || tag.contains(" checked");
                let value = attribute("value").unwrap_or_else(|| {
                    if kind == "checkbox" {
                        "on".to_owned()
                    } else {
                        String::new()
                    }
                });
                counts.then_some((attribute("name")?, value))
            })
            .collect()
    }

    /// All headers but those that differ from answer to answer.
    pub(crate) fn lasting_headers(&self) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        // The last three are the connection's, and known only where there is one.
        let varying = ["x-request-id", "date", "connection", "content-length"];
        headers.retain(|(name, _)| !varying.contains(&name.as_str()));
        headers.sort();
        headers
    }

    /// Bytes on the wire: the body, and status line and headers as HTTP/1.1 writes them.
    pub(crate) fn size(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.len() + value.len() + 4)
            .sum();
        "HTTP/1.1 200 OK\r\n\r\n".len() + headers + self.bytes.len()
    }

    /// What stands between two pieces of the text, the first time they occur; empty when they do not.
    pub(crate) fn between(&self, before: &str, after: &str) -> &str {
        let rest = self.text().split_once(before).map_or("", |(_, rest)| rest);
        rest.split_once(after).map_or("", |(inner, _)| inner)
    }

    /// The values of an attribute, in their order, as a browser understands them.
    pub(crate) fn attributes(&self, name: &str) -> Vec<String> {
        let start = format!(" {name}=\"");
        self.text()
            .split(&start)
            .skip(1)
            .filter_map(|rest| Some(unescaped(rest.split_once('"')?.0)))
            .collect()
    }

    /// What is read on the page, without the head and the tags, each run of blanks as one.
    pub(crate) fn words(&self) -> String {
        let body = self
            .text()
            .split_once("<body")
            .and_then(|(_, body)| body.split_once('>'))
            .map_or("", |(_, body)| body);
        let mut words = String::new();
        let mut inside = false;
        for character in body.chars() {
            match character {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    words.push(' ');
                }
                _ if inside => {}
                _ => words.push(character),
            }
        }
        let words = words.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        unescaped(&words)
    }

    /// The structured data of the page.
    pub(crate) fn structured_data(&self) -> serde_json::Value {
        let text = self.between("<script type=\"application/ld+json\">", "</script>");
        serde_json::from_str(text).expect("structured data that is JSON")
    }

    /// What was logged about this request.
    pub(crate) fn logged(&self) -> Vec<Line> {
        let id = self.header("x-request-id");
        let lines = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = |line: &&Line| line.field("request_id") == id;
        lines.iter().filter(ours).cloned().collect()
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn written(headers: &HeaderMap<'_>) -> Vec<(String, String)> {
    let pairs = headers.iter();
    pairs
        .map(|header| {
            (
                header.name.as_str().to_lowercase(),
                header.value.to_string(),
            )
        })
        .collect()
}
