//! Whether the client has the very bytes already: strong entity tags and `If-None-Match` (RFC 9110, 8.8.3 and 13.1.2).

use crate::compress::Encoding;

/// The entity tag of one form of the content; each form has its own.
pub fn etag(tag: &str, encoding: Encoding) -> String {
    format!("\"{tag}{}\"", encoding.suffix())
}

/// Whether one of the lines of `If-None-Match` names this entity tag, so that a 304 will do.
pub fn has_already<'a>(lines: impl IntoIterator<Item = &'a str>, etag: &str) -> bool {
    lines.into_iter().any(|line| names(line, etag))
}

/// `*`, or a list with this tag in it; weak tags count, as the comparison for `If-None-Match` is the weak one.
fn names(list: &str, etag: &str) -> bool {
    let mut rest = list.trim_matches([' ', '\t']);
    if rest == "*" {
        return true;
    }
    // A tag may hold commas, so a list is read from quote to quote.
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let opaque = rest.strip_prefix("W/").unwrap_or(rest);
        let Some(end) = opaque.strip_prefix('"').and_then(|inner| inner.find('"')) else {
            return false;
        };
        if &opaque[..end + 2] == etag {
            return true;
        }
        rest = &opaque[end + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_weak_tags_and_the_star_are_understood() {
        let etag = "\"abc-br\"";
        for list in [
            "*",
            "\"abc-br\"",
            "W/\"abc-br\"",
            "\"x\", \"abc-br\"",
            "\"x,y\",W/\"abc-br\" ",
            ",,\"abc-br\"",
        ] {
            assert!(names(list, etag), "{list}");
        }
        for list in [
            "",
            "abc-br",
            "\"abc\"",
            "\"abc-br",
            "\"abc-gz\"",
            "\"x\" y \"abc-br\"",
            "w/\"abc-br\"",
            "**",
        ] {
            assert!(!names(list, etag), "{list}");
        }
    }

    proptest! {
        #[test]
        fn any_list_is_read_to_its_end(list in ".*") {
            names(&list, "\"abc\"");
        }

        #[test]
        fn a_tag_is_found_wherever_it_stands(before in proptest::collection::vec("[a-z,]{0,6}", 0..4), after in "[a-z]{0,6}") {
            let mut tags: Vec<String> = before.iter().map(|tag| format!("\"{tag}\"")).collect();
            tags.extend(["\"=\"".to_owned(), format!("W/\"{after}\"")]);
            prop_assert!(names(&tags.join(", "), "\"=\""));
        }
    }
}
