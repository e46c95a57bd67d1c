//! One page as it is kept: an answer without what belongs to a single request, in one form of its bytes.

use std::sync::{Arc, OnceLock};

use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY,
};
use hyper::{Response, StatusCode};

use crate::compress::Encoding;
use crate::web::{conditional, encoding, headers};

/// The id of the request, which each answer carries.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What a header takes in memory besides its value.
const PER_HEADER: usize = 160;

/// A page in one form.
pub struct Page {
    /// The version of the content that was current before it was made.
    pub version: u64,
    /// The route that made it.
    pub route: Arc<str>,
    /// 200, or 404.
    pub status: StatusCode,
    /// The bytes in its form.
    pub body: Bytes,
    /// All headers of the answer, with room for those of the request.
    headers: HeaderMap,
    /// The same of an answer to who has it already.
    unchanged: OnceLock<HeaderMap>,
    /// Both as HTTP/1.1 writes them, with their status.
    written: [OnceLock<Box<[u8]>>; 2],
}

impl Page {
    /// An answer in its identity form, which is for everybody, as a page.
    pub fn of(version: u64, route: Arc<str>, answer: Response<Bytes>) -> Self {
        let (mut head, body) = answer.into_parts();
        head.headers.remove(STRICT_TRANSPORT_SECURITY);
        Self::made(version, route, head.status, head.headers, body)
    }

    /// The same page in another form than its identity.
    pub async fn packed(&self, form: Encoding) -> Self {
        let mut headers = self.headers.clone();
        if let Some(name) = form.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        let tag = self
            .etag()
            .map(|etag| conditional::etag(etag.trim_matches('"'), form));
        if let Some(Ok(etag)) = tag.map(HeaderValue::try_from) {
            headers.insert(ETAG, etag);
        }
        let body = encoding::packed(form, self.body.to_vec()).await.into();
        let route = Arc::clone(&self.route);
        Self::made(self.version, route, self.status, headers, body)
    }

    fn made(
        version: u64,
        route: Arc<str>,
        status: StatusCode,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Self {
        // Every answer has these. Where they are shared, all processors count who has them, and wait for each other;
        // a constant is nobody's.
        for value in headers.values_mut() {
            if let Some(constant) = value.to_str().ok().and_then(headers::constant) {
                *value = HeaderValue::from_static(constant);
            }
        }
        for name in headers::UNCOMMON {
            if let Some(value) = headers.remove(&name) {
                headers.insert(name, value);
            }
        }
        // What is there already is exchanged in its place; what is added may have all the others moved.
        headers.insert(REQUEST_ID, HeaderValue::from_static(""));
        headers.insert(CONTENT_LENGTH, body.len().into());
        Self {
            version,
            route,
            status,
            body,
            headers,
            unchanged: OnceLock::new(),
            written: Default::default(),
        }
    }

    /// Its strong entity tag; a page that says that there is nothing has none.
    pub fn etag(&self) -> Option<&str> {
        text(&self.headers, &ETAG)
    }

    /// Whether it says that there is nothing.
    pub fn says_nothing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// The answer to one request, without its body: the page, or that it `is_known`.
    pub fn answer(&self, is_known: bool, request_id: String, https: bool) -> Response<()> {
        let mut answer = Response::new(());
        let (status, headers) = self.head(is_known);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers.clone();
        let headers = answer.headers_mut();
        if let Ok(id) = HeaderValue::try_from(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if https {
            let promise = HeaderValue::from_static(headers::TRANSPORT);
            headers.insert(STRICT_TRANSPORT_SECURITY, promise);
        }
        answer
    }

    /// The same answer's head as HTTP/1.1 writes it, but for its date and the empty line at its end.
    pub fn write_head(&self, is_known: bool, request_id: &str, https: bool, head: &mut Vec<u8>) {
        let written = self.written[usize::from(is_known)].get_or_init(|| {
            let (status, headers) = self.head(is_known);
            let mut head = format!("HTTP/1.1 {status}\r\n").into_bytes();
            for (name, value) in headers.iter().filter(|(name, _)| *name != REQUEST_ID) {
                write_header(name, value.as_bytes(), &mut head);
            }
            head.into()
        });
        head.extend_from_slice(written);
        if https {
            let promise = headers::TRANSPORT.as_bytes();
            write_header(&STRICT_TRANSPORT_SECURITY, promise, head);
        }
        write_header(&REQUEST_ID, request_id.as_bytes(), head);
    }

    /// Status and headers of the page, or of an answer to who has it already.
    fn head(&self, is_known: bool) -> (StatusCode, &HeaderMap) {
        if !is_known {
            return (self.status, &self.headers);
        }
        let unchanged = self.unchanged.get_or_init(|| {
            let mut unchanged = self.headers.clone();
            for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LENGTH] {
                unchanged.remove(name);
            }
            unchanged
        });
        (StatusCode::NOT_MODIFIED, unchanged)
    }

    /// Bytes in memory besides its own few fields, once it was asked for in every way.
    pub(super) fn weight(&self) -> usize {
        let headers = self.headers.values();
        let headers: usize = headers.map(|value| 2 * (value.len() + PER_HEADER)).sum();
        self.body.len() + headers
    }
}

/// Whether it is a page, or that there is none; nothing that was meant for one visitor, and nothing that depends on more of the request
/// than the form of its bytes and, for an error, whether it is a page at all.
pub fn is_for_everybody(answer: &Response<Bytes>) -> bool {
    let headers = answer.headers();
    let is_page = match answer.status() {
        StatusCode::OK => headers.contains_key(ETAG),
        StatusCode::NOT_FOUND => {
            text(headers, &CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"))
        }
        _ => false,
    };
    let depends_on: Vec<String> = headers
        .get_all(VARY)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let is_private = text(headers, &CACHE_CONTROL)
        .is_some_and(|told| told.contains("no-store") || told.contains("private"));
    is_page
        && !is_private
        && !headers.contains_key(SET_COOKIE)
        && !headers.contains_key(CONTENT_ENCODING)
        && depends_on.iter().any(|name| name == "accept-encoding")
        && depends_on
            .iter()
            .all(|name| matches!(name.as_str(), "accept-encoding" | "accept"))
}

fn write_header(name: &HeaderName, value: &[u8], head: &mut Vec<u8>) {
    head.extend_from_slice(name.as_str().as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(status: u16, more: &[(&'static str, &'static str)]) -> bool {
        let mut answer = Response::new(Bytes::new());
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("etag", "\"0\""),
            ("vary", "Accept"),
            ("vary", "Accept-Encoding"),
        ]
        .iter()
        .chain(more)
        {
            let value = HeaderValue::from_static(value);
            answer.headers_mut().append(*name, value);
        }
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        is_for_everybody(&answer)
    }

    #[test]
    fn what_is_meant_for_one_visitor_is_not_kept() {
        assert!(kept(200, &[]) && kept(404, &[]));
        for status in [204, 206, 301, 303, 304, 400, 403, 410, 500, 503] {
            assert!(!kept(status, &[]), "{status}");
        }
        for header in [
            ("set-cookie", "session=1"),
            ("cache-control", "no-store"),
            ("cache-control", "private, max-age=60"),
            ("vary", "Cookie"),
            ("vary", "*"),
            ("content-encoding", "gzip"),
        ] {
            assert!(!kept(200, &[header]), "{header:?}");
        }
    }
}
