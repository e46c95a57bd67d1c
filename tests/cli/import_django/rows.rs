//! What comes out of the databases that Django wrote: every row, with its id and its moments.

use crate::django::{self, Django};
use crate::run::Run;

/// Asks one question of both databases; `dj` is Django's.
fn both(run: &Run, django: &Django, sql: &str) -> String {
    let conn = django.open();
    conn.execute(
        "attach ?1 as ours",
        [run.path("site.sqlite3").display().to_string()],
    )
    .expect("our database");
    conn.query_row(&format!("select cast(({sql}) as text)"), [], |row| {
        row.get(0)
    })
    .unwrap_or_else(|error| panic!("{error}: {sql}"))
}

#[test]
fn a_row_that_breaks_the_rules_ends_the_import_and_is_named_with_what_hangs_on_it() {
    for (file, app) in [
        (django::refactored(), "lettings"),
        (django::original(), "oc_lettings_site"),
    ] {
        let run = Run::new();
        let done = run.run(&["import-django", file.to_str().unwrap()]);
        for line in [
            format!(
                "  {app}_address 16: state \"C\": Enter the two letters of the state, such as CA."
            ),
            format!(
                "  {app}_address 16: zip_code 123456: Enter five digits, or nine as 92602-1234."
            ),
            format!(
                "  {app}_address 16: country_iso_code \"US\": Enter the three letters of the country (ISO 3166-1 alpha-3), such as USA."
            ),
            format!(
                "  {app}_letting 14: address_id 16: It hangs on {app}_address 16, which cannot be taken."
            ),
            "cannot take 2 rows:".to_owned(),
            "nothing was written".to_owned(),
        ] {
            assert!(
                done.out.lines().any(|found| found == line),
                "no {line:?} in {}",
                done.out
            );
        }
        done.refused(&[
            "2 rows cannot be taken",
            "nothing was written",
            "--skip-bad",
        ]);
        let written = run.ask(
            "select count(*) from (select id from address union all select id from letting union all select id from profile
             union all select id from user union all select id from \"group\" union all select id from history)",
        );
        assert_eq!(written, "0");
        assert_eq!(
            run.ask("select count(*) from setting where name = 'imported'"),
            "0"
        );
    }
}

