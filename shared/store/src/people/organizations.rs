//! Organizations: sign-up, and the caller's own: read, change, end.

use serde::{Deserialize, Serialize};
use stockroom_domain::{
    access::Role,
    id::OrganizationId,
    log::{Action, Entity},
    organization::{Currency, Organization, OrganizationStatus, Subdomain},
    text::{Email, FullName, OrganizationName},
    time::Timestamp,
    user::{Person, User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{absent, expression, version_is},
        item::{Item, data, encode, n, s, with_attributes, with_data},
        key::{Index, Key},
        retry::Backoff,
    },
    error::{Conflict, StoreError},
    keys::{OrganizationKeys, listed, onboarding_idempotency, tenant},
    people::{
        addresses::{UNCONFIRMED, UNCONFIRMED_EMAIL},
        identity::{PasswordHash, user_items},
        passwords::token_state,
        user_changes::is_active_admin,
    },
    purchasing::{CurrencyChange, PriceLook, currency_change},
    rate_limit::counter::Bucket,
    schema::of_this_version,
    write::{
        Attempt, Authority, Change, Decision, LookedUp, Outcome,
        access::Table,
        idempotency::IdempotencyKey,
        log::{Entry, Origin, difference, snapshot},
        scope::TenantScope,
    },
};

/// A new organization with its first admin.
#[derive(Debug, Clone)]
pub struct NewOrganization {
    pub name: OrganizationName,
    pub subdomain: Subdomain,
    pub currency: Currency,
    pub admin_email: Email,
    pub admin_name: FullName,
    pub admin_hash: PasswordHash,
    /// Whether the admin's address counts as confirmed. Otherwise the organization sends mail to the admin only.
    pub is_confirmed: bool,
}

/// Changes of an organization; `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct OrganizationChange {
    pub name: Option<OrganizationName>,
    pub currency: Option<Currency>,
}

/// The result of a sign-up.
#[derive(Debug, Clone)]
pub struct SignedUp {
    pub organization: Organization,
    pub admin: User,
}

/// The claim of a subdomain.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantClaim {
    pub(crate) organization: OrganizationId,
    /// When the organization ended. Its subdomain then leads nowhere, and is free after the purge.
    pub(crate) ended_at: Option<Timestamp>,
}

/// See [`crate::Store::organizations`].
#[derive(Debug, Clone, Copy)]
pub struct Organizations<'a> {
    table: &'a Table,
}

