//! Changes and deletions of users. One transaction keeps user, credential, sessions and the number of active admins
//! consistent.
//!
//! Two admins who demote each other touch different users, so both could commit. Both transactions therefore change
//! the counter of admins, and each commits only while its caller is an active admin.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use stockroom_domain::{
    access::{Permission, Role},
    id::UserId,
    log::{Action, Entity},
    text::{Email, EmailLookup, FullName},
    user::{User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{Expression, expression, version_is},
        item::{Item, data, encode, n, s},
        key::Key,
        retry::Backoff,
    },
    error::{Conflict, StoreError},
    keys::credential,
    people::{
        addresses::{AddressTerms, EmailChange, counted, requested, unconfirmed_admin, uncounted},
        identity::user_snapshot,
        passwords::VerifiedPassword,
        session_records::Sessions,
        user_step::{Step, is_moved, is_of},
        users::{UserProfile, Users},
    },
    write::{
        Attempt, Authority, Change, Decision,
        log::{Entry, difference},
        user_item::{last_login, pending_email},
    },
};

/// Changes of a user; `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    pub email: Option<Email>,
    pub full_name: Option<FullName>,
    pub role: Option<Role>,
    pub status: Option<UserStatus>,
}

impl UserChange {
    fn apply(&self, before: &User) -> User {
        User {
            email: self.email.as_ref().unwrap_or(&before.email).clone(),
            full_name: self.full_name.as_ref().unwrap_or(&before.full_name).clone(),
            role: self.role.unwrap_or(before.role),
            status: self.status.unwrap_or(before.status),
            ..before.clone()
        }
    }
}

/// The result of a change.
enum Changed {
    Done(UserProfile),
    /// It causes mail to another address and has to be counted first.
    Uncounted,
}

