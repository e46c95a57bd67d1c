//! Moving in: a new site is brought the database of the Django site, and its people sign in as they always did.

use std::path::Path;

use super::variant::everywhere_new;

#[test]
fn an_empty_site_is_brought_the_database_of_the_django_site_and_its_people_sign_in() {
    everywhere_new("moving-in", |visit| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/django-site.sqlite3");
        let owner = visit.browser();
        owner.open("/lettings/");
        owner.see("No lettings are available.");
        owner.open(&visit.site.set_up_link());
        owner.picture("set-up");
        owner.press("Bring your data instead");
        owner.attach("File", &file);
        owner.picture("bring");
        owner.press("Look at it");
        owner.arrive("Take over django-site.sqlite3");
        owner.see("would import 14 lettings, 17 addresses, 30 users, 28 profiles");
        owner.see("lettings_address 16");
        owner.picture("look");
        owner.press("Take it over");
        owner.see("Agree to leave these rows out, or mend them first.");
        owner.choose("Leave out 2 rows that cannot be taken");
        owner.press("Take it over");
        owner.arrive("Log in");

        owner.fill("Username", "lena.editor");
        owner.fill("Password", "Orange-Grove-41x");
        owner.press("Log in");
        owner.see("Please enter the correct username and password for a staff account.");
        owner.fill("Password", "Orange-Grove-41");
        owner.press("Log in");
        owner.see("Welcome, Lena");
        owner.see("“django-site.sqlite3” is taken over: imported 14 lettings, 17 addresses, 30 users, 28 profiles.");
        owner.open("/lettings/");
        owner.see("14 homes, newest first");
        owner.picture("moved");
    });
}
