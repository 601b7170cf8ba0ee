//! Addresses that await confirmation: the requested address of a user, and the sign-up address of an organization.
//!
//! The user's item stores a requested address until the user opens a link that was mailed to it. It reserves nothing.
//! The link names the event of the request, so a newer request voids it. The request names the `auth_epoch`, so a new
//! password or address voids it as well.
//!
//! An organization's item names the admin whose address is unconfirmed, and the address of the sign-up. Until
//! confirmation, the organization sends mail to that address, and to another one only the mail whose link confirms it
//! ([`crate::Mailing::reach`]). Older items have neither attribute and count as confirmed.

use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom_domain::{
    access::Role,
    id::{EventId, UserId},
    log::{Action, Entity},
    organization::{Organization, OrganizationStatus, Subdomain},
    text::Email,
    user::{Person, User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, data, decode, encode, s},
        key::Key,
    },
    error::StoreError,
    keys::OrganizationKeys,
    people::{
        identity::user_snapshot,
        passwords::{Account, VerifiedPassword, token_state},
        session_records::Sessions,
        user_changes::is_active_admin,
        user_step::{Step, epoch_is},
        users::Users,
    },
    rate_limit::{counter::Bucket, link_mails::LinkMails},
    write::{
        Attempt, Authority, Change, Decision, Outcome,
        access::{CountedAttempt, Table},
        log::{Entry, Origin, difference},
    },
};

/// The attribute of an organization's item that names the admin whose address is unconfirmed.
pub(crate) const UNCONFIRMED: &str = "unconfirmed_admin";
/// The attribute with the address of the sign-up. It stays when another admin takes the first one's place.
pub(crate) const UNCONFIRMED_EMAIL: &str = "unconfirmed_email";
/// Removes both.
const CONFIRM: &str = "REMOVE #unconfirmed_admin, #unconfirmed_email";

/// The requirements on a change of an address, besides the permission.
#[derive(Debug, Clone, Default)]
pub struct AddressTerms {
    /// For the caller's own address: the verified password.
    pub password: Option<VerifiedPassword>,
    /// The limits on mail to an unconfirmed address.
    pub invitations: Vec<Bucket>,
    /// For the caller's own address: the limit on mails with a link.
    pub link_mails: Option<LinkMails>,
}

/// A requested address, as the user's item stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EmailChange {
    /// The event of the request's entry.
    pub(crate) event: EventId,
    pub(crate) email: Email,
    /// The account's epoch at the time of the request.
    auth_epoch: u64,
    state: EmailChangeState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EmailChangeState {
    Pending,
    Confirmed,
    Cancelled,
}

impl EmailChange {
    /// The last request of the user, in any state.
    fn last(user: &Item) -> Result<Option<Self>, StoreError> {
        user.get("email_change").map(decode).transpose()
    }

    /// The request of the user that can still be confirmed.
    pub(crate) fn pending(user: &Item) -> Result<Option<Self>, StoreError> {
        let epoch = Sessions::of(user)?.auth_epoch;
        let last = Self::last(user)?;
        Ok(last.filter(|change| change.state == EmailChangeState::Pending && change.auth_epoch == epoch))
    }

    /// The condition that the last request is as read. Requests and cancellations do not change the user's version,
    /// so without it a confirmation could undo either.
    pub(crate) fn is_as_read(user: &Item) -> Expression {
        match user.get("email_change") {
            Some(stored) => expression("#email_change = :last").with("last", stored.clone()),
            None => expression("attribute_not_exists(#email_change)"),
        }
    }

    /// The request of an entry.
    pub(crate) fn of(entry: &Entry, email: &Email, auth_epoch: u64) -> Self {
        Self { event: entry.id.into(), email: email.clone(), auth_epoch, state: EmailChangeState::Pending }
    }

    pub(crate) fn cancelled(self) -> Self {
        Self { state: EmailChangeState::Cancelled, ..self }
    }
}

