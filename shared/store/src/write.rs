//! Writes: read, decide, commit.
//!
//! One round trip reads the caller, the stored response and all that the decision needs, strongly consistent. The
//! decision is a plain function from these to a [`Change`]: the new state, its log entries, and the conditions under
//! which the items are still as read. One transaction commits it. Then:
//!
//! - A condition failed, or another transaction was in the way: nothing was done. The store backs off, reads and
//!   decides again under a new client token, until the deadline. The caller is checked again after 1, 2, 4, 8, ...
//!   attempts.
//! - The reply was lost: the same payload is sent again under the same token, and DynamoDB returns the result.
//! - The decision is a refusal because of the state: under an idempotency key the stored response is read once more,
//!   in a transaction that waits for commits in progress. The first attempt of this request may have made the state.

pub(crate) mod access;
mod change;
pub(crate) mod ended_sessions;
pub(crate) mod fence;
pub(crate) mod guard;
pub(crate) mod idempotency;
pub(crate) mod log;
pub(crate) mod scope;
pub(crate) mod user_item;

use std::time::Duration;

use aws_sdk_dynamodb::types::TransactWriteItem;
use serde_json::Value;
use stockroom_domain::{
    id::{ChangeId, Id},
    log::{Action, Entity},
    source::Sources,
    time::Timestamp,
    user::Person,
};

use crate::{
    dynamo::{
        item::Item,
        key::Key,
        retry::{Backoff, Failure},
        table::{Conditional, Items},
    },
    error::StoreError,
    rate_limit::counter::Bucket,
    write::{
        access::Table,
        idempotency::IdempotencyKey,
        log::{Entry, Origin, OriginRecord},
        scope::{Caller, TenantScope},
    },
};

pub(crate) use self::change::{Change, Decision};

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// This attempt did it.
    Done(T),
    /// An earlier request with the same idempotency key did it; this is its response.
    Replayed(Vec<u8>),
}

/// Proof that no response was stored under the request's idempotency key when the caller was checked.
#[derive(Debug)]
#[must_use = "the write that follows does not look again"]
pub struct LookedUp(());

