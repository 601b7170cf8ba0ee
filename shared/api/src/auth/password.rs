//! Passwords: argon2id with the OWASP parameters (m = 19 MiB, t = 2, p = 1). An unknown account takes as long as a
//! known one.

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash as PhcString,
};
use stockroom_domain::{source::Sources, user::Password};
use stockroom_store::PasswordHash;

use crate::problem::ApiError;

/// The hash that a password for an unknown account is verified against, so that it takes as long as for a known one. It
/// is well-formed and belongs to no password.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c3RvY2tyb29tbm9ib2R5cw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies.
#[derive(Debug)]
pub struct Hasher {
    sources: Sources,
}

/// The result of verifying a password.
#[derive(Debug)]
pub struct Verified {
    /// Whether the password matches the hash.
    pub matches: bool,
    /// The hash with the present parameters, if the password matches a hash with weaker ones.
    pub renewed: Option<PasswordHash>,
    /// The number of hashes computed.
    pub(crate) hashes: u64,
}

/// Whether a hash has weaker parameters than the present ones.
fn is_outdated(hash: &PhcString) -> bool {
    let is_weaker =
        |params: &Params| params.m_cost() < Params::DEFAULT.m_cost() || params.t_cost() < Params::DEFAULT.t_cost();
    hash.algorithm != ARGON2ID_IDENT
        || hash.version != Some(Version::V0x13.into())
        || Params::try_from(hash).is_ok_and(|params| is_weaker(&params))
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

    /// Hashes a password for storage. It takes tens of milliseconds of processor time.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub fn hash(&self, password: &str) -> Result<PasswordHash, ApiError> {
        let salt: [u8; 16] = self.sources.bytes();
        let hash: Result<PhcString, _> = argon2().hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|hash| PasswordHash(hash.to_string())).map_err(|error| ApiError::Internal(error.to_string()))
    }

    /// Whether the password matches the hash; false, after the same time, without a hash.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<Verified, ApiError> {
        let password = Password::prepare(password);
        let stored = hash.map_or(NOBODYS_HASH, |hash| hash.0.as_str());
        let parsed = PhcString::new(stored).map_err(|error| ApiError::Internal(error.to_string()))?;
        let matches = argon2().verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some();
        // A wrong password is rehashed too: otherwise the time until a refusal would distinguish an account with an old
        // hash from an unknown one.
        let renewed = if is_outdated(&parsed) { Some(self.hash(&password)?) } else { None };
        let hashes = if renewed.is_some() { 2 } else { 1 };
        Ok(Verified { matches, renewed: renewed.filter(|_| matches), hashes })
    }
}

#[cfg(test)]
mod tests {
    use stockroom_runtime::{OsEntropy, SystemClock};

    use super::*;

    #[test]
    fn verify_accepts_only_the_password_of_a_known_account() {
        let hasher = Hasher::new(Sources::new(SystemClock, OsEntropy));
        let hash = hasher.hash("correct horse battery").unwrap();
        let parameters = "$argon2id$v=19$m=19456,t=2,p=1$";
        assert!(hash.0.starts_with(parameters) && NOBODYS_HASH.starts_with(parameters), "{}", hash.0);
        assert_eq!(hash.0.len(), NOBODYS_HASH.len());
        let matches = |password, hash| hasher.verify(password, hash).unwrap().matches;
        assert!(matches("correct horse battery", Some(&hash)));
        assert!(!matches("correct horse batterY", Some(&hash)));
        assert!(!matches("correct horse battery", None));
        assert!(hasher.verify("correct horse battery", Some(&hash)).unwrap().renewed.is_none());
    }

    #[test]
    fn verify_accepts_every_unicode_form_of_a_password() {
        let hasher = Hasher::new(Sources::new(SystemClock, OsEntropy));
        let password: Password = "d\u{e9}j\u{e0} vu, again".parse().unwrap();
        let hash = hasher.hash(password.reveal()).unwrap();
        for typed in ["de\u{301}ja\u{300} vu, again", "d\u{e9}j\u{e0}\u{a0}vu, again"] {
            assert!(hasher.verify(typed, Some(&hash)).unwrap().matches, "{typed}");
        }
    }

    #[test]
    fn verify_against_a_weak_hash_returns_a_renewed_hash() {
        let hasher = Hasher::new(Sources::new(SystemClock, OsEntropy));
        let with = |algorithm, m, t, p| {
            let argon2 = Argon2::new(algorithm, Version::V0x13, Params::new(m, t, p, None).unwrap());
            let hash: PhcString =
                argon2.hash_password_with_salt(b"correct horse battery", b"a salt of 16 ch.").unwrap();
            PasswordHash(hash.to_string())
        };
        let id = Algorithm::Argon2id;
        for (hash, is_renewed) in [
            (with(id, 8 * 1024, 1, 1), true),
            (with(id, 19 * 1024, 1, 1), true),
            (with(id, 8 * 1024, 2, 1), true),
            (with(Algorithm::Argon2i, 19 * 1024, 2, 1), true),
            (with(id, 19 * 1024, 2, 1), false),
            (with(id, 20 * 1024, 3, 2), false),
        ] {
            let right = hasher.verify("correct horse battery", Some(&hash)).unwrap();
            assert_eq!((right.matches, right.renewed.is_some()), (true, is_renewed), "{}", hash.0);
            if let Some(renewed) = right.renewed {
                assert!(renewed.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", renewed.0);
                assert!(hasher.verify("correct horse battery", Some(&renewed)).unwrap().matches);
            }
            let wrong = hasher.verify("correct horse batterY", Some(&hash)).unwrap();
            assert!(!wrong.matches && wrong.renewed.is_none());
        }
    }
}
