//! The people of an organization.

use stockroom_domain::{
    access::{Permission, Role},
    id::UserId,
    log::{Action, Entity},
    text::{Email, FullName},
    time::Timestamp,
    user::{User, UserStatus},
};

use crate::{
    error::{Conflict, StoreError},
    expression::{absent, expression},
    identity::{CredentialRecord, last_login, user_items, user_snapshot},
    item::{attributes, data, encode, n, s, with_attributes},
    keys::credential,
    log::difference,
    passwords::{NewPassword, token_state},
    scope::TenantScope,
    table::Table,
    write::{Attempt, Authority, Change, Decision, Outcome},
};

/// A user who is added.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct NewUser {
    pub email: Email,
    pub full_name: FullName,
    pub role: Role,
    /// None for one who is to be invited.
    pub password: Option<NewPassword>,
}

/// A user with what is not part of its version.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct UserProfile {
    pub user: User,
    pub last_login_at: Option<Timestamp>,
}

/// See [`crate::Store::users`].
#[derive(Debug, Clone, Copy)]
pub struct Users<'a> {
    table: &'a Table,
    scope: &'a TenantScope,
}

impl<'a> Users<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope }
    }

    /// The caller.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`].
    pub async fn me(&self) -> Result<UserProfile, StoreError> {
        let caller = self.table.verify(self.scope).await?;
        Ok(UserProfile { user: caller.user.clone(), last_login_at: caller.last_login_at })
    }

    /// One user: oneself, or anyone for who may see users.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Forbidden`] whether or not there is such a user.
    pub async fn get(&self, id: UserId) -> Result<UserProfile, StoreError> {
        let key = self.scope.keys().user(id);
        let items = self.table.get_for(self.scope, std::slice::from_ref(&key)).await?;
        let caller = self.table.verify(self.scope).await?;
        if caller.user.id != id && !caller.user.role.may(Permission::ReadUsers) {
            return Err(StoreError::Forbidden);
        }
        let item = items.get(&key).ok_or(StoreError::NotFound)?;
        Ok(UserProfile { user: data(item)?, last_login_at: last_login(item) })
    }

    /// Adds a user. One without a password is invited: a second entry says that they are to be sent a link.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for a `password` that anybody would guess; [`Conflict::DuplicateEmail`].
    pub async fn add(
        &self,
        new: &NewUser,
        present: impl Fn(&UserProfile) -> Vec<u8>,
    ) -> Result<Outcome<UserProfile>, StoreError> {
        let keys = self.scope.keys();
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<UserProfile>, StoreError> {
            let organization = &attempt.caller()?.organization;
            if let Some(given) = &new.password {
                given.check("password", &new.email, organization)?;
            }
            let claim = credential(organization.subdomain.as_str(), &new.email.folded());
            // The claim's own condition guards it; only a failed one has to be looked into.
            if attempt.is_repeated && !attempt.has_read(&claim) {
                return Ok(Decision::Read(vec![claim]));
            }
            if attempt.find(&claim).is_some() {
                return Err(StoreError::Conflict(Conflict::DuplicateEmail));
            }
            let user = User {
                id: attempt.id(),
                version: 1,
                email: new.email.clone(),
                full_name: new.full_name.clone(),
                role: new.role,
                status: UserStatus::Active,
                created_at: attempt.now,
                updated_at: attempt.now,
            };
            let hash = new.password.as_ref().map(|given| given.hash.clone());
            let (user_item, credential_item) = user_items(keys, organization.subdomain.as_str(), &user, hash)?;
            let entry = attempt.entry(Action::Create, (Entity::User, user.id), (None, Some(user_snapshot(&user)?)));
            let subject = (Entity::User, user.id);
            let profile = UserProfile { user, last_login_at: None };
            let mut change = Change::logged(profile, organization.id, &entry)?
                .put(user_item, &absent())?
                .put(credential_item, &absent())?;
            if new.password.is_none() {
                let invited = attempt.entry(Action::Invite, subject, (None, Some(token_state(0))));
                change = change.and_log(organization.id, &invited)?;
            }
            if new.role == Role::Admin {
                let more = expression("ADD #count :one").with("one", n(1));
                change = change.update(&keys.admins(), &more, &expression("attribute_exists(#pk)"))?;
            }
            Ok(change.into())
        };
        self.table.write(Authority::Tenant(self.scope), &[], decide, present).await
    }

    /// Changes the caller's own name or address; what is `None` stays.
    ///
    /// # Errors
    /// [`Conflict::DuplicateEmail`], [`StoreError::VersionMismatch`].
    pub async fn change_me(
        &self,
        expected: Option<u64>,
        email: Option<&Email>,
        full_name: Option<&FullName>,
    ) -> Result<UserProfile, StoreError> {
        let key = self.scope.keys().user(self.scope.claim().user);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<UserProfile>, StoreError> {
            let organization = &attempt.caller()?.organization;
            let item = attempt.find(&key).ok_or(StoreError::Unauthenticated)?;
            let before: User = data(item)?;
            if expected.is_some_and(|version| version != before.version) {
                return Err(StoreError::VersionMismatch);
            }
            let mut after = before.clone();
            after.email = email.unwrap_or(&before.email).clone();
            after.full_name = full_name.unwrap_or(&before.full_name).clone();
            let last_login_at = last_login(item);
            if after == before {
                return Ok(Decision::Keep(UserProfile { user: before, last_login_at }));
            }
            let attempt = &attempt.behind(before.updated_at);
            after.version = after.version.saturating_add(1);
            after.updated_at = attempt.now;
            let (shown_before, shown_after) = difference(user_snapshot(&before)?, user_snapshot(&after)?);
            let entry =
                attempt.entry(Action::Update, (Entity::User, before.id), (Some(shown_before), Some(shown_after)));
            let update = expression("SET #data = :data").with("data", encode(&after)?);
            let as_read = expression("#data.#version = :version").with("version", n(before.version));
            let profile = UserProfile { user: after.clone(), last_login_at };
            let mut change = Change::logged(profile, organization.id, &entry)?.update(&key, &update, &as_read)?;

            let claim = |email: &Email| credential(organization.subdomain.as_str(), &email.folded());
            let (old_claim, new_claim) = (claim(&before.email), claim(&after.email));
            if old_claim == new_claim {
                let rename = expression("SET #full_name = :name").with("name", s(&after.full_name));
                let mine = expression("#user = :user").with("user", s(before.id));
                return Ok(change.update(&old_claim, &rename, &mine)?.into());
            }
            // The credential moves, hash and all, so it has to be seen.
            if !attempt.has_read(&old_claim) || !attempt.has_read(&new_claim) {
                return Ok(Decision::Read(vec![old_claim, new_claim]));
            }
            let claimed: Option<CredentialRecord> = attempt.find(&new_claim).map(attributes).transpose()?;
            if claimed.as_ref().is_some_and(|claimed| claimed.user != before.id) {
                return Err(StoreError::Conflict(Conflict::DuplicateEmail));
            }
            // Reads of several items are not of one moment: the address may be changing right now.
            let (None, Some(held)) = (claimed, attempt.find(&old_claim)) else {
                return Ok(Decision::Wait("the address is being changed"));
            };
            let record: CredentialRecord = attributes(held)?;
            let mut unchanged = expression("#user = :user AND #auth_epoch = :epoch")
                .with("user", s(before.id))
                .with("epoch", n(record.auth_epoch));
            if let Some(hash) = &record.hash {
                unchanged = unchanged.and(expression("#hash = :hash").with("hash", s(&hash.0)));
            }
            let moved = CredentialRecord { full_name: after.full_name, ..record };
            change = change.delete(&old_claim, &unchanged)?.put(with_attributes(&new_claim, &moved)?, &absent())?;
            Ok(change.into())
        };
        self.table.change(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide).await
    }
}
