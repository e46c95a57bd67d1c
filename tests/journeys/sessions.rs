//! Signing in, and being signed out by oneself from elsewhere.

use super::site::{ADA, PASSWORD};
use super::variant::everywhere;

#[test]
fn signing_in_says_what_was_wrong_and_then_leads_to_the_page_that_was_asked_for() {
    everywhere("signing-in", |visit| {
        let ada = visit.browser();
        ada.open("/admin/lettings/letting/");
        assert_eq!(ada.heading(), "Log in");
        ada.fill("Username", ADA);
        ada.fill("Password", "loud orange grove");
        ada.press("Log in");
        ada.see("Please enter the correct username and password for a staff account.");
        assert_eq!(ada.held("Username"), ADA);
        ada.picture("sign-in");
        ada.fill("Password", PASSWORD);
        ada.press("Log in");
        assert_eq!(ada.heading(), "Select letting to change");
        ada.see("Welcome, ada");
        ada.press("Log out");
        assert_eq!(ada.heading(), "Log in");
        ada.open("/admin/");
        assert_eq!(ada.heading(), "Log in");
    });
}

#[test]
fn a_session_that_is_ended_from_elsewhere_is_over_at_its_next_click() {
    everywhere("sessions", |visit| {
        let (forgotten, here) = (visit.ada(), visit.ada());
        here.press("Sessions");
        here.see("Chrome on Linux (this one) 127.0.0.1");
        here.picture("sessions");
        here.press("End the session of Chrome on Linux");
        here.see("1 session has ended.");
        here.miss("End the session");

        forgotten.press("Change lettings");
        assert_eq!(forgotten.heading(), "Log in");
        forgotten.miss("Welcome");
        here.press("Sessions");
        here.see("Welcome, ada");
    });
}
