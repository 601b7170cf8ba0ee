//! How everything is changed: read, decide, commit.
//!
//! One round trip reads the caller, the kept answer and whatever the decision needs, strongly consistent. The decision
//! is a plain function from that to a [`Change`]: the new state, its log entries, and the conditions under which what was
//! read still holds. One transaction commits it. From there:
//!
//! - A condition failed, or another transaction was in the way: nothing was done, so it is read and decided again, under
//!   a new client token, with a pause, until the deadline. The caller is checked again, too, after 1, 2, 4, 8, ... pauses.
//! - The reply was lost: the very same payload is sent again under the same token, and DynamoDB answers what it did.
//! - The decision is a refusal that comes from the state: under an idempotency key the kept answer is looked for once
//!   more, since the state may have been made by the first attempt of this very request; in a transaction, so that a
//!   commit that is under way is waited for.

pub(crate) mod access;
pub(crate) mod ended_sessions;
pub(crate) mod fence;
pub(crate) mod guard;
pub(crate) mod idempotency;
pub(crate) mod log;
pub(crate) mod scope;
pub(crate) mod user_item;

use std::time::Duration;

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use serde_json::Value;
use stockroom_domain::{
    id::{ChangeId, Id, OrganizationId},
    log::{Action, Entity},
    source::Sources,
    time::Timestamp,
    user::Person,
};

use crate::{
    dynamo::{
        expression::Expression,
        item::Item,
        key::Key,
        retry::{Failure, Patience},
        table::{Conditional, Items},
    },
    error::StoreError,
    schema,
    write::{
        access::Table,
        idempotency::{IdempotencyKey, Retention},
        log::{Entry, Origin, OriginRecord},
        scope::{Caller, TenantScope},
    },
};

/// What a write came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It was done, just now.
    Done(T),
    /// It had been done before under the same idempotency key; this is what was answered.
    Replayed(Vec<u8>),
}

/// On whose behalf a write runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Authority<'a> {
    /// A caller of an organization.
    Tenant(&'a TenantScope),
    /// Nobody's: signing up, signing in, and what a job does. The partition is where a kept answer would be.
    Public { origin: &'a Origin, idempotency: Option<(&'a str, &'a IdempotencyKey)> },
}

/// What a decision has before it: the moment, the items, the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) now: Timestamp,
    pub(crate) sources: &'a Sources,
    /// Joins the entries of this change.
    pub(crate) change_id: ChangeId,
    /// Whether an attempt before this one met a failed condition.
    pub(crate) is_repeated: bool,
    wanted: &'a [Key],
    items: &'a Items,
    caller: Option<&'a Caller>,
    origin: &'a Origin,
}

impl<'a> Attempt<'a> {
    pub(crate) fn find(&self, key: &Key) -> Option<&'a Item> {
        self.items.get(key)
    }

    /// The same attempt, at a moment behind that of the change before: another machine's clock may have been ahead.
    pub(crate) fn behind(self, before: Timestamp) -> Self {
        Self { now: self.now.max(before.plus(Duration::from_millis(1))), ..self }
    }

    /// Whether the item, if there is one, was read.
    pub(crate) fn has_read(&self, key: &Key) -> bool {
        self.wanted.contains(key)
    }

    /// A new id of this moment.
    pub(crate) fn id<I: Id>(&self) -> I {
        self.sources.id(self.now)
    }

    pub(crate) fn caller(&self) -> Result<&'a Caller, StoreError> {
        self.caller.ok_or(StoreError::Unauthenticated)
    }

    pub(crate) fn origin(&self) -> OriginRecord {
        self.origin.into()
    }

    /// An entry by the caller, or by nobody.
    pub(crate) fn entry(
        &self,
        action: Action,
        (entity, id): (Entity, impl Id),
        (before, after): (Option<Value>, Option<Value>),
    ) -> Entry {
        Entry {
            id: self.id(),
            change_id: self.change_id,
            action,
            entity,
            entity_id: Some(id.to_string()),
            actor: self.caller.map(|caller| Person::from(&caller.user)),
            owner: None,
            before,
            after,
            origin: self.origin(),
            created_at: self.now,
        }
    }
}

/// What a decision comes to: all of it is committed, or nothing.
#[derive(Debug)]
pub(crate) struct Change<T> {
    result: T,
    actions: Vec<TransactWriteItem>,
    retention: Retention,
}

/// A decision.
#[derive(Debug)]
pub(crate) enum Decision<T> {
    Commit(Change<T>),
    /// Nothing is to be changed.
    Keep(T),
    /// These items must be seen first.
    Read(Vec<Key>),
    /// Somebody holds a mark: look again after a pause.
    Wait(&'static str),
}

impl<T> Decision<T> {
    /// The same decision with another result.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Decision<U> {
        match self {
            Self::Commit(change) => Decision::Commit(change.map(map)),
            Self::Keep(result) => Decision::Keep(map(result)),
            Self::Read(keys) => Decision::Read(keys),
            Self::Wait(reason) => Decision::Wait(reason),
        }
    }
}