impl<'a> Organizations<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// Counts a sign-up against `limits`, unless a response is stored for this request. A password is hashed after
    /// that.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyKeyReused`], [`StoreError::TooMany`].
    pub async fn admit(
        &self,
        limits: Vec<Bucket>,
        subdomain: &Subdomain,
        origin: &Origin,
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<Outcome<LookedUp>, StoreError> {
        let partition = onboarding_idempotency(subdomain);
        let authority = Authority::Public { origin, idempotency: idempotency.map(|key| (partition.as_str(), key)) };
        self.table.count_unless_stored(authority, limits).await
    }

    /// Signs an organization up.
    ///
    /// # Errors
    /// [`Conflict::DuplicateSubdomain`].
    pub async fn sign_up(
        &self,
        new: &NewOrganization,
        admitted: LookedUp,
        origin: &Origin,
        idempotency: Option<&IdempotencyKey>,
        present: impl Fn(&SignedUp) -> Vec<u8>,
    ) -> Result<Outcome<SignedUp>, StoreError> {
        let claim = tenant(new.subdomain.as_str());
        let partition = onboarding_idempotency(&new.subdomain);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<SignedUp>, StoreError> {
            // The claim's own condition guards it; only a failed one has to be looked into.
            if attempt.is_repeated && !attempt.has_read(&claim) {
                return Ok(Decision::Read(vec![claim.clone()]));
            }
            if attempt.find(&claim).is_some() {
                return Err(StoreError::Conflict(Conflict::DuplicateSubdomain));
            }
            let organization = Organization {
                id: attempt.id(),
                version: 1,
                name: new.name.clone(),
                subdomain: new.subdomain.clone(),
                currency: new.currency,
                status: OrganizationStatus::Active,
                created_at: attempt.now,
                updated_at: attempt.now,
                deleted_at: None,
            };
            let admin = User {
                id: attempt.id(),
                version: 1,
                email: new.admin_email.clone(),
                full_name: new.admin_name.clone(),
                role: Role::Admin,
                status: UserStatus::Active,
                created_at: attempt.now,
                updated_at: attempt.now,
            };
            let keys = OrganizationKeys(organization.id);
            let mut organization_item = with_data(&keys.organization(), &organization)?;
            Index::One.insert(&mut organization_item, listed(None, organization.id));
            if !new.is_confirmed {
                organization_item.insert(UNCONFIRMED.to_owned(), s(admin.id));
                organization_item.insert(UNCONFIRMED_EMAIL.to_owned(), s(&admin.email));
            }
            let (user_item, credential_item) =
                user_items(keys, new.subdomain.as_str(), &admin, Some(new.admin_hash.clone()))?;
            let mut admins: Item = keys.admins().attributes();
            admins.insert("count".to_owned(), n(1));
            let by_admin = |entry: Entry| Entry { actor: Some(Person::from(&admin)), ..entry };
            let founded = by_admin(attempt.entry(
                Action::Create,
                (Entity::Organization, organization.id),
                (None, Some(snapshot(&organization)?)),
            ));
            let joined =
                by_admin(attempt.entry(Action::Create, (Entity::User, admin.id), (None, Some(snapshot(&admin)?))));
            let claim_item = with_attributes(&claim, &TenantClaim { organization: organization.id, ended_at: None })?;
            let mut entries = vec![founded, joined];
            if !new.is_confirmed {
                let state = (None, Some(token_state(0)));
                entries.push(by_admin(attempt.entry(Action::Welcome, (Entity::User, admin.id), state)));
            }
            let made = SignedUp { organization: organization.clone(), admin: admin.clone() };
            let change = Change::logged_all(made, organization.id, &entries)?
                .put(claim_item, &absent())?
                .put(organization_item, &absent())?
                .put(credential_item, &absent())?
                .put(user_item, &absent())?
                .put(admins, &absent())?;
            Ok(change.into())
        };
        let authority = Authority::Public { origin, idempotency: idempotency.map(|key| (partition.as_str(), key)) };
        self.table.write_looked_up(admitted, authority, &[], decide, present).await
    }

    /// The caller's own organization.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`].
    pub async fn own(&self, scope: &TenantScope) -> Result<Organization, StoreError> {
        Ok(self.table.verify(scope).await?.organization.clone())
    }

    /// The organization with that id, if it is the caller's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, scope: &TenantScope, id: OrganizationId) -> Result<Organization, StoreError> {
        let own = self.own(scope).await?;
        if own.id == id { Ok(own) } else { Err(StoreError::NotFound) }
    }

    /// Changes the caller's own organization. Its currency stays while purchase requests have prices.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`Conflict::Priced`].
    pub async fn change(
        &self,
        scope: &TenantScope,
        id: OrganizationId,
        expected: Option<u64>,
        wanted: &OrganizationChange,
    ) -> Result<Organization, StoreError> {
        let key = scope.keys().organization();
        let counter = scope.keys().requests_counter();
        let mut wanted_keys = vec![key.clone()];
        wanted_keys.extend(wanted.currency.map(|_| counter.clone()));
        let mut backoff = Backoff::new();
        let mut look = None;
        loop {
            let decide = |attempt: &Attempt<'_>| {
                let free = || currency_change(attempt.find(&counter), look.as_ref());
                decide_change(scope, attempt, (id, expected), wanted, free)
            };
            if let Some(organization) = self.table.change(Authority::Tenant(scope), &wanted_keys, decide).await? {
                return Ok(organization);
            }
            if look.is_some() {
                backoff.after_conflict(&self.table.sources, "prices kept changing").await?;
            }
            let found = PriceLook::at(self.table, scope.keys()).await?;
            look = Some(found.ok_or(StoreError::Conflict(Conflict::Priced))?);
        }
    }

    /// Ends the caller's own organization. From then on its users cannot sign in and their tokens are invalid; a
    /// write in progress may still commit. Data and subdomain stay until the purge ([`crate::Purging`]), which looks
    /// at `deleted_at`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Unconfirmed`] unless `confirmed` is its subdomain;
    /// [`StoreError::VersionMismatch`].
    pub async fn delete(
        &self,
        scope: &TenantScope,
        id: OrganizationId,
        expected: Option<u64>,
        confirmed: &str,
    ) -> Result<Organization, StoreError> {
        let key = scope.keys().organization();
        let decide = |attempt: &Attempt<'_>| {
            let (read, before) = owned(attempt, &key, id)?;
            if before.subdomain.as_str() != confirmed {
                return Err(StoreError::Unconfirmed);
            }
            if expected.is_some_and(|version| version != before.version) {
                return Err(StoreError::VersionMismatch);
            }
            let ended = Organization { status: OrganizationStatus::Deleted, ..before.clone() };
            let (attempt, mut after) = next(attempt, &before, ended);
            after.deleted_at = Some(attempt.now);
            let entry = attempt.entry(Action::Delete, (Entity::Organization, id), (Some(snapshot(&before)?), None));
            let claim = tenant(before.subdomain.as_str());
            let leave = expression("SET #ended_at = :ended").with("ended", s(attempt.now));
            let is_its_own = expression("#organization = :organization").with("organization", s(id));
            step(scope, read, &before, after, &entry)?.update(&claim, &leave, &is_its_own)
        };
        self.table.change(Authority::Tenant(scope), std::slice::from_ref(&key), decide).await
    }
}

