//! Changes of a user and the credential together. The credential repeats name, role and `auth_epoch`; its key has the
//! address.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use stockroom_domain::{
    id::{OrganizationId, UserId},
    log::{Action, Entity},
    organization::Subdomain,
    text::EmailLookup,
    user::{User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{Expression, absent, expression, version_is},
        item::{Item, attributes, encode, n, s, with_attributes},
        key::Key,
    },
    error::{Conflict, StoreError},
    keys::credential,
    people::{
        addresses::EmailChange,
        identity::{CredentialRecord, credentials, search_text},
        invitation::Invitation,
        passwords::token_state,
    },
    schema::of_this_version,
    write::{Attempt, Change, Decision, log::Entry},
};

/// Whether the address differs by more than spelling.
pub(crate) fn is_moved(before: &User, after: &User) -> bool {
    before.email.folded() != after.email.folded()
}

/// A change of a user from one state to the next.
pub(crate) struct Step<'a> {
    pub(crate) read: &'a Item,
    pub(crate) before: &'a User,
    pub(crate) after: &'a User,
    /// The `auth_epoch` before the change.
    pub(crate) epoch: u64,
    /// Whether another address ends the sessions.
    pub(crate) ends_sessions: bool,
    /// The item's new requested address, if that changes.
    pub(crate) email_change: Option<AttributeValue>,
}

/// The change of the credential in a [`Step`].
pub(crate) enum Moved {
    Stays,
    /// It repeats something that changes.
    Repeats {
        claim: Key,
        /// Whether the user is enabled again without a password: disabling made the invitation void.
        is_invited_again: bool,
    },
    /// It moves to the key of the new address.
    Moves {
        from: Key,
        unchanged: Expression,
        to: Key,
        record: CredentialRecord,
    },
}

impl Moved {
    /// Whether an invitation is sent.
    pub(crate) fn invites(&self) -> bool {
        match self {
            Self::Stays => false,
            Self::Repeats { is_invited_again, .. } => *is_invited_again,
            Self::Moves { record, .. } => record.hash.is_none(),
        }
    }
}

/// Why a [`Step`] has to wait.
pub(crate) enum NotYet {
    Read(Vec<Key>),
    Wait(&'static str),
}

impl<T> From<NotYet> for Decision<T> {
    fn from(not_yet: NotYet) -> Self {
        match not_yet {
            NotYet::Read(keys) => Self::Read(keys),
            NotYet::Wait(reason) => Self::Wait(reason),
        }
    }
}

impl Step<'_> {
    fn disables(&self) -> bool {
        (self.before.status, self.after.status) == (UserStatus::Active, UserStatus::Disabled)
    }

    fn enables(&self) -> bool {
        (self.before.status, self.after.status) == (UserStatus::Disabled, UserStatus::Active)
    }

    fn moves(&self) -> bool {
        is_moved(self.before, self.after)
    }

    /// The next `auth_epoch`. Disabling ends all earlier sign-ins; a new address also voids mail to the old one.
    fn next_epoch(&self) -> u64 {
        self.epoch.saturating_add(u64::from(self.disables() || self.moves()))
    }

    /// Whether links that were mailed before stay good.
    pub(crate) fn keeps_epoch(&self) -> bool {
        self.next_epoch() == self.epoch
    }

    /// The change of the credential.
    pub(crate) fn moved(
        &self,
        attempt: &Attempt<'_>,
        subdomain: &Subdomain,
    ) -> Result<Result<Moved, NotYet>, StoreError> {
        let Self { before, after, .. } = self;
        let claim = |user: &User| credential(subdomain.as_str(), &user.email.folded());
        let (old_claim, new_claim) = (claim(before), claim(after));
        if !self.moves() {
            let repeated = |user: &User| (user.full_name.clone(), user.role, user.status);
            if repeated(after) == repeated(before) {
                return Ok(Ok(Moved::Stays));
            }
            let may_invite = self.enables() && self.read.contains_key("invitation");
            if may_invite && !attempt.has_read(&old_claim) {
                return Ok(Err(NotYet::Read(vec![old_claim])));
            }
            let held: Option<CredentialRecord> = attempt.find(&old_claim).map(attributes).transpose()?;
            let is_invited_again = may_invite && held.is_some_and(|held| held.hash.is_none());
            return Ok(Ok(Moved::Repeats { claim: old_claim, is_invited_again }));
        }
        // The credential moves with its hash, so it has to be read.
        let claims = credentials(subdomain.as_str(), &EmailLookup::from(&after.email));
        if !claims.iter().chain([&old_claim]).all(|claim| attempt.has_read(claim)) {
            return Ok(Err(NotYet::Read(claims.into_iter().chain([old_claim]).collect())));
        }
        for claim in claims.iter().filter_map(|claim| attempt.find(claim)) {
            if attributes::<CredentialRecord>(claim)?.user != before.id {
                return Err(StoreError::Conflict(Conflict::DuplicateEmail));
            }
        }
        let claimed = attempt.find(&new_claim);
        // Reads of several items are not of one moment: the address may be changing right now.
        let (None, Some(held)) = (claimed, attempt.find(&old_claim)) else {
            return Ok(Err(NotYet::Wait("the address is being changed")));
        };
        let record: CredentialRecord = attributes(held)?;
        let mut unchanged = is_of(before.id).and(epoch_is(self.epoch));
        unchanged = unchanged.and(match &record.hash {
            Some(hash) => expression("#hash = :hash").with("hash", s(&hash.0)),
            None => expression("attribute_not_exists(#hash)"),
        });
        let record = CredentialRecord {
            full_name: after.full_name.clone(),
            role: after.role,
            auth_epoch: self.next_epoch(),
            status: Some(after.status),
            ..record
        };
        Ok(Ok(Moved::Moves { from: old_claim, unchanged, to: new_claim, record }))
    }

