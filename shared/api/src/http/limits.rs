//! Rate limits: the buckets that a request counts against, and the headers that report them.
//!
//! A request of a verified caller counts for the user and the organization; any other counts for its address. Public
//! reads (health check, documentation) are not counted: they cost less than their count. The gate counts requests.
//! Handlers count attempts at a password or at signing up exactly, through [`Attempts`]. Hashing a password requires a
//! [`Clearance`], which only an accepted attempt gives.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::hmac;
use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, request::Parts};
use stockroom_domain::{
    id::{OrganizationId, UserId},
    limit::{Counting, Limit},
    organization::Subdomain,
    text::{EmailLookup, fold},
};
use stockroom_runtime::{CursorKey, config::Limits as Settings};
use stockroom_store::{
    Bucket, BucketStatus, CountedAttempt, IdempotencyKey, LinkMails, LookedUp, Origin, Outcome, Store, TenantScope,
};

use crate::{
    auth::digest::hex,
    http::{
        app::App,
        context::RequestContext,
        route::{Access, Route},
    },
    problem::{ApiError, seconds},
};

pub(crate) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(crate) const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Holds the limits, and names their buckets.
#[derive(Debug)]
pub(crate) struct Limits {
    settings: Settings,
    digests: hmac::Key,
}

impl Limits {
    pub(crate) fn new(settings: Settings, key: &CursorKey) -> Self {
        // A separate key for this use, derived from the configured one.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.0), b"rate limits");
        Self { settings, digests: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()) }
    }

    /// The buckets of every call of an operation.
    pub(crate) fn of(&self, route: &Route, scope: Option<&TenantScope>, context: &RequestContext) -> Vec<Bucket> {
        let leased = |limit: Option<Limit>, name, subject: String| {
            limit.map(|limit| Bucket::new(name, subject, limit, Counting::Leased))
        };
        match (route.access, scope) {
            (Access::Permitted(_) | Access::SelfOr(_), Some(scope)) => {
                let claim = scope.claim();
                let user = leased(self.settings.requests, "user", claim.user.to_string());
                let tenant = leased(self.settings.tenant, "tenant", claim.organization.to_string());
                user.into_iter().chain(tenant).collect()
            }
            (Access::Public, _) if route.method != Method::GET => self.of_address(context),
            (Access::Public | Access::Permitted(_) | Access::SelfOr(_), _) => Vec::new(),
        }
    }

    /// The bucket of a request without a verified caller.
    pub(crate) fn of_address(&self, context: &RequestContext) -> Vec<Bucket> {
        let subject = self.digest(&[&address(context)]);
        let bucket = self.settings.address.map(|limit| Bucket::new("address", subject, limit, Counting::Leased));
        bucket.into_iter().collect()
    }

    /// A keyed digest, so that keys of the table reveal neither addresses nor accounts.
    fn digest(&self, parts: &[&str]) -> String {
        hex(hmac::sign(&self.digests, parts.join("\n").as_bytes()).as_ref())
    }
}

/// The address that a request counts for, as the gateway saw it: an IPv4 address, or the IPv6 network of 64 bits that
/// one customer has. All requests without an address share one bucket.
fn address(context: &RequestContext) -> String {
    let ip = context.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
    match ip.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        None => "unknown".to_owned(),
    }
}

/// The number of passwords that a request has hashed or verified; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hashes(Arc<AtomicU64>);

