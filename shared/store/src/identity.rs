//! Signing in, staying signed in, signing out. Sessions live in the user's item, where every request's check finds them.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use stockroom_domain::{
    access::Role,
    id::{OrganizationId, SessionId, UserId},
    log::{Action, Entity},
    organization::{Organization, OrganizationStatus},
    search::search_fold,
    text::{EmailLookup, FullName},
    time::Timestamp,
    user::{Person, User, UserStatus},
};

use crate::{
    error::StoreError,
    expression::{Expression, expression, member, parse_member},
    item::{Item, attributes, data, encode, n, s},
    keys::{Key, OrganizationKeys, credential, tenant},
    log::{Entry, Origin, snapshot},
    organizations::TenantClaim,
    retry::Patience,
    scope::TenantScope,
    table::{Conditional, Table},
    write::{Attempt, Authority, Change, Decision},
};

/// The most sessions of a user; the one longest unused makes room for another.
const MOST_SESSIONS: u64 = 10;
/// For how long after its use a refresh token may come again, its answer having been lost.
const REPLY_GRACE: Duration = Duration::from_secs(10);
/// How long a refresh may try; well below the grace, so that a client who is told 503 can still come again.
const REFRESH_PATIENCE: Duration = Duration::from_secs(4);

/// How long the renewal of a hash may try, while somebody waits to be let in.
const RENEWAL_PATIENCE: Duration = Duration::from_secs(1);

/// A password's hash in PHC string form. Not shown by `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// What a credential's item keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CredentialRecord {
    pub(crate) user: UserId,
    pub(crate) full_name: FullName,
    pub(crate) role: Role,
    /// None until an invitation is accepted.
    pub(crate) hash: Option<PasswordHash>,
    pub(crate) auth_epoch: u64,
}

/// What is known of an e-mail address within a tenant.
#[derive(Debug, Clone)]
pub struct Credential {
    pub(crate) organization: OrganizationId,
    pub(crate) record: Option<CredentialRecord>,
    key: Key,
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

    pub(crate) fn person(&self) -> Option<Person> {
        self.record.as_ref().map(|record| Person { id: record.user, full_name: record.full_name.clone() })
    }
}

/// How long a new session's refresh token lives, and the key that signs it.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// From its issue.
    pub lifetime: Duration,
    /// The signing key's id.
    pub key_id: String,
}

/// A refresh token that was presented, its signature verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct Presented {
    pub organization: OrganizationId,
    pub user: UserId,
    pub session: SessionId,
    pub generation: u64,
}

/// A session's current refresh token, with all that is signed into it; the same generation gives the same token again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct Refreshed {
    pub organization: OrganizationId,
    pub user: UserId,
    pub role: Role,
    pub session: SessionId,
    pub generation: u64,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub key_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    pub(crate) generation: u64,
    pub(crate) created_at: Timestamp,
    /// When the current generation was issued.
    pub(crate) issued_at: Timestamp,
    expires_at: Timestamp,
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip: Option<String>,
}

/// The sessions of a user's item.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sessions {
    #[serde(default)]
    sessions: BTreeMap<String, SessionRecord>,
    /// Rises whenever they all end; the credential has it, too.
    pub(crate) auth_epoch: u64,
}

impl Sessions {
    pub(crate) fn of(user: &Item) -> Result<Self, StoreError> {
        attributes(user)
    }

    pub(crate) fn get(&self, session: SessionId) -> Option<&SessionRecord> {
        self.sessions.get(&member(session))
    }

    /// Those that have not expired, by id.
    pub(crate) fn alive(&self, now: Timestamp) -> impl Iterator<Item = (SessionId, &SessionRecord)> {
        let alive = self.sessions.iter().filter(move |(_, record)| record.expires_at > now);
        alive.filter_map(|(name, record)| Some((parse_member(name)?, record)))
    }

    /// Those that have expired, by the name of their member, each with when it did.
    pub(crate) fn expired(&self, by: Timestamp) -> Vec<(&str, Timestamp)> {
        let all = self.sessions.iter().map(|(name, record)| (name.as_str(), record.expires_at));
        all.filter(|(_, expires_at)| *expires_at <= by).collect()
    }

    /// The members that must go so that one more session finds room: what has expired, then what was longest unused.
    fn outlived(&self, now: Timestamp) -> Vec<&str> {
        let mut by_use: Vec<_> = self.sessions.iter().collect();
        by_use.sort_by_key(|(_, record)| record.issued_at);
        let mut room = u64::try_from(by_use.len()).unwrap_or(u64::MAX).saturating_sub(MOST_SESSIONS.saturating_sub(1));
        let mut outlived = Vec::new();
        let (expired, alive): (Vec<_>, Vec<_>) = by_use.into_iter().partition(|(_, record)| record.expires_at <= now);
        for (name, _) in expired {
            outlived.push(name.as_str());
            room = room.saturating_sub(1);
        }
        outlived
            .extend(alive.into_iter().take(usize::try_from(room).unwrap_or(usize::MAX)).map(|(name, _)| name.as_str()));
        outlived
    }
}

