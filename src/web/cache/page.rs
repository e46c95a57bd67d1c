//! One page as it is kept: an answer without what belongs to a single request, in one form of its bytes.

use std::sync::{Arc, OnceLock};

use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY,
};
use hyper::{Response, StatusCode};

use crate::clock;
use crate::compress::Encoding;
use crate::web::{conditional, encoding, headers};

/// The id of the request, which each answer carries.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What an answer to who has the page already does not say of it.
const OF_THE_BODY: [HeaderName; 3] = [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LENGTH];
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
    /// All headers of the answer but those of the request.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The head of the answer as HTTP/1.1 writes it, and of the one to who has the page already.
    written: [OnceLock<Box<[u8]>>; 2],
}

impl Page {
    /// An answer in its identity form, which is for everybody, as a page. `said` are its headers without those that every
    /// answer has. Nothing where one of them is none that HTTP allows.
    pub fn of(
        version: u64,
        route: Arc<str>,
        status: StatusCode,
        said: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
        body: Bytes,
    ) -> Option<Self> {
        let mut headers = Vec::with_capacity(16);
        for (name, value) in said {
            let name = HeaderName::from_bytes(name.as_ref().as_bytes()).ok()?;
            headers.push((name, headers::value(value.as_ref())?));
        }
        headers.extend(headers::always());
        // Of nothing it is said to whom there could have been something.
        if !body.is_empty() {
            headers.push((CONTENT_LENGTH, body.len().into()));
        }
        Some(Self {
            version,
            route,
            status,
            body,
            headers,
            written: Default::default(),
        })
    }

    /// The same page in another form than its identity.
    pub async fn packed(&self, form: Encoding) -> Self {
        let body = encoding::packed(form, self.body.to_vec()).await;
        let mut headers = self.headers.clone();
        for (name, value) in &mut headers {
            let tag = || {
                conditional::etag(self.etag()?.trim_matches('"'), form)
                    .try_into()
                    .ok()
            };
            if *name == CONTENT_LENGTH {
                *value = body.len().into();
            } else if *name == ETAG
                && let Some(tag) = tag()
            {
                *value = tag;
            }
        }
        let name = form.name().map(HeaderValue::from_static);
        headers.extend(name.map(|name| (CONTENT_ENCODING, name)));
        Self {
            version: self.version,
            route: Arc::clone(&self.route),
            status: self.status,
            body: body.into(),
            headers,
            written: Default::default(),
        }
    }

    /// Its strong entity tag; a page that says that there is nothing has none.
    pub fn etag(&self) -> Option<&str> {
        self.lines(&ETAG).next()
    }

    /// Whether it says that there is nothing.
    pub fn says_nothing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// The answer to one request, without its body: the page, or that it `is_known`.
    pub fn answer(&self, is_known: bool, request_id: String, https: bool) -> Response<()> {
        let mut answer = Response::new(());
        *answer.status_mut() = self.status(is_known);
        let headers = answer.headers_mut();
        headers.reserve(self.headers.len() + 3);
        for (name, value) in self.said(is_known) {
            headers.append(name, value.clone());
        }
        if https {
            let promise = HeaderValue::from_static(headers::TRANSPORT);
            headers.insert(STRICT_TRANSPORT_SECURITY, promise);
        }
        if let Ok(id) = HeaderValue::try_from(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        answer
    }

    /// The same answer's head as HTTP/1.1 writes it, but for the empty line at its end.
    pub fn write_head(&self, is_known: bool, request_id: &str, https: bool, head: &mut Vec<u8>) {
        let written = self.written[usize::from(is_known)].get_or_init(|| {
            let mut head = Vec::with_capacity(1024);
            head.extend_from_slice(b"HTTP/1.1 ");
            head.extend_from_slice(self.status(is_known).as_str().as_bytes());
            let reason = self.status(is_known).canonical_reason();
            head.push(b' ');
            head.extend_from_slice(reason.unwrap_or_default().as_bytes());
            head.extend_from_slice(b"\r\n");
            for (name, value) in self.said(is_known) {
                write_header(name, value.as_bytes(), &mut head);
            }
            head.into()
        });
        head.extend_from_slice(written);
        if https {
            let promise = headers::TRANSPORT.as_bytes();
            write_header(&STRICT_TRANSPORT_SECURITY, promise, head);
        }
        head.extend_from_slice(b"date: ");
        clock::push_http_now(head);
        head.extend_from_slice(b"\r\n");
        write_header(&REQUEST_ID, request_id.as_bytes(), head);
    }

    /// The status of the answer.
    pub fn status(&self, is_known: bool) -> StatusCode {
        if is_known {
            StatusCode::NOT_MODIFIED
        } else {
            self.status
        }
    }

    fn said(&self, is_known: bool) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        let headers = self.headers.iter();
        headers.filter(move |(name, _)| !is_known || !OF_THE_BODY.contains(name))
    }

    /// Whether it is a page, or that there is none; nothing that was meant for one visitor, and nothing that depends on more
    /// of the request than the form of its bytes and, for an error, whether it is a page at all.
    pub fn is_for_everybody(&self) -> bool {
        let is_page = match self.status {
            StatusCode::OK => self.lines(&ETAG).next().is_some(),
            StatusCode::NOT_FOUND => {
                let mut kinds = self.lines(&CONTENT_TYPE);
                kinds.any(|kind| kind.starts_with("text/html"))
            }
            _ => false,
        };
        let mut depends_on_form = false;
        let depends_on_else = self
            .lines(&VARY)
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .any(|name| {
                let is_form = name.eq_ignore_ascii_case("accept-encoding");
                depends_on_form |= is_form;
                !is_form && !name.eq_ignore_ascii_case("accept")
            });
        let is_private = self
            .lines(&CACHE_CONTROL)
            .any(|told| told.contains("no-store") || told.contains("private"));
        let is_special = [SET_COOKIE, CONTENT_ENCODING]
            .iter()
            .any(|name| self.lines(name).next().is_some());
        is_page && depends_on_form && !depends_on_else && !is_private && !is_special
    }

    /// The lines of a header.
    fn lines(&self, name: &HeaderName) -> impl Iterator<Item = &str> {
        let headers = self.headers.iter();
        headers
            .filter(move |(known, _)| known == name)
            .filter_map(|(_, value)| value.to_str().ok())
    }

    /// Bytes in memory besides its own few fields, once it was asked for in every way.
    pub(super) fn weight(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers.map(|(_, value)| 3 * value.len() + PER_HEADER).sum();
        self.body.len() + headers
    }
}

fn write_header(name: &HeaderName, value: &[u8], head: &mut Vec<u8>) {
    head.extend_from_slice(name.as_str().as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(status: u16, more: &[(&'static str, &'static str)]) -> bool {
        let said = [
            ("content-type", "text/html; charset=utf-8"),
            ("etag", "\"0\""),
            ("vary", "Accept"),
            ("vary", "Accept-Encoding"),
        ];
        let said = said.iter().chain(more).copied();
        let status = StatusCode::from_u16(status).unwrap();
        let page = Page::of(1, "/".into(), status, said, Bytes::new()).unwrap();
        page.is_for_everybody()
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
