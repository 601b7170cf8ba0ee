//! Who asks, for which organization, and with which right: the key to every repository.

use std::sync::{Arc, OnceLock};

use stockroom_domain::{
    access::{Permission, Role},
    id::{OrganizationId, SessionId, UserId},
    organization::{Organization, OrganizationStatus},
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
        user_item::{has_session, is_alive, last_login},
    },
};

/// What a caller claims to be; true only of its token. Whether it still holds, the first read tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
    /// The session, if the caller came through one. Only the product's own programs come without.
    pub session: Option<SessionId>,
}

/// A claim together with the permission its operation needs. Every repository opens on one, works in its organization
/// alone, and lets nothing out before the claim was checked against the table.
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

/// What a check came to.
#[derive(Debug, Default)]
struct Checked {
    caller: OnceLock<Caller>,
    /// Set when the caller is not who they claim to be.
    refused: OnceLock<()>,
}

/// A claim that was found to hold.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user as stored now, role included.
    pub user: User,
    /// When the user signed in last.
    pub last_login_at: Option<Timestamp>,
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

    /// The same scope, keeping and replaying its answer under `key`.
    #[must_use]
    pub fn with_idempotency(self, key: Option<IdempotencyKey>) -> Self {
        Self { idempotency: key, ..self }
    }

    /// The same scope for a request that names its tenant, which must be the caller's.
    #[must_use]
    pub fn with_named_tenant(self, subdomain: Option<String>) -> Self {
        Self { named_tenant: subdomain, ..self }
    }

    /// The same scope with the role that the token tells of. It is a guess at what to read, never a right.
    #[must_use]
    pub fn with_claimed_role(self, role: Role) -> Self {
        Self { claimed_role: Some(role), ..self }
    }

    /// The same scope with the moment from which the token that claims it is of no use.
    #[must_use]
    pub fn with_token_expiry(self, expires_at: Timestamp) -> Self {
        Self { token_expires_at: Some(expires_at), ..self }
    }

    pub(crate) fn claimed_role(&self) -> Option<Role> {
        self.claimed_role
    }

    /// What the caller claims to be.
    #[must_use]
    pub fn claim(&self) -> Claim {
        self.claim
    }

    /// The caller, once it was checked.
    #[must_use]
    pub fn caller(&self) -> Option<&Caller> {
        self.checked.caller.get()
    }

    /// Whether a check has found that the caller is not who they claim to be.
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

    /// What must be read to check the claim.
    pub(crate) fn caller_keys(&self) -> [Key; 2] {
        [self.keys().organization(), self.keys().user(self.claim.user)]
    }

    /// Checks the claim against what was read.
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

    /// Until when the token could be used, if what was read shows that its session never comes back. One that has expired is
    /// not among these: by another machine's clock it may have time left.
    pub(crate) fn over_for_good<'a>(&self, find: impl Fn(&Key) -> Option<&'a Item>) -> Option<Timestamp> {
        let (session, until) = self.claim.session.zip(self.token_expires_at)?;
        let [organization, user] = self.caller_keys();
        let has_ended = |item: &Item| {
            data::<Organization>(item).is_ok_and(|organization| organization.status == OrganizationStatus::Deleted)
        };
        let is_there = find(&organization).is_some_and(|organization| !has_ended(organization))
            && find(&user).is_some_and(|user| has_session(user, session));
        (!is_there).then_some(until)
    }

    fn check_claim<'a>(&self, find: impl Fn(&Key) -> Option<&'a Item>, now: Timestamp) -> Result<&Caller, StoreError> {
        let [organization_key, user_key] = self.caller_keys();
        let organization = find(&organization_key).ok_or(StoreError::Unauthenticated)?;
        let user_item = find(&user_key).ok_or(StoreError::Unauthenticated)?;
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
        Ok(self.checked.caller.get_or_init(|| Caller { user, last_login_at, organization }))
    }
}
