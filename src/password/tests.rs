//! The hashes of Django's own hashers, at costs that tests can afford, and texts that are none.

use proptest::prelude::*;

use super::*;

const PLAIN: &str = "pässwörd-ünïcode-🍊";

/// Written by Django 5.2 for [`PLAIN`]; the third argon2 one without the version, as before 2016.
const DJANGO: &[&str] = &[
    "pbkdf2_sha256$1000$seasalt$xLtcw5Eni/f0yu4GtaUc/tGVui1yO/AxQnFBrESFXqM=",
    "pbkdf2_sha256$1000$hIBkXOpWdyGNWnRFzGqvGa$qXqqXf0Je81VViM+09MBDREO+DgUnpNYGnbFYCUyFK0=",
    "pbkdf2_sha1$1000$seasalt$hXBW78B/ybEHLxJjptbLMUZWRrs=",
    "argon2$argon2id$v=19$m=64,t=1,p=2$c2Vhc2FsdHNlYXNhbHQ$lKBbWgFyu7ywAzlwk9DuinOx95j/rcccGz3WzvSStIk",
    "argon2$argon2i$v=19$m=512,t=2,p=2$c2Vhc2FsdHNlYQ$i/3Ker/nASJ36JvHoD2tZg",
    "argon2$argon2i$m=64,t=1,p=1$c2Vhc2FsdHNlYQ$UAYiU4ijw0sTe3o+Brr/dF8AwuFeWsr9ySCZU3Fgi/I",
    "bcrypt_sha256$$2b$04$qyNsdOKu5mwj.aTF.2B40.xO4KQSYULU/QH46YCv7JomS.DrJENCa",
    "bcrypt$$2b$04$47OLSY2xldipVTejKYfIre4SNxaGjE2otjVxurY65tTI8KRuC9O6m",
    "scrypt$1024$seasalt$8$1$vFFMVvlJU8y0HzKpgZWyZ70YlwStPyBiWG30wtOQviyuEt+egw5w2qMI1sEaLrZ5GUhyw/LsH5Wo8ccz1D0Yzg==",
    "scrypt$64$seasalt$8$5$YFBQuYh0hF4iJ2TjqaXqtfTE5JOzijjK2vLZ7HD+F2pFtuKIdobZiDDx4PuuG5g16DbzSkj9MSN0srfvXsz8pA==",
];

/// No password can match these: unusable, not accepted by Django's defaults either, malformed, or impossible.
const NONE: &[&str] = &[
    "",
    "$",
    UNUSABLE,
    "!YfTRmEtbiAyEyznEFoWpcb9kRtD5mOdjIUJuNN8R",
    "md5$seasalt$dd6c1ad786fe0aa30909ebf058100717",
    "pässwörd-ünïcode-🍊",
    "pbkdf2_sha256$1000$seasalt$",
    "pbkdf2_sha256$0$seasalt$xLtcw5Eni/f0yu4GtaUc/tGVui1yO/AxQnFBrESFXqM=",
    "pbkdf2_sha256$+1000$seasalt$xLtcw5Eni/f0yu4GtaUc/tGVui1yO/AxQnFBrESFXqM=",
    "pbkdf2_sha256$1000$seasalt$hXBW78B/ybEHLxJjptbLMUZWRrs=",
    "argon2$argon2id$v=19$m=1,t=1,p=2$c2Vhc2FsdHNlYXNhbHQ$lKBbWgFyu7ywAzlwk9DuinOx95j/rcccGz3WzvSStIk",
    "argon2$argon2id$v=20$m=64,t=1,p=2$c2Vhc2FsdHNlYXNhbHQ$lKBbWgFyu7ywAzlwk9DuinOx95j/rcccGz3WzvSStIk",
    "$argon2id$v=19$m=64,t=1,p=2$c2Vhc2FsdHNlYXNhbHQ$",
    "bcrypt$$2x$04$47OLSY2xldipVTejKYfIre4SNxaGjE2otjVxurY65tTI8KRuC9O6m",
    "bcrypt$$2b$03$47OLSY2xldipVTejKYfIre4SNxaGjE2otjVxurY65tTI8KRuC9O6m",
    "scrypt$1000$seasalt$8$1$vFFMVvlJU8y0HzKpgZWyZ70YlwStPyBiWG30wtOQviyuEt+egw5w2qMI1sEaLrZ5GUhyw/LsH5Wo8ccz1D0Yzg==",
    "scrypt$1$seasalt$8$1$vFFMVvlJU8y0HzKpgZWyZ70YlwStPyBiWG30wtOQviyuEt+egw5w2qMI1sEaLrZ5GUhyw/LsH5Wo8ccz1D0Yzg==",
];

