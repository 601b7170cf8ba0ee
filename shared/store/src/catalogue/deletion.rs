//! Deletion of products and warehouses: fence, look, delete.
//!
//! A movement and a deletion touch different items, so both could commit and leave stock without its product. A
//! deletion therefore first commits a fence on the product or warehouse. A movement that creates a level commits only
//! without a fence. The deletion then looks for levels with strong reads and fences each empty level, which raises
//! its revision. A movement that read the level before fails and decides again; one that reads a fenced level also
//! checks the fence of the product, which it may have read earlier. When all levels are fenced, the deletion commits,
//! if its fence is unchanged. A fence expires after seconds: if its deletion died, the next writer removes it, and
//! the deletion can no longer commit.
//!
//! Open purchase requests need no search: a product counts the lines that name it, and each count checks the fence.

use stockroom_domain::catalogue::{Details, Resource};

use crate::{
    catalogue::{Catalogue, stored::Stored},
    dynamo::{
        expression::{Expression, expression, version_is},
        item::{encode, millis, s},
        key::Key,
        retry::Backoff,
        table::Conditional,
    },
    error::{Conflict, StoreError},
    stock::{
        level_records::{Held, StoredLevel},
        levels::Levels,
    },
    write::{
        Attempt, Authority, Decision,
        fence::{DeletionFence, FENCE_LIFETIME, PLACES, REQUESTS, counted, same_uses},
    },
};

/// A resource that is being deleted.
struct BeingDeleted<D: Details> {
    fence: DeletionFence,
    resource: Resource<D>,
    /// Its counters when the fence was committed.
    places: usize,
    requests: i64,
    /// The counters are unchanged since.
    same_uses: Expression,
}

impl<D: Stored> Catalogue<'_, D> {
    /// Deletes a resource with its levels; `held` says which levels.
    pub(crate) async fn delete_empty(&self, id: D::Id, expected: Option<u64>, held: Held) -> Result<(), StoreError> {
        let key = self.key(id);
        let mut backoff = Backoff::new();
        loop {
            let Some(fenced) = self.place_fence(&key, expected).await? else {
                backoff.wait(&self.table.sources, "another request is deleting it").await?;
                continue;
            };
            if let Err(error) = self.look(&fenced, held, &mut backoff).await {
                self.remove_fence(&key, &fenced.fence).await?;
                return Err(error);
            }
            let BeingDeleted { fence, resource, same_uses, .. } = fenced;
            let decide = |attempt: &Attempt<'_>| -> Result<Decision<bool>, StoreError> {
                let found = attempt.find(&key).ok_or(StoreError::NotFound)?;
                if DeletionFence::of(found)?.is_none_or(|found| found.token != fence.token) {
                    return Ok(Decision::Keep(false));
                }
                let condition = version_is(resource.version).and(fence.is_unchanged()).and(same_uses.clone());
                Ok(Decision::Commit(self.deletion(attempt, &resource, &condition)?.map(|()| true)))
            };
            let deleted = self.table.change(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide).await?;
            if deleted {
                return self.retire(held).await;
            }
            backoff.after_conflict(&self.table.sources, "the fence was removed").await?;
        }
    }

    /// Commits a fence; `None` while another one is active, or if the resource just changed.
    async fn place_fence(&self, key: &Key, expected: Option<u64>) -> Result<Option<BeingDeleted<D>>, StoreError> {
        let items = self.table.get_for(self.scope, std::slice::from_ref(key)).await?;
        let item = items.get(key).ok_or(StoreError::NotFound)?;
        let resource: Resource<D> = crate::dynamo::item::data(item)?;
        if expected.is_some_and(|version| version != resource.version) {
            return Err(StoreError::VersionMismatch);
        }
        let now = self.table.sources.now();
        let until = now.plus(FENCE_LIFETIME).unix_millis();
        let (fence, free) = match DeletionFence::of(item)? {
            // An expired fence is taken over with the levels that it fenced, but only while it stands: a writer that
            // removed it may have committed since, and its own deletion may still be running.
            Some(fence) if !fence.is_active(now) => {
                let taken_over = DeletionFence { until, ..fence };
                let still_there = taken_over.is_unchanged();
                (taken_over, still_there)
            }
            Some(_) | None => {
                let token = self.table.sources.bytes::<8>().map(|byte| format!("{byte:02x}")).concat();
                // After a lost reply, the fence is this one.
                let free =
                    expression("attribute_not_exists(#closing) OR #closing.#until <= :now OR #closing.#token = :fence")
                        .with("now", millis(now))
                        .with("fence", s(&token));
                (DeletionFence { token, until }, free)
            }
        };
        let update = expression("SET #closing = :closing").with("closing", encode(&fence)?);
        let condition = version_is(resource.version).and(free);
        let (result, marked) = self.table.update(key, &update, &condition).await?;
        let Some(marked) = marked.filter(|_| result == Conditional::Done) else {
            return Ok(None);
        };
        let places = usize::try_from(counted(&marked, PLACES)).unwrap_or_default();
        let requests = counted(&marked, REQUESTS);
        Ok(Some(BeingDeleted { fence, resource, places, requests, same_uses: same_uses(&marked) }))
    }

    async fn remove_fence(&self, key: &Key, fence: &DeletionFence) -> Result<(), StoreError> {
        self.table.update(key, &expression("REMOVE #closing"), &fence.is_unchanged()).await.map(|_| ())
    }

    /// Fences every level until a look finds no other. Fails if a level has stock or a purchase request is open.
    async fn look(&self, fenced: &BeingDeleted<D>, held: Held, backoff: &mut Backoff) -> Result<(), StoreError> {
        let BeingDeleted { fence, places, .. } = fenced;
        if fenced.requests != 0 {
            return Err(StoreError::Conflict(Conflict::InOpenRequest));
        }
        loop {
            let found = Levels::new(self.table, self.scope).stored(held).await?;
            if found.iter().any(|level| !level.record.is_empty()) {
                return Err(StoreError::Conflict(Conflict::InStock));
            }
            // A level that is counted but not found is being committed.
            let all_seen = matches!(held, Held::OfProduct(_)) || found.len() >= *places;
            let open: Vec<_> = found.iter().filter(|level| !level.record.is_fenced_by(&fence.token)).collect();
            if open.is_empty() && all_seen {
                return Ok(());
            }
            let updates = open.into_iter().map(|level| level.fence(&fence.token)).collect();
            self.table.update_each(updates).await?;
            backoff.after_conflict(&self.table.sources, "movements kept changing the levels").await?;
        }
    }

    /// Removes the levels of a deleted resource from the list of low levels. The items stay, because the ledger
    /// refers to them.
    async fn retire(&self, held: Held) -> Result<(), StoreError> {
        let mut backoff = Backoff::new();
        loop {
            let levels = Levels::new(self.table, self.scope).stored(held).await?;
            let low: Vec<_> = levels.iter().filter(|level| level.record.is_low()).map(StoredLevel::retire).collect();
            if low.is_empty() || self.table.update_each(low).await? == Conditional::Done {
                return Ok(());
            }
            backoff.after_conflict(&self.table.sources, "the levels kept changing").await?;
        }
    }
}
