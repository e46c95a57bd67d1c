//! Time as the site writes it down: UTC in one form, so that text sorts as time does.
//!
//! `2026-11-22T07:31:05.123456Z`, always with six digits. How a moment is shown to a reader is the page's affair.

use std::cell::RefCell;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// Six digits, so that text sorts as time does.
const FORM: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// Now, in the one form that the database holds.
pub fn now() -> String {
    written(Timestamp::now())
}

/// A moment in the one form that the database holds.
pub fn written(moment: Timestamp) -> String {
    FORM.timestamp_to_string(&moment)
}

/// `Sun, 22 Nov 2026 07:31:05 GMT`: now, as HTTP writes it.
pub fn http_now() -> String {
    Timestamp::now()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// The same, behind what is there; each thread writes it out once a second.
pub fn push_http_now(text: &mut Vec<u8>) {
    thread_local! {
        static WRITTEN: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let second = Timestamp::now().as_second();
    WRITTEN.with_borrow_mut(|(of, written)| {
        if *of != second {
            (*of, *written) = (second, http_now());
        }
        text.extend_from_slice(written.as_bytes());
    });
}

/// `November 3, 2026`: the date of a moment as Americans write it; the text itself when it is no moment.
pub fn american_date(moment: &str) -> String {
    match moment.parse::<Timestamp>() {
        Ok(moment) => moment.strftime("%B %-d, %Y").to_string(),
        Err(_) => moment.to_owned(),
    }
}

/// `Nov. 22, 2026, 7:31 a.m.`: a moment as Django's admin writes it; the text itself when it is no moment.
pub fn django_moment(moment: &str) -> String {
    const MONTHS: [&str; 12] = [
        "Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.",
        "Dec.",
    ];
    let Ok(moment) = moment.parse::<Timestamp>() else {
        return moment.to_owned();
    };
    let civil = jiff::tz::Offset::UTC.to_datetime(moment);
    let month = MONTHS[usize::try_from(civil.month() - 1).unwrap_or_default()];
    let (hour, half) = (
        civil.hour(),
        if civil.hour() < 12 { "a.m." } else { "p.m." },
    );
    let time = match (hour, civil.minute()) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "noon".to_owned(),
        (_, 0) => format!("{} {half}", (hour + 11) % 12 + 1),
        (_, minute) => format!("{}:{minute:02} {half}", (hour + 11) % 12 + 1),
    };
    format!("{month} {}, {}, {time}", civil.day(), civil.year())
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

    #[test]
    fn moments_read_as_in_django() {
        for (moment, shown) in [
            ("2026-11-22T07:31:05.123456Z", "Nov. 22, 2026, 7:31 a.m."),
            ("2026-05-01T00:00:59.000000Z", "May 1, 2026, midnight"),
            ("2026-09-30T12:00:00.000000Z", "Sept. 30, 2026, noon"),
            ("2026-01-02T15:00:00.000000Z", "Jan. 2, 2026, 3 p.m."),
            ("2026-01-02T00:05:00.000000Z", "Jan. 2, 2026, 12:05 a.m."),
        ] {
            assert_eq!(django_moment(moment), shown);
        }
    }
}