/// The entry of a request for another address, from which its link and its notice are made.
pub(crate) fn requested(attempt: &Attempt<'_>, user: &User, wanted: &Email, auth_epoch: u64) -> Entry {
    let after = json!({ "email": wanted, "auth_epoch": auth_epoch });
    let before = json!({ "email": user.email });
    attempt.entry(Action::EmailChangeRequested, (Entity::User, user.id), (Some(before), Some(after)))
}

/// The result of a resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resend {
    Sent,
    Nothing,
    /// The request must be counted first.
    Uncounted,
}

impl Users<'_> {
    /// Sends the confirmation mail again: for the caller's requested address, otherwise for the unconfirmed
    /// organization. An admin replaces the one who signed up if that one is no longer an active admin. Does nothing
    /// if no address is unconfirmed.
    ///
    /// # Errors
    /// [`StoreError::TooMany`].
    pub async fn resend_confirmation(
        &self,
        terms: &AddressTerms,
        present: impl Fn() -> Vec<u8>,
    ) -> Result<Outcome<()>, StoreError> {
        let keys = self.scope.keys();
        let (user_key, organization_key) = (keys.user(self.scope.claim().user), keys.organization());
        let mut wanted = vec![user_key.clone(), organization_key.clone()];
        wanted.extend(terms.link_mails.iter().map(|limit| limit.key.clone()));
        let mut is_counted = terms.invitations.is_empty();
        loop {
            let decide = |attempt: &Attempt<'_>| -> Result<Decision<Resend>, StoreError> {
                let item = attempt.find(&user_key).ok_or(StoreError::Unauthenticated)?;
                let organization = attempt.find(&organization_key).ok_or(StoreError::Unauthenticated)?;
                let user: User = data(item)?;
                let epoch = Sessions::of(item)?.auth_epoch;
                let as_read = epoch_is(epoch);
                if let Some(pending) = EmailChange::pending(item)? {
                    if !is_counted {
                        return uncounted(terms, attempt, Resend::Uncounted);
                    }
                    let as_read = as_read.and(EmailChange::is_as_read(item));
                    let entry = requested(attempt, &user, &pending.email, epoch);
                    let next = EmailChange::of(&entry, &pending.email, epoch);
                    let update = expression("SET #email_change = :next").with("next", encode(&next)?);
                    let change = Change::logged(Resend::Sent, self.scope.claim().organization, &entry)?;
                    return Ok(counted(change.update(&user_key, &update, &as_read)?, terms, attempt)?.into());
                }
                let Some(unconfirmed) = unconfirmed_admin(organization).filter(|_| user.role == Role::Admin) else {
                    return Ok(Decision::Keep(Resend::Nothing));
                };
                let founder = keys.user(unconfirmed);
                if unconfirmed != user.id {
                    if !attempt.has_read(&founder) {
                        return Ok(Decision::Read(vec![founder]));
                    }
                    let founder: Option<User> = attempt.find(&founder).map(data).transpose()?;
                    if founder.is_some_and(|founder| founder.is_active_admin()) {
                        return Ok(Decision::Keep(Resend::Nothing));
                    }
                }
                if !is_counted {
                    return uncounted(terms, attempt, Resend::Uncounted);
                }
                let subject = (Entity::User, user.id);
                let entry = attempt.entry(Action::Welcome, subject, (None, Some(token_state(epoch))));
                let take = expression("SET #unconfirmed_admin = :user").with("user", s(user.id));
                let is_still = expression("#unconfirmed_admin = :before").with("before", s(unconfirmed));
                let change = Change::logged(Resend::Sent, self.scope.claim().organization, &entry)?
                    .check(&user_key, &as_read)?
                    .update(&organization_key, &take, &is_still)?;
                Ok(counted(change, terms, attempt)?.into())
            };
            let authority = Authority::Tenant(self.scope);
            match self.table.write(authority, &wanted, decide, |_| present()).await? {
                Outcome::Done(Resend::Uncounted) => {
                    match self.table.count_unless_stored(authority, terms.invitations.clone()).await? {
                        Outcome::Done(_) => is_counted = true,
                        Outcome::Replayed(response) => return Ok(Outcome::Replayed(response)),
                    }
                }
                Outcome::Done(Resend::Sent | Resend::Nothing) => return Ok(Outcome::Done(())),
                Outcome::Replayed(answer) => return Ok(Outcome::Replayed(answer)),
            }
        }
    }
}

