//! Sign-in: opens a session after the password is verified. Every refused sign-in makes the same calls of the table.

use stockroom_domain::{
    log::{Action, Entity},
    organization::{Organization, OrganizationStatus},
    user::{User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{expression, member},
        item::{Item, data, encode, n, s},
        retry::Backoff,
    },
    error::StoreError,
    keys::OrganizationKeys,
    people::{
        identity::{Credential, CredentialRecord, Identity, NewSession, RENEWAL_DEADLINE},
        refresh::Refreshed,
        session_records::{MAX_SESSIONS, SessionRecord, Sessions},
    },
    write::{
        Attempt, Authority, Change, Decision,
        log::{Entry, Origin},
    },
};

/// The result of a sign-in.
#[derive(Debug)]
pub enum SignIn {
    /// A session is open.
    Done(Refreshed),
    /// The account is disabled, or its password has changed.
    Refused,
}

/// The result of an attempt to open a session.
#[derive(Debug)]
enum Opened {
    Session(Refreshed),
    Disabled,
    /// The password has changed, or the organization has ended.
    Overtaken,
}

/// The sessions of a user, to which another one may be added.
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
    /// Opens a session for a user whose password was verified, and logs it. A disabled user, or one with a new
    /// password, is refused, which is logged as a failed sign-in.
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
        // The credential's status changes in one transaction with the user's, so nothing else has to be checked: the
        // refusal costs as much as that of a wrong password.
        if record.status == Some(UserStatus::Disabled) {
            return self.record_failure(credential, origin).await.map(|()| SignIn::Refused);
        }
        match self.open_session(credential, record, new, origin).await? {
            Opened::Session(session) => return Ok(SignIn::Done(session)),
            Opened::Disabled if record.status.is_none() => self.learn_disabled(credential, record).await,
            Opened::Disabled | Opened::Overtaken => {}
        }
        self.record_failure(credential, origin).await.map(|()| SignIn::Refused)
    }

    /// Writes the status of a disabled user into a credential without one. An error is harmless: the next sign-in works
    /// without it.
    async fn learn_disabled(&self, credential: &Credential, record: &CredentialRecord) {
        let update = expression("SET #status = :disabled").with("disabled", s(UserStatus::Disabled.name()));
        let as_read = expression("#user = :user AND #auth_epoch = :epoch AND attribute_not_exists(#status)")
            .with("user", s(record.user))
            .with("epoch", n(record.auth_epoch));
        let mut brief = Backoff::of(RENEWAL_DEADLINE);
        if let Err(error) = self.table.update_within(&mut brief, &credential.key, &update, &as_read).await {
            tracing::warn!(%error, "cannot store the status of a credential; the next refused sign-in tries again");
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
            // Usually there is room for another session; only a failed write has to read.
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
                    condition = condition.and(expression("size(#sessions) < :most").with("most", n(MAX_SESSIONS)));
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
