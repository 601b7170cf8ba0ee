//! Signing in: a session for a user whose password was verified. A login that is refused takes as much work whatever is wrong.

use stockroom_domain::{
    log::{Action, Entity},
    organization::{Organization, OrganizationStatus},
    user::{User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{expression, member},
        item::{Item, data, encode, n, s},
        retry::Patience,
    },
    error::StoreError,
    keys::OrganizationKeys,
    people::{
        identity::{Credential, CredentialRecord, Identity, NewSession, RENEWAL_PATIENCE},
        refresh::Refreshed,
        session_records::{MOST_SESSIONS, SessionRecord, Sessions},
    },
    write::{
        Attempt, Authority, Change, Decision,
        log::{Entry, Origin},
    },
};

/// What became of a login.
#[derive(Debug)]
pub enum SignIn {
    /// A session was opened.
    Done(Refreshed),
    /// The account is disabled, or has another password now.
    Refused,
}

/// What an attempt to open a session came to.
#[derive(Debug)]
enum Opened {
    Session(Refreshed),
    Disabled,
    /// The password is another now, or the organization has ended.
    Overtaken,
}

/// The sessions of a user who may open one more.
fn room(
    user: Option<&Item>,
    organization: Option<&Item>,
    verified: &CredentialRecord,
) -> Result<Result<Sessions, Opened>, StoreError> {
    let (Some(item), Some(organization)) = (user, organization) else { return Ok(Err(Opened::Overtaken)) };
    let (user, sessions): (User, _) = (data(item)?, Sessions::of(item)?);
    if user.status != UserStatus::Active {
        return Ok(Err(Opened::Disabled));
    }
    let is_in_use = data::<Organization>(organization)?.status == OrganizationStatus::Active;
    let is_as_verified = is_in_use && sessions.auth_epoch == verified.auth_epoch;
    Ok(if is_as_verified { Ok(sessions) } else { Err(Opened::Overtaken) })
}

/// A session of this moment.
fn new_session(
    credential: &Credential,
    record: &CredentialRecord,
    new: &NewSession,
    attempt: &Attempt<'_>,
) -> Refreshed {
    Refreshed {
        organization: credential.organization,
        user: record.user,
        role: record.role,
        session: attempt.id(),
        generation: 1,
        issued_at: attempt.now,
        expires_at: attempt.now.plus(new.lifetime),
        key_id: new.key_id.clone(),
    }
}

impl Identity<'_> {
    /// Begins a session for a user whose password was verified, and writes the log. A user who is disabled, or whose
    /// password is another now, is refused, which is in the log as a failed login.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sign_in(
        &self,
        credential: &Credential,
        new: &NewSession,
        origin: &Origin,
    ) -> Result<SignIn, StoreError> {
        let Some(record) = &credential.record else {
            return self.record_failure(credential, origin).await.map(|()| SignIn::Refused);
        };
        if record.status == Some(UserStatus::Disabled) && self.refuse_disabled(credential, record, origin).await? {
            return Ok(SignIn::Refused);
        }
        match self.open_session(credential, record, new, origin).await? {
            Opened::Session(session) => return Ok(SignIn::Done(session)),
            Opened::Disabled if record.status.is_none() => self.learn_disabled(credential, record).await,
            Opened::Disabled | Opened::Overtaken => {}
        }
        self.record_failure(credential, origin).await.map(|()| SignIn::Refused)
    }

    /// Writes a failed login into the log, if the user is disabled indeed: one transaction, as for a wrong password. False
    /// when the credential's status is out of date, which a program that does not know of it can leave behind.
    async fn refuse_disabled(
        &self,
        credential: &Credential,
        record: &CredentialRecord,
        origin: &Origin,
    ) -> Result<bool, StoreError> {
        let user_key = OrganizationKeys(credential.organization).user(record.user);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<bool>, StoreError> {
            if attempt.is_repeated {
                return Ok(Decision::Keep(false));
            }
            let not_active = expression("NOT (#data.#status = :active)").with("active", s(UserStatus::Active.name()));
            let change = Change::logged(true, credential.organization, &credential.failure(attempt))?;
            Ok(change.check(&user_key, &not_active)?.into())
        };
        self.table.change(Authority::Public { origin, idempotency: None }, &[], decide).await
    }

    /// Writes the status of a disabled user into a credential that has none yet. The next login does without it if that fails.
    async fn learn_disabled(&self, credential: &Credential, record: &CredentialRecord) {
        let update = expression("SET #status = :disabled").with("disabled", s(UserStatus::Disabled.name()));
        let as_read = expression("#user = :user AND #auth_epoch = :epoch AND attribute_not_exists(#status)")
            .with("user", s(record.user))
            .with("epoch", n(record.auth_epoch));
        let mut brief = Patience::of(RENEWAL_PATIENCE);
        if let Err(error) = self.table.update_within(&mut brief, &credential.key, &update, &as_read).await {
            tracing::warn!(%error, "a credential stays without a status");
        }
    }

    async fn open_session(
        &self,
        credential: &Credential,
        record: &CredentialRecord,
        new: &NewSession,
        origin: &Origin,
    ) -> Result<Opened, StoreError> {
        let keys = OrganizationKeys(credential.organization);
        let (user_key, organization_key) = (keys.user(record.user), keys.organization());
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<Opened>, StoreError> {
            // The usual login finds room for its session in a company that is there; only one that does not has to look.
            let sessions = if attempt.is_repeated {
                if !attempt.has_read(&user_key) {
                    return Ok(Decision::Read(vec![user_key.clone(), organization_key.clone()]));
                }
                match room(attempt.find(&user_key), attempt.find(&organization_key), record)? {
                    Ok(sessions) => Some(sessions),
                    Err(refused) => return Ok(Decision::Keep(refused)),
                }
            } else {
                None
            };
            let session = new_session(credential, record, new, attempt);
            let stored = SessionRecord {
                generation: 1,
                created_at: attempt.now,
                issued_at: attempt.now,
                expires_at: session.expires_at,
                key_id: new.key_id.clone(),
                ip: origin.ip.clone(),
                rotation: None,
            };
            let mut update = format!("SET #sessions.#{} = :session, #last_login_at = :now", member(session.session));
            let mut condition = expression("#data.#status = :active AND #auth_epoch = :epoch")
                .with("active", s(UserStatus::Active.name()))
                .with("epoch", n(record.auth_epoch));
            match &sessions {
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
            let change = Change::logged(Opened::Session(session), credential.organization, &entry)?;
            let active = expression("#data.#status = :active").with("active", s(OrganizationStatus::Active.name()));
            Ok(change.update(&user_key, &update, &condition)?.check(&organization_key, &active)?.into())
        };
        self.table.change(Authority::Public { origin, idempotency: None }, &[], decide).await
    }
}
