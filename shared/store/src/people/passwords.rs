//! Passwords: changes by the user, and resets by a mailed link.
//!
//! `auth_epoch` counts an account's passwords and addresses. User item and credential both have it, and the transaction
//! that sets a password raises both, if they are as read. So of two simultaneous changes the second fails, a sign-in
//! that verified the old password opens no session, and a link works once.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use stockroom_domain::{
    fault::Fault,
    id::{OrganizationId, UserId},
    log::{Action, Entity},
    organization::{Organization, OrganizationStatus, Subdomain},
    text::{Email, EmailLookup},
    user::{Password, Person, User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{Expression, absent, expression, member},
        item::{Item, attributes, data, n, s},
        key::Key,
        retry::Backoff,
    },
    error::StoreError,
    keys::{OrganizationKeys, credential, tenant},
    people::{
        addresses::with_organization_confirmed,
        identity::{CredentialRecord, PasswordHash, credentials},
        organizations::TenantClaim,
        refresh::Rotation,
        session_records::Sessions,
    },
    rate_limit::link_mails::LinkMails,
    write::{
        Attempt, Authority, Change, Decision,
        access::{CountedAttempt, Table},
        log::{Entry, Origin},
        scope::TenantScope,
    },
};

/// An account at one epoch. A new password or address changes the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub organization: OrganizationId,
    pub user: UserId,
    /// How often its password or address was set, or it was disabled.
    pub auth_epoch: u64,
}

/// A new password with its hash. Only the hash is stored; the password is compared with data of its owner.
#[derive(Debug, Clone)]
pub struct NewPassword {
    pub password: Password,
    pub hash: PasswordHash,
}

impl NewPassword {
    /// Refuses guessable passwords, naming that member of the request.
    pub(crate) fn check(
        &self,
        member: &'static str,
        email: &Email,
        organization: &Organization,
    ) -> Result<(), StoreError> {
        let names = [organization.name.as_str(), organization.subdomain.as_str()];
        self.password.check_guessable(email, &names).map_err(|fault| StoreError::Rejected(vec![(member.into(), fault)]))
    }
}

/// The caller's own password, as it was read.
#[derive(Debug, Clone)]
pub struct OwnPassword {
    key: Key,
    record: CredentialRecord,
    /// The caller's session, which stays.
    session: KeptSession,
}

#[derive(Debug, Clone)]
struct KeptSession {
    /// Its name in the map of sessions.
    name: String,
    generation: u64,
    /// Whether its previous token was presented again.
    is_repeated: bool,
    /// The map of sessions with this one only.
    sessions: AttributeValue,
}

impl OwnPassword {
    /// The hash to verify against; none when the account has no password.
    #[must_use]
    pub fn hash(&self) -> Option<&PasswordHash> {
        self.record.hash.as_ref()
    }

    /// The proof that it was verified.
    #[must_use]
    pub fn verified(&self) -> VerifiedPassword {
        VerifiedPassword(self.record.auth_epoch)
    }
}

/// The account of a valid link, as read.
#[derive(Debug, Clone)]
pub struct LinkedAccount {
    account: Account,
    credential: Key,
    /// The subdomain of its organization, where its user signs in.
    pub tenant: Subdomain,
}

/// A verified password, at one epoch of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedPassword(u64);

impl VerifiedPassword {
    /// Refuses the request, naming `current_password`, unless a password of this epoch was verified.
    pub(crate) fn check(given: Option<Self>, auth_epoch: u64) -> Result<(), StoreError> {
        let fault = match given {
            Some(Self(verified)) if verified == auth_epoch => return Ok(()),
            Some(_) => Fault::new("wrong_password", "is not the password of this account"),
            None => Fault::new("required", "is required to change your own e-mail address"),
        };
        Err(StoreError::Rejected(vec![("current_password".into(), fault)]))
    }
}

/// The result of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    /// The new password is the account's.
    Done,
    /// The account has another password than the one that was verified.
    Overtaken,
}

/// See [`crate::Store::passwords`].
#[derive(Debug, Clone, Copy)]
pub struct Passwords<'a> {
    table: &'a Table,
}