/// Whether a session of the user of that item is there and has not expired. Every request asks, so of all that
/// [`Sessions`] holds nothing else is read.
pub(crate) fn is_alive(user: &Item, session: SessionId, now: Timestamp) -> bool {
    expiry(user, session).is_some_and(|expires_at| expires_at > now)
}

/// The `expires_at` of a [`SessionRecord`].
fn expiry(user: &Item, session: SessionId) -> Option<Timestamp> {
    let session = user.get("sessions")?.as_m().ok()?.get(&member(session))?;
    session.as_m().ok()?.get("expires_at")?.as_s().ok()?.parse().ok()
}

/// When the user of that item signed in last.
pub(crate) fn last_login(user: &Item) -> Option<Timestamp> {
    user.get("last_login_at")?.as_s().ok()?.parse().ok()
}

/// See [`crate::Store::identity`].
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    table: &'a Table,
}

impl<'a> Identity<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// What is known of an address within a tenant; `None` when there is no such tenant, or none any more. An account that is
    /// older than today's rules for addresses is found, too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn credential(&self, subdomain: &str, email: &EmailLookup) -> Result<Option<Credential>, StoreError> {
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

    /// Begins a session for a user whose password was verified, and writes the log. `None` when the account has changed
    /// since: it was disabled, or its password is another now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn open_session(
        &self,
        credential: &Credential,
        new: &NewSession,
        origin: &Origin,
    ) -> Result<Option<Refreshed>, StoreError> {
        let Some(record) = &credential.record else {
            return Ok(None);
        };
        let keys = OrganizationKeys(credential.organization);
        let (user_key, organization_key) = (keys.user(record.user), keys.organization());
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<Option<Refreshed>>, StoreError> {
            // The usual login finds room for its session in a company that is there; only one that does not has to look.
            let user = if attempt.is_repeated {
                if !attempt.has_read(&user_key) {
                    return Ok(Decision::Read(vec![user_key.clone(), organization_key.clone()]));
                }
                let (Some(item), Some(organization)) = (attempt.find(&user_key), attempt.find(&organization_key))
                else {
                    return Ok(Decision::Keep(None));
                };
                let (user, sessions): (User, _) = (data(item)?, Sessions::of(item)?);
                if data::<Organization>(organization)?.status != OrganizationStatus::Active
                    || user.status != UserStatus::Active
                    || sessions.auth_epoch != record.auth_epoch
                {
                    return Ok(Decision::Keep(None));
                }
                Some(sessions)
            } else {
                None
            };
            let session: SessionId = attempt.id();
            let refreshed = Refreshed {
                organization: credential.organization,
                user: record.user,
                role: record.role,
                session,
                generation: 1,
                issued_at: attempt.now,
                expires_at: attempt.now.plus(new.lifetime),
                key_id: new.key_id.clone(),
            };
            let stored = SessionRecord {
                generation: 1,
                created_at: attempt.now,
                issued_at: attempt.now,
                expires_at: refreshed.expires_at,
                key_id: new.key_id.clone(),
                ip: origin.ip.clone(),
            };
            let mut update = format!("SET #sessions.#{} = :session, #last_login_at = :now", member(session));
            let mut condition = expression("#data.#status = :active AND #auth_epoch = :epoch")
                .with("active", s(UserStatus::Active.name()))
                .with("epoch", n(record.auth_epoch));
            match &user {
                None => {
                    condition = condition.and(expression("size(#sessions) < :most").with("most", n(MOST_SESSIONS)));
                }
                Some(sessions) => {
                    let seen = u64::try_from(sessions.sessions.len()).unwrap_or(u64::MAX);
                    condition = condition.and(expression("size(#sessions) = :seen").with("seen", n(seen)));
                    for (index, name) in sessions.outlived(attempt.now).into_iter().enumerate() {
                        let separator = if index == 0 { " REMOVE " } else { ", " };
                        update = format!("{update}{separator}#sessions.#{name}");
                    }
                }
            }
            let update = expression(update).with("session", encode(&stored)?).with("now", s(attempt.now));
            let entry = Entry {
                actor: credential.person(),
                ..attempt.entry(Action::Login, (Entity::User, record.user), (None, None))
            };
            let change = Change::logged(Some(refreshed), credential.organization, &entry)?;
            let active = expression("#data.#status = :active").with("active", s(OrganizationStatus::Active.name()));
            Ok(change.update(&user_key, &update, &condition)?.check(&organization_key, &active)?.into())
        };
        self.table.change(Authority::Public { origin, idempotency: None }, &[], decide).await
    }

    /// Puts a hash with today's parameters in place of the one that was verified, for the same password. Nothing of it is
    /// worth waiting for, or telling: the next login finds the old hash again.
    pub async fn renew_hash(&self, credential: &Credential, hash: &PasswordHash) {
        let Some(CredentialRecord { hash: Some(verified), auth_epoch, .. }) = &credential.record else { return };
        let update = expression("SET #hash = :renewed").with("renewed", s(&hash.0));
        let as_verified = expression("#hash = :verified AND #auth_epoch = :epoch")
            .with("verified", s(&verified.0))
            .with("epoch", n(*auth_epoch));
        let mut brief = Patience::of(RENEWAL_PATIENCE);
        if let Err(error) = self.table.update_within(&mut brief, &credential.key, &update, &as_verified).await {
            tracing::warn!(%error, "a hash with old parameters stays");
        }
    }

    /// Writes a failed login into the log of its tenant, whether or not there is such a user.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn record_failure(&self, credential: &Credential, origin: &Origin) -> Result<(), StoreError> {
        let decide = |attempt: &Attempt<'_>| {
            let user = credential.record.as_ref().map(|record| record.user.to_string());
            let nobody = attempt.entry(Action::LoginFailed, (Entity::User, credential.organization), (None, None));
            let entry = Entry { entity_id: user, ..nobody };
            Change::logged((), credential.organization, &entry)
        };
        self.table.change(Authority::Public { origin, idempotency: None }, &[], decide).await
    }

    /// Moves a session on by one generation. The generation just before gets the same answer again for ten seconds, since
    /// its own may have been lost; any older one ends the session and is logged. `None` when there is nothing to renew.
    ///
    /// # Errors
    /// [`StoreError::TenantMismatch`] when the request names another tenant.
    pub async fn refresh(
        &self,
        presented: Presented,
        named_tenant: Option<&str>,
        new: &NewSession,
        origin: &Origin,
    ) -> Result<Option<Refreshed>, StoreError> {
        let keys = OrganizationKeys(presented.organization);
        let (user_key, organization_key) = (keys.user(presented.user), keys.organization());
        let session_name = member(presented.session);
        let mut patience = Patience::new();
        let mut was_current = false;
        loop {
            let items = self.table.get(&[user_key.clone(), organization_key.clone()]).await?;
            let now = self.table.sources.now();
            let (Some(user_item), Some(organization)) = (items.get(&user_key), items.get(&organization_key)) else {
                return Ok(None);
            };
            let user: User = data(user_item)?;
            let organization: Organization = data(organization)?;
            let sessions = Sessions::of(user_item)?;
            let Some(session) = sessions.get(presented.session).filter(|session| session.expires_at > now) else {
                return Ok(None);
            };
            if user.status != UserStatus::Active || organization.status != OrganizationStatus::Active {
                return Ok(None);
            }
            if named_tenant.is_some_and(|named| named != organization.subdomain.as_str()) {
                return Err(StoreError::TenantMismatch);
            }
            let token = |generation, issued_at, expires_at, key_id: &str| Refreshed {
                organization: presented.organization,
                user: presented.user,
                role: user.role,
                session: presented.session,
                generation,
                issued_at,
                expires_at,
                key_id: key_id.to_owned(),
            };
            if presented.generation == session.generation {
                let next = token(session.generation.saturating_add(1), now, now.plus(new.lifetime), &new.key_id);
                let path = |name: &str| format!("#sessions.#{session_name}.#{name}");
                let update = expression(format!(
                    "SET {} = :generation, {} = :now, {} = :expires, {} = :key",
                    path("generation"),
                    path("issued_at"),
                    path("expires_at"),
                    path("key_id"),
                ))
                .with("generation", n(next.generation))
                .with("now", s(now))
                .with("expires", s(next.expires_at))
                .with("key", s(&next.key_id));
                let condition = expression(format!("{} = :current AND #auth_epoch = :epoch", path("generation")))
                    .with("current", n(session.generation))
                    .with("epoch", n(sessions.auth_epoch));
                was_current = true;
                let mut brief = Patience::of(REFRESH_PATIENCE);
                let (result, _) = self.table.update_within(&mut brief, &user_key, &update, &condition).await?;
                if result == Conditional::Done {
                    return Ok(Some(next));
                }
                patience.pause(&self.table.sources, "lost every race for the session").await?;
                continue;
            }
            let is_predecessor = presented.generation.saturating_add(1) == session.generation;
            if is_predecessor && (was_current || now.since(session.issued_at) <= REPLY_GRACE) {
                return Ok(Some(token(session.generation, session.issued_at, session.expires_at, &session.key_id)));
            }
            self.end_session(presented, &user, Action::TokenReused, origin).await?;
            return Ok(None);
        }
    }

    async fn end_session(
        &self,
        presented: Presented,
        user: &User,
        action: Action,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let user_key = OrganizationKeys(presented.organization).user(presented.user);
        let (update, condition) = removal(presented.session);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<()>, StoreError> {
            let Some(item) = attempt.find(&user_key) else {
                return Ok(Decision::Keep(()));
            };
            if Sessions::of(item)?.get(presented.session).is_none() {
                return Ok(Decision::Keep(()));
            }
            let entry = Entry {
                actor: Some(Person::from(user)),
                ..attempt.entry(action, (Entity::User, presented.user), (None, None))
            };
            Ok(Change::logged((), presented.organization, &entry)?.update(&user_key, &update, &condition)?.into())
        };
        let authority = Authority::Public { origin, idempotency: None };
        self.table.change(authority, std::slice::from_ref(&user_key), decide).await
    }

    /// Ends the session that the scope's caller came through: its tokens stop working at once.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`] when it has ended already.
    pub async fn sign_out(&self, scope: &TenantScope) -> Result<(), StoreError> {
        let session = scope.claim().session.ok_or(StoreError::Unauthenticated)?;
        let user_key = scope.keys().user(scope.claim().user);
        let (update, condition) = removal(session);
        let decide = |attempt: &Attempt<'_>| {
            let item = attempt.find(&user_key).ok_or(StoreError::Unauthenticated)?;
            Sessions::of(item)?.get(session).ok_or(StoreError::Unauthenticated)?;
            let entry = attempt.entry(Action::Logout, (Entity::User, scope.claim().user), (None, None));
            Change::logged((), scope.claim().organization, &entry)?.update(&user_key, &update, &condition)
        };
        self.table.change(Authority::Tenant(scope), std::slice::from_ref(&user_key), decide).await
    }
}

