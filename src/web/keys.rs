//! What the site signs, so that it knows it again: tokens of forms, cookies that carry words.

use hmac::{Hmac, KeyInit, Mac};
use rocket::fairing::AdHoc;
use rocket::{Request, async_trait};
use sha2::Sha256;

use crate::config::Config;
use crate::db::Db;
use crate::digest;
use crate::models::setting;

/// The signing key, configured or kept in the database.
pub struct Keys(String);

impl Keys {
    /// A key of one's own.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The signature of some data, for one purpose only.
    pub fn sign(&self, purpose: &str, data: &str) -> String {
        digest::hex(&self.mac(purpose, data).finalize().into_bytes())
    }

    /// Whether a signature is right, compared in constant time.
    pub fn verify(&self, purpose: &str, data: &str, signature: &str) -> bool {
        let bytes: Option<Vec<u8>> = (0..signature.len())
            .step_by(2)
            .map(|place| u8::from_str_radix(signature.get(place..place + 2)?, 16).ok())
            .collect();
        bytes.is_some_and(|bytes| self.mac(purpose, data).verify_slice(&bytes).is_ok())
    }

    fn mac(&self, purpose: &str, data: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(data.as_bytes());
        mac
    }
}

/// Finds the key when the site starts; without one it does not start.
pub fn fairing() -> AdHoc {
    AdHoc::try_on_ignite("signing key", |rocket| async move {
        let configured = rocket
            .state::<Config>()
            .and_then(|config| config.secret_key.clone());
        let key = match (configured, rocket.state::<Db>()) {
            (Some(key), _) => Some(key.reveal().to_owned()),
            (None, Some(db)) => match db.write_now(setting::secret_key) {
                Ok(key) => Some(key),
                Err(error) => {
                    log::error!("the signing key cannot be read: {error}");
                    None
                }
            },
            (None, None) => None,
        };
        match key {
            Some(key) => Ok(rocket.manage(Keys(key))),
            None => Err(rocket),
        }
    })
}

#[async_trait]
impl<'r> rocket::request::FromRequest<'r> for &'r Keys {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> rocket::request::Outcome<Self, ()> {
        match request.rocket().state::<Keys>() {
            Some(keys) => rocket::request::Outcome::Success(keys),
            None => {
                rocket::request::Outcome::Error((rocket::http::Status::InternalServerError, ()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_one_purpose_one_text_and_one_key() {
        let keys = Keys::new("key");
        let signature = keys.sign("form", "token");
        assert!(keys.verify("form", "token", &signature));
        assert!(
            !keys.verify("cookie", "token", &signature)
                && !keys.verify("form", "tokem", &signature)
        );
        assert!(!Keys::new("other").verify("form", "token", &signature));
        for junk in ["", "zz", "é", &signature[1..], "00"] {
            assert!(!keys.verify("form", "token", junk), "{junk:?}");
        }
    }
}
