//! Passwords: changing one's own, and setting one by a link that was sent to the account's address.
//!
//! An account's `auth_epoch` counts its passwords and addresses. It stands in the user's item and in the credential, and both move on
//! in the transaction that sets a password, conditioned on what was read: so of two that set one at once the second
//! finds another epoch, a login that verified the password before opens no session any more, and a link is good once.

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
        retry::Patience,
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
        access::Table,
        log::{Entry, Origin},
        scope::TenantScope,
    },
};

/// An account as of one of its passwords and addresses: with the next one the epoch is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub organization: OrganizationId,
    pub user: UserId,
    /// How often its password or address was set, or it was disabled, since it was made.
    pub auth_epoch: u64,
}

/// A password that is to be set. The hash is kept; the password itself is only compared with what is known of its owner.
#[derive(Debug, Clone)]
pub struct NewPassword {
    pub password: Password,
    pub hash: PasswordHash,
}

impl NewPassword {
    /// Refuses, at that member of the request, what anybody would try first.
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
    /// Of the session that the caller came through, what has to go on.
    session: KeptSession,
}

#[derive(Debug, Clone)]
struct KeptSession {
    /// Its name in the map of sessions.
    name: String,
    generation: u64,
    /// Whether the token before its current one has come again.
    is_repeated: bool,
    /// The whole map with nothing but it.
    sessions: AttributeValue,
}

impl OwnPassword {
    /// The hash to verify against; none when the account has no password.
    #[must_use]
    pub fn hash(&self) -> Option<&PasswordHash> {
        self.record.hash.as_ref()
    }

    /// What there is to show for it once it was verified.
    #[must_use]
    pub fn verified(&self) -> VerifiedPassword {
        VerifiedPassword(self.record.auth_epoch)
    }
}

/// An account whose link is good, as it was read.
#[derive(Debug, Clone)]
pub struct LinkedAccount {
    account: Account,
    credential: Key,
}

/// A password that was verified, as of one of the account's passwords and addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedPassword(u64);

impl VerifiedPassword {
    /// Refuses, at the member `current_password`, what needs a password that is still the account's.
    pub(crate) fn check(given: Option<Self>, auth_epoch: u64) -> Result<(), StoreError> {
        let fault = match given {
            Some(Self(verified)) if verified == auth_epoch => return Ok(()),
            Some(_) => Fault::new("wrong_password", "is not the password of this account"),
            None => Fault::new("required", "must be given to change one's own address"),
        };
        Err(StoreError::Rejected(vec![("current_password".into(), fault)]))
    }
}

/// What became of a change.
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
    pub async fn own(&self, scope: &TenantScope, expected: Option<u64>) -> Result<OwnPassword, StoreError> {
        let user_key = scope.keys().user(scope.claim().user);
        let mut patience = Patience::new();
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
            // It has moved between the two reads.
            patience.wait(&self.table.sources, "the address is being changed").await?;
        }
    }

    /// Sets the caller's password in place of the one that was verified, and ends every session but the caller's.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for a `new_password` that anybody would guess; [`StoreError::Unauthenticated`] when the
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
            // A mark that came since is not to be lost.
            let repeated = format!("attribute_not_exists(#sessions.#{name}.#rotation.#repeated_by)");
            let still_there = if is_repeated { still_there } else { still_there.and(expression(repeated)) };
            let account = Account { organization: caller.organization.id, user: caller.user.id, auth_epoch: verified };
            let change = Change::logged(PasswordChange::Done, caller.organization.id, &entry)?;
            Ok(account.set(change, &key, new, &sessions, still_there)?.into())
        };
        self.table.change(Authority::Tenant(scope), &[], decide).await
    }

    /// Logs that somebody asked for a link to set a new password, which leads to the mail. An address without an account is
    /// logged too. Nothing is logged without such a tenant, or when `limit` is exhausted; the calls of the table are the
    /// same: a transaction whose condition fails stands for the one that writes. Of two requests for one account at the
    /// very same moment, one is logged.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn request_reset(
        &self,
        named_tenant: &str,
        email: &Email,
        limit: Option<&LinkMails>,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        // A text that is no subdomain is looked up like one: as a reserved word, which no tenant has.
        let subdomain = named_tenant.parse::<Subdomain>().map_or_else(|_| "www".to_owned(), |name| name.to_string());
        let (tenant, places) = (tenant(&subdomain), credentials(&subdomain, &EmailLookup::from(email)));
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

    /// The account of a link that sets a password, to be asked for before the password is hashed. `None` when it is not as
    /// it was when the link was made: it has another password or address since, was disabled, or its organization has
    /// ended; and when a tenant is named that is not its own.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn linked(
        &self,
        account: Account,
        named_tenant: Option<&str>,
    ) -> Result<Option<LinkedAccount>, StoreError> {
        let keys = OrganizationKeys(account.organization);
        let items = self.table.get(&[keys.user(account.user), keys.organization()]).await?;
        let found = LinkRead::of(account, |key| items.get(key))?;
        let is_named =
            |read: &LinkRead<'_>| named_tenant.is_none_or(|named| named == read.organization.subdomain.as_str());
        Ok(found.filter(is_named).map(|read| LinkedAccount { account, credential: read.credential() }))
    }

    /// Sets the password of an account that proved itself by a link, and ends all its sessions. False when it is no longer
    /// as it was when the link was made. An organization that waits for this admin's address is confirmed, too: the link
    /// came by mail.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for a `password` that anybody would guess.
    pub async fn reset(&self, linked: &LinkedAccount, new: &NewPassword, origin: &Origin) -> Result<bool, StoreError> {
        let LinkedAccount { account, credential: key } = linked;
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

/// What a link leads to, while it is good.
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
    /// Sets the account's next password and leaves it these sessions, if it is still as it was and `condition` holds of
    /// the user.
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

/// The state of an account that a link is made from, as an entry keeps it: the same entry gives the same link.
pub(crate) fn token_state(auth_epoch: u64) -> Value {
    json!({ "auth_epoch": auth_epoch })
}

/// What has to go on of the scope's own session.
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