impl Users<'_> {
    /// Changes a user. Admins change anyone; others change their own name and address alone. A new role holds from the
    /// user's next request on. Disabling ends all sessions, and any login that has begun; so does another address that
    /// an admin sets, because another person may read its mail. Another address of one's own waits until it is
    /// confirmed by a link ([`crate::Addresses::confirm`]); the present address cancels that. While an organization
    /// waits for the address of its first admin, no other admin changes that address.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`], [`StoreError::NotFound`], [`StoreError::VersionMismatch`],
    /// [`Conflict::DuplicateEmail`], [`Conflict::LastAdmin`]; [`StoreError::Rejected`] for another address of one's own
    /// without a password that is still the account's; [`StoreError::TooMany`].
    pub async fn change(
        &self,
        id: UserId,
        expected: Option<u64>,
        wanted: &UserChange,
        terms: &AddressTerms,
    ) -> Result<UserProfile, StoreError> {
        let organization = self.scope.claim().organization;
        let key = self.scope.keys().user(id);
        let organization_key = self.scope.keys().organization();
        let mut keys = vec![key.clone()];
        keys.extend((wanted.email.is_some() && self.scope.claim().user != id).then(|| organization_key.clone()));
        keys.extend((wanted.role.is_some() || wanted.status.is_some()).then(|| self.scope.keys().admins()));
        keys.extend(terms.link_mails.iter().map(|limit| limit.key.clone()));
        let mut is_counted = terms.invitations.is_empty();
        loop {
            let decide = |attempt: &Attempt<'_>| -> Result<Decision<Changed>, StoreError> {
                let caller = attempt.caller()?;
                let is_self = caller.user.id == id;
                if !is_self && !caller.user.role.may(Permission::ManageUsers) {
                    return Err(StoreError::Forbidden);
                }
                let item = attempt.find(&key).ok_or(StoreError::NotFound)?;
                let before: User = data(item)?;
                let mut after = wanted.apply(&before);
                // The item of the caller has the present role. For another user, the transaction checks the caller.
                let is_beyond_own = (after.role, after.status) != (before.role, before.status);
                if is_self && is_beyond_own && !before.role.may(Permission::ManageUsers) {
                    return Err(StoreError::Forbidden);
                }
                // Each change of an address causes mail, and no address of the organization is confirmed yet.
                let waits_for = attempt.find(&organization_key).and_then(unconfirmed_admin);
                if !is_self && waits_for == Some(id) && is_moved(&before, &after) {
                    return Err(StoreError::Forbidden);
                }
                if expected.is_some_and(|version| version != before.version) {
                    return Err(StoreError::VersionMismatch);
                }
                let epoch = Sessions::of(item)?.auth_epoch;
                let own =
                    if is_self { OwnAddress::take(&mut after, &before, wanted, item)? } else { OwnAddress::Stays };
                if let OwnAddress::Requested(_) = own {
                    VerifiedPassword::check(terms.password, epoch)?;
                }
                let last_login_at = last_login(item);
                if after == before && matches!(own, OwnAddress::Stays) {
                    let pending_email = pending_email(item);
                    return Ok(Decision::Keep(Changed::Done(UserProfile {
                        user: before,
                        last_login_at,
                        pending_email,
                    })));
                }
                if !is_counted && matches!(own, OwnAddress::Requested(_)) {
                    return uncounted(terms, attempt, Changed::Uncounted);
                }
                if !is_counted && is_moved(&before, &after) {
                    return Ok(Decision::Keep(Changed::Uncounted));
                }
                let attempt = &attempt.behind(before.updated_at);
                let mut entries = Vec::new();
                if after != before {
                    after.version = after.version.saturating_add(1);
                    after.updated_at = attempt.now;
                    let (old, new) = difference(user_snapshot(&before)?, user_snapshot(&after)?);
                    entries.push(attempt.entry(Action::Update, (Entity::User, id), (Some(old), Some(new))));
                }
                let email_change = own.logged(attempt, &before, epoch, &mut entries)?;
                let step =
                    Step { read: item, before: &before, after: &after, epoch, ends_sessions: !is_self, email_change };
                let moved = match step.moved(attempt, &caller.organization.subdomain)? {
                    Ok(moved) => moved,
                    Err(not_yet) => return Ok(not_yet.into()),
                };
                if !is_counted && moved.invites() {
                    return Ok(Decision::Keep(Changed::Uncounted));
                }
                let pending_email = match &own {
                    OwnAddress::Requested(email) => Some(email.clone()),
                    OwnAddress::Cancelled(_) => None,
                    // A change that raises the epoch makes the request void.
                    OwnAddress::Stays => pending_email(item).filter(|_| step.keeps_epoch()),
                };
                let profile = UserProfile { user: after.clone(), last_login_at, pending_email };
                let change = Change::logged_all(Changed::Done(profile), organization, &entries)?;
                let change = step.commit(change, (attempt, organization), &key, moved, |entry| entry)?;
                let change = match own {
                    OwnAddress::Requested(_) => counted(change, terms, attempt)?,
                    OwnAddress::Stays | OwnAddress::Cancelled(_) => change,
                };
                Ok(self.guarded(attempt, change, &before, Some(&after))?.into())
            };
            match self.unless_last_admin(id, &keys, decide).await? {
                Changed::Done(profile) => return Ok(profile),
                Changed::Uncounted => self.table.count(terms.invitations.clone()).await?,
            }
            is_counted = true;
        }
    }

    /// Deletes another user. Log entries about the user stay; the address becomes free.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`Conflict::CannotDeleteSelf`],
    /// [`Conflict::LastAdmin`].
    pub async fn delete(&self, id: UserId, expected: Option<u64>) -> Result<(), StoreError> {
        let key = self.scope.keys().user(id);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<()>, StoreError> {
            let caller = attempt.caller()?;
            let user: User = data(attempt.find(&key).ok_or(StoreError::NotFound)?)?;
            if expected.is_some_and(|version| version != user.version) {
                return Err(StoreError::VersionMismatch);
            }
            if caller.user.id == id {
                return Err(StoreError::Conflict(Conflict::CannotDeleteSelf));
            }
            let attempt = &attempt.behind(user.updated_at);
            let entry = attempt.entry(Action::Delete, (Entity::User, id), (Some(user_snapshot(&user)?), None));
            let claim = credential(caller.organization.subdomain.as_str(), &user.email.folded());
            let change = Change::logged((), caller.organization.id, &entry)?
                .delete(&key, &version_is(user.version))?
                .delete(&claim, &is_of(id))?;
            Ok(self.guarded(attempt, change, &user, None)?.into())
        };
        self.unless_last_admin(id, &[key.clone(), self.scope.keys().admins()], decide).await
    }

    /// Adds the counter of admins to a change, and the condition that a caller who changes another user is an active
    /// admin.
    fn guarded<T>(
        &self,
        attempt: &Attempt<'_>,
        change: Change<T>,
        before: &User,
        after: Option<&User>,
    ) -> Result<Change<T>, StoreError> {
        let keys = self.scope.keys();
        let caller = attempt.caller()?.user.id;
        let change = if caller == before.id { change } else { change.check(&keys.user(caller), &is_active_admin())? };
        let one = |text: &str| expression(text).with("one", n(1));
        match (before.is_active_admin(), after.is_some_and(User::is_active_admin)) {
            (true, false) if admins(attempt.find(&keys.admins())) <= 1 => {
                Err(StoreError::Conflict(Conflict::LastAdmin))
            }
            (true, false) => change.update(&keys.admins(), &one("SET #count = #count - :one"), &one("#count > :one")),
            (false, true) => {
                change.update(&keys.admins(), &one("ADD #count :one"), &expression("attribute_exists(#pk)"))
            }
            (true, true) | (false, false) => Ok(change),
        }
    }

    /// Commits the decision. It refuses to remove the last admin only if a settled read of user and counter confirms
    /// it: plain reads of several items are not of one moment.
    async fn unless_last_admin<T>(
        &self,
        id: UserId,
        keys: &[Key],
        decide: impl Fn(&Attempt<'_>) -> Result<Decision<T>, StoreError>,
    ) -> Result<T, StoreError> {
        let (user, counter) = (self.scope.keys().user(id), self.scope.keys().admins());
        let mut backoff = Backoff::new();
        loop {
            let result = self.table.change(Authority::Tenant(self.scope), keys, &decide).await;
            if !matches!(result, Err(StoreError::Conflict(Conflict::LastAdmin))) {
                return result;
            }
            let settled = self.table.get_settled(&[user.clone(), counter.clone()]).await?;
            let user: Option<User> = settled.get(&user).map(data).transpose()?;
            if user.is_some_and(|user| user.is_active_admin()) && admins(settled.get(&counter)) <= 1 {
                return result;
            }
            backoff.after_conflict(&self.table.sources, "the admins kept changing").await?;
        }
    }
}

