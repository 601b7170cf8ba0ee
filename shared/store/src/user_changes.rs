//! Changing and deleting people. One transaction keeps in step what belongs to one: user, credential, sessions, and the
//! number of active admins.
//!
//! Two admins who take each other's right away touch different users, so both could commit. The counter of admins is in
//! both transactions, and each is committed only while its own caller is still an active admin.

use aws_sdk_dynamodb::types::AttributeValue;
use stockroom_domain::{
    access::{Permission, Role},
    id::UserId,
    log::{Action, Entity},
    text::{Email, EmailLookup, FullName},
    user::{User, UserStatus},
};

use crate::{
    catalogue::version_is,
    error::{Conflict, StoreError},
    expression::{Expression, absent, expression},
    identity::{CredentialRecord, Sessions, credentials, last_login, search_text, user_snapshot},
    item::{Item, attributes, data, encode, n, s, with_attributes},
    keys::{Key, credential},
    log::difference,
    retry::Patience,
    schema::of_this_version,
    users::{UserProfile, Users},
    write::{Attempt, Authority, Change, Decision},
};

/// What is to become of a user; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the names say it all")]
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

impl Users<'_> {
    /// Changes a user. Who may manage users changes anybody; others change their own name and address alone. A new role
    /// holds from the user's next request on. Disabling ends all sessions, and any login that has begun.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`], [`StoreError::NotFound`], [`StoreError::VersionMismatch`],
    /// [`Conflict::DuplicateEmail`], [`Conflict::LastAdmin`].
    pub async fn change(
        &self,
        id: UserId,
        expected: Option<u64>,
        wanted: &UserChange,
    ) -> Result<UserProfile, StoreError> {
        let organization = self.scope.claim().organization;
        let key = self.scope.keys().user(id);
        let mut keys = vec![key.clone()];
        keys.extend((wanted.role.is_some() || wanted.status.is_some()).then(|| self.scope.keys().admins()));
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<UserProfile>, StoreError> {
            let caller = &attempt.caller()?.user;
            let is_self = caller.id == id;
            if !is_self && !caller.role.may(Permission::ManageUsers) {
                return Err(StoreError::Forbidden);
            }
            let item = attempt.find(&key).ok_or(StoreError::NotFound)?;
            let before: User = data(item)?;
            let mut after = wanted.apply(&before);
            // Of oneself the item tells the role as it is now; of another caller the transaction makes sure.
            let is_beyond_own = (after.role, after.status) != (before.role, before.status);
            if is_self && is_beyond_own && !before.role.may(Permission::ManageUsers) {
                return Err(StoreError::Forbidden);
            }
            if expected.is_some_and(|version| version != before.version) {
                return Err(StoreError::VersionMismatch);
            }
            let last_login_at = last_login(item);
            if after == before {
                return Ok(Decision::Keep(UserProfile { user: before, last_login_at }));
            }
            let attempt = &attempt.behind(before.updated_at);
            after.version = after.version.saturating_add(1);
            after.updated_at = attempt.now;
            let step = Step { read: item, before: &before, after: &after, epoch: Sessions::of(item)?.auth_epoch };
            let (shown_before, shown_after) = difference(user_snapshot(&before)?, user_snapshot(&after)?);
            let entry = attempt.entry(Action::Update, (Entity::User, id), (Some(shown_before), Some(shown_after)));
            let profile = UserProfile { user: after.clone(), last_login_at };
            let change = step.with_user(&key, Change::logged(profile, organization, &entry)?)?;
            let change = self.guarded(attempt, change, &before, Some(&after))?;
            step.with_credential(attempt, change)
        };
        self.unless_last_admin(id, &keys, decide).await
    }

    /// Deletes another user. What the log says of them stays, their address becomes free.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`Conflict::CannotDeleteSelf`], [`Conflict::LastAdmin`].
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

    /// The same change, counting the admins, and committed only while a caller who changes another is an active admin.
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

    /// Commits what is decided. That it would leave no admin is told only when user and counter say so together: reads of
    /// several items are not of one moment.
    async fn unless_last_admin<T>(
        &self,
        id: UserId,
        keys: &[Key],
        decide: impl Fn(&Attempt<'_>) -> Result<Decision<T>, StoreError>,
    ) -> Result<T, StoreError> {
        let (user, counter) = (self.scope.keys().user(id), self.scope.keys().admins());
        let mut patience = Patience::new();
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
            patience.pause(&self.table.sources, "the admins kept changing").await?;
        }
    }
}

