//! Links through the pages of a list, which say where one is.

use maud::{Markup, html};

use super::Number;
use crate::paging::Paging;

/// The links; nothing when there is only one page. `url` gives the address of a page.
pub fn pager(paging: Paging, url: &dyn Fn(u64) -> String) -> Markup {
    let Paging { page, last, .. } = paging;
    html! {
        @if last > 1 {
            nav.pager aria-label="Pages" {
                @if page > 1 { a.step rel="prev" href=(url(page - 1)) { "Previous" } }
                ol {
                    @for step in steps(page, last) {
                        @match step {
                            Some(number) if number == page => li { a aria-current="page" href=(url(number)) { span.vh { "Page " } (Number(number)) } },
                            Some(number) => li { a href=(url(number)) { span.vh { "Page " } (Number(number)) } },
                            None => li.gap { "…" },
                        }
                    }
                }
                @if page < last { a.step rel="next" href=(url(page + 1)) { "Next" } }
            }
        }
    }
}

/// `Page 3 of 4,167`, with the rows shown; for the line under the heading.
pub fn position(paging: Paging, noun: &str) -> Markup {
    html! {
        @match paging.shown() {
            Some((first, last)) if paging.last > 1 => {
                (Number(first)) "–" (Number(last)) " of " (Number(paging.total)) " " (noun)
                ", page " (Number(paging.page)) " of " (Number(paging.last))
            },
            _ => { (Number(paging.total)) " " (noun) },
        }
    }
}

/// The first, the last and those around this one, with gaps between.
fn steps(page: u64, last: u64) -> Vec<Option<u64>> {
    let mut steps = Vec::new();
    let mut before = 0;
    for number in [1, page.saturating_sub(1), page, page + 1, last] {
        if number <= before || number > last {
            continue;
        }
        if number == before + 2 {
            steps.push(Some(before + 1));
        } else if number > before + 1 {
            steps.push(None);
        }
        steps.push(Some(number));
        before = number;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(page: u64, last: u64) -> String {
        steps(page, last)
            .iter()
            .map(|step| step.map_or("…".to_owned(), |number| number.to_string()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_gap_never_hides_a_single_page() {
        assert_eq!(shown(1, 1), "1");
        assert_eq!(shown(1, 3), "1 2 3");
        assert_eq!(shown(1, 10), "1 2 … 10");
        assert_eq!(shown(4, 10), "1 2 3 4 5 … 10");
        assert_eq!(shown(5, 10), "1 … 4 5 6 … 10");
        assert_eq!(shown(10, 10), "1 … 9 10");
    }
}
