//! Sessions that this process knows to have ended. A session that is no longer in its user's item never returns, so
//! its tokens are refused at once and cost nothing of the user's limits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use stockroom_domain::time::Timestamp;

use crate::write::scope::Claim;

/// The most sessions that a process remembers. Forgetting one costs a read.
const MAX_SESSIONS: usize = 4_096;

/// Claims of ended sessions, each until its token expires. Shared by the requests of a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct EndedSessions(Arc<Mutex<HashMap<Claim, Timestamp>>>);

impl EndedSessions {
    fn all(&self) -> MutexGuard<'_, HashMap<Claim, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a session until its tokens expire.
    pub(crate) fn remember(&self, claim: Claim, until: Timestamp, now: Timestamp) {
        let mut all = self.all();
        if all.len() >= MAX_SESSIONS && !all.contains_key(&claim) {
            all.retain(|_, until| now < *until);
            let first = all.iter().min_by_key(|(_, until)| **until).map(|(claim, _)| *claim);
            if let Some(first) = first.filter(|_| all.len() >= MAX_SESSIONS) {
                all.remove(&first);
            }
        }
        let known = all.entry(claim).or_insert(until);
        *known = until.max(*known);
    }

    /// Whether the session is known to have ended.
    pub(crate) fn contains(&self, claim: Claim) -> bool {
        self.all().contains_key(&claim)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stockroom_domain::id::{Id as _, OrganizationId, SessionId, UserId};

    use super::*;

    fn session(number: usize) -> Claim {
        let bytes = u64::try_from(number).unwrap().to_be_bytes();
        let mut random = [0; 10];
        random[2..].copy_from_slice(&bytes);
        Claim {
            organization: OrganizationId::from_parts(Timestamp::EPOCH, [0; 10]),
            user: UserId::from_parts(Timestamp::EPOCH, [0; 10]),
            session: Some(SessionId::from_parts(Timestamp::EPOCH, random)),
        }
    }

    #[test]
    fn remember_above_the_bound_forgets_expired_sessions_first() {
        let ended = EndedSessions::default();
        let at = |seconds| Timestamp::EPOCH.plus(Duration::from_secs(seconds));
        ended.remember(session(0), at(10_000), at(0));
        for number in 1..2 * MAX_SESSIONS {
            ended.remember(session(number), at(100 + u64::try_from(number).unwrap()), at(0));
        }
        assert_eq!(ended.all().len(), MAX_SESSIONS);
        let known = [0, 1, 2 * MAX_SESSIONS - 1].map(|number| ended.contains(session(number)));
        assert_eq!(known, [true, false, true]);
        ended.remember(session(1), at(10_001), at(9_999));
        assert_eq!(ended.all().len(), 2);
    }
}
