//! The hashes of Django's own hashers, and texts that are none.

use super::*;

const PLAIN: &str = "pässwörd-ünïcode-🍊";

#[test]
fn a_new_hash_matches_its_password_only_and_is_current() {
    let stored = hash(PLAIN).unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(verify(PLAIN, &stored), Verdict::Match { outdated: false });
    assert_eq!(verify("password", &stored), Verdict::Mismatch);
    assert_ne!(hash(PLAIN).unwrap(), stored);
}
