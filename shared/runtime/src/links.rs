//! The tokens of links in mail: derived by HMAC from what the log entry behind the mail says, and stored nowhere. The same
//! entry gives the same link whenever it is derived, and the account's next password makes it void.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use stockroom_domain::{id::Id, time::Timestamp};
use stockroom_store::Account;
use uuid::Uuid;

use crate::{
    config::{Config, ConfigError},
    keys::Secret,
};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Setting another password in place of one that was forgotten.
    PasswordReset,
    /// Setting the first password.
    Invitation,
}

impl Purpose {
    const ALL: [Self; 2] = [Self::PasswordReset, Self::Invitation];

    /// How long its link can be used.
    #[must_use]
    pub fn lifetime(self) -> Duration {
        match self {
            Self::PasswordReset => Duration::from_mins(30),
            Self::Invitation => Duration::from_hours(7 * 24),
        }
    }

    /// The first byte of its tokens, for good.
    fn tag(self) -> u8 {
        match self {
            Self::PasswordReset => 1,
            Self::Invitation => 2,
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub purpose: Purpose,
    /// Whose password it sets, and the password (by number) that it can replace.
    pub account: Account,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Link {
    /// The link of a request or invitation that was logged at that moment.
    #[must_use]
    pub fn new(purpose: Purpose, account: Account, logged_at: Timestamp) -> Self {
        Self { purpose, account, expires_at: logged_at.plus(purpose.lifetime()) }
    }

    /// Purpose, organization, user, `auth_epoch` and expiry in milliseconds, each of fixed length.
    fn payload(&self) -> Vec<u8> {
        let Account { organization, user, auth_epoch } = self.account;
        let mut bytes = vec![self.purpose.tag()];
        bytes.extend(organization.uuid().as_bytes());
        bytes.extend(user.uuid().as_bytes());
        bytes.extend(auth_epoch.to_be_bytes());
        bytes.extend(self.expires_at.unix_millis().to_be_bytes());
        bytes
    }

    /// The link of a payload, and what follows on it.
    fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&[tag], rest) = bytes.split_first_chunk()?;
        let (&organization, rest) = rest.split_first_chunk()?;
        let (&user, rest) = rest.split_first_chunk()?;
        let (&auth_epoch, rest) = rest.split_first_chunk()?;
        let (&expires_at, rest) = rest.split_first_chunk()?;
        let account =
            Account { organization: id(organization)?, user: id(user)?, auth_epoch: u64::from_be_bytes(auth_epoch) };
        let expires_at = i64::from_be_bytes(expires_at);
        let purpose = Purpose::ALL.into_iter().find(|purpose| purpose.tag() == tag)?;
        Some((Self { purpose, account, expires_at: Timestamp::from_unix_millis(expires_at)? }, rest))
    }
}

fn id<I: Id>(bytes: [u8; 16]) -> Option<I> {
    Uuid::from_bytes(bytes).to_string().parse().ok()
}

/// Derives and verifies the tokens.
pub struct Links {
    public_url: String,
    /// The key that signs, and the one before it, which verifies as long as it is configured.
    keys: Vec<hmac::Key>,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// A key of its own for this use, derived from the one that is configured.
fn derived(secret: &Secret) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), b"links in mail");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

impl Links {
    /// Links under `PUBLIC_URL`, their tokens made with `SECRET_KEY`.
    ///
    /// # Errors
    /// There is no `SECRET_KEY`.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let keys = config.keys.secrets()?.iter().map(derived).collect();
        Ok(Self { public_url: config.public_url.clone(), keys })
    }

    /// The token of a link, in the alphabet of URLs.
    #[must_use]
    pub fn token(&self, link: &Link) -> String {
        let mut bytes = link.payload();
        let tag = self.keys.first().map(|key| hmac::sign(key, &bytes));
        bytes.extend(tag.iter().flat_map(hmac::Tag::as_ref));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The address that goes into the mail.
    #[must_use]
    pub fn url(&self, link: &Link) -> String {
        format!("{}/reset?token={}", self.public_url, self.token(link))
    }

    /// What a token says, if it is one of ours and has not expired. Whether its account is still as it was, the store
    /// knows.
    #[must_use]
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (link, tag) = Link::parse(&bytes)?;
        let payload = bytes.get(..bytes.len().checked_sub(tag.len())?)?;
        // In constant time, whatever differs.
        let is_ours = self.keys.iter().any(|key| hmac::verify(key, payload, tag).is_ok());
        (is_ours && now < link.expires_at).then_some(link)
    }
}

#[cfg(test)]
mod tests {
    use stockroom_domain::id::{OrganizationId, UserId};

    use super::*;

    fn links(secret: &str, previous: &str) -> Links {
        let config = Config::from_vars(|name| {
            let value = match name {
                "SECRET_KEY" => secret,
                "SECRET_KEY_PREVIOUS" => previous,
                "PUBLIC_URL" => "https://stockroom.example.com/",
                "CURSOR_KEY" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "TABLE_NAME" | "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "any",
                _ => return None,
            };
            Some(value.to_owned())
        });
        Links::new(&config.unwrap()).unwrap()
    }

    const OLD: &str = "the old key of 32 characters or more";
    const NEW: &str = "the new key of 32 characters or more";

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn account(auth_epoch: u64) -> Account {
        let at = at(1_790_000_000_000);
        let (organization, user) = (OrganizationId::from_parts(at, [1; 10]), UserId::from_parts(at, [2; 10]));
        Account { organization, user, auth_epoch }
    }

    #[test]
    fn a_token_says_what_it_was_derived_from_until_it_expires() {
        let links = links(NEW, "");
        for (purpose, life) in [(Purpose::PasswordReset, 30 * 60_000), (Purpose::Invitation, 7 * 24 * 60 * 60_000)] {
            let link = Link::new(purpose, account(3), at(1_800_000_000_000));
            let token = links.token(&link);
            assert_eq!(token, links.token(&link));
            assert_eq!(links.verify(&token, at(1_800_000_000_000 + life - 1)), Some(link));
            assert_eq!(links.verify(&token, at(1_800_000_000_000 + life)), None);
            assert_eq!(links.url(&link), format!("https://stockroom.example.com/reset?token={token}"));
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
        }
    }

    #[test]
    fn whatever_is_changed_of_a_token_makes_it_none() {
        let links = links(NEW, "");
        let now = at(1_800_000_000_000);
        let token = links.token(&Link::new(Purpose::PasswordReset, account(3), now));
        for place in 0..token.len() {
            let other = if token.as_bytes()[place] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..place], &token[place + 1..]);
            assert_eq!(links.verify(&changed, now), None, "{place}");
            assert_eq!(links.verify(&token[..place], now), None, "{place}");
        }
        for other in [format!("{token}A"), format!("{token}="), format!(" {token}"), format!("{token}{token}")] {
            assert_eq!(links.verify(&other, now), None, "{other}");
        }
    }

    #[test]
    fn the_key_before_the_last_verifies_while_it_is_configured() {
        let now = at(1_800_000_000_000);
        let link = Link::new(Purpose::Invitation, account(0), now);
        let old = links(OLD, "").token(&link);
        assert_eq!(links(NEW, OLD).verify(&old, now), Some(link));
        assert_eq!(links(NEW, "").verify(&old, now), None);
        assert_eq!(links(OLD, "").verify(&links(NEW, OLD).token(&link), now), None);
    }
}
