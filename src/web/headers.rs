//! What each answer tells the browser it may do with it.
//!
//! Nothing may be loaded but our own style sheet, pictures and scripts, framed by nobody, and posted nowhere else.
//! `connect-src` is for tools that read robots.txt from within the page; without it they report it missing.

use hyper::header::HeaderName;
use rocket::Response;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const ALWAYS: &[(&str, &str)] = &[
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
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

/// Those names above of which no library has a constant.
pub const UNCOMMON: [HeaderName; 3] = [
    HeaderName::from_static("cross-origin-opener-policy"),
    HeaderName::from_static("cross-origin-resource-policy"),
    HeaderName::from_static("permissions-policy"),
];

/// A year, as browsers' preload list asks; the domain's other names are not ours to speak for.
pub const TRANSPORT: &str = "max-age=31536000";

/// Sets the headers; the promise of HTTPS only where the visitor came by it.
pub fn secure(response: &mut Response<'_>, https: bool) {
    for (name, value) in ALWAYS {
        response.set_raw_header(*name, *value);
    }
    if https {
        response.set_raw_header("Strict-Transport-Security", TRANSPORT);
    }
}

/// This value, if it is one that never changes.
pub fn constant(value: &str) -> Option<&'static str> {
    let always = ALWAYS.iter().map(|(_, value)| *value);
    always
        .chain(OFTEN.iter().copied())
        .find(|known| *known == value)
}