impl<T> From<Change<T>> for Decision<T> {
    fn from(change: Change<T>) -> Self {
        Self::Commit(change)
    }
}

/// An action under its condition. The SDK's builders have these setters in common, but no trait for them; the table's
/// name is filled in on commit.
macro_rules! action {
    ($kind:ident, $condition:expr, [$($other:expr)?]) => {
        $kind::builder()
            .table_name("")
            .condition_expression(&$condition.text)
            .set_expression_attribute_names(Expression::names(&[$condition, $($other)?]))
            .set_expression_attribute_values(Expression::values(&[$condition, $($other)?]))
    };
}

impl<T> Change<T> {
    /// A change begins with its log entry, because none is without one.
    pub(crate) fn logged(result: T, organization: OrganizationId, entry: &Entry) -> Result<Self, StoreError> {
        Self::with_entry_item(result, entry.item(organization)?)
    }

    /// A change of one or more entries.
    pub(crate) fn logged_all(result: T, organization: OrganizationId, entries: &[Entry]) -> Result<Self, StoreError> {
        let (first, more) = entries.split_first().ok_or_else(|| StoreError::internal("a change without an entry"))?;
        more.iter()
            .try_fold(Self::logged(result, organization, first)?, |change, entry| change.and_log(organization, entry))
    }

    /// Bookkeeping that follows on a change whose entry was written with it.
    pub(crate) fn following(result: T) -> Self {
        Self { result, actions: Vec::new(), retention: Retention::Day }
    }

    /// A change whose log entry is an item made elsewhere: a movement.
    pub(crate) fn with_entry_item(result: T, entry: Item) -> Result<Self, StoreError> {
        let change = Self { result, actions: Vec::new(), retention: Retention::Day };
        change.put(entry, &crate::dynamo::expression::absent())
    }

    pub(crate) fn and_log(self, organization: OrganizationId, entry: &Entry) -> Result<Self, StoreError> {
        let item = entry.item(organization)?;
        self.put(item, &crate::dynamo::expression::absent())
    }

    /// The same change with another result.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Change<U> {
        Change { result: map(self.result), actions: self.actions, retention: self.retention }
    }

    /// Keeps the answer as long as the organization.
    pub(crate) fn kept_forever(self) -> Self {
        Self { retention: Retention::Forever, ..self }
    }

    /// Puts the whole item, if `condition` holds of what is there.
    pub(crate) fn put(mut self, mut item: Item, condition: &Expression) -> Result<Self, StoreError> {
        schema::stamp(&mut item);
        let put = action!(Put, condition, []).set_item(Some(item)).build().map_err(StoreError::internal)?;
        self.actions.push(TransactWriteItem::builder().put(put).build());
        Ok(self)
    }

    pub(crate) fn update(mut self, key: &Key, update: &Expression, condition: &Expression) -> Result<Self, StoreError> {
        let update = action!(Update, condition, [update])
            .set_key(Some(key.attributes()))
            .update_expression(&update.text)
            .build()
            .map_err(StoreError::internal)?;
        self.actions.push(TransactWriteItem::builder().update(update).build());
        Ok(self)
    }

    pub(crate) fn delete(mut self, key: &Key, condition: &Expression) -> Result<Self, StoreError> {
        let delete = action!(Delete, condition, []).set_key(Some(key.attributes()));
        let delete = delete.build().map_err(StoreError::internal)?;
        self.actions.push(TransactWriteItem::builder().delete(delete).build());
        Ok(self)
    }

    /// Commits only if `condition` holds of an item that is not changed.
    pub(crate) fn check(mut self, key: &Key, condition: &Expression) -> Result<Self, StoreError> {
        let check = action!(ConditionCheck, condition, []).set_key(Some(key.attributes()));
        let check = check.build().map_err(StoreError::internal)?;
        self.actions.push(TransactWriteItem::builder().condition_check(check).build());
        Ok(self)
    }
}

