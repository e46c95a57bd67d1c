//! Whether the machine's clock can be right: sessions, certificates and the history of changes hang on it.

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::{Finding, error, warning};

/// The year in which this binary was built.
const BUILT: &str = env!("OC_LETTINGS_BUILT_YEAR");
/// Rows may have been written by a machine whose clock was a little ahead.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);
const CURE: &str = "set the machine's clock, or let it be set (NTP)";

/// Compares the clock with the binary and the newest row, which are both of the past.
pub(super) fn compare(newest: Option<&str>, findings: &mut Vec<Finding>) {
    findings.extend(judge(
        Timestamp::now(),
        BUILT.parse().unwrap_or_default(),
        newest.and_then(|moment| moment.parse().ok()),
    ));
}

fn judge(now: Timestamp, built: i16, newest: Option<Timestamp>) -> Option<Finding> {
    let shown = now.strftime("%Y-%m-%d %H:%M");
    if Offset::UTC.to_datetime(now).year() < built {
        return Some(error(
            format!("the clock says {shown} UTC, and this binary was built in {built}"),
            CURE,
        ));
    }
    let newest = newest.filter(|newest| newest.duration_since(now) > TOLERANCE)?;
    Some(warning(
        format!(
            "the clock says {shown} UTC, and the newest row was written at {} UTC",
            newest.strftime("%Y-%m-%d %H:%M")
        ),
        CURE,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(now: &str, newest: Option<&str>) -> String {
        let newest = newest.map(|moment| moment.parse().unwrap());
        judge(now.parse().unwrap(), 2026, newest)
            .map(|finding| finding.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_clock_before_the_binary_is_wrong() {
        assert_eq!(
            found("1970-01-01T00:00:07Z", None),
            format!(
                "error: the clock says 1970-01-01 00:00 UTC, and this binary was built in 2026; {CURE}"
            )
        );
        assert_eq!(found("2026-01-01T00:00:00Z", None), "");
    }

    #[test]
    fn a_clock_more_than_a_day_before_the_newest_row_is_doubtful() {
        let newest = Some("2026-11-03T07:31:05Z");
        assert_eq!(found("2026-11-02T07:31:05Z", newest), "");
        assert_eq!(
            found("2026-11-02T07:31:04Z", newest),
            format!(
                "warning: the clock says 2026-11-02 07:31 UTC, and the newest row was written at 2026-11-03 07:31 UTC; {CURE}"
            )
        );
    }
}
