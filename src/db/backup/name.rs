//! The names of copies: `oc-lettings-20261122T073105Z-scheduled.sqlite3`.
//!
//! Names sort as their moments do, and say all there is to know without the file being opened. A name that is not
//! exactly as we would write it is somebody else's, whose file is never touched.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::Reason;

const MOMENT: &str = "%Y%m%dT%H%M%SZ";
const ENDING: &str = ".sqlite3";

/// The name of a copy of the database with this stem.
pub(super) fn of(stem: &str, at: Timestamp, reason: Reason) -> String {
    format!("{stem}-{}-{reason}{ENDING}", at.strftime(MOMENT))
}

/// What a name of ours says; nothing where it is not exactly one.
pub(super) fn parse(stem: &str, name: &str) -> Option<(Timestamp, Reason)> {
    let rest = name.strip_prefix(stem)?.strip_prefix('-')?;
    let (moment, reason) = rest.strip_suffix(ENDING)?.split_once('-')?;
    let at = Offset::UTC
        .to_timestamp(DateTime::strptime(MOMENT, moment).ok()?)
        .ok()?;
    let reason = parse_reason(reason)?;
    // What reads the same may be written otherwise: `+7` for `7`, or a year with a blank.
    (of(stem, at, reason) == name).then_some((at, reason))
}

fn parse_reason(text: &str) -> Option<Reason> {
    Some(match text {
        "scheduled" => Reason::Scheduled,
        "manual" => Reason::Manual,
        "before-replace" => Reason::BeforeReplace,
        "before-restore" => Reason::BeforeRestore,
        other => {
            let versions = other.strip_prefix("before-migration-v")?;
            let (from, to) = versions.split_once("-v")?;
            Reason::BeforeMigration {
                from: from.parse().ok()?,
                to: to.parse().ok()?,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_database_moment_and_reason_and_is_read_back() {
        let at: Timestamp = "2026-11-22T07:31:05Z".parse().unwrap();
        for (reason, name) in [
            (Reason::Scheduled, "site-20261122T073105Z-scheduled.sqlite3"),
            (Reason::Manual, "site-20261122T073105Z-manual.sqlite3"),
            (
                Reason::BeforeMigration { from: 7, to: 8 },
                "site-20261122T073105Z-before-migration-v7-v8.sqlite3",
            ),
            (
                Reason::BeforeReplace,
                "site-20261122T073105Z-before-replace.sqlite3",
            ),
            (
                Reason::BeforeRestore,
                "site-20261122T073105Z-before-restore.sqlite3",
            ),
        ] {
            assert_eq!(of("site", at, reason), name);
            assert_eq!(parse("site", name), Some((at, reason)));
        }
    }

    #[test]
    fn a_name_that_is_not_exactly_ours_is_nobodys() {
        for name in [
            "",
            "site.sqlite3",
            "site-20261122T073105Z-scheduled.sqlite3.gz",
            "site-20261122T073105Z-scheduled.sqlite",
            "site-20261122T073105Z-Scheduled.sqlite3",
            "site-20261122T073105Z-.sqlite3",
            "site-20261122T073105Z.sqlite3",
            "site-20261122T073105-scheduled.sqlite3",
            "site-20261122 073105Z-scheduled.sqlite3",
            "site-20260230T073105Z-scheduled.sqlite3",
            "site-20261122T073165Z-scheduled.sqlite3",
            "site-2026112T073105Z-scheduled.sqlite3",
            "site-20261122T073105Z-scheduled-copy.sqlite3",
            "site-20261122T073105Z-before-migration-v7-v08.sqlite3",
            "site-20261122T073105Z-before-migration-v+7-v8.sqlite3",
            "site-20261122T073105Z-before-migration-v7.sqlite3",
            "site2-20261122T073105Z-scheduled.sqlite3",
            "other-20261122T073105Z-scheduled.sqlite3",
            ".site-20261122T073105Z-scheduled.sqlite3",
        ] {
            assert_eq!(parse("site", name), None, "{name}");
        }
    }
}