/// Well formed, and refused for what they would cost.
const DEAR: &[&str] = &[
    "pbkdf2_sha256$10000001$seasalt$xLtcw5Eni/f0yu4GtaUc/tGVui1yO/AxQnFBrESFXqM=",
    "argon2$argon2id$v=19$m=262145,t=1,p=2$c2Vhc2FsdHNlYXNhbHQ$lKBbWgFyu7ywAzlwk9DuinOx95j/rcccGz3WzvSStIk",
    "argon2$argon2id$v=19$m=64,t=4294967295,p=2$c2Vhc2FsdHNlYXNhbHQ$lKBbWgFyu7ywAzlwk9DuinOx95j/rcccGz3WzvSStIk",
    "bcrypt$$2b$15$47OLSY2xldipVTejKYfIre4SNxaGjE2otjVxurY65tTI8KRuC9O6m",
    "scrypt$262144$seasalt$8$1$vFFMVvlJU8y0HzKpgZWyZ70YlwStPyBiWG30wtOQviyuEt+egw5w2qMI1sEaLrZ5GUhyw/LsH5Wo8ccz1D0Yzg==",
    "scrypt$1024$seasalt$8$100000$vFFMVvlJU8y0HzKpgZWyZ70YlwStPyBiWG30wtOQviyuEt+egw5w2qMI1sEaLrZ5GUhyw/LsH5Wo8ccz1D0Yzg==",
    "scrypt$2$seasalt$4294967295$4294967295$vFFMVvlJU8y0HzKpgZWyZ70YlwStPyBiWG30wtOQviyuEt+egw5w2qMI1sEaLrZ5GUhyw/LsH5Wo8ccz1D0Yzg==",
];

#[test]
fn a_new_hash_matches_its_password_only_and_is_current() {
    let stored = hash(PLAIN).unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(verify(PLAIN, &stored), Verdict::Match { outdated: false });
    assert_eq!(verify("password", &stored), Verdict::Mismatch);
    assert_ne!(hash(PLAIN).unwrap(), stored);
}

#[test]
fn djangos_hashes_match_their_password_only_and_are_outdated() {
    for stored in DJANGO {
        assert!(is_usable(stored), "{stored}");
        let verdict = verify(PLAIN, stored);
        assert_eq!(verdict, Verdict::Match { outdated: true }, "{stored}");
        for other in ["", "password", "pässwörd-ünïcode-🍊 "] {
            assert_eq!(verify(other, stored), Verdict::Mismatch, "{stored}");
        }
    }
}

#[test]
fn our_own_hash_in_djangos_notation_matches_and_is_outdated() {
    let stored = format!("argon2{}", hash(PLAIN).unwrap());
    assert_eq!(verify(PLAIN, &stored), Verdict::Match { outdated: true });
}

#[test]
fn what_no_password_can_match_is_neither_usable_nor_summed_up() {
    for stored in NONE.iter().chain(DEAR) {
        assert_eq!(verify(PLAIN, stored), Verdict::Mismatch, "{stored}");
        assert!(!is_usable(stored), "{stored}");
        assert_eq!(summary(stored), None, "{stored}");
        assert_eq!(memory_kib(stored), 19_456, "{stored}");
    }
}

#[test]
fn what_comes_from_elsewhere_is_told_apart() {
    for stored in DJANGO {
        assert_eq!(grade(stored), Grade::Usable, "{stored}");
    }
    for stored in DEAR {
        assert_eq!(grade(stored), Grade::TooCostly, "{stored}");
    }
    let beyond = DJANGO[0].replace("$1000$", "$99999999999999999999$");
    assert_eq!(grade(&beyond), Grade::TooCostly);
    for stored in ["", UNUSABLE, NONE[3]] {
        assert_eq!(grade(stored), Grade::Unusable, "{stored}");
    }
    let md5 = "dd6c1ad786fe0aa30909ebf058100717";
    let sha1 = format!("{md5}01234567");
    for (stored, name) in [
        (md5.to_owned(), "md5"),
        (format!("md5$${md5}"), "md5"),
        (format!("md5$seasalt${md5}"), "salted md5"),
        (format!("sha1$${sha1}"), "sha1"),
        (format!("sha1$seasalt${sha1}"), "salted sha1"),
        ("crypt$$ab1Hv2Lg7ltQo".to_owned(), "crypt"),
    ] {
        assert_eq!(grade(&stored), Grade::Abandoned(name), "{stored}");
    }
    for stored in ["$", "md5$seasalt$dd6c", "sha1$", "Abc1234!"]
        .iter()
        .chain(&NONE[5..])
    {
        assert_eq!(grade(stored), Grade::Malformed, "{stored}");
    }
}

#[test]
fn an_unknown_account_costs_one_of_our_hashes() {
    assert!(Stored::read(DECOY).is_ok_and(|decoy| decoy.is_current()));
    spend();
}