/// On whose behalf a write runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Authority<'a> {
    /// A caller of an organization.
    Tenant(&'a TenantScope),
    /// Without a caller: sign-up, sign-in, jobs. The partition is that of a stored response.
    Public { origin: &'a Origin, idempotency: Option<(&'a str, &'a IdempotencyKey)> },
}

impl<'a> Authority<'a> {
    /// The scope, the origin, and the idempotency key with the partition of its stored response.
    fn parts(self) -> (Option<&'a TenantScope>, &'a Origin, Option<(String, &'a IdempotencyKey)>) {
        match self {
            Self::Tenant(scope) => (Some(scope), scope.origin(), scope.idempotency()),
            Self::Public { origin, idempotency } => {
                (None, origin, idempotency.map(|(partition, key)| (partition.to_owned(), key)))
            }
        }
    }
}

/// The input of a decision: time, items, caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) now: Timestamp,
    pub(crate) sources: &'a Sources,
    /// Joins the entries of this change.
    pub(crate) change_id: ChangeId,
    /// Whether a condition of an earlier attempt failed.
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

    /// The same attempt, later than the previous change: the clock of another machine may have been ahead.
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

    /// An entry by the caller, or without an actor.
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

impl Table {
    /// Checks the caller, reads the stored response of the request, and only then counts against `limits`: a repeated
    /// request takes no token and causes no further work. Before a refusal it reads the response again, settled: the
    /// first attempt of this request may have taken the last token and still be committing.
    pub(crate) async fn count_unless_stored(
        &self,
        authority: Authority<'_>,
        limits: Vec<Bucket>,
    ) -> Result<Outcome<LookedUp>, StoreError> {
        let (scope, _, idempotency) = authority.parts();
        let wanted: Vec<Key> = idempotency.iter().map(|(partition, key)| key.key(partition)).collect();
        let items = match scope {
            Some(scope) => self.get_for(scope, &wanted).await?,
            None => self.get(&wanted).await?,
        };
        if let Some(response) = replay(idempotency.as_ref(), &items, self.sources.now())? {
            return Ok(Outcome::Replayed(response));
        }
        let counted = match self.count(limits).await {
            Ok(()) => self.admit().await,
            refused => refused,
        };
        match counted {
            Err(refused @ StoreError::TooMany(_)) if !wanted.is_empty() => {
                let items = self.get_settled_uncounted(&wanted).await?;
                let response = replay(idempotency.as_ref(), &items, self.sources.now())?;
                response.map(Outcome::Replayed).ok_or(refused)
            }
            counted => counted.map(|()| Outcome::Done(LookedUp(()))),
        }
    }

    /// Reads `keys`, decides, commits. `present` gives the response to store under an idempotency key.
    pub(crate) async fn write<T, D: Into<Decision<T>>>(
        &self,
        authority: Authority<'_>,
        keys: &[Key],
        decide: impl Fn(&Attempt<'_>) -> Result<D, StoreError>,
        present: impl Fn(&T) -> Vec<u8>,
    ) -> Result<Outcome<T>, StoreError> {
        self.write_from(None, authority, keys, decide, present).await
    }

    /// The same write after [`count_unless_stored`](Self::count_unless_stored): its first attempt does not read the
    /// stored response again. If there is one by now, its condition fails and a second attempt finds it.
    pub(crate) async fn write_looked_up<T, D: Into<Decision<T>>>(
        &self,
        looked_up: LookedUp,
        authority: Authority<'_>,
        keys: &[Key],
        decide: impl Fn(&Attempt<'_>) -> Result<D, StoreError>,
        present: impl Fn(&T) -> Vec<u8>,
    ) -> Result<Outcome<T>, StoreError> {
        self.write_from(Some(looked_up), authority, keys, decide, present).await
    }

    async fn write_from<T, D: Into<Decision<T>>>(
        &self,
        looked_up: Option<LookedUp>,
        authority: Authority<'_>,
        keys: &[Key],
        decide: impl Fn(&Attempt<'_>) -> Result<D, StoreError>,
        present: impl Fn(&T) -> Vec<u8>,
    ) -> Result<Outcome<T>, StoreError> {
        let (scope, origin, idempotency) = authority.parts();
        let mut wanted = keys.to_vec();
        let mut stored = idempotency.as_ref().map(|(partition, key)| key.key(partition));
        if looked_up.is_none() {
            wanted.extend(stored.take());
        }
        let mut backoff = Backoff::new();
        let mut is_repeated = false;
        let mut pauses = 0_u32;
        loop {
            if is_repeated {
                wanted.extend(stored.take());
            }
            let items = match scope {
                // Checked again less and less often, so that many writers of one item are not slowed down.
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
                    backoff.wait(&self.sources, reason).await?;
                    continue;
                }
            };
            if let Some((partition, key)) = &idempotency {
                let answer = present(&change.result);
                let (item, free) = key.keep(partition, &answer, change.retention, now)?;
                change = change.put(item, &free)?;
            }
            pauses = pauses.saturating_add(1);
            match self.transact(self.named(change.actions), &mut backoff).await? {
                None => return Ok(Outcome::Done(change.result)),
                Some(Failure::Throttled(reason)) => backoff.after_failure(&self.sources, &reason).await?,
                Some(Failure::Conflict(reason)) => backoff.after_conflict(&self.sources, &reason).await?,
                Some(_) => {
                    is_repeated = true;
                    backoff.after_conflict(&self.sources, "lost every race for the item").await?;
                }
            }
        }
    }

    /// A write without a stored response.
    pub(crate) async fn change<T, D: Into<Decision<T>>>(
        &self,
        authority: Authority<'_>,
        keys: &[Key],
        decide: impl Fn(&Attempt<'_>) -> Result<D, StoreError>,
    ) -> Result<T, StoreError> {
        match self.write(authority, keys, decide, |_| Vec::new()).await? {
            Outcome::Done(result) => Ok(result),
            Outcome::Replayed(_) => Err(StoreError::internal("a response was stored for a write without one")),
        }
    }

    /// Commits a change that was decided from items just read. Refused if a condition fails; then nothing was done.
    pub(crate) async fn commit(&self, change: Change<()>) -> Result<Conditional, StoreError> {
        let actions = self.named(change.actions);
        let mut backoff = Backoff::new();
        loop {
            match self.transact(actions.clone(), &mut backoff).await? {
                None => return Ok(Conditional::Done),
                Some(Failure::Throttled(reason)) => backoff.after_failure(&self.sources, &reason).await?,
                Some(Failure::Conflict(reason)) => backoff.after_conflict(&self.sources, &reason).await?,
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