/// A user's way from one state to the next.
struct Step<'a> {
    read: &'a Item,
    before: &'a User,
    after: &'a User,
    /// The `auth_epoch` before it.
    epoch: u64,
}

impl Step<'_> {
    fn disables(&self) -> bool {
        (self.before.status, self.after.status) == (UserStatus::Active, UserStatus::Disabled)
    }

    /// The `auth_epoch` behind it: disabling ends whatever began before.
    fn next_epoch(&self) -> u64 {
        self.epoch.saturating_add(u64::from(self.disables()))
    }

    fn with_user<T>(&self, key: &Key, change: Change<T>) -> Result<Change<T>, StoreError> {
        let as_read = version_is(self.before.version);
        let update = "SET #data = :data, #search = :search";
        let values = |text: &str| -> Result<Expression, StoreError> {
            Ok(expression(text).with("data", encode(self.after)?).with("search", s(search_text(self.after))))
        };
        if !self.disables() {
            let (update, as_read) = of_this_version(values(update)?, as_read, self.read);
            return change.update(key, &update, &as_read);
        }
        let update = values(&format!("{update}, #sessions = :none, #auth_epoch = :next"))?
            .with("none", AttributeValue::M(Item::new()))
            .with("next", n(self.next_epoch()));
        let (update, as_read) = of_this_version(update, as_read.and(epoch_is(self.epoch)), self.read);
        change.update(key, &update, &as_read)
    }

    /// The credential repeats name, role and `auth_epoch`, and stands under the address.
    fn with_credential<T>(&self, attempt: &Attempt<'_>, change: Change<T>) -> Result<Decision<T>, StoreError> {
        let Self { before, after, .. } = self;
        let subdomain = &attempt.caller()?.organization.subdomain;
        let claim = |user: &User| credential(subdomain.as_str(), &user.email.folded());
        let (old_claim, new_claim) = (claim(before), claim(after));
        if old_claim == new_claim {
            if (&after.full_name, after.role) == (&before.full_name, before.role) && !self.disables() {
                return Ok(change.into());
            }
            let update = expression("SET #full_name = :name, #role = :role, #auth_epoch = :next")
                .with("name", s(&after.full_name))
                .with("role", s(after.role.name()))
                .with("next", n(self.next_epoch()));
            return Ok(change.update(&old_claim, &update, &is_of(before.id).and(epoch_is(self.epoch)))?.into());
        }
        // The credential moves, hash and all, so it has to be seen.
        let claims = credentials(subdomain.as_str(), &EmailLookup::from(&after.email));
        if !claims.iter().chain([&old_claim]).all(|claim| attempt.has_read(claim)) {
            return Ok(Decision::Read(claims.into_iter().chain([old_claim]).collect()));
        }
        for claim in claims.iter().filter_map(|claim| attempt.find(claim)) {
            if attributes::<CredentialRecord>(claim)?.user != before.id {
                return Err(StoreError::Conflict(Conflict::DuplicateEmail));
            }
        }
        let claimed = attempt.find(&new_claim);
        // Reads of several items are not of one moment: the address may be changing right now.
        let (None, Some(held)) = (claimed, attempt.find(&old_claim)) else {
            return Ok(Decision::Wait("the address is being changed"));
        };
        let record: CredentialRecord = attributes(held)?;
        let mut unchanged = is_of(before.id).and(epoch_is(self.epoch));
        if let Some(hash) = &record.hash {
            unchanged = unchanged.and(expression("#hash = :hash").with("hash", s(&hash.0)));
        }
        let moved = CredentialRecord {
            full_name: after.full_name.clone(),
            role: after.role,
            auth_epoch: self.next_epoch(),
            ..record
        };
        let change = change.delete(&old_claim, &unchanged)?;
        Ok(change.put(with_attributes(&new_claim, &moved)?, &absent())?.into())
    }
}

/// How many active admins the counter counts.
fn admins(counter: Option<&Item>) -> u64 {
    counter.and_then(|counter| counter.get("count")?.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// A user who may manage users, as it is now.
pub(crate) fn is_active_admin() -> Expression {
    expression("#data.#role = :admin AND #data.#status = :active")
        .with("admin", s(Role::Admin.name()))
        .with("active", s(UserStatus::Active.name()))
}

/// A credential of that user.
fn is_of(user: UserId) -> Expression {
    expression("#user = :user").with("user", s(user))
}

fn epoch_is(epoch: u64) -> Expression {
    expression("#auth_epoch = :epoch").with("epoch", n(epoch))
}
