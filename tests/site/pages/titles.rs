//! Titles that are hard to print: wherever one stands, it is text, and the structured data stays JSON.

use proptest::prelude::*;

use crate::support::Site;

/// A title as HTML text.
fn escaped(title: &str) -> String {
    maud::Render::render(title).into_string()
}

#[test]
fn a_hard_title_is_text_on_each_page_and_in_the_structured_data() {
    let site = Site::new();
    for title in [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        "</script x",
        "<!--<script>",
        "<!--<script ",
        "]]> & &amp; &lt;",
        "'Silo' \"Studio\" \\\" \\u003c",
        "בית ליד הים \u{202E}abc\u{202C}",
        "🏡 Zoë’s 👩‍👩‍👧 Höhle",
        "  blanks around  ",
        "two\nlines\tand\u{2028}more\u{1}",
    ] {
        let id = site.letting(title);
        let page = site.get(&format!("/lettings/{id}/"));
        assert_eq!(page.status, 200, "{title}");
        assert_eq!(page.between("<h1>", "</h1>"), escaped(title));
        assert_eq!(
            page.between("<title>", " · Holiday Homes</title>"),
            escaped(title)
        );
        assert_eq!(page.structured_data()["name"], title.trim());
        assert!(!page.text().contains("<!--"), "{title}");
        assert_eq!(page.text().matches("</script").count(), 1, "{title}");
        for list in ["/", "/lettings/"] {
            assert!(
                site.get(list)
                    .text()
                    .contains(&format!("/\">{}</a>", escaped(title))),
                "{title}"
            );
        }
    }
}

#[test]
fn a_title_of_256_characters_is_shown_whole() {
    let site = Site::new();
    let title = "🏡".repeat(256);
    site.letting(&title);
    assert_eq!(site.get("/lettings/1/").between("<h1>", "</h1>"), title);
    assert!(site.get("/").text().contains(&title));
}

#[test]
fn any_title_leaves_page_and_structured_data_whole() {
    let site = Site::new();
    site.letting("Silo");
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(title in "[^\0 ][^\0]{0,255}")| {
        site.sql("update letting set title = ?1", [&title]);
        let page = site.get("/lettings/1/");
        prop_assert_eq!(page.status, 200);
        prop_assert_eq!(page.between("<h1>", "</h1>"), escaped(&title));
        prop_assert_eq!(&page.structured_data()["name"], title.trim());
    });
}
