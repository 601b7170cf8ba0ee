//! The keys of a function. Each use asks for its key, so a function starts without keys that it does not use:
//! `notifications` signs links and no tokens, and with EdDSA only `auth` signs tokens.

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::config::ConfigError;

/// Signature algorithms of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// One key signs and verifies; every function has it.
    Hs256,
    /// Ed25519 (RFC 8037): only `auth` has the private key; the others verify with the public key.
    EdDsa,
}

impl Algorithm {
    /// Its name in a token's header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl FromStr for Algorithm {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Hs256, Self::EdDsa].into_iter().find(|known| known.name() == text).ok_or("HS256 or EdDSA")
    }
}

/// A secret of at least 32 characters. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) const EXPECTED: &str = "at least 32 random characters";

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for Secret {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() < 32 { Err(Self::EXPECTED) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The 32 bytes that seal cursors, written in URL-safe base64 without padding. Not shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CursorKey(pub [u8; 32]);

impl CursorKey {
    const EXPECTED: &str = "32 random bytes in URL-safe base64";
}

impl FromStr for CursorKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        thirty_two_bytes(text).map(Self).ok_or(Self::EXPECTED)
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(..)")
    }
}

/// The public half of a key of Ed25519.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

/// Public keys of Ed25519, each of 32 bytes in base64, separated by commas.
#[derive(Debug, Clone, Default)]
pub(crate) struct PublicKeys(Vec<PublicKey>);

impl PublicKeys {
    const EXPECTED: &str = "public keys of Ed25519, each of 32 bytes in base64, separated by commas";
}

impl FromStr for PublicKeys {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let keys = text.split(',').map(|key| thirty_two_bytes(key.trim()).map(PublicKey));
        keys.collect::<Option<_>>().map(Self).ok_or(Self::EXPECTED)
    }
}

/// A private key of Ed25519, as PKCS #8 (RFC 8410) in base64. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    der: Vec<u8>,
    public: PublicKey,
}

impl PrivateKey {
    const EXPECTED: &str = "a private key of Ed25519, as PKCS #8 in base64";

    /// The key as PKCS #8.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }
}

impl FromStr for PrivateKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let der = decode(text)?;
            let pair = Ed25519KeyPair::from_pkcs8(&der).ok()?;
            let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
            Some(Self { der, public })
        };
        read().ok_or(Self::EXPECTED)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// Base64 of either alphabet, with or without padding and ends of lines: as tools write it.
fn decode(text: &str) -> Option<Vec<u8>> {
    let plain = text.chars().filter(|c| !c.is_ascii_whitespace() && *c != '=');
    let url_safe = plain.map(|c| match c {
        '+' => '-',
        '/' => '_',
        c => c,
    });
    URL_SAFE_NO_PAD.decode(url_safe.collect::<String>()).ok()
}

fn thirty_two_bytes(text: &str) -> Option<[u8; 32]> {
    decode(text)?.try_into().ok()
}

/// Keys that verify tokens: the current one, and others that are still accepted.
#[derive(Debug, Clone)]
pub enum VerifyingKeys {
    /// For [`Algorithm::Hs256`].
    Secrets(Vec<Secret>),
    /// For [`Algorithm::EdDsa`].
    Public(Vec<PublicKey>),
}

/// Keys that sign tokens.
#[derive(Debug, Clone)]
pub enum SigningKeys {
    /// For [`Algorithm::Hs256`].
    Secrets {
        /// The current key.
        current: Secret,
        /// The previous key, which signs again the tokens that it signed.
        previous: Option<Secret>,
    },
    /// For [`Algorithm::EdDsa`].
    Private(PrivateKey),
}

/// The keys in the settings of a function.
#[derive(Debug, Clone)]
pub struct Keys {
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: Option<Secret>,
    pub(crate) previous: Option<Secret>,
    pub(crate) private: Option<PrivateKey>,
    pub(crate) public: PublicKeys,
    pub(crate) cursor: Option<CursorKey>,
}

impl Keys {
    /// `SECRET_KEY` is missing.
    ///
    /// # Errors
    /// There is no `SECRET_KEY`.
    pub fn secrets(&self) -> Result<Vec<Secret>, ConfigError> {
        Ok([Some(self.secret()?), self.previous.as_ref()].into_iter().flatten().cloned().collect())
    }

    fn secret(&self) -> Result<&Secret, ConfigError> {
        self.secret.as_ref().ok_or_else(|| ConfigError::missing("SECRET_KEY", Secret::EXPECTED))
    }

    /// `CURSOR_KEY`.
    ///
    /// # Errors
    /// It is missing.
    pub fn cursor(&self) -> Result<&CursorKey, ConfigError> {
        self.cursor.as_ref().ok_or_else(|| ConfigError::missing("CURSOR_KEY", CursorKey::EXPECTED))
    }

