//! Deleting what stock may still arrive for: mark, then look.
//!
//! A movement and a deletion touch different items, so each could commit while the other does, and leave stock of
//! nothing. Therefore a deletion first commits a mark on the product or warehouse; a movement that makes a new level
//! commits only while there is no mark. Then it looks for levels, strongly consistent. A level that is empty is frozen,
//! which moves its revision on, so that a movement that read it before fails and decides again; one that reads it frozen
//! checks the mark as if it made the level, since it may have read the product before the mark. Only when all are frozen
//! the deletion commits, if its mark still stands. A mark holds for seconds: when its maker died, the next writer takes
//! it away, and with it whatever its maker still might do.
//!
//! Open purchase requests need no look: a product counts those that name it, and whoever counts meets the mark.

use stockroom_domain::catalogue::{Details, Resource};

use crate::{
    catalogue::{Catalogue, stored::Stored},
    dynamo::{
        expression::{Expression, expression, version_is},
        item::{encode, millis, s},
        key::Key,
        retry::Patience,
        table::Conditional,
    },
    error::{Conflict, StoreError},
    stock::{
        level_records::{Held, StoredLevel},
        levels::Levels,
    },
    write::{
        Attempt, Authority, Decision,
        fence::{MARK_HOLDS, Mark, PLACES, REQUESTS, counted, same_uses},
    },
};

/// A resource that is about to go.
struct Leaving<D: Details> {
    mark: Mark,
    resource: Resource<D>,
    /// What it counted when the mark was made.
    places: usize,
    requests: i64,
    /// Nothing has been counted since.
    same_uses: Expression,
}

impl<D: Stored> Catalogue<'_, D> {
    /// Deletes a resource that levels hang on; `held` says which.
    pub(crate) async fn delete_empty(&self, id: D::Id, expected: Option<u64>, held: Held) -> Result<(), StoreError> {
        let key = self.key(id);
        let mut patience = Patience::new();
        loop {
            let Some(leaving) = self.mark(&key, expected).await? else {
                patience.wait(&self.table.sources, "somebody else is deleting it").await?;
                continue;
            };
            if let Err(error) = self.look(&leaving, held, &mut patience).await {
                self.unmark(&key, &leaving.mark).await?;
                return Err(error);
            }
            let Leaving { mark, resource, same_uses, .. } = leaving;
            let decide = |attempt: &Attempt<'_>| -> Result<Decision<bool>, StoreError> {
                let found = attempt.find(&key).ok_or(StoreError::NotFound)?;
                if Mark::of(found)?.is_none_or(|found| found.token != mark.token) {
                    return Ok(Decision::Keep(false));
                }
                let condition = version_is(resource.version).and(mark.stands()).and(same_uses.clone());
                Ok(Decision::Commit(self.deletion(attempt, &resource, &condition)?.map(|()| true)))
            };
            let deleted = self.table.change(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide).await?;
            if deleted {
                return self.retire(held).await;
            }
            patience.pause(&self.table.sources, "the mark was taken away").await?;
        }
    }

    /// Commits a mark; `None` while somebody else's holds, or when the resource just changed.
    async fn mark(&self, key: &Key, expected: Option<u64>) -> Result<Option<Leaving<D>>, StoreError> {
        let items = self.table.get_for(self.scope, std::slice::from_ref(key)).await?;
        let item = items.get(key).ok_or(StoreError::NotFound)?;
        let resource: Resource<D> = crate::dynamo::item::data(item)?;
        if expected.is_some_and(|version| version != resource.version) {
            return Err(StoreError::VersionMismatch);
        }
        let now = self.table.sources.now();
        let until = now.plus(MARK_HOLDS).unix_millis();
        let (mark, free) = match Mark::of(item)? {
            // A mark whose maker did not come back is taken over, with the levels that it has frozen; but only while it
            // stands: who took it away may have committed since, and its maker may still be on its way.
            Some(mark) if !mark.holds(now) => {
                let taken_over = Mark { until, ..mark };
                let still_there = taken_over.stands();
                (taken_over, still_there)
            }
            Some(_) | None => {
                let token = self.table.sources.bytes::<8>().map(|byte| format!("{byte:02x}")).concat();
                // When a reply was lost, this very mark is found.
                let free =
                    expression("attribute_not_exists(#closing) OR #closing.#until <= :now OR #closing.#token = :mark")
                        .with("now", millis(now))
                        .with("mark", s(&token));
                (Mark { token, until }, free)
            }
        };
        let update = expression("SET #closing = :closing").with("closing", encode(&mark)?);
        let condition = version_is(resource.version).and(free);
        let (result, marked) = self.table.update(key, &update, &condition).await?;
        let Some(marked) = marked.filter(|_| result == Conditional::Done) else {
            return Ok(None);
        };
        let places = usize::try_from(counted(&marked, PLACES)).unwrap_or_default();
        let requests = counted(&marked, REQUESTS);
        Ok(Some(Leaving { mark, resource, places, requests, same_uses: same_uses(&marked) }))
    }

    async fn unmark(&self, key: &Key, mark: &Mark) -> Result<(), StoreError> {
        self.table.update(key, &expression("REMOVE #closing"), &mark.stands()).await.map(|_| ())
    }

    /// Freezes every level, until a look finds nothing else; fails when one holds stock, or a purchase request is open.
    async fn look(&self, leaving: &Leaving<D>, held: Held, patience: &mut Patience) -> Result<(), StoreError> {
        let Leaving { mark, places, .. } = leaving;
        if leaving.requests != 0 {
            return Err(StoreError::Conflict(Conflict::InOpenRequest));
        }
        loop {
            let found = Levels::new(self.table, self.scope).stored(held).await?;
            if found.iter().any(|level| !level.record.is_empty()) {
                return Err(StoreError::Conflict(Conflict::InStock));
            }
            // A level that is counted but not seen is being committed.
            let all_seen = matches!(held, Held::OfProduct(_)) || found.len() >= *places;
            let open: Vec<_> = found.iter().filter(|level| !level.record.is_frozen_by(&mark.token)).collect();
            if open.is_empty() && all_seen {
                return Ok(());
            }
            let freezes = open.into_iter().map(|level| level.freeze(&mark.token)).collect();
            self.table.update_each(freezes).await?;
            patience.pause(&self.table.sources, "movements kept changing the levels").await?;
        }
    }

    /// Takes the levels of what is gone out of the low list; they stay otherwise, since the ledger leads through them.
    async fn retire(&self, held: Held) -> Result<(), StoreError> {
        let mut patience = Patience::new();
        loop {
            let levels = Levels::new(self.table, self.scope).stored(held).await?;
            let low: Vec<_> = levels.iter().filter(|level| level.record.is_low()).map(StoredLevel::retire).collect();
            if low.is_empty() || self.table.update_each(low).await? == Conditional::Done {
                return Ok(());
            }
            patience.pause(&self.table.sources, "the levels kept changing").await?;
        }
    }
}
