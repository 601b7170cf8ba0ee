//! Tokens of links in mail: an HMAC over data of the log entry that caused the mail. They are stored nowhere. The
//! same entry always gives the same link, and the account's next password voids it.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use stockroom_domain::{
    id::{EventId, Id, PurchaseRequestId},
    organization::Subdomain,
    text::Email,
    time::Timestamp,
};
use stockroom_store::Account;
use uuid::Uuid;

use crate::{
    config::{Config, ConfigError},
    keys::Secret,
};

/// The purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Replacing a forgotten password.
    PasswordReset,
    /// Setting the first password.
    Invitation,
    /// Confirming an address that a user wants instead of the present one.
    EmailChange,
    /// Confirming the address that was used at sign-up.
    Welcome,
}

impl Purpose {
    const ALL: [Self; 4] = [Self::PasswordReset, Self::Invitation, Self::EmailChange, Self::Welcome];

    /// Life of its links.
    #[must_use]
    pub fn lifetime(self) -> Duration {
        match self {
            Self::PasswordReset => Duration::from_mins(30),
            Self::EmailChange => Duration::from_hours(24),
            Self::Invitation | Self::Welcome => Duration::from_hours(7 * 24),
        }
    }

    /// The first byte of its tokens. It never changes.
    fn tag(self) -> u8 {
        match self {
            Self::PasswordReset => 1,
            Self::Invitation => 2,
            Self::EmailChange => 3,
            Self::Welcome => 4,
        }
    }

    /// Whether its link sets a password. The others confirm an address.
    #[must_use]
    pub fn sets_password(self) -> bool {
        match self {
            Self::PasswordReset | Self::Invitation => true,
            Self::EmailChange | Self::Welcome => false,
        }
    }

    /// Whether its token is for one request only.
    fn names_event(self) -> bool {
        self == Self::EmailChange
    }

    /// The page of its link.
    fn page(self) -> &'static str {
        if self.sets_password() { "reset" } else { "confirm" }
    }
}

/// The content of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Its purpose.
    pub purpose: Purpose,
    /// The account, with its `auth_epoch`.
    pub account: Account,
    /// The event of the request that it is for, which names the address. None for other purposes, where all links of
    /// the account are equivalent.
    pub event: Option<EventId>,
    /// Its expiry.
    pub expires_at: Timestamp,
}

impl Link {
    /// The link of a request or invitation logged at that time.
    #[must_use]
    pub fn new(purpose: Purpose, account: Account, event: EventId, logged_at: Timestamp) -> Self {
        let event = purpose.names_event().then_some(event);
        Self { purpose, account, event, expires_at: logged_at.plus(purpose.lifetime()) }
    }

    /// Purpose, organization, user, `auth_epoch`, expiry in milliseconds, and the event if the purpose has one, each of
    /// fixed length.
    fn payload(&self) -> Vec<u8> {
        let Account { organization, user, auth_epoch } = self.account;
        let mut bytes = vec![self.purpose.tag()];
        bytes.extend(organization.uuid().as_bytes());
        bytes.extend(user.uuid().as_bytes());
        bytes.extend(auth_epoch.to_be_bytes());
        bytes.extend(self.expires_at.unix_millis().to_be_bytes());
        bytes.extend(self.event.iter().flat_map(|event| event.uuid().into_bytes()));
        bytes
    }

    /// The link of a payload, and the rest of the bytes.
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
        let (event, rest) = if purpose.names_event() {
            let (&event, rest) = rest.split_first_chunk()?;
            (Some(id(event)?), rest)
        } else {
            (None, rest)
        };
        Some((Self { purpose, account, event, expires_at: Timestamp::from_unix_millis(expires_at)? }, rest))
    }
}

fn id<I: Id>(bytes: [u8; 16]) -> Option<I> {
    Uuid::from_bytes(bytes).to_string().parse().ok()
}

/// Derives and verifies tokens of links.
pub struct Links {
    public_url: String,
    base_domain: Option<String>,
    /// The signing key, and the previous key, which verifies while it is configured.
    keys: Vec<hmac::Key>,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// A key for this use, derived from the configured one.
fn derived(secret: &Secret) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), b"links in mail");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

