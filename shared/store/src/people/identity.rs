//! Credentials, failed sign-ins, sign-out. `sign_in.rs` opens a session, `refresh.rs` continues it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stockroom_domain::{
    access::Role,
    id::{OrganizationId, UserId},
    log::{Action, Entity},
    search::search_fold,
    text::{EmailLookup, FullName},
    user::{Person, User, UserStatus},
};

use crate::{
    dynamo::{
        expression::expression,
        item::{Item, attributes, data, n, s},
        key::Key,
        retry::Backoff,
    },
    error::StoreError,
    keys::{OrganizationKeys, credential, tenant},
    people::{organizations::TenantClaim, session_records::removal},
    schema::{USER_VERSION, Upgrade},
    write::{
        Attempt, Authority, Change,
        access::{CountedAttempt, Table},
        log::{Entry, Origin, snapshot},
        scope::TenantScope,
    },
};

/// Deadline for the renewal of a hash, while a user waits to sign in.
pub(crate) const RENEWAL_DEADLINE: Duration = Duration::from_secs(1);

/// A password's hash in PHC string form. Not shown by `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// A credential as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CredentialRecord {
    pub(crate) user: UserId,
    pub(crate) full_name: FullName,
    pub(crate) role: Role,
    /// None until the invitation is accepted.
    pub(crate) hash: Option<PasswordHash>,
    pub(crate) auth_epoch: u64,
    /// A copy of the user's status, so that a disabled user is refused with as much work as a wrong password. Old
    /// credentials have none; then the user's own status decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<UserStatus>,
}

/// The credential of an e-mail address within a tenant, if it exists.
#[derive(Debug, Clone)]
pub struct Credential {
    pub(crate) organization: OrganizationId,
    pub(crate) record: Option<CredentialRecord>,
    pub(crate) key: Key,
}

impl Credential {
    /// The tenant's organization.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The user with that address, if there is one.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.record.as_ref().map(|record| record.user)
    }

    /// The hash to verify against, if there is a user with a password.
    #[must_use]
    pub fn hash(&self) -> Option<&PasswordHash> {
        self.record.as_ref()?.hash.as_ref()
    }

    /// The log's entry of a failed login.
    pub(crate) fn failure(&self, attempt: &Attempt<'_>) -> Entry {
        let subject = (Entity::User, self.organization);
        let entity_id = self.user().map(|user| user.to_string());
        Entry { entity_id, ..attempt.entry(Action::LoginFailed, subject, (None, None)) }
    }

    pub(crate) fn person(&self) -> Option<Person> {
        self.record.as_ref().map(|record| Person { id: record.user, full_name: record.full_name.clone() })
    }
}

/// The life of a new session's refresh token, and the key that signs it.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// From its issue.
    pub lifetime: Duration,
    /// The signing key's id.
    pub key_id: String,
}

/// See [`crate::Store::identity`].
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    pub(crate) table: &'a Table,
}