    /// Adds this step to a change. Another address causes a notice. While the account has no password, another address
    /// or enabling the user causes another invitation. `sign` sets the actor of the entries.
    pub(crate) fn commit<T>(
        &self,
        mut change: Change<T>,
        (attempt, organization): (&Attempt<'_>, OrganizationId),
        key: &Key,
        moved: Moved,
        sign: impl Fn(Entry) -> Entry,
    ) -> Result<Change<T>, StoreError> {
        let subject = (Entity::User, self.after.id);
        if let Moved::Moves { .. } = &moved {
            let before = json!({ "email": self.before.email });
            let after = json!({ "email": self.after.email, "is_invited": moved.invites() });
            let changed = sign(attempt.entry(Action::EmailChanged, subject, (Some(before), Some(after))));
            change = change.and_log(organization, &changed)?;
        }
        let mut invitation = None;
        if moved.invites() {
            let invited = attempt.entry(Action::Invite, subject, (None, Some(token_state(self.next_epoch()))));
            let invited = sign(invited);
            change = change.and_log(organization, &invited)?;
            invitation = Some(Invitation::of(&invited, self.next_epoch()));
        }
        let change = self.with_user(key, change, invitation.as_ref())?;
        match moved {
            Moved::Stays => Ok(change),
            Moved::Repeats { claim, .. } => {
                let update =
                    expression("SET #full_name = :name, #role = :role, #status = :status, #auth_epoch = :next")
                        .with("name", s(&self.after.full_name))
                        .with("role", s(self.after.role.name()))
                        .with("status", s(self.after.status.name()))
                        .with("next", n(self.next_epoch()));
                change.update(&claim, &update, &is_of(self.before.id).and(epoch_is(self.epoch)))
            }
            Moved::Moves { from, unchanged, to, record } => {
                change.delete(&from, &unchanged)?.put(with_attributes(&to, &record)?, &absent())
            }
        }
    }

    fn with_user<T>(
        &self,
        key: &Key,
        change: Change<T>,
        invitation: Option<&Invitation>,
    ) -> Result<Change<T>, StoreError> {
        let mut attributes = vec![("data", encode(self.after)?), ("search", s(search_text(self.after)))];
        attributes.extend(self.email_change.clone().map(|email_change| ("email_change", email_change)));
        if let Some(invitation) = invitation {
            attributes.push(("invitation", encode(invitation)?));
        }
        if self.disables() || (self.ends_sessions && self.moves()) {
            attributes.push(("sessions", AttributeValue::M(Item::new())));
        }
        let mut as_read = version_is(self.before.version);
        if self.next_epoch() != self.epoch {
            attributes.push(("auth_epoch", n(self.next_epoch())));
        }
        if self.next_epoch() != self.epoch || self.email_change.is_some() {
            as_read = as_read.and(expression("#auth_epoch = :epoch").with("epoch", n(self.epoch)));
        }
        if self.email_change.is_some() {
            as_read = as_read.and(EmailChange::is_as_read(self.read));
        }
        let set: Vec<_> = attributes.iter().map(|(name, _)| format!("#{name} = :{name}")).collect();
        let update = expression(format!("SET {}", set.join(", ")));
        let update = attributes.into_iter().fold(update, |update, (name, value)| update.with(name, value));
        let (update, as_read) = of_this_version(update, as_read, self.read);
        change.update(key, &update, &as_read)
    }
}

/// A credential of that user.
pub(crate) fn is_of(user: UserId) -> Expression {
    expression("#user = :user").with("user", s(user))
}

pub(crate) fn epoch_is(epoch: u64) -> Expression {
    expression("#auth_epoch = :epoch").with("epoch", n(epoch))
}
