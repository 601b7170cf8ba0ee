//! Passwords: argon2id with the parameters OWASP recommends (m = 19 MiB, t = 2, p = 1), and nothing else measurable.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash as PhcString,
};
use stockroom_domain::{source::Sources, user::Password};
use stockroom_store::PasswordHash;

use crate::{app::App, problem::ApiError};

/// What an unknown account is verified against, so that it takes as long as a known one: the form of a hash, of no password.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c3RvY2tyb29tbm9ib2R5cw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies.
#[derive(Debug)]
pub struct Hasher {
    sources: Sources,
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

impl Hasher {
    /// A hasher that takes its salts from `sources`.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        Self { sources }
    }

    /// Hashes a password for keeping. It keeps a processor busy for tens of milliseconds.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub fn hash(&self, password: &str) -> Result<PasswordHash, ApiError> {
        let salt: [u8; 16] = self.sources.bytes();
        let hash: Result<PhcString, _> = argon2().hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|hash| PasswordHash(hash.to_string())).map_err(|error| ApiError::Internal(error.to_string()))
    }

    /// Whether the password is the one of the hash; false, after as long a time, when there is none.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, ApiError> {
        let stored = hash.map_or(NOBODYS_HASH, |hash| hash.0.as_str());
        let parsed = PhcString::new(stored).map_err(|error| ApiError::Internal(error.to_string()))?;
        let matches = argon2().verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(matches && hash.is_some())
    }
}

/// Hashes on a thread of its own, so that other requests of the process go on.
///
/// # Errors
/// [`ApiError::Internal`].
pub async fn hash(app: &App, password: Password) -> Result<PasswordHash, ApiError> {
    let app = app.clone();
    aside(move || app.hasher().hash(password.reveal())).await
}

/// Verifies on a thread of its own.
///
/// # Errors
/// [`ApiError::Internal`].
pub async fn verify(app: &App, password: String, hash: Option<PasswordHash>) -> Result<bool, ApiError> {
    let app = app.clone();
    aside(move || app.hasher().verify(&password, hash.as_ref())).await
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, ApiError> + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::Internal(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use stockroom_runtime::{OsEntropy, SystemClock};

    use super::*;

    #[test]
    fn only_the_right_password_of_a_known_account_passes() {
        let hasher = Hasher::new(Sources::new(SystemClock, OsEntropy));
        let hash = hasher.hash("correct horse battery").unwrap();
        let parameters = "$argon2id$v=19$m=19456,t=2,p=1$";
        assert!(hash.0.starts_with(parameters) && NOBODYS_HASH.starts_with(parameters), "{}", hash.0);
        assert_eq!(hash.0.len(), NOBODYS_HASH.len());
        assert!(hasher.verify("correct horse battery", Some(&hash)).unwrap());
        assert!(!hasher.verify("correct horse batterY", Some(&hash)).unwrap());
        assert!(!hasher.verify("correct horse battery", None).unwrap());
    }
}