impl<'a> Identity<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// The credential of an address within a tenant; `None` without an active tenant. Accounts older than the present
    /// rules for addresses are found too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn credential(
        &self,
        _counted: CountedAttempt,
        subdomain: &str,
        email: &EmailLookup,
    ) -> Result<Option<Credential>, StoreError> {
        let tenant = tenant(subdomain);
        let credentials = credentials(subdomain, email);
        let wanted: Vec<Key> = std::iter::once(&tenant).chain(&credentials).cloned().collect();
        let items = self.table.get(&wanted).await?;
        let credential = credentials.iter().find(|key| items.contains_key(*key)).or(credentials.first()).cloned();
        let (Some(claim), Some(credential)) = (items.get(&tenant), credential) else {
            return Ok(None);
        };
        let TenantClaim { organization, ended_at: None } = attributes(claim)? else {
            return Ok(None);
        };
        let record = items.get(&credential).map(attributes).transpose()?;
        Ok(Some(Credential { organization, record, key: credential }))
    }

    /// Replaces a verified hash with one that has the present parameters. Errors are logged only: the next sign-in
    /// tries again.
    pub async fn renew_hash(&self, credential: &Credential, hash: &PasswordHash) {
        let Some(CredentialRecord { hash: Some(verified), auth_epoch, .. }) = &credential.record else { return };
        let update = expression("SET #hash = :renewed").with("renewed", s(&hash.0));
        let as_verified = expression("#hash = :verified AND #auth_epoch = :epoch")
            .with("verified", s(&verified.0))
            .with("epoch", n(*auth_epoch));
        let mut brief = Backoff::of(RENEWAL_DEADLINE);
        if let Err(error) = self.table.update_within(&mut brief, &credential.key, &update, &as_verified).await {
            tracing::warn!(%error, "cannot store a hash with the present parameters; the next sign-in tries again");
        }
    }

    /// Logs a failed sign-in in the tenant, whether or not the user exists.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn record_failure(&self, credential: &Credential, origin: &Origin) -> Result<(), StoreError> {
        let decide = |attempt: &Attempt<'_>| Change::logged((), credential.organization, &credential.failure(attempt));
        self.table.change(Authority::Public { origin, idempotency: None }, &[], decide).await
    }

    /// Makes the same calls as [`record_failure`](Self::record_failure) and writes nothing: for an unknown tenant,
    /// which has no log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn record_nothing(&self, subdomain: &str) -> Result<(), StoreError> {
        let no_tenant = expression("attribute_not_exists(#pk) OR attribute_exists(#ended_at)");
        let change = Change::following(()).check(&tenant(subdomain), &no_tenant)?;
        // Whether it holds makes no difference.
        self.table.commit(change).await.map(|_| ())
    }

    /// Ends the sessions of these scopes; their tokens are invalid at once. False if none of them is alive. A session
    /// that ends meanwhile counts as ended.
    ///
    /// # Errors
    /// [`StoreError::TenantMismatch`] when the request names another tenant than that of one of them; nothing is ended
    /// then.
    pub async fn sign_out(&self, scopes: &[TenantScope]) -> Result<bool, StoreError> {
        let keys: Vec<Key> = scopes.iter().flat_map(TenantScope::caller_keys).cloned().collect();
        let items = self.table.get(&keys).await?;
        let mut alive = Vec::new();
        for scope in scopes {
            match scope.check(|key| items.get(key), self.table.sources.now()) {
                Ok(_) => alive.push(scope),
                Err(StoreError::Unauthenticated) => {}
                Err(error) => return Err(error),
            }
        }
        for scope in &alive {
            self.end(scope).await?;
        }
        Ok(!alive.is_empty())
    }

    /// Ends the session of a verified scope, unless it has ended since.
    async fn end(&self, scope: &TenantScope) -> Result<(), StoreError> {
        let claim = scope.claim();
        let session = claim.session.ok_or(StoreError::Unauthenticated)?;
        let user_key = scope.keys().user(claim.user);
        let (update, condition) = removal(session);
        let decide = |attempt: &Attempt<'_>| {
            let entry = attempt.entry(Action::Logout, (Entity::User, claim.user), (None, None));
            Change::logged((), claim.organization, &entry)?.update(&user_key, &update, &condition)
        };
        match self.table.change(Authority::Tenant(scope), &[], decide).await {
            // Another attempt checked the caller, and the session had ended.
            Ok(()) | Err(StoreError::Unauthenticated) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The keys where a credential of an address may be, the present form first. Older accounts have other forms. No
/// program adds those, so their absence needs no condition.
pub(crate) fn credentials(subdomain: &str, email: &EmailLookup) -> Vec<Key> {
    email.forms().map(|form| credential(subdomain, form)).collect()
}

/// The items of a new user: the user, and the credential that claims the address.
pub(crate) fn user_items(
    keys: OrganizationKeys,
    subdomain: &str,
    user: &User,
    hash: Option<PasswordHash>,
) -> Result<(Item, Item), StoreError> {
    let mut user_item = crate::dynamo::item::with_data(&keys.user(user.id), user)?;
    user_item.insert("sessions".to_owned(), aws_sdk_dynamodb::types::AttributeValue::M(Item::new()));
    user_item.insert("auth_epoch".to_owned(), n(0));
    user_item.insert("search".to_owned(), s(search_text(user)));
    let record = CredentialRecord {
        user: user.id,
        full_name: user.full_name.clone(),
        role: user.role,
        hash,
        auth_epoch: 0,
        status: Some(user.status),
    };
    let credential_item = crate::dynamo::item::with_attributes(&credential(subdomain, &user.email.folded()), &record)?;
    Ok((user_item, credential_item))
}

/// The upgrades of a user, from version 1 on.
pub(crate) const USER_UPGRADES: [Upgrade; USER_VERSION - 1] = [find_users_by_text, find_users_without_accents];

/// Version 2 of a user: found by name and address. Users who signed up before users could be listed have no `search`.
fn find_users_by_text(item: &mut Item) -> Result<(), StoreError> {
    if !item.contains_key("search") {
        item.insert("search".to_owned(), s(search_text(&data(item)?)));
    }
    Ok(())
}

/// Version 3 of a user: searches disregard accents.
fn find_users_without_accents(item: &mut Item) -> Result<(), StoreError> {
    item.insert("search".to_owned(), s(search_text(&data(item)?)));
    Ok(())
}

/// The text that a search for a user reads: folded, one line for each part.
pub(crate) fn search_text(user: &User) -> String {
    [user.full_name.as_str(), user.email.as_str()].map(search_fold).join("\n")
}

/// A user as the log stores it.
pub(crate) fn user_snapshot(user: &User) -> Result<serde_json::Value, StoreError> {
    snapshot(user)
}
