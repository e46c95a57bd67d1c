//! Rows that break rules, in all the ways that SQLite lets through, and values that are only tidied.

use crate::run::Run;

/// What the report says of a database with these changes; nothing of it is written.
fn refused(sql: &str) -> String {
    let run = Run::new();
    run.django(sql);
    let done = run.run(&["import-django", "db.sqlite3"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(run.ask("select count(*) from user"), "0");
    done.out
}

/// Each statement spoils a row of its own, and each line must be in the one report.
fn all_named(cases: &[(&str, &[&str])]) {
    let sql: Vec<&str> = cases.iter().map(|(sql, _)| *sql).collect();
    let out = refused(&sql.join(";"));
    for (sql, lines) in cases {
        for line in *lines {
            let line = format!("  {line}");
            assert!(
                out.lines().any(|found| found == line),
                "no {line:?} for {sql} in {out}"
            );
        }
    }
    let named: usize = cases.iter().map(|(_, lines)| lines.len()).sum();
    assert_eq!(
        out.lines()
            .filter(|line| line.contains(": ") && line.starts_with("  "))
            .count(),
        named,
        "{out}"
    );
}

#[test]
fn every_bad_address_is_named_with_its_column_value_and_reason() {
    all_named(&[
        (
            "update lettings_address set street = '' where id = 1; delete from lettings_letting where id < 12",
            &["lettings_address 1: street \"\": This field is required."],
        ),
        (
            "update lettings_address set street = 'a' || char(10) || 'b' where id = 2",
            &[
                "lettings_address 2: street \"a\\nb\": Control characters are not allowed; this is a single line.",
            ],
        ),
        (
            "update lettings_address set city = cast(x'6100' as text) where id = 3",
            &["lettings_address 3: city \"a\\0\": Null characters are not allowed."],
        ),
        (
            "update lettings_address set city = printf('%65s', 'x') || 'ééé' where id = 4; update lettings_address set city = replace(printf('%065d', 0), '0', 'é') where id = 4",
            &[
                "lettings_address 4: city \"éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé\"…: Ensure this value has at most 64 characters (it has 65).",
            ],
        ),
        (
            "update lettings_address set number = -1, zip_code = -92602 where id = 5",
            &[
                "lettings_address 5: number -1: Ensure this value is greater than or equal to 0.",
                "lettings_address 5: zip_code -92602: Ensure this value is greater than or equal to 0.",
            ],
        ),
        (
            "update lettings_address set number = 12.5, zip_code = 'ABC12' where id = 6",
            &[
                "lettings_address 6: number 12.5: This is a number with a fraction.",
                "lettings_address 6: zip_code \"ABC12\": Enter five digits, or nine as 92602-1234.",
            ],
        ),
        (
            "update lettings_address set number = x'31', street = cast(x'ff' as text) where id = 7",
            &[
                "lettings_address 7: number (binary): This is binary, or longer than a mebibyte.",
                "lettings_address 7: street \"\u{fffd}\": This is not UTF-8 text.",
            ],
        ),
        (
            "update lettings_address set state = 'ZZ' where id = 8",
            &[
                "lettings_address 8: state \"ZZ\": Enter a state or territory of the USA, such as CA.",
            ],
        ),
        (
            "update lettings_address set country_iso_code = 'XYZ', state = 'C1' where id = 9",
            &[
                "lettings_address 9: state \"C1\": Enter the two letters of the state, such as CA.",
                "lettings_address 9: country_iso_code \"XYZ\": Enter the three letters of the country (ISO 3166-1 alpha-3), such as USA.",
            ],
        ),
        (
            "update lettings_address set zip_code = 123456 where id = 10; update lettings_address set country_iso_code = 'USA' where id = 10",
            &["lettings_address 10: zip_code 123456: Enter five digits, or nine as 92602-1234."],
        ),
        (
            "update lettings_address set street = zeroblob(2000000), number = 'twelve-hundred' where id = 11",
            &[
                "lettings_address 11: street (binary): This is binary, or longer than a mebibyte.",
                "lettings_address 11: number \"twelve-hundred\": Ensure this value has at most 10 characters (it has 14).",
            ],
        ),
        (
            "update lettings_address set street = '\u{202e}evil' where id = 14",
            &[
                "lettings_address 14: street \"\\u{202e}evil\": Characters that turn the direction of writing round are not allowed.",
            ],
        ),
        (
            "insert into lettings_address values (-5, 1, 'x', 'x', 'CA', 92602, 'USA')",
            &["lettings_address -5: id -5: This is no positive whole number."],
        ),
    ]);
}

#[test]
fn every_bad_account_is_named_and_no_hash_and_no_address_of_anybody_is_printed() {
    let cases: &[(&str, &[&str])] = &[
        ("delete from profiles_profile where user_id between 2 and 30; delete from auth_user_groups; delete from auth_user_user_permissions;
          update auth_user set username = 'two words' where id = 2",
         &["auth_user 2: username \"two words\": Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."]),
        ("update auth_user set username = '...' where id = 3",
         &["auth_user 3: username \"...\": Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."]),
        ("update auth_user set username = '' where id = 4",
         &["auth_user 4: username \"\": This field is required."]),
        ("update auth_user set username = replace(printf('%0151d', 0), '0', 'u') where id = 5",
         &["auth_user 5: username \"uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu\"…: Ensure this value has at most 150 characters (it has 151)."]),
        ("update auth_user set email = 'secret-address' where id = 6",
         &["auth_user 6: email (not shown): Enter a valid email address."]),
        ("update auth_user set password = 'secret-in-clear' where id = 7",
         &["auth_user 7: password (not shown): This is no hash of a kind that Django writes."]),
        ("update auth_user set password = replace(password, '$150000$', '$10000001$') where id = 8",
         &["auth_user 8: password (not shown): Checking a password against this hash would take too much time or memory (more than 10 million rounds of PBKDF2, 256 MiB, or a bcrypt cost of 14)."]),
        ("update auth_user set password = 'argon2$argon2id$v=19$m=262145,t=1,p=2$c2Vhc2FsdHNlYXNhbHQ$lKBbWgFyu7ywAzlwk9DuinOx95j/rcccGz3WzvSStIk' where id = 9",
         &["auth_user 9: password (not shown): Checking a password against this hash would take too much time or memory (more than 10 million rounds of PBKDF2, 256 MiB, or a bcrypt cost of 14)."]),
        ("update auth_user set password = replace(password, '$2b$12$', '$2b$15$') where id = 22",
         &["auth_user 22: password (not shown): Checking a password against this hash would take too much time or memory (more than 10 million rounds of PBKDF2, 256 MiB, or a bcrypt cost of 14)."]),
        ("update auth_user set password = x'00' where id = 10",
         &["auth_user 10: password (not shown): This is no text."]),
        ("update auth_user set is_active = 'true', is_staff = 2 where id = 11",
         &["auth_user 11: is_active \"true\": This is neither 0 nor 1.",
           "auth_user 11: is_staff 2: This is neither 0 nor 1."]),
        ("update auth_user set date_joined = '2026-02-30 00:00:00', last_login = 'yesterday' where id = 12",
         &["auth_user 12: date_joined \"2026-02-30 00:00:00\": This is no moment, such as 2026-11-22 07:31:05.",
           "auth_user 12: last_login \"yesterday\": This is no moment, such as 2026-11-22 07:31:05."]),
        ("update auth_user set date_joined = 1763796665 where id = 13",
         &["auth_user 13: date_joined 1763796665: This is no moment, such as 2026-11-22 07:31:05."]),
        ("update auth_user set first_name = replace(printf('%0151d', 0), '0', 'n') where id = 14",
         &["auth_user 14: first_name \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\"…: Ensure this value has at most 150 characters (it has 151)."]),
        // The ligature is two letters in the form in which names are asked for, and those two are taken.
        ("update auth_user set username = 'office' where id = 15; update auth_user set username = 'o\u{fb03}ce' where id = 16",
         &["auth_user 16: username \"o\u{fb03}ce\": An earlier row has the same."]),
    ];
    all_named(cases);
    let sql: Vec<&str> = cases.iter().map(|(sql, _)| *sql).collect();
    let out = refused(&sql.join(";"));
    for secret in [
        "secret-address",
        "secret-in-clear",
        "c2Vhc2FsdHNlYXNhbHQ",
        "example.com",
        "email.com",
    ] {
        assert!(!out.contains(secret), "{secret} in {out}");
    }
}

#[test]
fn what_hangs_on_a_bad_row_is_named_and_what_points_nowhere_as_well() {
    all_named(&[
        ("update auth_user set username = '..' where id = 6",
         &["auth_user 6: username \"..\": Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.",
           "auth_user_groups 1: user_id 6: It hangs on auth_user 6, which cannot be taken.",
           "profiles_profile 7: user_id 9: There is no user of this id."]),
        ("update auth_group set name = '' where id = 1",
         &["auth_group 1: name \"\": This field is required.",
           "auth_user_groups 1: group_id 1: It hangs on auth_group 1, which cannot be taken."]),
        ("delete from auth_group_permissions; delete from auth_user_user_permissions; delete from auth_user where id = 9;
          insert into auth_user_user_permissions values (60, 99, 25), (61, 8, 999)",
         &["auth_user_user_permissions 60: user_id 99: There is no user of this id.",
           "auth_user_user_permissions 61: permission_id 999: There is no permission of this id."]),
        ("update lettings_letting set address_id = 4000 where id = 1",
         &["lettings_letting 1: address_id 4000: There is no address of this id."]),
        ("update lettings_letting set title = '   ' where id = 2",
         &["lettings_letting 2: title \"   \": This field is required."]),
        ("insert into auth_user_groups values (70, 8, 500)",
         &["auth_user_groups 70: group_id 500: There is no group of this id."]),
        ("update django_admin_log set action_flag = 9, action_time = 'never' where id = 1",
         &["django_admin_log 1: action_time \"never\": This is no moment, such as 2026-11-22 07:31:05.",
           "django_admin_log 1: action_flag 9: This is neither 1 (added), 2 (changed) nor 3 (deleted)."]),
        ("update django_admin_log set object_id = replace(printf('%065d', 0), '0', 'x') where id = 2",
         &["django_admin_log 2: object_id \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"…: This is no id: it has a null character or more than 64 characters."]),
    ]);
}

#[test]
fn tables_without_the_keys_of_django_are_read_as_well_and_twins_are_named() {
    let out = refused(
        "create table copy as select * from lettings_letting; drop table lettings_letting; alter table copy rename to lettings_letting;
         insert into lettings_letting values (3, 'Twin by id', 14), (40, 'Twin by address', 2), (null, 'Without an id', 15), ('x', 'With a word', 15);
         create table people as select * from auth_user; drop table auth_user; alter table people rename to auth_user;
         update auth_user set username = 'AirWow' where id = 4",
    );
    for line in [
        "  lettings_letting 3: id 3: An earlier row has the same.",
        "  lettings_letting 40: address_id 2: An earlier row has the same.",
        "  lettings_letting null: id null: This is no positive whole number.",
        "  lettings_letting \"x\": id \"x\": This is no positive whole number.",
        "  auth_user 4: username \"AirWow\": An earlier row has the same.",
        "  profiles_profile 2: user_id 4: It hangs on auth_user 4, which cannot be taken.",
    ] {
        assert!(
            out.lines().any(|found| found == line),
            "no {line:?} in {out}"
        );
    }
}

#[test]
fn with_skip_bad_the_bad_rows_alone_are_missing() {
    let run = Run::new();
    run.django("update auth_user set username = 'a b' where id = 3; update lettings_address set state = 'C' where id = 2");
    let out = run
        .run(&["import-django", "--skip-bad", "db.sqlite3"])
        .succeeded();
    assert!(out.starts_with("left out 4 rows:\n"), "{out}");
    assert!(
        out.contains("\nimported 14 lettings, 17 addresses, 29 users, 27 profiles\n"),
        "{out}"
    );
    assert_eq!(
        run.ask("select group_concat(n) from (select count(*) as n from user where id = 3 union all select count(*) from profile where user_id = 3
                 union all select count(*) from address where id = 2 union all select count(*) from letting where id = 2)"),
        "0,0,0,0"
    );
    assert_eq!(
        run.ask("select seq from sqlite_sequence where name = 'user'"),
        "30"
    );
}

#[test]
fn what_only_looks_odd_is_taken_and_what_is_tidied_is_counted() {
    let run = Run::new();
    run.django(
        "update lettings_address set number = '12B', zip_code = '00501' where id = 1;
         update lettings_address set number = 340.0, zip_code = '501' where id = 2;
         update lettings_address set street = '  Wintergreen Avenue ', state = ' va' where id = 3;
         update lettings_address set country_iso_code = 'can', state = 'bc', zip_code = 'V5K 0A1' where id = 4;
         update lettings_address set zip_code = '92602-1234' where id = 5;
         update profiles_profile set favorite_city = ' Irvine ' where id = 1;
         update auth_user set first_name = ' Ada', password = '' where id = 3;
         update auth_user set username = 'o\u{fb03}ce' where id = 4;
         update auth_user set date_joined = '2020-06-14T09:44:05.25+02:00', last_login = '2020-06-14' where id = 5;
         update auth_user set password = 'sha1$seasalt$dd6c1ad786fe0aa30909ebf05810071701234567' where id = 2;
         update auth_group set name = ' Letting editors' where id = 1",
    );
    let out = run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert!(
        out.contains("\ntidied 4 ZIPs (leading zeros), 3 states (capitals), 2 countries (capitals), 5 texts (blanks around them), 1 username (NFKC)\n"),
        "{out}"
    );
    assert!(out.contains("\n26 passwords work, 1 salted md5, 1 salted sha1, 2 unusable: no sign-in until a new one is set\n"), "{out}");
    assert_eq!(
        run.ask("select group_concat(number || '|' || street || '|' || state || '|' || zip_code || '|' || country_iso_code, '; ') from address where id < 6"),
        "12B|Bedford Street|GA|00501|USA; 340|Military Street|OH|00501|USA; 340|Wintergreen Avenue|VA|23601|USA; \
         9230|E. Joy Ridge Street|BC|V5K 0A1|CAN; 9606|Harvard Street|PA|92602-1234|USA"
    );
    assert_eq!(
        run.ask("select group_concat(username || '|' || first_name || '|' || date_joined || '|' || coalesce(last_login, '-'), '; ') from user where id between 3 and 5"),
        "AirWow|Ada|2020-06-14T09:44:45.000000Z|-; office|Cassandra|2020-06-14T09:46:28.000000Z|-; \
         HeadlinesGazer|Jamie|2020-06-14T07:44:05.250000Z|2020-06-14T00:00:00.000000Z"
    );
    assert_eq!(run.ask("select password from user where id = 3"), "!");
    assert_eq!(
        run.ask("select favorite_city from profile where id = 1"),
        "Irvine"
    );
}

#[test]
fn columns_that_may_be_null_in_other_forks_are_empty() {
    let run = Run::new();
    run.django(
        "create table copy as select * from profiles_profile; drop table profiles_profile; alter table copy rename to profiles_profile;
         update profiles_profile set favorite_city = null where id = 2",
    );
    run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert_eq!(
        run.ask("select quote(favorite_city) from profile where id = 2"),
        "''"
    );
}

#[test]
fn tables_and_columns_without_a_place_here_are_named_before_somebody_misses_them() {
    let run = Run::new();
    run.django(
        "create table blog_post (id integer primary key, title text); insert into blog_post values (1, 'x'), (2, 'y');
         create table empty_one (id integer primary key);
         alter table profiles_profile add column bio text;
         create table oc_lettings_site_address as select * from lettings_address where id < 3",
    );
    let out = run.run(&["import-django", "db.sqlite3"]).succeeded();
    assert!(
        out.contains("\nnot taken, this site has no place for it: blog_post (2 rows), oc_lettings_site_address (2 rows), profiles_profile.bio\n"),
        "{out}"
    );
}

#[test]
fn a_site_whose_new_tables_are_empty_is_read_from_its_old_ones() {
    let run = Run::new();
    run.django_of(
        &crate::django::original(),
        "create table lettings_address (id integer primary key, number, street, city, state, zip_code, country_iso_code);
         create table lettings_letting (id integer primary key, title, address_id);
         create table profiles_profile (id integer primary key, user_id, favorite_city);
         insert into profiles_profile select id, user_id, 'New ' || favorite_city from oc_lettings_site_profile",
    );
    run.run(&["import-django", "--skip-bad", "db.sqlite3"])
        .succeeded();
    assert_eq!(run.ask("select count(*) from letting"), "14");
    assert_eq!(
        run.ask("select favorite_city from profile where id = 1"),
        "New Buenos Aires",
        "each app has its own names"
    );
}