impl Table {
    /// Reads `keys`, lets `decide` decide, commits. `present` gives the answer to be kept under an idempotency key.
    pub(crate) async fn write<T, D: Into<Decision<T>>>(
        &self,
        authority: Authority<'_>,
        keys: &[Key],
        decide: impl Fn(&Attempt<'_>) -> Result<D, StoreError>,
        present: impl Fn(&T) -> Vec<u8>,
    ) -> Result<Outcome<T>, StoreError> {
        let (scope, origin, idempotency) = match authority {
            Authority::Tenant(scope) => (Some(scope), scope.origin(), scope.idempotency()),
            Authority::Public { origin, idempotency } => {
                (None, origin, idempotency.map(|(partition, key)| (partition.to_owned(), key)))
            }
        };
        let mut wanted = keys.to_vec();
        wanted.extend(idempotency.as_ref().map(|(partition, key)| key.key(partition)));
        let mut patience = Patience::new();
        let mut is_repeated = false;
        let mut pauses = 0_u32;
        loop {
            let items = match scope {
                // Less and less often, so that a crowd over one item is not slowed down by reading who it is.
                Some(scope) if pauses.is_power_of_two() => self.get_again_for(scope, &wanted).await?,
                Some(scope) => self.get_for(scope, &wanted).await?,
                None => self.get(&wanted).await?,
            };
            let now = self.sources.now();
            if let Some(answer) = replay(idempotency.as_ref(), &items, now)? {
                return Ok(Outcome::Replayed(answer));
            }
            let attempt = Attempt {
                now,
                sources: &self.sources,
                change_id: self.sources.id(now),
                is_repeated,
                wanted: &wanted,
                items: &items,
                caller: scope.and_then(TenantScope::caller),
                origin,
            };
            let decision: Decision<T> = match decide(&attempt) {
                Ok(decision) => decision.into(),
                Err(error) => {
                    if let Some((partition, key)) = idempotency.as_ref().filter(|_| error.is_from_state()) {
                        let kept = self.get_settled(&[key.key(partition)]).await?;
                        if let Some(answer) = replay(idempotency.as_ref(), &kept, now)? {
                            return Ok(Outcome::Replayed(answer));
                        }
                    }
                    return Err(error);
                }
            };
            let mut change = match decision {
                Decision::Commit(change) => change,
                Decision::Keep(result) => return Ok(Outcome::Done(result)),
                Decision::Read(more) => {
                    wanted.extend(more);
                    continue;
                }
                Decision::Wait(reason) => {
                    pauses = pauses.saturating_add(1);
                    patience.wait(&self.sources, reason).await?;
                    continue;
                }
            };
            if let Some((partition, key)) = &idempotency {
                let answer = present(&change.result);
                let (item, free) = key.keep(partition, &answer, change.retention, now)?;
                change = change.put(item, &free)?;
            }
            pauses = pauses.saturating_add(1);
            match self.transact(self.named(change.actions), &mut patience).await? {
                None => return Ok(Outcome::Done(change.result)),
                Some(Failure::Throttled(reason)) => patience.relieve(&self.sources, &reason).await?,
                Some(Failure::Conflict(reason)) => patience.pause(&self.sources, &reason).await?,
                Some(_) => {
                    is_repeated = true;
                    patience.pause(&self.sources, "lost every race for the item").await?;
                }
            }
        }
    }

    /// A write that keeps no answer.
    pub(crate) async fn change<T, D: Into<Decision<T>>>(
        &self,
        authority: Authority<'_>,
        keys: &[Key],
        decide: impl Fn(&Attempt<'_>) -> Result<D, StoreError>,
    ) -> Result<T, StoreError> {
        match self.write(authority, keys, decide, |_| Vec::new()).await? {
            Outcome::Done(result) => Ok(result),
            Outcome::Replayed(_) => Err(StoreError::internal("an answer was kept where none is")),
        }
    }

    /// A change that its caller decided by what they have just read. Refused when that is no longer so: nothing was done.
    pub(crate) async fn commit(&self, change: Change<()>) -> Result<Conditional, StoreError> {
        let actions = self.named(change.actions);
        let mut patience = Patience::new();
        loop {
            match self.transact(actions.clone(), &mut patience).await? {
                None => return Ok(Conditional::Done),
                Some(Failure::Throttled(reason)) => patience.relieve(&self.sources, &reason).await?,
                Some(Failure::Conflict(reason)) => patience.pause(&self.sources, &reason).await?,
                Some(_) => return Ok(Conditional::Refused),
            }
        }
    }

    fn named(&self, actions: Vec<TransactWriteItem>) -> Vec<TransactWriteItem> {
        let name = || self.name().to_owned();
        actions
            .into_iter()
            .map(|mut action| {
                if let Some(put) = &mut action.put {
                    put.table_name = name();
                }
                if let Some(update) = &mut action.update {
                    update.table_name = name();
                }
                if let Some(delete) = &mut action.delete {
                    delete.table_name = name();
                }
                if let Some(check) = &mut action.condition_check {
                    check.table_name = name();
                }
                action
            })
            .collect()
    }
}

fn replay(
    idempotency: Option<&(String, &IdempotencyKey)>,
    items: &Items,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some((partition, key)) = idempotency else {
        return Ok(None);
    };
    match items.get(&key.key(partition)) {
        Some(item) => key.replay(item, now),
        None => Ok(None),
    }
}
