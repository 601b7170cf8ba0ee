//! Refresh: each one raises the session's generation, and the token of a generation works once.
//!
//! A reply can be lost, and two tabs of a browser can refresh at once. So the previous token gets the current one
//! again, once, within ten seconds, and only from the same address and user agent. A further use from there is
//! refused and logged. A use from elsewhere, a late use, or an older token ends the session. The session stores the
//! attempt, so that an attempt with a lost reply recognizes its own work.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use stockroom_domain::{
    access::Role,
    id::{OrganizationId, SessionId, UserId},
    log::{Action, Entity},
    organization::{Organization, OrganizationStatus},
    time::Timestamp,
    user::{Person, User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{Expression, expression, member},
        item::{data, encode, n, s},
        retry::Backoff,
        table::Conditional,
    },
    error::StoreError,
    keys::OrganizationKeys,
    people::{
        identity::{Identity, NewSession},
        session_records::{SessionRecord, Sessions, removal},
    },
    write::{
        Attempt, Authority, Change, Decision,
        log::{Entry, Origin},
    },
};

/// How long a used refresh token may be presented again, after a lost reply.
const REPLY_GRACE: Duration = Duration::from_secs(10);
/// Deadline of a refresh; well below the grace, so that a client can retry after a 503.
const REFRESH_DEADLINE: Duration = Duration::from_secs(4);

/// A presented refresh token with a valid signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    pub organization: OrganizationId,
    pub user: UserId,
    pub session: SessionId,
    pub generation: u64,
}

/// A session's current refresh token with its content; the same generation gives the same token.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The result of a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The session's current token.
    Done(Refreshed),
    /// The token was used before. The session continues with a later token.
    Spent,
    /// The session does not exist or has ended.
    Over,
}

/// The refresh that issued a generation, and its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    generation: u64,
    /// The id of the attempt.
    by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    /// A digest of the user agent, which may be long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    /// The attempt that got the generation again with the previous token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeated_by: Option<String>,
}

impl Rotation {
    /// Whether the previous token was presented again.
    pub(crate) fn is_repeated(&self) -> bool {
        self.repeated_by.is_some()
    }
}

/// An attempt to refresh, and its origin.
struct Client {
    attempt: String,
    ip: Option<String>,
    agent: Option<String>,
}

impl Client {
    fn of(attempt: String, origin: &Origin) -> Self {
        let agent = origin.user_agent.as_ref().map(|agent| digest(&SHA256, agent.as_bytes()));
        let agent = agent.map(|digest| hex(digest.as_ref().iter().take(8)));
        Self { attempt, ip: origin.ip.clone(), agent }
    }

    fn rotates(&self, generation: u64) -> Rotation {
        let Self { attempt, ip, agent } = self;
        Rotation { generation, by: attempt.clone(), ip: ip.clone(), agent: agent.clone(), repeated_by: None }
    }

    fn is_where(&self, rotation: &Rotation) -> bool {
        (&self.ip, &self.agent) == (&rotation.ip, &rotation.agent)
    }
}

fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    bytes.into_iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A session of an active user, as it was read.
struct Live {
    user: User,
    session: SessionRecord,
    auth_epoch: u64,
}

/// The decision on a presented token.
enum Verdict {
    /// It is the current token.
    Rotate,
    /// It is the previous token, presented again for the first time.
    Repeat,
    /// It is the previous token, and this attempt was answered already.
    Own,
    /// It is the previous token, and was presented again before.
    Spent,
    /// It is used by another client.
    Stolen,
}

impl Live {
    fn verdict(&self, presented: Presented, client: &Client, was_current: bool, now: Timestamp) -> Verdict {
        let Self { session, .. } = self;
        if presented.generation == session.generation {
            return Verdict::Rotate;
        }
        if presented.generation.saturating_add(1) != session.generation {
            return Verdict::Stolen;
        }
        let is_in_time = was_current || now.since(session.issued_at) <= REPLY_GRACE;
        let Some(rotation) = self.rotation() else {
            return if is_in_time { Verdict::Repeat } else { Verdict::Stolen };
        };
        match &rotation.repeated_by {
            _ if rotation.by == client.attempt => Verdict::Own,
            Some(by) if *by == client.attempt => Verdict::Own,
            _ if !is_in_time || !client.is_where(rotation) => Verdict::Stolen,
            None => Verdict::Repeat,
            Some(_) => Verdict::Spent,
        }
    }

