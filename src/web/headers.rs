//! What each answer tells the browser it may do with it.
//!
//! Nothing may be loaded but our own style sheet, pictures and scripts, framed by nobody, and posted nowhere else.
//! `connect-src` is for tools that read robots.txt from within the page; without it they report it missing.

use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use rocket::Response;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static ALWAYS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    ),
];

/// What else stands in the answers of most pages.
const OFTEN: &[&str] = &[
    "text/html; charset=utf-8",
    "no-cache",
    "Accept-Encoding",
    "Accept",
    "br",
    "gzip",
];

/// A year, as browsers' preload list asks; the domain's other names are not ours to speak for.
pub const TRANSPORT: &str = "max-age=31536000";

/// Sets the headers; the promise of HTTPS only where the visitor came by it.
pub fn secure(response: &mut Response<'_>, https: bool) {
    for (name, value) in &ALWAYS {
        response.set_raw_header(name.as_str(), *value);
    }
    if https {
        response.set_raw_header(STRICT_TRANSPORT_SECURITY.as_str(), TRANSPORT);
    }
}

/// The same headers for an answer that is none of Rocket's, but for that promise.
pub fn always() -> impl ExactSizeIterator<Item = (HeaderName, HeaderValue)> {
    let always = ALWAYS.iter();
    always.map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
}

/// This value of a header. Every page has some of the same values; those are constants, for where a value is shared all
/// processors count who has it, and wait for each other.
pub fn value(text: &str) -> Option<HeaderValue> {
    match OFTEN.iter().find(|known| **known == text) {
        Some(known) => Some(HeaderValue::from_static(known)),
        None => HeaderValue::from_str(text).ok(),
    }
}