/// The decision on a change of the caller's own organization; `None` if the currency changes and the counter does not
/// show whether it may.
fn decide_change(
    scope: &TenantScope,
    attempt: &Attempt<'_>,
    (id, expected): (OrganizationId, Option<u64>),
    wanted: &OrganizationChange,
    currency_change: impl Fn() -> CurrencyChange,
) -> Result<Decision<Option<Organization>>, StoreError> {
    let (read, before) = owned(attempt, &scope.keys().organization(), id)?;
    if expected.is_some_and(|version| version != before.version) {
        return Err(StoreError::VersionMismatch);
    }
    let after = Organization {
        name: wanted.name.as_ref().unwrap_or(&before.name).clone(),
        currency: wanted.currency.unwrap_or(before.currency),
        ..before.clone()
    };
    if after == before {
        return Ok(Decision::Keep(Some(before)));
    }
    let (attempt, after) = next(attempt, &before, after);
    let (shown_before, shown_after) = difference(snapshot(&before)?, snapshot(&after)?);
    let changed = (Some(shown_before), Some(shown_after));
    let entry = attempt.entry(Action::Update, (Entity::Organization, id), changed);
    let changes_currency = after.currency != before.currency;
    let change = step(scope, read, &before, after, &entry)?;
    let change = match changes_currency.then(currency_change) {
        None => change,
        Some(CurrencyChange::Free(condition)) => change.check(&scope.keys().requests_counter(), &condition)?,
        Some(CurrencyChange::Unknown) => return Ok(Decision::Keep(None)),
        Some(CurrencyChange::Priced) => return Err(StoreError::Conflict(Conflict::Priced)),
    };
    Ok(change.map(Some).into())
}

/// The caller's organization and its item, if it has this id.
fn owned<'a>(attempt: &'a Attempt<'_>, key: &Key, id: OrganizationId) -> Result<(&'a Item, Organization), StoreError> {
    let item = attempt.find(key).ok_or(StoreError::Unauthenticated)?;
    let organization: Organization = data(item)?;
    if organization.id == id { Ok((item, organization)) } else { Err(StoreError::NotFound) }
}

/// The next version of an organization, with its time.
fn next<'a>(attempt: &Attempt<'a>, before: &Organization, after: Organization) -> (Attempt<'a>, Organization) {
    let attempt = attempt.behind(before.updated_at);
    (attempt, Organization { version: before.version.saturating_add(1), updated_at: attempt.now, ..after })
}

/// The change to that version, committed only while the caller is an active admin.
fn step(
    scope: &TenantScope,
    read: &Item,
    before: &Organization,
    after: Organization,
    entry: &Entry,
) -> Result<Change<Organization>, StoreError> {
    let keys = scope.keys();
    let update = expression("SET #data = :data").with("data", encode(&after)?);
    let (update, as_read) = of_this_version(update, version_is(before.version), read);
    Change::logged(after, before.id, entry)?
        .update(&keys.organization(), &update, &as_read)?
        .check(&keys.user(scope.claim().user), &is_active_admin())
}