/// The effect of a change on the caller's own address.
enum OwnAddress {
    Stays,
    /// This address is requested and needs confirmation.
    Requested(Email),
    /// The requested address is cancelled.
    Cancelled(EmailChange),
}

impl OwnAddress {
    /// Takes another address out of the change, because it needs confirmation.
    fn take(after: &mut User, before: &User, wanted: &UserChange, item: &Item) -> Result<Self, StoreError> {
        // An account that is older than today's rules may have the same address in another form.
        if EmailLookup::from(&after.email).forms().any(|form| form == before.email.folded()) && is_moved(before, after)
        {
            after.email = before.email.clone();
        }
        if is_moved(before, after) {
            return Ok(Self::Requested(std::mem::replace(&mut after.email, before.email.clone())));
        }
        let pending = EmailChange::pending(item)?.filter(|_| wanted.email.is_some());
        Ok(pending.map_or(Self::Stays, Self::Cancelled))
    }

    /// Adds its entry; returns the new value of the user's item.
    fn logged(
        &self,
        attempt: &Attempt<'_>,
        user: &User,
        auth_epoch: u64,
        entries: &mut Vec<Entry>,
    ) -> Result<Option<AttributeValue>, StoreError> {
        let (entry, kept) = match self {
            Self::Stays => return Ok(None),
            Self::Requested(email) => {
                let entry = requested(attempt, user, email, auth_epoch);
                let kept = EmailChange::of(&entry, email, auth_epoch);
                (entry, kept)
            }
            Self::Cancelled(pending) => {
                let before = Some(json!({ "email": pending.email }));
                let entry = attempt.entry(Action::EmailChangeCancelled, (Entity::User, user.id), (before, None));
                (entry, pending.clone().cancelled())
            }
        };
        entries.push(entry);
        encode(&kept).map(Some)
    }
}

/// The number of active admins in the counter.
fn admins(counter: Option<&Item>) -> u64 {
    counter.and_then(|counter| counter.get("count")?.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// The user is an active admin.
pub(crate) fn is_active_admin() -> Expression {
    expression("#data.#role = :admin AND #data.#status = :active")
        .with("admin", s(Role::Admin.name()))
        .with("active", s(UserStatus::Active.name()))
}
