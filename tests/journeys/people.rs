//! A colleague with few rights: made by the superuser, and what the colleague then sees.

use super::variant::everywhere;

const BOB: &str = "bob";
const PASSWORD: &str = "a lagoon at dusk";

#[test]
fn a_colleague_who_may_only_look_at_homes_sees_nothing_else() {
    everywhere("a-colleague", |visit| {
        let ada = visit.ada();
        ada.press("Add user");
        ada.fill("Username", BOB);
        ada.fill("Password", PASSWORD);
        ada.fill("Password confirmation", PASSWORD);
        ada.press("Save");
        ada.see("The user “bob” was added successfully. You may edit it again below.");
        ada.choose("Staff status");
        // The comfort of a filter is for those whose scripts run; the others scroll.
        let filter = "Filter User permissions";
        assert_eq!(ada.has_field(filter), visit.variant.script);
        if visit.variant.script {
            ada.fill(filter, "letting view");
            ada.miss("Can add user");
        }
        ada.choose("Can view letting");
        ada.picture("user");
        ada.press("Save");
        ada.see("The user “bob” was changed successfully.");

        let bob = visit.browser();
        bob.sign_in(BOB, PASSWORD);
        bob.see("View lettings");
        for hidden in ["Add letting", "Addresses", "Profiles", "Users", "Groups"] {
            bob.miss(hidden);
        }
        bob.picture("limited");
        bob.press("View lettings");
        bob.miss("Add letting");
        bob.press("Oceanview Retreat");
        assert_eq!(bob.heading(), "View letting: Oceanview Retreat");
        assert!(!bob.has_field("Title"));
        bob.miss("Save");
        bob.picture("view");

        // A colleague's link leads where Bob may not go.
        bob.open("/admin/auth/user/");
        assert_eq!(bob.status(), 403);
        bob.see("Your account may not view users: it lacks the permission auth.view_user.");
        bob.picture("forbidden");
    });
}