impl Links {
    /// `SECRET_KEY` is missing.
    ///
    /// # Errors
    /// There is no `SECRET_KEY`.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let keys = config.keys.secrets()?.iter().map(derived).collect();
        let base_domain = config.tenant_base_domain.as_ref().map(|domain| domain.trim_matches('.').to_owned());
        Ok(Self { public_url: config.public_url.clone(), base_domain, keys })
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
        format!("{}/{}?token={}", self.public_url, link.purpose.page(), self.token(link))
    }

    /// The sign-in page of a tenant: `PUBLIC_URL`, or the tenant's host under `TENANT_BASE_DOMAIN`.
    #[must_use]
    pub fn sign_in_address(&self, subdomain: &Subdomain) -> String {
        let own_host = self.base_domain.as_ref().map(|domain| format!("{subdomain}.{domain}"));
        let (scheme, rest) = self.public_url.split_once("://").unwrap_or(("https", &self.public_url));
        let port = rest.split('/').next().and_then(|host| host.rsplit_once(':')).map(|(_, port)| format!(":{port}"));
        own_host
            .map_or_else(|| self.public_url.clone(), |host| format!("{scheme}://{host}{}", port.unwrap_or_default()))
    }

    /// The page of a purchase request, under the tenant's sign-in address.
    #[must_use]
    pub fn purchase_request(&self, subdomain: &Subdomain, request: PurchaseRequestId) -> String {
        format!("{}/purchase-requests/{request}", self.sign_in_address(subdomain))
    }

    /// A name for a mailbox in rate limits that does not reveal its address.
    #[must_use]
    pub fn mailbox(&self, email: &Email) -> String {
        let text = format!("mailbox\n{}", email.folded());
        let tag = self.keys.first().map(|key| hmac::sign(key, text.as_bytes()));
        URL_SAFE_NO_PAD.encode(tag.as_ref().map_or(&[][..], hmac::Tag::as_ref))
    }

    /// The content of a token, if it is authentic and has not expired. The store checks whether the account is
    /// unchanged.
    #[must_use]
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (link, tag) = Link::parse(&bytes)?;
        let payload = bytes.get(..bytes.len().checked_sub(tag.len())?)?;
        // In constant time.
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

    fn event() -> EventId {
        EventId::from_parts(at(1_790_000_000_000), [3; 10])
    }

    #[test]
    fn sign_in_address_with_a_base_domain_is_the_tenants_host() {
        let subdomain: Subdomain = "acme".parse().unwrap();
        let links = |public_url: &str, base_domain: Option<&str>| Links {
            public_url: public_url.to_owned(),
            base_domain: base_domain.map(str::to_owned),
            keys: Vec::new(),
        };
        let address = |public_url, base_domain| links(public_url, base_domain).sign_in_address(&subdomain);
        assert_eq!(address("https://app.example.com/x", None), "https://app.example.com/x");
        assert_eq!(address("https://app.example.com/x", Some("example.com")), "https://acme.example.com");
        assert_eq!(address("http://localhost:8000", Some("localhost")), "http://acme.localhost:8000");
        let id = PurchaseRequestId::from_parts(at(1_790_000_000_000), [4; 10]);
        let page = links("https://app.example.com/x", None).purchase_request(&subdomain, id);
        assert_eq!(page, format!("https://app.example.com/x/purchase-requests/{id}"));
    }

    #[test]
    fn verify_returns_the_link_until_its_token_expires() {
        const DAY: i64 = 24 * 60 * 60_000;
        let links = links(NEW, "");
        for (purpose, life, page) in [
            (Purpose::PasswordReset, 30 * 60_000, "reset"),
            (Purpose::Invitation, 7 * DAY, "reset"),
            (Purpose::EmailChange, DAY, "confirm"),
            (Purpose::Welcome, 7 * DAY, "confirm"),
        ] {
            let link = Link::new(purpose, account(3), event(), at(1_800_000_000_000));
            let token = links.token(&link);
            assert_eq!(token, links.token(&link));
            assert_eq!(links.verify(&token, at(1_800_000_000_000 + life - 1)), Some(link));
            assert_eq!(links.verify(&token, at(1_800_000_000_000 + life)), None);
            assert_eq!(links.url(&link), format!("https://stockroom.example.com/{page}?token={token}"));
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
        }
    }

    #[test]
    fn verify_of_a_changed_token_is_none() {
        let links = links(NEW, "");
        let now = at(1_800_000_000_000);
        let token = links.token(&Link::new(Purpose::EmailChange, account(3), event(), now));
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
    fn verify_with_the_previous_key_succeeds_while_it_is_configured() {
        let now = at(1_800_000_000_000);
        let link = Link::new(Purpose::Invitation, account(0), event(), now);
        let old = links(OLD, "").token(&link);
        assert_eq!(links(NEW, OLD).verify(&old, now), Some(link));
        assert_eq!(links(NEW, "").verify(&old, now), None);
        assert_eq!(links(OLD, "").verify(&links(NEW, OLD).token(&link), now), None);
    }
}