/// Where an account of an address may be kept, first where today's are. The other places have accounts that are older than
/// today's rules for addresses; no program makes one there any more, so a read that finds none needs no condition.
pub(crate) fn credentials(subdomain: &str, email: &EmailLookup) -> Vec<Key> {
    email.forms().map(|form| credential(subdomain, form)).collect()
}

/// How one session is taken away, if it is there.
pub(crate) fn removal(session: SessionId) -> (Expression, Expression) {
    let path = format!("#sessions.#{}", member(session));
    (expression(format!("REMOVE {path}")), expression(format!("attribute_exists({path})")))
}

/// The items of a new user: the user, and the credential that claims the address.
pub(crate) fn user_items(
    keys: OrganizationKeys,
    subdomain: &str,
    user: &User,
    hash: Option<PasswordHash>,
) -> Result<(Item, Item), StoreError> {
    let mut user_item = crate::item::with_data(&keys.user(user.id), user)?;
    user_item.insert("sessions".to_owned(), aws_sdk_dynamodb::types::AttributeValue::M(Item::new()));
    user_item.insert("auth_epoch".to_owned(), n(0));
    user_item.insert("search".to_owned(), s(search_text(user)));
    let record =
        CredentialRecord { user: user.id, full_name: user.full_name.clone(), role: user.role, hash, auth_epoch: 0 };
    let credential_item = crate::item::with_attributes(&credential(subdomain, &user.email.folded()), &record)?;
    Ok((user_item, credential_item))
}

