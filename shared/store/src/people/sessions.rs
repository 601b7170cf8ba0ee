//! The caller's own sessions: list, and end one.

use stockroom_domain::{
    id::SessionId,
    log::{Action, Entity},
    time::Timestamp,
};

use crate::{
    dynamo::page::{Page, PageItem, PageRequest, Position},
    error::StoreError,
    people::{
        session_records::{Sessions, removal},
        users::Users,
    },
    write::{Attempt, Authority, Change, user_item::is_alive},
};

/// The name of a session's id in a position.
const SESSION: &str = "session";

/// A session as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    pub id: SessionId,
    pub created_at: Timestamp,
    /// When its tokens were last issued: by sign-in or refresh.
    pub last_used_at: Timestamp,
    /// The address of the sign-in, as the gateway saw it.
    pub ip: Option<String>,
    /// Whether it is the session of this request.
    pub is_current: bool,
}

impl Users<'_> {
    /// The caller's sessions that have not expired, by age.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sessions(&self, page: &PageRequest) -> Result<Page<OwnSession>, StoreError> {
        let claim = self.scope.claim();
        let key = self.scope.keys().user(claim.user);
        let items = self.table.get_for(self.scope, std::slice::from_ref(&key)).await?;
        let stored = Sessions::of(items.get(&key).ok_or(StoreError::Unauthenticated)?)?;
        let mut sessions: Vec<_> = stored
            .alive(self.table.sources.now())
            .map(|(id, record)| OwnSession {
                id,
                created_at: record.created_at,
                last_used_at: record.issued_at,
                ip: record.ip.clone(),
                is_current: claim.session == Some(id),
            })
            .collect();
        if page.descending {
            sessions.reverse();
        }
        let after: Option<SessionId> = page.after.as_ref().and_then(|position| position.get(SESSION)?.parse().ok());
        if let Some(after) = after {
            sessions.retain(|session| if page.descending { session.id < after } else { session.id > after });
        }
        let has_more = sessions.len() > page.limit;
        sessions.truncate(page.limit);
        let position = |id: SessionId| Position::single(SESSION, id);
        let next = sessions.last().filter(|_| has_more).map(|last| position(last.id));
        let listed = sessions.into_iter().map(|session| PageItem { position: position(session.id), item: session });
        Ok(Page::new(listed.collect(), next))
    }

    /// Ends one of the caller's sessions, perhaps the current one: its tokens become invalid at once. A session has no
    /// version, so no expected version matches.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the caller has no such session, or it has expired;
    /// [`StoreError::VersionMismatch`].
    pub async fn end_session(&self, id: SessionId, expected: Option<u64>) -> Result<(), StoreError> {
        let claim = self.scope.claim();
        let key = self.scope.keys().user(claim.user);
        let (update, condition) = removal(id);
        let decide = |attempt: &Attempt<'_>| {
            let item = attempt.find(&key).ok_or(StoreError::Unauthenticated)?;
            if !is_alive(item, id, attempt.now) {
                return Err(StoreError::NotFound);
            }
            if expected.is_some() {
                return Err(StoreError::VersionMismatch);
            }
            let entry = attempt.entry(Action::Logout, (Entity::User, claim.user), (None, None));
            Change::logged((), claim.organization, &entry)?.update(&key, &update, &condition)
        };
        self.table.change(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide).await
    }
}
