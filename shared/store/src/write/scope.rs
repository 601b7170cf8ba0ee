//! The scope of a request: caller, organization, permission. Every repository opens with one.

use std::sync::{Arc, OnceLock};

use stockroom_domain::{
    access::{Permission, Role},
    id::{OrganizationId, SessionId, UserId},
    organization::{Organization, OrganizationStatus},
    text::Email,
    time::Timestamp,
    user::{User, UserStatus},
};

use crate::{
    dynamo::{
        item::{Item, data},
        key::Key,
    },
    error::StoreError,
    keys::OrganizationKeys,
    write::{
        idempotency::IdempotencyKey,
        log::Origin,
        user_item::{has_session, is_alive, last_login, pending_email},
    },
};

/// The identity that a token claims. The first read of a request verifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
    /// The session of the caller. Only the product's own programs have none.
    pub session: Option<SessionId>,
}

/// A claim with the permission that its operation requires. Every repository opens with one, works in its
/// organization alone, and returns nothing before the claim is verified.
#[derive(Debug, Clone)]
pub struct TenantScope {
    claim: Claim,
    permission: Permission,
    origin: Origin,
    idempotency: Option<IdempotencyKey>,
    named_tenant: Option<String>,
    claimed_role: Option<Role>,
    token_expires_at: Option<Timestamp>,
    checked: Arc<Checked>,
}

/// The result of a check.
#[derive(Debug, Default)]
struct Checked {
    caller: OnceLock<Caller>,
    /// The keys of the items that a check reads.
    keys: OnceLock<[Key; 2]>,
    /// Whether the caller's check failed.
    refused: OnceLock<()>,
}

/// A verified claim.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user as stored now, role included.
    pub user: User,
    /// Time of the last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// The address that the user requested and has not confirmed yet.
    pub pending_email: Option<Email>,
    /// The organization as stored now.
    pub organization: Organization,
}

impl TenantScope {
    /// A scope for one request. Clones share the check.
    #[must_use]
    pub fn new(claim: Claim, permission: Permission, origin: Origin) -> Self {
        Self {
            claim,
            permission,
            origin,
            idempotency: None,
            named_tenant: None,
            claimed_role: None,
            token_expires_at: None,
            checked: Arc::default(),
        }
    }

    /// The same scope, storing and replaying its response under `key`.
    #[must_use]
    pub fn with_idempotency(self, key: Option<IdempotencyKey>) -> Self {
        Self { idempotency: key, ..self }
    }

    /// The same scope for a request that names its tenant, which must be the caller's.
    #[must_use]
    pub fn with_named_tenant(self, subdomain: Option<String>) -> Self {
        Self { named_tenant: subdomain, ..self }
    }

    /// The same scope with the role in the token, which may be outdated. It only selects the first read and grants
    /// nothing.
    #[must_use]
    pub fn with_claimed_role(self, role: Role) -> Self {
        Self { claimed_role: Some(role), ..self }
    }

    /// The same scope with the expiry of its token.
    #[must_use]
    pub fn with_token_expiry(self, expires_at: Timestamp) -> Self {
        Self { token_expires_at: Some(expires_at), ..self }
    }

    pub(crate) fn claimed_role(&self) -> Option<Role> {
        self.claimed_role
    }

    /// The claim of the caller.
    #[must_use]
    pub fn claim(&self) -> Claim {
        self.claim
    }

    /// The caller, once verified.
    #[must_use]
    pub fn caller(&self) -> Option<&Caller> {
        self.checked.caller.get()
    }

    /// Whether a check of the caller failed.
    pub(crate) fn is_refused(&self) -> bool {
        self.checked.refused.get().is_some()
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn idempotency(&self) -> Option<(String, &IdempotencyKey)> {
        self.idempotency.as_ref().map(|key| (self.keys().idempotency(self.claim.user), key))
    }

    pub(crate) fn keys(&self) -> OrganizationKeys {
        OrganizationKeys(self.claim.organization)
    }

    /// The items that a check reads.
    pub(crate) fn caller_keys(&self) -> &[Key; 2] {
        self.checked.keys.get_or_init(|| [self.keys().organization(), self.keys().user(self.claim.user)])
    }

    /// Checks the claim against these items.
    pub(crate) fn check<'a>(
        &self,
        find: impl Fn(&Key) -> Option<&'a Item>,
        now: Timestamp,
    ) -> Result<&Caller, StoreError> {
        let checked = self.check_claim(find, now);
        if let Err(StoreError::Unauthenticated) = checked {
            self.checked.refused.get_or_init(|| ());
        }
        checked
    }

    /// The expiry of the token, if the items show that its session has ended for good. An expired session does not
    /// count: by the clock of another machine it may still be valid.
    pub(crate) fn over_for_good<'a>(&self, find: impl Fn(&Key) -> Option<&'a Item>) -> Option<Timestamp> {
        let (session, until) = self.claim.session.zip(self.token_expires_at)?;
        let [organization, user] = self.caller_keys();
        let has_ended = |item: &Item| {
            data::<Organization>(item).is_ok_and(|organization| organization.status == OrganizationStatus::Deleted)
        };
        let is_there = find(organization).is_some_and(|organization| !has_ended(organization))
            && find(user).is_some_and(|user| has_session(user, session));
        (!is_there).then_some(until)
    }

    fn check_claim<'a>(&self, find: impl Fn(&Key) -> Option<&'a Item>, now: Timestamp) -> Result<&Caller, StoreError> {
        let [organization_key, user_key] = self.caller_keys();
        let organization = find(organization_key).ok_or(StoreError::Unauthenticated)?;
        let user_item = find(user_key).ok_or(StoreError::Unauthenticated)?;
        let organization: Organization = data(organization)?;
        let user: User = data(user_item)?;
        let signed_in = match self.claim.session {
            Some(session) => is_alive(user_item, session, now),
            None => true,
        };
        if !signed_in || user.status != UserStatus::Active || organization.status != OrganizationStatus::Active {
            return Err(StoreError::Unauthenticated);
        }
        if self.named_tenant.as_deref().is_some_and(|named| named != organization.subdomain.as_str()) {
            return Err(StoreError::TenantMismatch);
        }
        if !user.role.may(self.permission) {
            return Err(StoreError::Forbidden);
        }
        let last_login_at = last_login(user_item);
        let pending_email = pending_email(user_item);
        Ok(self.checked.caller.get_or_init(|| Caller { user, last_login_at, pending_email, organization }))
    }
}