impl Hashes {
    pub(crate) fn add(&self, hashes: u64) {
        self.0.fetch_add(hashes, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Proof that a request may do expensive work: it was counted and accepted, and its caller, if any, was verified. Only
/// [`Attempt::clear`] creates one.
#[derive(Debug)]
pub struct Clearance {
    hashes: Hashes,
}

impl Clearance {
    pub(crate) fn hashes(&self) -> Hashes {
        self.hashes.clone()
    }
}

/// Counts exactly, before the work that the limit protects.
#[derive(Debug)]
pub struct Attempts {
    app: App,
    store: Store,
    scope: Option<TenantScope>,
    address: String,
    hashes: Hashes,
}

/// An attempt that is counted in parallel with the request's next read, whose result waits for the count.
#[derive(Debug)]
#[must_use = "an attempt is let through when it is cleared"]
pub struct Attempt<'a>(&'a Attempts);

impl Attempts {
    /// An attempt to prove an identity, by a password or a mailed link. It counts for the account together with the
    /// caller's address (`LIMIT_LOGIN`), so that attempts from elsewhere do not lock the account, and for the address
    /// alone (`LIMIT_LOGIN_ADDRESS`). It counts equally for unknown tenants and accounts.
    ///
    /// The read of the credential takes the [`CountedAttempt`].
    ///
    /// # Errors
    /// 429, if an empty bucket is already known; otherwise the next call of the store returns it.
    pub async fn at_account(&self, tenant: &str, account: &str) -> Result<(CountedAttempt, Attempt<'_>), ApiError> {
        let limits = self.app.limits();
        let folded = EmailLookup::new(account).forms().next().map_or_else(|| fold(account.trim()), str::to_owned);
        let both = limits.digest(&[&self.address, &fold(tenant.trim()), &folded]);
        let alone = limits.digest(&[&self.address]);
        let exact = |limit: Option<Limit>, name, subject| {
            limit.map(|limit| Bucket::new(name, subject, limit, Counting::Exactly))
        };
        let account = exact(limits.settings.login, "login", both);
        let address = exact(limits.settings.login_address, "login-address", alone);
        let counted = self.store.count_attempt(account.into_iter().chain(address).collect()).await?;
        Ok((counted, Attempt(self)))
    }

    /// The limit of a mail that an admin sends to an unconfirmed address: an invitation, or another address of a user.
    /// It counts for the organization (`LIMIT_INVITATIONS`); the store counts it once the caller may send it.
    #[must_use]
    pub fn inviting(&self, organization: OrganizationId) -> Vec<Bucket> {
        self.invitations(&organization.to_string())
    }

    /// The limit of a mail to another address of the caller's own. These mails have buckets of their own under the same
    /// limits, so users who may invite no one cannot use up the organization's invitations.
    #[must_use]
    pub fn own_address(&self, organization: OrganizationId) -> Vec<Bucket> {
        self.invitations(&format!("own#{organization}"))
    }

    fn invitations(&self, subject: &str) -> Vec<Bucket> {
        let bucket = |limit: &Limit| {
            let name = match limit.window_seconds() {
                0..=59 => "invitations-second",
                60..=3_599 => "invitations-minute",
                3_600..=86_399 => "invitations-hour",
                _ => "invitations-day",
            };
            Bucket::new(name, subject, *limit, Counting::Exactly)
        };
        self.app.limits().settings.invitations.iter().map(bucket).collect()
    }

    /// The limit of a mail with a link that a stranger requests for an account (`LIMIT_LINK_MAILS`), from any source.
    /// It counts equally for unknown tenants and accounts.
    #[must_use]
    pub fn link_mails(&self, tenant: &str, account: &str) -> Option<LinkMails> {
        let limits = self.app.limits();
        let account = limits.digest(&[&fold(tenant.trim()), account]);
        limits.settings.link_mails.map(|limit| LinkMails::new(account, limit))
    }

    /// The limit of a mail with a link that signed-in users request for themselves (`LIMIT_LINK_MAILS`). Requests of
    /// strangers for the same account have a limit of their own, so they cannot use this one up.
    #[must_use]
    pub fn own_link_mails(&self, user: UserId) -> Option<LinkMails> {
        self.app.limits().settings.link_mails.map(|limit| LinkMails::new(user, limit))
    }

    /// An attempt to sign up. It counts for the address (`LIMIT_ONBOARDING`), unless a response is stored for it.
    ///
    /// # Errors
    /// 429; 422 for an idempotency key of another request.
    pub async fn at_signing_up(
        &self,
        subdomain: &Subdomain,
        origin: &Origin,
        key: Option<&IdempotencyKey>,
    ) -> Result<Outcome<(LookedUp, Clearance)>, ApiError> {
        let limits = self.app.limits();
        let subject = limits.digest(&[&self.address]);
        let bucket =
            limits.settings.onboarding.map(|limit| Bucket::new("onboarding", subject, limit, Counting::Exactly));
        let organizations = self.store.organizations();
        Ok(match organizations.admit(bucket.into_iter().collect(), subdomain, origin, key).await? {
            Outcome::Done(looked_up) => Outcome::Done((looked_up, Clearance { hashes: self.hashes.clone() })),
            Outcome::Replayed(response) => Outcome::Replayed(response),
        })
    }

    /// Expensive work for a caller with a permission. It counts like the request, for the user and the organization.
    ///
    /// # Errors
    /// [`ApiError::Internal`] on a public route, which has no caller.
    pub fn by_caller(&self) -> Result<Attempt<'_>, ApiError> {
        match &self.scope {
            Some(_) => Ok(Attempt(self)),
            None => Err(ApiError::Internal("a public route has no authenticated caller to limit".to_owned())),
        }
    }
}

impl Attempt<'_> {
    /// Waits until the attempt is counted and the caller verified. After a read of the store it makes no call.
    ///
    /// # Errors
    /// 429; the errors of the caller's check.
    pub async fn clear(self) -> Result<Clearance, ApiError> {
        let Attempts { store, scope, hashes, .. } = self.0;
        if let Some(scope) = scope {
            store.verify(scope).await?;
        }
        store.admit().await?;
        Ok(Clearance { hashes: hashes.clone() })
    }
}