    /// Keys that verify tokens: by `ALGORITHM` the secrets, or `TOKEN_PUBLIC_KEYS`.
    ///
    /// # Errors
    /// They are missing.
    pub fn verifying(&self) -> Result<VerifyingKeys, ConfigError> {
        match self.algorithm {
            Algorithm::Hs256 => self.secrets().map(VerifyingKeys::Secrets),
            Algorithm::EdDsa if self.public.0.is_empty() => {
                Err(ConfigError::missing("TOKEN_PUBLIC_KEYS", PublicKeys::EXPECTED))
            }
            Algorithm::EdDsa => Ok(VerifyingKeys::Public(self.public.0.clone())),
        }
    }

    /// Keys that sign tokens: by `ALGORITHM` the secrets, or `TOKEN_PRIVATE_KEY`.
    ///
    /// # Errors
    /// It is missing, or its public half is not in `TOKEN_PUBLIC_KEYS`.
    pub fn signing(&self) -> Result<SigningKeys, ConfigError> {
        if self.algorithm == Algorithm::Hs256 {
            return Ok(SigningKeys::Secrets { current: self.secret()?.clone(), previous: self.previous.clone() });
        }
        let missing = || ConfigError::missing("TOKEN_PRIVATE_KEY", PrivateKey::EXPECTED);
        let private = self.private.as_ref().ok_or_else(missing)?;
        if !self.public.0.contains(&private.public()) {
            return Err(ConfigError::of("TOKEN_PUBLIC_KEYS does not hold the public half of TOKEN_PRIVATE_KEY"));
        }
        Ok(SigningKeys::Private(private.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    /// A key that is published, in RFC 8410 (10.3), and its public half.
    const PRIVATE: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
    const PUBLIC: &str = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    fn keys(settings: &[(&str, &str)]) -> Result<Keys, ConfigError> {
        let usual = [
            ("TABLE_NAME", "stockroom"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let config = Config::from_vars(|name| {
            let mut all = settings.iter().chain(&usual);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        config.map(|config| config.keys)
    }

    fn fault<T: fmt::Debug>(result: Result<T, ConfigError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn parse_of_a_private_key_accepts_base64_with_line_breaks() {
        let key: PrivateKey = PRIVATE.parse().unwrap();
        let lines = format!("{}\n{}\n", &PRIVATE[..40], &PRIVATE[40..]);
        assert_eq!(lines.parse::<PrivateKey>().unwrap(), key);
        assert_eq!(Some(key.public().0), thirty_two_bytes(PUBLIC));
        for bad in ["", "MC4CAQAwBQYDK2VwBCIE", PUBLIC, "-----BEGIN PRIVATE KEY-----"] {
            assert!(bad.parse::<PrivateKey>().is_err(), "{bad}");
        }
        assert_eq!(format!("{key:?}"), "PrivateKey(..)");
    }

    #[test]
    fn key_of_a_missing_setting_is_reported_on_use() {
        let none = keys(&[]).unwrap();
        assert!(fault(none.secrets()).contains("SECRET_KEY is missing, expected at least 32"));
        assert!(fault(none.verifying()).contains("SECRET_KEY is missing"));
        assert!(fault(none.cursor()).contains("CURSOR_KEY is missing, expected 32 random bytes"));

        let reader = keys(&[("ALGORITHM", "EdDSA"), ("TOKEN_PUBLIC_KEYS", PUBLIC)]).unwrap();
        assert!(matches!(reader.verifying().unwrap(), VerifyingKeys::Public(keys) if keys.len() == 1));
        assert!(fault(reader.signing()).contains("TOKEN_PRIVATE_KEY is missing, expected a private key"));
        assert!(fault(keys(&[("ALGORITHM", "EdDSA")]).unwrap().verifying()).contains("TOKEN_PUBLIC_KEYS is missing"));

        let given = |public: &str| {
            keys(&[("ALGORITHM", "EdDSA"), ("TOKEN_PUBLIC_KEYS", public), ("TOKEN_PRIVATE_KEY", PRIVATE)]).unwrap()
        };
        let other = URL_SAFE_NO_PAD.encode([7; 32]);
        assert!(matches!(given(&format!("{other}, {PUBLIC}")).signing().unwrap(), SigningKeys::Private(_)));
        assert!(fault(given(&other).signing()).contains("does not hold the public half"));
        for bad in ["none", "HS512", "eddsa"] {
            assert!(fault(keys(&[("ALGORITHM", bad)])).contains("ALGORITHM cannot be used, expected HS256 or EdDSA"));
        }
    }
}
