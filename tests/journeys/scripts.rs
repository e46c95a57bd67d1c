//! What is asked of a page by script; the driver runs them where the page's own must not run, too.

/// Finds what bears words.
pub(crate) const FIND: &str = concat!(
    include_str!("scripts/sight.js"),
    include_str!("scripts/find.js")
);

/// Tells what is wrong with a page.
pub(crate) const FAULTS: &str = concat!(
    include_str!("scripts/sight.js"),
    include_str!("scripts/faults.js")
);

/// Tells what has the focus.
pub(crate) const FOCUS: &str = concat!(
    include_str!("scripts/sight.js"),
    include_str!("scripts/focus.js")
);

/// Tells what says which value is what in a list.
pub(crate) const LABELS: &str = concat!(
    include_str!("scripts/sight.js"),
    include_str!("scripts/labels.js")
);

/// Tells one page from another once it is there: no two begin at the same time.
pub(crate) const LOADED: &str =
    "return document.readyState === 'complete' ? performance.timeOrigin : null";