impl FromRequestParts<App> for Attempts {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let context = RequestContext::from_request_parts(parts, app).await?;
        let scope = parts.extensions.get::<TenantScope>().cloned();
        let (store, address) = (context.store(app), address(&context));
        Ok(Self { app: app.clone(), store, scope, address, hashes: context.hashes })
    }
}

/// Sets the headers of the limits (draft-ietf-httpapi-ratelimit-headers): the policies, and for each the remaining
/// requests and the seconds until all are available.
pub(crate) fn tell(statuses: &[BucketStatus], headers: &mut HeaderMap) {
    if statuses.is_empty() {
        return;
    }
    let list = |member: &dyn Fn(&BucketStatus) -> String| statuses.iter().map(member).collect::<Vec<_>>().join(", ");
    let policies = list(&|BucketStatus { name, limit, .. }| {
        format!("\"{name}\";q={};w={}", limit.burst(), limit.window_seconds())
    });
    let states = list(&|BucketStatus { name, left, refill, .. }| format!("\"{name}\";r={left};t={}", seconds(*refill)));
    for (name, value) in [(POLICY, policies), (STATE, states)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn address_of_ipv6_is_its_64_bit_network() {
        let of = |ip: Option<&str>| {
            let context = RequestContext::of(&HeaderMap::new(), "/", None, String::new);
            address(&RequestContext { ip: ip.map(str::to_owned), ..context })
        };
        assert_eq!(of(Some("203.0.113.7")), "203.0.113.7");
        assert_eq!(of(Some("::ffff:203.0.113.7")), "203.0.113.7");
        assert_eq!(of(Some("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::");
        assert_eq!(of(Some("2001:db8:1:2::1")), of(Some("2001:db8:1:2:ffff::")));
        assert_ne!(of(Some("2001:db8:1:2::1")), of(Some("2001:db8:1:3::1")));
        assert_eq!((of(Some("test-invoke-source-ip")), of(None)), ("unknown".to_owned(), "unknown".to_owned()));
    }
}
