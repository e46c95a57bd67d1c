//! A list as CSV: all its rows, as it is narrowed and sorted, harmless in a spreadsheet.

use super::desk::Desk;

#[test]
fn a_list_is_a_file_with_a_heading_and_a_line_each() {
    let desk = Desk::demo();
    let file = desk.get("/admin/lettings/letting/export.csv");
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"lettings.csv\""
    );
    assert_eq!(file.header("cache-control"), "no-store");
    let lines: Vec<&str> = file.text().split("\r\n").collect();
    assert_eq!(lines[0], "ID,Letting,City,State");
    assert_eq!(lines[1], "6,Underground Hygge,East Meadow,NY");
    assert_eq!(
        lines.len(),
        8,
        "six homes, a heading and the last line's end"
    );
}

#[test]
fn search_filters_and_order_of_the_list_hold() {
    let desk = Desk::demo();
    let file = desk.get("/admin/lettings/address/export.csv?q=street&o=3&state=GA");
    assert_eq!(
        file.text(),
        "ID,Address,Unit,City,State,Zip code,Country\r\n1,7217 Bedford Street,,Brunswick,GA,31525,USA\r\n"
    );
    let page = desk.get("/admin/lettings/address/?q=street&state=GA");
    let links = page.attributes("href");
    let link = links.iter().find(|link| link.contains("export.csv"));
    assert_eq!(
        link.map(String::as_str),
        Some("/admin/lettings/address/export.csv?q=street&state=GA")
    );
}

#[test]
fn formulas_quotes_and_line_ends_stay_text() {
    let desk = Desk::new();
    for title in ["=1+1", "@SUM(A1)", "a \"b\", c", "zoë 🍊"] {
        desk.letting(title);
    }
    let file = desk.get("/admin/lettings/letting/export.csv");
    let titles: Vec<&str> = file
        .text()
        .split("\r\n")
        .filter(|line| !line.is_empty())
        .collect();
    for (number, start) in [
        "4,zoë 🍊,",
        "3,\"a \"\"b\"\", c\",",
        "2,'@SUM(A1),",
        "1,'=1+1,",
    ]
    .iter()
    .enumerate()
    {
        assert!(titles[number + 1].starts_with(start), "{titles:?}");
    }
}

#[test]
fn a_long_list_is_whole() {
    let desk = Desk::new();
    desk.many_lettings(20_000);
    let file = desk.get("/admin/lettings/letting/export.csv");
    assert_eq!(file.text().matches("\r\n").count(), 20_001);
}

#[test]
fn only_who_may_see_the_list_may_take_it_along() {
    let desk = Desk::demo();
    let adder = desk.colleague("bob", &["lettings.add_letting"]);
    assert_eq!(adder.get("/admin/lettings/letting/export.csv").status, 403);
    assert_eq!(desk.get("/admin/lettings/nothing/export.csv").status, 404);
}
