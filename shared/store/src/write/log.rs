//! The log: one entry per changed aggregate, in the transaction of the change.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stockroom_domain::{
    id::{ChangeId, EntryId, OrganizationId, UserId},
    log::{Action, Entity},
    time::Timestamp,
    user::Person,
};

use crate::{
    dynamo::{
        item::{Item, with_data},
        key::Index,
    },
    error::StoreError,
    keys::OrganizationKeys,
};

/// The most characters of a stored user agent.
const MAX_USER_AGENT: usize = 120;

/// The origin of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address as the gateway saw it.
    pub ip: Option<String>,
    /// The request's `User-Agent`.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: String,
}

/// An [`Origin`] as it is stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct OriginRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    request_id: String,
}

impl From<&Origin> for OriginRecord {
    fn from(origin: &Origin) -> Self {
        Self {
            ip: origin.ip.clone(),
            user_agent: origin.user_agent.as_ref().map(|agent| agent.chars().take(MAX_USER_AGENT).collect()),
            request_id: origin.request_id.clone(),
        }
    }
}

impl From<OriginRecord> for Origin {
    fn from(record: OriginRecord) -> Self {
        let OriginRecord { ip, user_agent, request_id } = record;
        Self { ip, user_agent, request_id }
    }
}

/// An entry of the log. Movements are entries of their own.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) change_id: ChangeId,
    pub(crate) action: Action,
    pub(crate) entity: Entity,
    pub(crate) entity_id: Option<String>,
    pub(crate) actor: Option<Person>,
    /// The user who owns the changed entity, if not every user may see it.
    pub(crate) owner: Option<UserId>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    pub(crate) origin: OriginRecord,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct EntryRecord<'a> {
    change_id: ChangeId,
    action: Action,
    entity: Entity,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a Value>,
    #[serde(flatten)]
    origin: &'a OriginRecord,
    created_at: Timestamp,
}

impl Entry {
    pub(crate) fn item(&self, organization: OrganizationId) -> Result<Item, StoreError> {
        let keys = OrganizationKeys(organization);
        let record = EntryRecord {
            change_id: self.change_id,
            action: self.action,
            entity: self.entity,
            entity_id: self.entity_id.as_deref(),
            actor: self.actor.as_ref(),
            owner: self.owner,
            before: self.before.as_ref(),
            after: self.after.as_ref(),
            origin: &self.origin,
            created_at: self.created_at,
        };
        let mut item = with_data(&keys.entry(self.id), &record)?;
        if let Some(entity_id) = &self.entity_id {
            Index::One.insert(&mut item, (keys.history(entity_id), self.id.to_string()));
        }
        if let Some(actor) = &self.actor {
            Index::Two.insert(&mut item, (keys.actor(actor.id), self.id.to_string()));
        }
        Ok(item)
    }
}

/// The state of a thing as the log stores it: members that users set or see, without bookkeeping.
pub(crate) fn snapshot(state: &impl Serialize) -> Result<Value, StoreError> {
    let mut value = serde_json::to_value(state).map_err(StoreError::internal)?;
    if let Value::Object(members) = &mut value {
        members.retain(|name, value| {
            !value.is_null() && !matches!(name.as_str(), "id" | "version" | "created_at" | "updated_at")
        });
    }
    Ok(value)
}

/// The members that differ between both states; a member that one side lacks is null there.
pub(crate) fn difference(before: Value, after: Value) -> (Value, Value) {
    match (before, after) {
        (Value::Object(mut old), Value::Object(mut new)) => {
            let names: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
            for name in names {
                if old.get(&name) == new.get(&name) {
                    old.remove(&name);
                    new.remove(&name);
                } else {
                    old.entry(name.clone()).or_insert(Value::Null);
                    new.entry(name).or_insert(Value::Null);
                }
            }
            (Value::Object(old), Value::Object(new))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn difference_lists_changed_members_before_and_after() {
        let (before, after) = difference(json!({"a": 1, "b": 2, "c": 3}), json!({"a": 1, "b": 4, "d": 5}));
        assert_eq!(before, json!({"b": 2, "c": 3, "d": null}));
        assert_eq!(after, json!({"b": 4, "c": null, "d": 5}));
    }
}