/// What a search for a user looks through: folded texts, each on a line of its own.
pub(crate) fn search_text(user: &User) -> String {
    [user.full_name.as_str(), user.email.as_str()].map(search_fold).join("\n")
}

/// A user as the log keeps it.
pub(crate) fn user_snapshot(user: &User) -> Result<serde_json::Value, StoreError> {
    snapshot(user)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;
    use stockroom_domain::id::Id as _;

    use super::*;

    #[test]
    fn a_session_is_found_as_it_is_kept() {
        let id = SessionId::from_parts(Timestamp::EPOCH, [1; 10]);
        let end = Timestamp::EPOCH.plus(Duration::from_mins(1));
        let record = SessionRecord {
            generation: 1,
            created_at: Timestamp::EPOCH,
            issued_at: Timestamp::EPOCH,
            expires_at: end,
            key_id: "key".to_owned(),
            ip: None,
        };
        let sessions = HashMap::from([(member(id), encode(&record).unwrap())]);
        let user = Item::from([("sessions".to_owned(), AttributeValue::M(sessions))]);
        assert!(is_alive(&user, id, end.minus(Duration::from_millis(1))));
        assert!(!is_alive(&user, id, end));
        assert!(!is_alive(&user, SessionId::from_parts(end, [1; 10]), Timestamp::EPOCH));
        assert!(!is_alive(&Item::new(), id, Timestamp::EPOCH));
    }
}
