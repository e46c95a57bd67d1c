//! The arithmetic of lists that are shown a page at a time.
//!
//! Pure: no SQL and no HTML. The models ask it which rows to fetch, the pages which links to draw.

/// Where one is in a list: which page, of how many, and what that means for the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// The page shown, from 1.
    pub page: u64,
    /// The number of the last page, at least 1: an empty list has one empty page.
    pub last: u64,
    /// How many rows the whole list has.
    pub total: u64,
    /// How many rows a full page has.
    pub size: u64,
}

/// Which rows a query must fetch, counted from whichever end of the list is nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Fetch in the opposite order and turn the rows round afterwards.
    pub from_end: bool,
    /// How many rows to pass over.
    pub offset: i64,
    /// How many rows to take.
    pub limit: i64,
}

impl Paging {
    /// The page nearest to the one wished for in a list of `total` rows.
    pub fn new(wished: u64, total: u64, size: u64) -> Self {
        let last = total.div_ceil(size).max(1);
        Self {
            page: wished.clamp(1, last),
            last,
            total,
            size,
        }
    }

    /// The rows of this page; the last page of a long list costs what the first does.
    pub fn window(self) -> Window {
        let before = (self.page - 1) * self.size;
        let limit = self.size.min(self.total - before.min(self.total));
        let after = self.total - before - limit;
        let from_end = after < before;
        Window {
            from_end,
            offset: i64::try_from(if from_end { after } else { before }).unwrap_or(i64::MAX),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
        }
    }

    /// How many rows to take and how many to pass over, for a list that is only read forwards.
    pub fn forward(self) -> (i64, i64) {
        let before = (self.page - 1) * self.size;
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        (signed(self.size), signed(before))
    }

    /// The numbers of the first and last row on this page, from 1; nothing when the list is empty.
    pub fn shown(self) -> Option<(u64, u64)> {
        (self.total > 0).then(|| {
            let first = (self.page - 1) * self.size + 1;
            (first, (first + self.size - 1).min(self.total))
        })
    }
}

/// What a visitor wrote as a page number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// A whole number, brought into the range of page numbers.
    Page(u64),
    /// No number at all.
    Nonsense,
}

impl Wish {
    /// Reads `?page=`: whole numbers beyond our range count as the nearest page, everything else is nonsense.
    pub fn parse(text: &str) -> Self {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Nonsense;
        }
        if negative {
            return Self::Page(0);
        }
        Self::Page(digits.parse().unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_page_is_fetched_from_the_end() {
        let window = Paging::new(4_167, 100_000, 24).window();
        assert_eq!(
            window,
            Window {
                from_end: true,
                offset: 0,
                limit: 16
            }
        );
    }

    #[test]
    fn an_empty_list_has_one_empty_page() {
        let paging = Paging::new(7, 0, 24);
        assert_eq!((paging.page, paging.last, paging.shown()), (1, 1, None));
        assert_eq!(
            paging.window(),
            Window {
                from_end: false,
                offset: 0,
                limit: 0
            }
        );
    }

    #[test]
    fn a_wish_is_a_whole_number_or_nonsense() {
        assert_eq!(Wish::parse("3"), Wish::Page(3));
        assert_eq!(Wish::parse("0"), Wish::Page(0));
        assert_eq!(Wish::parse("-1"), Wish::Page(0));
        assert_eq!(Wish::parse("9999999999999999999999"), Wish::Page(u64::MAX));
        for text in ["", "-", "abc", "1e3", "1.0", "+1", " 1", "٣"] {
            assert_eq!(Wish::parse(text), Wish::Nonsense, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn pages_cover_each_row_once(total in 0_u64..500, size in 1_u64..50) {
            let mut seen = Vec::new();
            for page in 1..=Paging::new(1, total, size).last {
                let Window { from_end, offset, limit } = Paging::new(page, total, size).window();
                let (offset, limit) = (usize::try_from(offset).unwrap(), usize::try_from(limit).unwrap());
                let all: Vec<u64> = if from_end { (0..total).rev().collect() } else { (0..total).collect() };
                let mut rows: Vec<u64> = all.into_iter().skip(offset).take(limit).collect();
                if from_end {
                    rows.reverse();
                }
                seen.extend(rows);
            }
            prop_assert_eq!(seen, (0..total).collect::<Vec<_>>());
        }

        #[test]
        fn any_text_is_a_wish(text in ".*") {
            if let Wish::Page(page) = Wish::parse(&text) {
                prop_assert!(Paging::new(page, 100, 24).page <= 5);
            }
        }
    }
}
