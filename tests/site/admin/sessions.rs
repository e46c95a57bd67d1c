//! One's own sessions: seen with where and which browser, and ended.

use super::desk::{Desk, rows};

const PAGE: &str = "/admin/sessions/";

/// Another session of the same person.
fn second(desk: &Desk, hash: &str) {
    desk.sql(
        "insert into session (token_hash, user_id, created_at, last_used_at, client, user_agent)
         select unhex(?1), id, strftime('%Y-%m-%dT%H:%M:%f000Z'), strftime('%Y-%m-%dT%H:%M:%f000Z'), '198.51.100.9',
                'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
         from user where username = 'ada'",
        [hash.repeat(32)],
    );
}

#[test]
fn each_session_says_where_it_is_and_which_is_this_one() {
    let desk = Desk::new();
    second(&desk, "ab");
    let told = rows(&desk.get(PAGE));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("(this one)"), "{told:?}");
    assert!(
        told[1].starts_with("Firefox on Linux | 198.51.100.9 | "),
        "{told:?}"
    );
}

#[test]
fn one_session_is_ended_and_then_the_others() {
    let desk = Desk::new();
    for hash in ["ab", "cd", "ef"] {
        second(&desk, hash);
    }
    let name = "ab".repeat(8);
    assert_eq!(
        desk.after(desk.post(PAGE, &[("end", &name)])).1,
        "1 session has ended."
    );
    assert_eq!(desk.one::<i64>("select count(*) from session"), 3);
    assert_eq!(
        desk.after(desk.post(PAGE, &[("end", &name)])).1,
        "That session had ended already."
    );
    assert_eq!(
        desk.after(desk.post(PAGE, &[("end", "others")])).1,
        "2 sessions have ended."
    );
    assert_eq!(rows(&desk.get(PAGE)).len(), 1);
}

#[test]
fn nobody_ends_a_session_of_somebody_else() {
    let desk = Desk::new();
    let colleague = desk.colleague("bob", &["lettings.view_letting"]);
    second(&desk, "ab");
    colleague.post(PAGE, &[("end", &"ab".repeat(8))]);
    colleague.post(PAGE, &[("end", "others")]);
    assert_eq!(rows(&desk.get(PAGE)).len(), 2);
}