impl<'a> Passwords<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// The caller's own password; `expected` is the version that the user must have.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`], [`StoreError::VersionMismatch`].
    pub async fn own(
        &self,
        _counted: CountedAttempt,
        scope: &TenantScope,
        expected: Option<u64>,
    ) -> Result<OwnPassword, StoreError> {
        let user_key = scope.keys().user(scope.claim().user);
        let mut backoff = Backoff::new();
        loop {
            let items = self.table.get_for(scope, std::slice::from_ref(&user_key)).await?;
            let organization = &self.table.verify(scope).await?.organization;
            let item = items.get(&user_key).ok_or(StoreError::Unauthenticated)?;
            let user: User = data(item)?;
            if expected.is_some_and(|version| version != user.version) {
                return Err(StoreError::VersionMismatch);
            }
            let session = kept_session(scope, item)?;
            let key = credential(organization.subdomain.as_str(), &user.email.folded());
            let items = self.table.get(std::slice::from_ref(&key)).await?;
            let record: Option<CredentialRecord> = items.get(&key).map(attributes).transpose()?;
            if let Some(record) = record.filter(|record| record.user == user.id) {
                return Ok(OwnPassword { key, record, session });
            }
            // The credential moved between the two reads.
            backoff.wait(&self.table.sources, "the address is being changed").await?;
        }
    }

    /// Sets the caller's password in place of the one that was verified, and ends every session but the caller's.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for a guessable `new_password`; [`StoreError::Unauthenticated`] when the
    /// session has ended meanwhile.
    pub async fn change(
        &self,
        scope: &TenantScope,
        own: &OwnPassword,
        new: &NewPassword,
    ) -> Result<PasswordChange, StoreError> {
        let user_key = scope.keys().user(scope.claim().user);
        let verified = own.record.auth_epoch;
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<PasswordChange>, StoreError> {
            let caller = attempt.caller()?;
            new.check("new_password", &caller.user.email, &caller.organization)?;
            let mut key = own.key.clone();
            let mut session = own.session.clone();
            if attempt.is_repeated {
                if !attempt.has_read(&user_key) {
                    return Ok(Decision::Read(vec![user_key.clone()]));
                }
                let item = attempt.find(&user_key).ok_or(StoreError::Unauthenticated)?;
                session = kept_session(scope, item)?;
                let user: User = data(item)?;
                if user.status != UserStatus::Active {
                    return Err(StoreError::Unauthenticated);
                }
                if Sessions::of(item)?.auth_epoch != verified {
                    return Ok(Decision::Keep(PasswordChange::Overtaken));
                }
                key = credential(caller.organization.subdomain.as_str(), &user.email.folded());
            }
            let KeptSession { name, generation, is_repeated, sessions } = session;
            let entry = attempt.entry(Action::PasswordChanged, (Entity::User, caller.user.id), (None, None));
            let still_there = expression(format!("#data.#status = :active AND #sessions.#{name}.#generation = :seen"))
                .with("active", s(UserStatus::Active.name()))
                .with("seen", n(generation));
            // A mark of a repeated refresh since then must not be lost.
            let repeated = format!("attribute_not_exists(#sessions.#{name}.#rotation.#repeated_by)");
            let still_there = if is_repeated { still_there } else { still_there.and(expression(repeated)) };
            let account = Account { organization: caller.organization.id, user: caller.user.id, auth_epoch: verified };
            let change = Change::logged(PasswordChange::Done, caller.organization.id, &entry)?;
            Ok(account.set(change, &key, new, &sessions, still_there)?.into())
        };
        self.table.change(Authority::Tenant(scope), &[], decide).await
    }

    /// Logs a request for a password reset, which causes the mail. A request for an unknown address is logged too.
    /// Without the tenant, or when `limit` is exhausted, nothing is logged; the calls of the table are the same, with
    /// a transaction whose condition fails. Of two simultaneous requests for one account, one is logged.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn request_reset(
        &self,
        _counted: CountedAttempt,
        named_tenant: &str,
        email: &EmailLookup,
        limit: Option<&LinkMails>,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        // Text that is not a subdomain is looked up as a reserved word, which no tenant has.
        let subdomain = named_tenant.parse::<Subdomain>().map_or_else(|_| "www".to_owned(), |name| name.to_string());
        let (tenant, places) = (tenant(&subdomain), credentials(&subdomain, email));
        let mut keys = places.clone();
        keys.push(tenant.clone());
        keys.extend(limit.map(|limit| limit.key.clone()));
        let items = self.table.get(&keys).await?;
        let claim: Option<TenantClaim> = items.get(&tenant).map(attributes).transpose()?;
        let organization = claim.filter(|claim| claim.ended_at.is_none()).map(|claim| claim.organization);
        let record: Option<CredentialRecord> =
            places.iter().find_map(|place| items.get(place)).map(attributes).transpose()?;
        let (sources, now) = (&self.table.sources, self.table.sources.now());
        let entry = Entry {
            id: sources.id(now),
            change_id: sources.id(now),
            action: Action::PasswordResetRequested,
            entity: Entity::User,
            entity_id: record.as_ref().map(|record| record.user.to_string()),
            actor: None,
            owner: None,
            before: None,
            after: record.map(|record| token_state(record.auth_epoch)),
            origin: origin.into(),
            created_at: now,
        };
        let never = || expression("attribute_exists(#pk) AND attribute_not_exists(#pk)");
        let item = entry.item(organization.unwrap_or_else(|| sources.id(now)))?;
        let mut change = Change::following(()).put(item, &organization.map_or_else(never, |_| absent()))?;
        if let Some(limit) = limit {
            let (update, as_read) = match limit.take(items.get(&limit.key), now) {
                Ok(taken) => taken,
                Err(_) => (expression("SET #sent = :none").with("none", s("")), never()),
            };
            change = change.update(&limit.key, &update, &as_read)?;
        }
        self.table.commit(change).await.map(|_| ())
    }

    /// The account of a link that sets a password, read before the password is hashed. `None` if the link is void: a
    /// new password or address, a disabled user, an ended organization, or another tenant named.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn linked(
        &self,
        _counted: CountedAttempt,
        account: Account,
        named_tenant: Option<&str>,
    ) -> Result<Option<LinkedAccount>, StoreError> {
        let keys = OrganizationKeys(account.organization);
        let items = self.table.get(&[keys.user(account.user), keys.organization()]).await?;
        let found = LinkRead::of(account, |key| items.get(key))?;
        let is_named =
            |read: &LinkRead<'_>| named_tenant.is_none_or(|named| named == read.organization.subdomain.as_str());
        Ok(found.filter(is_named).map(|read| LinkedAccount {
            account,
            credential: read.credential(),
            tenant: read.organization.subdomain.clone(),
        }))
    }

    /// Sets the password of the account of a link, and ends all its sessions. False if the link is void. An
    /// organization that awaits this admin's address is confirmed too, because the link came by mail.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for a guessable `password`.
    pub async fn reset(&self, linked: &LinkedAccount, new: &NewPassword, origin: &Origin) -> Result<bool, StoreError> {
        let LinkedAccount { account, credential: key, .. } = linked;
        let keys = OrganizationKeys(account.organization);
        let wanted = [keys.user(account.user), keys.organization(), key.clone()];
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<bool>, StoreError> {
            // With another address, the epoch is another.
            let Some(read) = LinkRead::of(*account, |key| attempt.find(key))? else {
                return Ok(Decision::Keep(false));
            };
            let LinkRead { user, organization, organization_item } = &read;
            new.check("password", &user.email, organization)?;
            let entry = Entry {
                actor: Some(Person::from(user)),
                ..attempt.entry(Action::PasswordReset, (Entity::User, user.id), (None, None))
            };
            let active = expression("#data.#status = :active").with("active", s(UserStatus::Active.name()));
            let none = AttributeValue::M(Item::new());
            let change = Change::logged(true, account.organization, &entry)?;
            let change = account.set(change, &read.credential(), new, &none, active)?;
            Ok(with_organization_confirmed(change, attempt, (organization, organization_item), user)?.into())
        };
        let authority = Authority::Public { origin, idempotency: None };
        self.table.change(authority, &wanted, decide).await
    }
}

/// The account of a valid link.
struct LinkRead<'a> {
    user: User,
    organization: Organization,
    organization_item: &'a Item,
}

impl<'a> LinkRead<'a> {
    fn of(account: Account, find: impl Fn(&Key) -> Option<&'a Item>) -> Result<Option<Self>, StoreError> {
        let keys = OrganizationKeys(account.organization);
        let (Some(item), Some(organization_item)) = (find(&keys.user(account.user)), find(&keys.organization())) else {
            return Ok(None);
        };
        let read = Self { user: data(item)?, organization: data(organization_item)?, organization_item };
        let is_good = read.organization.status == OrganizationStatus::Active
            && read.user.status == UserStatus::Active
            && Sessions::of(item)?.auth_epoch == account.auth_epoch;
        Ok(is_good.then_some(read))
    }

    fn credential(&self) -> Key {
        credential(self.organization.subdomain.as_str(), &self.user.email.folded())
    }
}

impl Account {
    /// Sets the next password and replaces the sessions, if the account is unchanged and `condition` holds of the
    /// user.
    fn set<T>(
        &self,
        change: Change<T>,
        credential: &Key,
        new: &NewPassword,
        sessions: &AttributeValue,
        condition: Expression,
    ) -> Result<Change<T>, StoreError> {
        let next = n(self.auth_epoch.saturating_add(1));
        let as_it_was = || expression("#auth_epoch = :epoch").with("epoch", n(self.auth_epoch));
        let of_user = expression("SET #sessions = :sessions, #auth_epoch = :next")
            .with("sessions", sessions.clone())
            .with("next", next.clone());
        let of_credential =
            expression("SET #hash = :hash, #auth_epoch = :next").with("hash", s(&new.hash.0)).with("next", next);
        let its_own = as_it_was().and(expression("#user = :user").with("user", s(self.user)));
        change
            .update(&OrganizationKeys(self.organization).user(self.user), &of_user, &as_it_was().and(condition))?
            .update(credential, &of_credential, &its_own)
    }
}

/// The state that a link is derived from, as the entry stores it: the same entry gives the same link.
pub(crate) fn token_state(auth_epoch: u64) -> Value {
    json!({ "auth_epoch": auth_epoch })
}

/// The session of the scope, which stays.
fn kept_session(scope: &TenantScope, user: &Item) -> Result<KeptSession, StoreError> {
    let session = scope.claim().session.ok_or(StoreError::Unauthenticated)?;
    let sessions = Sessions::of(user)?;
    let kept = sessions.get(session).ok_or(StoreError::Unauthenticated)?;
    let is_repeated = kept.rotation.as_ref().is_some_and(Rotation::is_repeated);
    let name = member(session);
    let record = user.get("sessions").and_then(|sessions| sessions.as_m().ok()?.get(&name));
    let record = record.ok_or(StoreError::Unauthenticated)?.clone();
    let generation = kept.generation;
    let sessions = AttributeValue::M(Item::from([(name.clone(), record)]));
    Ok(KeptSession { name, generation, is_repeated, sessions })
}