/// The decision to count first. A mail that its own limit refuses does not count for the organization.
pub(crate) fn uncounted<T>(
    terms: &AddressTerms,
    attempt: &Attempt<'_>,
    uncounted: T,
) -> Result<Decision<T>, StoreError> {
    if let Some(limit) = &terms.link_mails {
        limit.take(attempt.find(&limit.key), attempt.now)?;
    }
    Ok(Decision::Keep(uncounted))
}

/// Counts the change against the limit on mails with a link.
pub(crate) fn counted<T>(
    change: Change<T>,
    terms: &AddressTerms,
    attempt: &Attempt<'_>,
) -> Result<Change<T>, StoreError> {
    let Some(limit) = &terms.link_mails else { return Ok(change) };
    let (update, as_read) = limit.take(attempt.find(&limit.key), attempt.now)?;
    change.update(&limit.key, &update, &as_read)
}

/// The admin whose address is unconfirmed.
pub(crate) fn unconfirmed_admin(organization: &Item) -> Option<UserId> {
    organization.get(UNCONFIRMED)?.as_s().ok()?.parse().ok()
}

/// The address that an organization was signed up with, until it is confirmed. None in items that are older than the
/// attribute.
pub(crate) fn unconfirmed_email(organization: &Item) -> Result<Option<Email>, StoreError> {
    organization.get(UNCONFIRMED_EMAIL).map(decode).transpose()
}

/// Confirms the organization and logs it, if it awaits this admin; otherwise checks that it is active. The change must
/// not write the organization otherwise.
pub(crate) fn with_organization_confirmed<T>(
    change: Change<T>,
    attempt: &Attempt<'_>,
    (organization, item): (&Organization, &Item),
    user: &User,
) -> Result<Change<T>, StoreError> {
    let key = OrganizationKeys(organization.id).organization();
    let in_use = expression("#data.#status = :active").with("active", s(OrganizationStatus::Active.name()));
    if user.role != Role::Admin || unconfirmed_admin(item) != Some(user.id) {
        return change.check(&key, &in_use);
    }
    let still_waits = expression("#unconfirmed_admin = :admin").with("admin", s(user.id));
    let entry = confirmation(attempt, organization, user);
    change.and_log(organization.id, &entry)?.update(&key, &expression(CONFIRM), &in_use.and(still_waits))
}

fn confirmation(attempt: &Attempt<'_>, organization: &Organization, user: &User) -> Entry {
    let subject = (Entity::Organization, organization.id);
    let entry = attempt.entry(Action::OrganizationConfirmed, subject, (None, None));
    Entry { actor: Some(Person::from(user)), ..entry }
}

/// See [`crate::Store::addresses`].
#[derive(Debug, Clone, Copy)]
pub struct Addresses<'a> {
    table: &'a Table,
}

/// The user and organization that a link leads to, as an attempt has read them.
struct Read<'a> {
    item: &'a Item,
    user: User,
    organization: (Organization, &'a Item),
}

impl<'a> Addresses<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// Uses a confirmation link: for the address that the request of this event names, or, without an event, for the
    /// sign-up address. Returns the tenant, also if that was done before. `None` if the link is void: a newer request,
    /// a new password or address, a disabled user, an ended organization, or another tenant named.
    ///
    /// # Errors
    /// [`crate::Conflict::DuplicateEmail`].
    pub async fn confirm(
        &self,
        _counted: CountedAttempt,
        account: Account,
        event: Option<EventId>,
        named_tenant: Option<&str>,
        origin: &Origin,
    ) -> Result<Option<Subdomain>, StoreError> {
        let keys = OrganizationKeys(account.organization);
        let (user_key, organization_key) = (keys.user(account.user), keys.organization());
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<Option<Subdomain>>, StoreError> {
            let (Some(item), Some(organization_item)) = (attempt.find(&user_key), attempt.find(&organization_key))
            else {
                return Ok(Decision::Keep(None));
            };
            let (user, organization): (User, Organization) = (data(item)?, data(organization_item)?);
            if organization.status != OrganizationStatus::Active
                || named_tenant.is_some_and(|named| named != organization.subdomain.as_str())
                || user.status != UserStatus::Active
            {
                return Ok(Decision::Keep(None));
            }
            let read = Read { item, user, organization: (organization, organization_item) };
            match event {
                Some(event) => read.change_email(attempt, account, event, &user_key),
                None => read.confirm_organization(attempt, account, &user_key),
            }
        };
        let authority = Authority::Public { origin, idempotency: None };
        self.table.change(authority, &[user_key.clone(), organization_key.clone()], decide).await
    }
}

