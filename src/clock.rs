//! Time as the site writes it down: UTC in one form, so that text sorts as time does.
//!
//! `2026-11-22T07:31:05.123456Z`, always with six digits. How a moment is shown to a reader is the page's affair.

use jiff::Timestamp;

/// Now, in the one form that the database holds.
pub fn now() -> String {
    written(Timestamp::now())
}

/// A moment in the one form that the database holds.
pub fn written(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// `November 3, 2026`: the date of a moment as Americans write it; the text itself when it is no moment.
pub fn american_date(moment: &str) -> String {
    match moment.parse::<Timestamp>() {
        Ok(moment) => moment.strftime("%B %-d, %Y").to_string(),
        Err(_) => moment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_six_digits_even_when_they_are_zero() {
        let moment: Timestamp = "2026-11-22T07:31:05Z".parse().unwrap();
        assert_eq!(written(moment), "2026-11-22T07:31:05.000000Z");
    }

    #[test]
    fn a_date_reads_as_in_a_letter() {
        assert_eq!(
            american_date("2026-11-03T07:31:05.123456Z"),
            "November 3, 2026"
        );
    }
}
