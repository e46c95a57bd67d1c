//! Every kind of page, looked at: it fits its screen, can be read, and lists say which value is what.

use super::variant::everywhere;

#[test]
fn every_kind_of_page_fits_its_screen_and_can_be_read() {
    everywhere("reading", |visit| {
        let ada = visit.ada();
        ada.picture("index");
        for path in [
            "/",
            "/lettings/",
            "/lettings/1/",
            "/profiles/",
            "/profiles/AirWow/",
            "/nowhere/",
            "/admin/auth/",
            "/admin/auth/group/",
            "/admin/auth/group/add/",
            "/admin/auth/user/",
            "/admin/auth/user/add/",
            "/admin/auth/user/1/change/",
            "/admin/auth/user/1/password/",
            "/admin/lettings/address/?facets=1",
            "/admin/lettings/address/1/change/",
            "/admin/lettings/letting/1/change/",
            "/admin/profiles/profile/",
            "/admin/profiles/profile/1/change/",
            "/admin/history/",
            "/admin/password_change/",
        ] {
            ada.open(path);
            // Without scripts they look the same.
            if visit.variant.script {
                let name = path.trim_matches('/').replace("/?", "-");
                ada.picture(&format!("page-{}", name.replace('/', "-")));
            }
        }
    });
}

#[test]
fn a_list_says_which_value_is_what_and_can_be_sorted_on_any_screen() {
    everywhere("a-list", |visit| {
        let ada = visit.ada();
        ada.press("Addresses");
        let labels = ["Address", "Unit", "City", "State", "Zip code", "Country"];
        let (headings, beside) = ada.labels("588 Argyle Avenue");
        assert_eq!(headings, labels);
        // On a phone a row is a block of its own, far from the headings.
        let expected = if visit.variant.is_phone() {
            labels
        } else {
            [""; 6]
        };
        assert_eq!(beside, expected);
        ada.see("588 Argyle Avenue - East Meadow NY 11554 USA");
        ada.press("City");
        ada.see(
            "Aliquippa PA 15001 USA Select 7217 Bedford Street 7217 Bedford Street - Brunswick",
        );
        ada.picture("sorted");
    });
}
