//! Checks that several models share: pure functions from a text to the tidied text or what is wrong with it.
//!
//! Words are Django's where staff know them. Limits of length are checked in `draft.rs`, as every text has one.

use unicode_normalization::UnicodeNormalization;

/// Nothing to tidy, nothing to refuse.
pub fn as_it_is(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// A house number: letters, digits, `-`, `/`, `.`, space.
pub fn house_number(text: &str) -> Result<String, String> {
    if text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.' | ' '))
    {
        Ok(text.to_owned())
    } else {
        Err("Enter a house number of letters, digits, spaces and - / . only, such as 12-34 or 100B.".to_owned())
    }
}

/// Two letters, made capitals.
pub fn state(text: &str) -> Result<String, String> {
    letters(text, 2).ok_or_else(|| "Enter the two letters of the state, such as CA.".to_owned())
}

/// Three letters, made capitals, that ISO 3166-1 knows.
pub fn country(text: &str) -> Result<String, String> {
    letters(text, 3)
        .filter(|code| COUNTRIES.binary_search(&code.as_str()).is_ok())
        .ok_or_else(|| {
            "Enter the three letters of the country (ISO 3166-1 alpha-3), such as USA.".to_owned()
        })
}

fn letters(text: &str, count: usize) -> Option<String> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    fits.then(|| text.to_ascii_uppercase())
}

/// A state of the USA as USPS Publication 28, appendix B, lists them, with territories and military ones.
pub fn is_usps_state(code: &str) -> bool {
    USPS.binary_search(&code).is_ok()
}

/// `92602` or `92602-1234`; four digits lost a zero somewhere and are not guessed at here.
pub fn is_usa_zip(text: &str) -> bool {
    let digits = |part: &str, count: usize| {
        part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.split_once('-') {
        Some((five, four)) => digits(five, 5) && digits(four, 4),
        None => digits(text, 5),
    }
}

/// An e-mail address in the shape that browsers accept (WHATWG, valid e-mail address), with a dot in its host.
pub fn email(text: &str) -> Result<String, String> {
    let wrong = || Err("Enter a valid email address.".to_owned());
    let Some((local, host)) = text.rsplit_once('@') else {
        return wrong();
    };
    let local_fits = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .chars()
            .all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
    let label_fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let host_fits = host.eq_ignore_ascii_case("localhost")
        || host.contains('.') && host.split('.').all(label_fits);
    if local_fits && host_fits {
        Ok(text.to_owned())
    } else {
        wrong()
    }
}

/// A username by Django's rule (letters and digits of any script, `@ . + - _`), and not only dots.
pub fn username(text: &str) -> Result<String, String> {
    let text: String = text.nfkc().collect();
    let fits = text
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '@' | '.' | '+' | '-' | '_'));
    if fits && !text.bytes().all(|byte| byte == b'.') {
        Ok(text)
    } else {
        Err("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.".to_owned())
    }
}

const USPS: &[&str] = &[
    "AA", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "FM", "GA",
    "GU", "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MH", "MI", "MN", "MO",
    "MP", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR",
    "PW", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY",
];

const COUNTRIES: &[&str] = &[
    "ABW", "AFG", "AGO", "AIA", "ALA", "ALB", "AND", "ARE", "ARG", "ARM", "ASM", "ATA", "ATF",
    "ATG", "AUS", "AUT", "AZE", "BDI", "BEL", "BEN", "BES", "BFA", "BGD", "BGR", "BHR", "BHS",
    "BIH", "BLM", "BLR", "BLZ", "BMU", "BOL", "BRA", "BRB", "BRN", "BTN", "BVT", "BWA", "CAF",
    "CAN", "CCK", "CHE", "CHL", "CHN", "CIV", "CMR", "COD", "COG", "COK", "COL", "COM", "CPV",
    "CRI", "CUB", "CUW", "CXR", "CYM", "CYP", "CZE", "DEU", "DJI", "DMA", "DNK", "DOM", "DZA",
    "ECU", "EGY", "ERI", "ESH", "ESP", "EST", "ETH", "FIN", "FJI", "FLK", "FRA", "FRO", "FSM",
    "GAB", "GBR", "GEO", "GGY", "GHA", "GIB", "GIN", "GLP", "GMB", "GNB", "GNQ", "GRC", "GRD",
    "GRL", "GTM", "GUF", "GUM", "GUY", "HKG", "HMD", "HND", "HRV", "HTI", "HUN", "IDN", "IMN",
    "IND", "IOT", "IRL", "IRN", "IRQ", "ISL", "ISR", "ITA", "JAM", "JEY", "JOR", "JPN", "KAZ",
    "KEN", "KGZ", "KHM", "KIR", "KNA", "KOR", "KWT", "LAO", "LBN", "LBR", "LBY", "LCA", "LIE",
    "LKA", "LSO", "LTU", "LUX", "LVA", "MAC", "MAF", "MAR", "MCO", "MDA", "MDG", "MDV", "MEX",
    "MHL", "MKD", "MLI", "MLT", "MMR", "MNE", "MNG", "MNP", "MOZ", "MRT", "MSR", "MTQ", "MUS",
    "MWI", "MYS", "MYT", "NAM", "NCL", "NER", "NFK", "NGA", "NIC", "NIU", "NLD", "NOR", "NPL",
    "NRU", "NZL", "OMN", "PAK", "PAN", "PCN", "PER", "PHL", "PLW", "PNG", "POL", "PRI", "PRK",
    "PRT", "PRY", "PSE", "PYF", "QAT", "REU", "ROU", "RUS", "RWA", "SAU", "SDN", "SEN", "SGP",
    "SGS", "SHN", "SJM", "SLB", "SLE", "SLV", "SMR", "SOM", "SPM", "SRB", "SSD", "STP", "SUR",
    "SVK", "SVN", "SWE", "SWZ", "SXM", "SYC", "SYR", "TCA", "TCD", "TGO", "THA", "TJK", "TKL",
    "TKM", "TLS", "TON", "TTO", "TUN", "TUR", "TUV", "TWN", "TZA", "UGA", "UKR", "UMI", "URY",
    "USA", "UZB", "VAT", "VCT", "VEN", "VGB", "VIR", "VNM", "VUT", "WLF", "WSM", "YEM", "ZAF",
    "ZMB", "ZWE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_codes_are_sorted_and_whole() {
        assert!(COUNTRIES.is_sorted() && USPS.is_sorted());
        assert_eq!((COUNTRIES.len(), USPS.len()), (249, 62));
    }

    #[test]
    fn states_and_countries_are_made_capitals() {
        assert_eq!(state("ca").as_deref(), Ok("CA"));
        assert_eq!(country("usa").as_deref(), Ok("USA"));
        assert!(
            state("C").is_err()
                && state("C1").is_err()
                && country("US").is_err()
                && country("ZZZ").is_err()
        );
    }

    #[test]
    fn addresses_have_one_at_and_a_host() {
        for good in [
            "ada@example.com",
            "a.b+c@sub.example.org",
            "zoë@exämple.de",
            "root@localhost",
        ] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "a b@example.com",
            "ada@-x.com",
            ".a@x.com",
            "a@x..com",
            "<a@x.com>",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn usernames_follow_django_but_are_not_only_dots() {
        for good in ["zoë", "plus+name.-_@x", "a.b", "٣"] {
            assert!(username(good).is_ok(), "{good}");
        }
        for bad in ["a b", "a/b", "..", ".", "a\u{202e}b", "a\0"] {
            assert!(username(bad).is_err(), "{bad:?}");
        }
    }
}