    /// The refresh that issued the current generation, if it is known.
    fn rotation(&self) -> Option<&Rotation> {
        self.session.rotation.as_ref().filter(|rotation| rotation.generation == self.session.generation)
    }

    /// The token of the session's current generation.
    fn current(&self, presented: Presented) -> Refreshed {
        let SessionRecord { generation, issued_at, expires_at, key_id, .. } = &self.session;
        Refreshed {
            organization: presented.organization,
            user: presented.user,
            role: self.user.role,
            session: presented.session,
            generation: *generation,
            issued_at: *issued_at,
            expires_at: *expires_at,
            key_id: key_id.clone(),
        }
    }
}

impl Identity<'_> {
    /// Raises the session's generation. The previous token gets the current one again, once, within ten seconds and
    /// from the same origin. Any other use of an earlier token is logged, and may end the session.
    ///
    /// # Errors
    /// [`StoreError::TenantMismatch`] when the request names another tenant.
    pub async fn refresh(
        &self,
        presented: Presented,
        named_tenant: Option<&str>,
        new: &NewSession,
        origin: &Origin,
    ) -> Result<Renewal, StoreError> {
        let client = Client::of(hex(&self.table.sources.bytes::<8>()), origin);
        let mut backoff = Backoff::new();
        let mut was_current = false;
        loop {
            let Some(live) = self.live(presented, named_tenant).await? else { return Ok(Renewal::Over) };
            let now = self.table.sources.now();
            let done = match live.verdict(presented, &client, was_current, now) {
                Verdict::Rotate => {
                    was_current = true;
                    self.rotate(presented, &live, new, &client, now).await?
                }
                Verdict::Repeat => self.repeat(presented, &live, &client).await?,
                Verdict::Own => Some(live.current(presented)),
                Verdict::Spent => {
                    self.log_reuse(presented, &live.user, origin).await?;
                    return Ok(Renewal::Spent);
                }
                Verdict::Stolen => {
                    self.end_reused(presented, &live.user, origin).await?;
                    return Ok(Renewal::Over);
                }
            };
            if let Some(refreshed) = done {
                return Ok(Renewal::Done(refreshed));
            }
            backoff.after_conflict(&self.table.sources, "lost every race for the session").await?;
        }
    }

    /// The present session, if it is alive.
    async fn live(&self, presented: Presented, named_tenant: Option<&str>) -> Result<Option<Live>, StoreError> {
        let keys = OrganizationKeys(presented.organization);
        let (user_key, organization_key) = (keys.user(presented.user), keys.organization());
        let items = self.table.get(&[user_key.clone(), organization_key.clone()]).await?;
        let (Some(user_item), Some(organization)) = (items.get(&user_key), items.get(&organization_key)) else {
            return Ok(None);
        };
        let user: User = data(user_item)?;
        let organization: Organization = data(organization)?;
        let sessions = Sessions::of(user_item)?;
        let now = self.table.sources.now();
        let Some(session) = sessions.get(presented.session).filter(|session| session.expires_at > now).cloned() else {
            return Ok(None);
        };
        if user.status != UserStatus::Active || organization.status != OrganizationStatus::Active {
            return Ok(None);
        }
        if named_tenant.is_some_and(|named| named != organization.subdomain.as_str()) {
            return Err(StoreError::TenantMismatch);
        }
        Ok(Some(Live { user, session, auth_epoch: sessions.auth_epoch }))
    }

    /// Raises the generation, unless another request was faster.
    async fn rotate(
        &self,
        presented: Presented,
        live: &Live,
        new: &NewSession,
        client: &Client,
        now: Timestamp,
    ) -> Result<Option<Refreshed>, StoreError> {
        let next = Refreshed {
            generation: live.session.generation.saturating_add(1),
            issued_at: now,
            expires_at: now.plus(new.lifetime),
            key_id: new.key_id.clone(),
            ..live.current(presented)
        };
        let path = |name: &str| format!("#sessions.#{}.#{name}", member(presented.session));
        let update = expression(format!(
            "SET {} = :generation, {} = :now, {} = :expires, {} = :key, {} = :rotation",
            path("generation"),
            path("issued_at"),
            path("expires_at"),
            path("key_id"),
            path("rotation"),
        ))
        .with("generation", n(next.generation))
        .with("now", s(now))
        .with("expires", s(next.expires_at))
        .with("key", s(&next.key_id))
        .with("rotation", encode(&client.rotates(next.generation))?);
        let done = self.update_session(presented, live, &update, expression("")).await?;
        Ok((done == Conditional::Done).then_some(next))
    }

    /// Records that the current generation was requested again, unless another request did.
    async fn repeat(
        &self,
        presented: Presented,
        live: &Live,
        client: &Client,
    ) -> Result<Option<Refreshed>, StoreError> {
        let path = format!("#sessions.#{}.#rotation", member(presented.session));
        let generation = live.session.generation;
        let rotation = live.rotation().cloned().unwrap_or_else(|| client.rotates(generation));
        let marked = Rotation { repeated_by: Some(client.attempt.clone()), ..rotation };
        let update = expression(format!("SET {path} = :marked")).with("marked", encode(&marked)?);
        let first = expression(format!(
            "attribute_not_exists({path}) OR {path}.#generation <> :marking \
             OR attribute_not_exists({path}.#repeated_by)"
        ))
        .with("marking", n(generation));
        let done = self.update_session(presented, live, &update, first).await?;
        Ok((done == Conditional::Done).then(|| live.current(presented)))
    }

    async fn update_session(
        &self,
        presented: Presented,
        live: &Live,
        update: &Expression,
        condition: Expression,
    ) -> Result<Conditional, StoreError> {
        let generation = format!("#sessions.#{}.#generation", member(presented.session));
        let as_read = expression(format!("{generation} = :current AND #auth_epoch = :epoch"))
            .with("current", n(live.session.generation))
            .with("epoch", n(live.auth_epoch));
        let key = OrganizationKeys(presented.organization).user(presented.user);
        let mut brief = Backoff::of(REFRESH_DEADLINE);
        Ok(self.table.update_within(&mut brief, &key, update, &as_read.and(condition)).await?.0)
    }

    /// Logs the reuse of a token.
    async fn log_reuse(&self, presented: Presented, user: &User, origin: &Origin) -> Result<(), StoreError> {
        let decide =
            |attempt: &Attempt<'_>| Change::logged((), presented.organization, &reuse(attempt, presented.user, user));
        self.table.change(Authority::Public { origin, idempotency: None }, &[], decide).await
    }

    /// Ends the session of a reused token, unless it has ended.
    async fn end_reused(&self, presented: Presented, user: &User, origin: &Origin) -> Result<(), StoreError> {
        let user_key = OrganizationKeys(presented.organization).user(presented.user);
        let (update, condition) = removal(presented.session);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<()>, StoreError> {
            let Some(item) = attempt.find(&user_key) else {
                return Ok(Decision::Keep(()));
            };
            if Sessions::of(item)?.get(presented.session).is_none() {
                return Ok(Decision::Keep(()));
            }
            let entry = reuse(attempt, presented.user, user);
            Ok(Change::logged((), presented.organization, &entry)?.update(&user_key, &update, &condition)?.into())
        };
        let authority = Authority::Public { origin, idempotency: None };
        self.table.change(authority, std::slice::from_ref(&user_key), decide).await
    }
}

fn reuse(attempt: &Attempt<'_>, id: UserId, user: &User) -> Entry {
    let entry = attempt.entry(Action::TokenReused, (Entity::User, id), (None, None));
    Entry { actor: Some(Person::from(user)), ..entry }
}
