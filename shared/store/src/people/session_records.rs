//! Sessions as the user's item stores them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockroom_domain::{id::SessionId, time::Timestamp};

use crate::{
    dynamo::{
        expression::{Expression, expression, member, parse_member},
        item::{Item, attributes},
    },
    error::StoreError,
    people::refresh::Rotation,
};

/// The maximum number of sessions of a user. A new one replaces the one that was unused longest.
pub(crate) const MAX_SESSIONS: u64 = 10;

/// One session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    pub(crate) generation: u64,
    pub(crate) created_at: Timestamp,
    /// When the current generation was issued.
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip: Option<String>,
    /// The last refresh, which issued the current generation, unless a program that does not store this field did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rotation: Option<Rotation>,
}

/// The sessions of a user's item.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sessions {
    #[serde(default)]
    pub(crate) sessions: BTreeMap<String, SessionRecord>,
    /// Increases when all sessions end; the credential has it, too.
    pub(crate) auth_epoch: u64,
}

impl Sessions {
    pub(crate) fn of(user: &Item) -> Result<Self, StoreError> {
        attributes(user)
    }

    pub(crate) fn get(&self, session: SessionId) -> Option<&SessionRecord> {
        self.sessions.get(&member(session))
    }

    /// The sessions that have not expired, by id.
    pub(crate) fn alive(&self, now: Timestamp) -> impl Iterator<Item = (SessionId, &SessionRecord)> {
        let alive = self.sessions.iter().filter(move |(_, record)| record.expires_at > now);
        alive.filter_map(|(name, record)| Some((parse_member(name)?, record)))
    }

    /// The expired sessions, by the name of their member, each with its expiry.
    pub(crate) fn expired(&self, by: Timestamp) -> Vec<(&str, Timestamp)> {
        let all = self.sessions.iter().map(|(name, record)| (name.as_str(), record.expires_at));
        all.filter(|(_, expires_at)| *expires_at <= by).collect()
    }

    /// The members to remove so that another session fits: expired sessions, then the one that was unused longest.
    pub(crate) fn outlived(&self, now: Timestamp) -> Vec<&str> {
        let mut by_use: Vec<_> = self.sessions.iter().collect();
        by_use.sort_by_key(|(_, record)| record.issued_at);
        let mut room = u64::try_from(by_use.len()).unwrap_or(u64::MAX).saturating_sub(MAX_SESSIONS.saturating_sub(1));
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

/// The removal of one session, if it exists.
pub(crate) fn removal(session: SessionId) -> (Expression, Expression) {
    let path = format!("#sessions.#{}", member(session));
    (expression(format!("REMOVE {path}")), expression(format!("attribute_exists({path})")))
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, time::Duration};

    use aws_sdk_dynamodb::types::AttributeValue;
    use stockroom_domain::id::Id as _;

    use super::*;
    use crate::{dynamo::item::encode, write::user_item::is_alive};

    #[test]
    fn is_alive_finds_a_stored_session_until_it_expires() {
        let id = SessionId::from_parts(Timestamp::EPOCH, [1; 10]);
        let end = Timestamp::EPOCH.plus(Duration::from_mins(1));
        let record = SessionRecord {
            generation: 1,
            created_at: Timestamp::EPOCH,
            issued_at: Timestamp::EPOCH,
            expires_at: end,
            key_id: "key".to_owned(),
            ip: None,
            rotation: None,
        };
        let sessions = HashMap::from([(member(id), encode(&record).unwrap())]);
        let user = Item::from([("sessions".to_owned(), AttributeValue::M(sessions))]);
        assert!(is_alive(&user, id, end.minus(Duration::from_millis(1))));
        assert!(!is_alive(&user, id, end));
        assert!(!is_alive(&user, SessionId::from_parts(end, [1; 10]), Timestamp::EPOCH));
        assert!(!is_alive(&Item::new(), id, Timestamp::EPOCH));
    }
}