#[test]
fn without_the_bad_row_all_else_is_taken_and_the_report_counts_it() {
    let run = Run::new();
    let django = run.django_of(&django::original(), "");
    let out = run
        .run(&["import-django", "--skip-bad", "db.sqlite3"])
        .succeeded();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[5..],
        [
            "imported 14 lettings, 17 addresses, 29 users, 27 profiles",
            "  with 1 group, 1 membership, 11 permissions, 45 history entries",
            "tidied 2 ZIPs (leading zeros), 1 state (capitals), 1 country (capitals)",
            "27 passwords work, 1 salted md5, 1 unusable: no sign-in until a new one is set",
            "3 sessions were not taken: everybody signs in anew",
            "warning: the superuser admin has the published password Abc1234!; change it with `oc-lettings changepassword admin`",
        ],
        "{out}"
    );
    for (sql, count) in [
        ("select count(*) from ours.address a join oc_lettings_site_address o using (id)
          where a.number = cast(o.number as text) and a.street = o.street and a.city = o.city and a.unit = ''
            and a.state = upper(o.state) and a.country_iso_code = upper(o.country_iso_code)
            and a.zip_code = printf('%05d', o.zip_code)", "17"),
        ("select count(*) from ours.letting l join oc_lettings_site_letting o using (id)
          where l.title = o.title and l.address_id = o.address_id", "14"),
        ("select count(*) from ours.profile p join oc_lettings_site_profile o using (id)
          where p.user_id = o.user_id and p.favorite_city = o.favorite_city and not p.show_email", "27"),
        ("select count(*) from ours.user u join auth_user o using (id)
          where u.username = o.username and u.password = o.password and u.first_name = o.first_name
            and u.last_name = o.last_name and u.email = o.email and u.is_active = o.is_active and u.is_staff = o.is_staff
            and u.is_superuser = o.is_superuser
            and u.date_joined = replace(substr(o.date_joined || '.000000', 1, 26), ' ', 'T') || 'Z'
            and u.last_login is replace(substr(o.last_login || '.000000', 1, 26), ' ', 'T') || 'Z'", "29"),
        ("select count(*) from ours.history h join django_admin_log o using (id) join auth_user a on a.id = o.user_id
          where h.at = replace(o.action_time, ' ', 'T') || 'Z' and h.user_id = o.user_id and h.username = a.username
            and h.row_id = o.object_id and h.label = o.object_repr", "45"),
    ] {
        assert_eq!(both(&run, &django, sql), count, "{sql}");
    }
    assert_eq!(
        run.ask("select group_concat(zip_code || ' ' || state || ' ' || country_iso_code, ', ') from address where id in (7, 11)"),
        "00501 CA USA, 00000 TX USA"
    );
    assert_eq!(
        run.ask("select title from letting where id = 13"),
        "  padded title  "
    );
    assert_eq!(
        run.ask("select count(*) from pragma_foreign_key_check"),
        "0"
    );
    assert_eq!(run.ask("select sum(lettings) from place"), "14");
}

#[test]
fn rights_come_along_by_name_whatever_their_ids_were() {
    for file in [django::refactored(), django::original()] {
        let run = Run::new();
        run.django_of(
            &file,
            &format!(
                "update auth_user set password = '{}' where id = 1",
                django::CHEAP
            ),
        );
        run.run(&["import-django", "--skip-bad", "db.sqlite3"])
            .succeeded();
        assert_eq!(
            run.ask(
                "select group_concat(name, ' ') from (
                     select app || '.' || action || '_' || model as name from permission join group_permission on permission.id = permission_id
                     join \"group\" on \"group\".id = group_id where \"group\".name = 'Letting editors' order by name)"
            ),
            "lettings.add_address lettings.add_letting lettings.change_address lettings.change_letting lettings.view_address lettings.view_letting"
        );
        assert_eq!(
            run.ask(
                "select group_concat(name, ' ') from (
                     select app || '.' || action || '_' || model as name from permission join user_permission on permission.id = permission_id
                     join user on user.id = user_id where username = 'victor@viewer' order by name)"
            ),
            "auth.view_user lettings.view_address lettings.view_letting profiles.change_profile profiles.view_profile"
        );
        assert_eq!(
            run.ask("select group_concat(username) from user join user_group on user_id = user.id"),
            "lena.editor"
        );
    }
}

#[test]
fn a_site_refactored_in_place_keeps_the_rights_and_the_log_that_still_name_its_old_app() {
    let run = Run::new();
    run.django(
        "insert into django_content_type (id, app_label, model) values
             (50, 'oc_lettings_site', 'letting'), (51, 'oc_lettings_site', 'profile'), (52, 'blog', 'post');
         insert into auth_permission (id, content_type_id, codename, name) values
             (90, 50, 'delete_letting', ''), (91, 51, 'add_profile', ''), (92, 50, 'add_letting', ''),
             (93, 50, 'publish_letting', ''), (94, 52, 'add_post', '');
         insert into auth_group_permissions (group_id, permission_id) values (1, 90), (1, 91), (1, 92), (1, 93), (1, 94);
         insert into auth_group_permissions (group_id, permission_id)
             select 1, auth_permission.id from auth_permission join django_content_type on django_content_type.id = content_type_id
             where app_label in ('admin', 'sessions') and codename like 'view%';
         insert into django_admin_log values
             (70, '3', 'Old name', 2, 'Changed title and address.', 50, 1, '2019-01-02 03:04:05'),
             (71, '9', 'A post', 1, '[{\"added\": {}}]', 52, 1, '2019-01-02 03:04:05'),
             (72, null, 'Forgotten', 2, '[]', null, 77, '2019-01-02 03:04:05.5')",
    );
    let out = run.run(&["import-django", "db.sqlite3"]).succeeded();
    for line in [
        "  with 1 group, 1 membership, 13 permissions, 23 history entries",
        "left out 4 grants of permissions without a meaning here: admin.view_logentry 1, blog.add_post 1, lettings.publish_letting 1, sessions.view_session 1",
        "2 history entries are about things that this site does not have; kept as text",
    ] {
        assert!(out.contains(line), "no {line:?} in {out}");
    }
    assert_eq!(
        run.ask("select group_concat(app || '.' || action || '_' || model) from permission
                 where id in (select permission_id from group_permission) and (action = 'delete' or model = 'profile')"),
        "lettings.delete_letting,profiles.add_profile"
    );
    assert_eq!(
        run.ask("select group_concat(id || ' ' || at || ' ' || username || ' ' || app || ' ' || model || ' ' || row_id || ' ' || changes, '; ')
                 from history where id >= 70"),
        "70 2019-01-02T03:04:05.000000Z admin lettings letting 3 \"Changed title and address.\"; \
         71 2019-01-02T03:04:05.000000Z admin blog post 9 []; \
         72 2019-01-02T03:04:05.500000Z user 77 unknown object  []"
    );
    assert_eq!(
        run.ask("select group_concat(id || ' ' || action || ' ' || changes, '; ') from history where id in (4, 5, 6, 13, 17)"),
        "4 add []; 5 change [{\"field\":\"Number\"},{\"field\":\"City\"}]; 6 change []; 13 delete []; 17 change [{\"field\":\"password\"}]"
    );
}

#[test]
fn ids_of_rows_that_are_gone_are_not_given_out_again() {
    let run = Run::new();
    run.django(
        "delete from lettings_letting where id = 15; delete from lettings_address where id in (17, 21);
         update sqlite_sequence set seq = 4711 where name = 'profiles_profile';
         insert into sqlite_sequence values ('oc_lettings_site_letting', 900)",
    );
    run.run(&["migrate"]).succeeded();
    run.sql(
        "insert into \"group\" (id, name, updated_at) values (88, 'x', ''); delete from \"group\"",
    );
    run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert_eq!(
        run.ask("select group_concat(name || ' ' || seq, ', ') from (select * from sqlite_sequence where name <> 'permission' order by name)"),
        "address 21, group 88, history 20, letting 900, profile 4711, user 30"
    );
}

#[test]
fn profiles_print_no_address_unless_the_operator_wants_the_old_habit() {
    let run = Run::new();
    run.django("");
    run.run(&["import-django", "--show-emails", "db.sqlite3"])
        .succeeded();
    assert_eq!(
        run.ask("select count(*) from profile where show_email"),
        "28"
    );
}

#[test]
fn a_dry_run_reports_and_leaves_nothing() {
    let run = Run::new();
    run.django("");
    let out = run
        .run(&["import-django", "--dry-run", "db.sqlite3"])
        .succeeded();
    assert!(
        out.starts_with("would import 15 lettings, 18 addresses, 30 users, 28 profiles\n"),
        "{out}"
    );
    assert!(out.ends_with("\nnothing was written\n"), "{out}");
    assert_eq!(
        run.ask("select (select count(*) from user) + (select count(*) from address) + (select count(*) from setting where name = 'imported')"),
        "0"
    );
    assert_eq!(
        run.ask("select count(*) from sqlite_sequence where name = 'address'"),
        "0"
    );
    run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert_eq!(run.ask("select count(*) from letting"), "15");
}