#[test]
fn the_dearest_defaults_of_django_are_accepted_and_their_memory_is_known() {
    let argon2 = "argon2$argon2id$v=19$m=102400,t=2,p=8$c2Vhc2FsdHNlYXNhbHQ$lKBbWgFyu7ywAzlwk9DuinOx95j/rcccGz3WzvSStIk";
    let scrypt = DJANGO[8].replace("$1024$seasalt$8$1$", "$16384$seasalt$8$5$");
    let pbkdf2 = DJANGO[0].replace("$1000$", "$1500000$");
    let bcrypt = DJANGO[6].replace("$04$", "$14$");
    let needs = [argon2, &scrypt, &pbkdf2, &bcrypt].map(|stored| {
        assert!(is_usable(stored), "{stored}");
        memory_kib(stored)
    });
    assert_eq!(needs, [102_400, 16_389, 4, 4]);
}

#[test]
fn a_summary_shows_how_a_hash_was_made_and_little_of_what_is_secret() {
    let shown = |stored| {
        let summary = summary(stored).unwrap();
        let details = summary.details.into_iter();
        details.fold(summary.algorithm, |text, (name, value)| {
            format!("{text}; {name}: {value}")
        })
    };
    assert_eq!(
        shown(DJANGO[0]),
        "pbkdf2_sha256; iterations: 1000; salt: seasal*; hash: xLtcw5**************************************"
    );
    assert_eq!(
        shown(DJANGO[7]),
        "bcrypt; work factor: 4; salt: 47OLSY****************; checksum: 4SNxaG*************************"
    );
    assert_eq!(
        shown(DECOY),
        "argon2; variety: argon2id; version: 19; memory cost: 19456; time cost: 2; parallelism: 1; \
         salt: dGhpcy****************; hash: AAAAAA*************************************"
    );
    assert!(shown(DJANGO[9]).starts_with(
        "scrypt; work factor: 64; block size: 8; parallelism: 5; salt: seasal*; hash: YFBQuY***"
    ));
}

/// Whatever the text is, each question about it has an answer.
fn ask_everything(stored: &str) {
    let usable = is_usable(stored);
    assert_eq!(summary(stored).is_some(), usable);
    assert!(memory_kib(stored) <= 256 * 1024);
    // Not all costs that are bearable once are bearable in every case of a property.
    if !stored.contains("$14$") {
        verify("x", stored);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), name in "(|argon2|bcrypt|bcrypt_sha256|pbkdf2_sha1|scrypt)") {
        ask_everything(&text);
        ask_everything(&format!("{name}${text}"));
    }

    #[test]
    fn no_costs_make_it_panic(
        n in prop_oneof![0_u32..2000, Just(16), Just(1024), any::<u32>().prop_map(|n| n | 1 << 24)],
        r in prop_oneof![0_u32..5, any::<u32>().prop_map(|n| n | 1 << 20)],
        p in prop_oneof![0_u32..5, any::<u32>().prop_map(|n| n | 1 << 20)],
    ) {
        ask_everything(&DJANGO[8].replace("$1024$seasalt$8$1$", &format!("${n}$seasalt${r}${p}$")));
        ask_everything(&DJANGO[3].replace("m=64,t=1,p=2", &format!("m={n},t={r},p={p}")));
        ask_everything(&DJANGO[2].replace("$1000$", &format!("${n}$")));
    }

    #[test]
    fn no_slip_in_a_hash_makes_it_panic(
        stored in proptest::sample::select(DJANGO),
        at in any::<proptest::sample::Index>(),
        slip in "[$=,0-9a-zA-Zé+/]{0,2}",
    ) {
        let at = at.index(stored.len());
        let (before, after) = stored.split_at(at);
        ask_everything(&format!("{before}{slip}{after}"));
        ask_everything(&format!("{before}{slip}{}", &after[1..]));
    }
}

#[test]
fn what_is_taken_in_and_handed_out_again_matches_as_before() {
    for django in DJANGO {
        let stored = taken_in(django).unwrap();
        assert_eq!(verify(PLAIN, &stored), Verdict::Match { outdated: true });
        assert_eq!(handed_out(&stored), *django);
        assert!(!stored.starts_with("argon2"), "{stored}");
    }
    let ours = hash(PLAIN).unwrap();
    assert!(handed_out(&ours).starts_with("argon2$argon2id$"));
    assert_eq!(taken_in(&handed_out(&ours)), Ok(ours));
}

#[test]
fn a_hash_that_nothing_can_match_is_taken_in_only_when_it_says_so() {
    assert_eq!(taken_in("").as_deref(), Ok(UNUSABLE));
    for text in NONE.iter().chain(DEAR).filter(|text| !text.is_empty()) {
        let expected = match grade(text) {
            Grade::Unusable | Grade::Abandoned(_) => Ok(*text),
            refused => Err(refused),
        };
        assert_eq!(taken_in(text).as_deref(), expected.as_deref(), "{text}");
    }
    let nul = DJANGO[0].replace("seasalt", "sea\0salt");
    for text in [nul.as_str(), "!\0", &"!".repeat(1025)] {
        assert_eq!(taken_in(text), Err(Grade::Malformed), "{text}");
    }
}
