//! What any request needs, whatever page it asks for.
//!
//! On the way in: `refused` (what whoever drives the site did not take), `asked` (who asks, from where), `gate` (what is
//! answered before any route), `guards`, `signed` (who is signed in, `notices` for them), `posted` (the only way to read a
//! post). On the way out: `errors`, `conditional`, `encoding`, `headers`, `answered` (what the log, the numbers and Sentry
//! hear), brought together in `finish`. No page is known here.

pub mod addresses;
pub mod answered;
pub mod asked;
pub mod assets;
pub mod conditional;
pub mod cookies;
pub mod encoding;
pub mod errors;
pub mod finish;
pub mod gate;
pub mod guards;
pub mod hashing;
pub mod headers;
pub mod jobs;
pub mod keys;
pub mod notices;
pub mod posted;
pub mod refused;
pub mod seldom;
pub mod setup;
pub mod signed;
pub mod throttle;
pub mod uploads;
pub mod watch;