impl Read<'_> {
    fn change_email(
        &self,
        attempt: &Attempt<'_>,
        account: Account,
        event: EventId,
        key: &Key,
    ) -> Result<Decision<Option<Subdomain>>, StoreError> {
        let epoch = Sessions::of(self.item)?.auth_epoch;
        let Some(change) = EmailChange::last(self.item)?.filter(|change| change.event == event) else {
            return Ok(Decision::Keep(None));
        };
        match change.state {
            // A first attempt whose answer was lost may have done it.
            EmailChangeState::Confirmed => return Ok(Decision::Keep(Some(self.organization.0.subdomain.clone()))),
            EmailChangeState::Pending if change.auth_epoch == epoch && account.auth_epoch == epoch => {}
            EmailChangeState::Pending | EmailChangeState::Cancelled => return Ok(Decision::Keep(None)),
        }
        let before = &self.user;
        let attempt = &attempt.behind(before.updated_at);
        let after = User {
            email: change.email.clone(),
            version: before.version.saturating_add(1),
            updated_at: attempt.now,
            ..before.clone()
        };
        let confirmed = EmailChange { state: EmailChangeState::Confirmed, ..change };
        let (organization, item) = &self.organization;
        let step = Step {
            read: self.item,
            before,
            after: &after,
            epoch,
            ends_sessions: false,
            email_change: Some(encode(&confirmed)?),
        };
        let moved = match step.moved(attempt, &organization.subdomain)? {
            Ok(moved) => moved,
            Err(not_yet) => return Ok(not_yet.into()),
        };
        let by_user = |entry: Entry| Entry { actor: Some(Person::from(before)), ..entry };
        let (old, new) = difference(user_snapshot(before)?, user_snapshot(&after)?);
        let entry = by_user(attempt.entry(Action::Update, (Entity::User, after.id), (Some(old), Some(new))));
        let change = Change::logged(Some(organization.subdomain.clone()), organization.id, &entry)?;
        let change = step.commit(change, (attempt, organization.id), key, moved, by_user)?;
        Ok(with_organization_confirmed(change, attempt, (organization, item), before)?.into())
    }

    fn confirm_organization(
        &self,
        attempt: &Attempt<'_>,
        account: Account,
        key: &Key,
    ) -> Result<Decision<Option<Subdomain>>, StoreError> {
        let Self { item, user, organization: (organization, organization_item) } = self;
        if Sessions::of(item)?.auth_epoch != account.auth_epoch {
            return Ok(Decision::Keep(None));
        }
        match unconfirmed_admin(organization_item) {
            // A first attempt whose answer was lost may have done it.
            None => return Ok(Decision::Keep(Some(organization.subdomain.clone()))),
            Some(admin) if admin == user.id && user.role == Role::Admin => {}
            Some(_) => return Ok(Decision::Keep(None)),
        }
        let entry = confirmation(attempt, organization, user);
        let still_waits = expression("#data.#status = :active AND #unconfirmed_admin = :admin")
            .with("active", s(OrganizationStatus::Active.name()))
            .with("admin", s(user.id));
        let no_more = expression(CONFIRM);
        let subdomain = organization.subdomain.clone();
        let organization = OrganizationKeys(organization.id).organization();
        let change = Change::logged(Some(subdomain), account.organization, &entry)?
            .update(&organization, &no_more, &still_waits)?
            .check(key, &is_active_admin().and(epoch_is(account.auth_epoch)))?;
        Ok(change.into())
    }
}
