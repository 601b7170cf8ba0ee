//! The table as repositories use it. Every call waits for the count of its request. Reads for a scope return nothing
//! before its caller is verified.

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures_util::future::{join, try_join};
use stockroom_domain::source::Sources;

use crate::{
    dynamo::{
        client::TableClient,
        expression::Expression,
        item::Item,
        key::Key,
        merge::{Merge, Merged},
        meter::{Cost, Meter},
        page::{Page, PageRequest},
        query::{Found, Query},
        retry::{Backoff, Failure},
        table::{Conditional, DynamoTable, Items, Upgrader},
    },
    error::StoreError,
    rate_limit::counter::{Admission, Bucket, BucketStatus, Limiter},
    write::{
        ended_sessions::EndedSessions,
        scope::{Caller, TenantScope},
    },
};

#[derive(Debug, Clone)]
pub(crate) struct Table {
    dynamo: DynamoTable,
    limiter: Limiter,
    ended: EndedSessions,
    pub(crate) sources: Sources,
}

/// Proof that an attempt at a credential counts with the next read. The reads of credentials consume it, so that an
/// uncounted attempt does not compile.
#[derive(Debug)]
#[must_use = "the read of a credential takes it"]
pub struct CountedAttempt(());

impl Table {
    pub(crate) fn new(client: TableClient, sources: Sources, upgrade: Upgrader) -> Self {
        let dynamo = DynamoTable { client, sources: sources.clone(), meter: Meter::default(), upgrade };
        Self { limiter: Limiter::new(dynamo.clone()), dynamo, ended: EndedSessions::default(), sources }
    }

    pub(crate) fn metered(&self, meter: Meter) -> Self {
        let dynamo = self.dynamo.metered(meter);
        Self { limiter: self.limiter.metered(dynamo.clone()), dynamo, ..self.clone() }
    }

    pub(crate) fn admitting(&self, admission: Admission) -> Self {
        Self { limiter: self.limiter.admitting(admission), ..self.clone() }
    }

    pub(crate) fn name(&self) -> &str {
        self.dynamo.name()
    }

    pub(crate) fn take_cost(&self) -> Cost {
        self.dynamo.meter.take()
    }

    /// See [`Limiter::count`].
    pub(crate) async fn count(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        self.limiter.count(buckets).await
    }

    /// The same for an attempt at a credential.
    pub(crate) async fn count_attempt(&self, buckets: Vec<Bucket>) -> Result<CountedAttempt, StoreError> {
        self.count(buckets).await?;
        Ok(CountedAttempt(()))
    }

    /// See [`Limiter::admit`].
    pub(crate) async fn admit(&self) -> Result<(), StoreError> {
        self.limiter.admit().await
    }

    /// See [`Limiter::count_instead`].
    pub(crate) async fn count_instead(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        self.limiter.count_instead(buckets).await
    }

    /// See [`Limiter::bucket_statuses`].
    pub(crate) async fn bucket_statuses(&self) -> Vec<BucketStatus> {
        self.limiter.bucket_statuses().await
    }

    /// See [`Limiter::take_exactly`].
    pub(crate) async fn take_exactly(&self, bucket: &Bucket) -> Result<bool, StoreError> {
        self.limiter.take_exactly(bucket).await
    }

    /// Whether this process knows that the session of the scope has ended.
    pub(crate) fn has_ended(&self, scope: &TenantScope) -> bool {
        self.ended.contains(scope.claim())
    }

    /// See [`DynamoTable::get`].
    pub(crate) async fn get(&self, keys: &[Key]) -> Result<Items, StoreError> {
        self.limiter.admitted(self.dynamo.get(keys)).await
    }

    /// See [`DynamoTable::get_settled`].
    pub(crate) async fn get_settled(&self, keys: &[Key]) -> Result<Items, StoreError> {
        self.limiter.admitted(self.dynamo.get_settled(keys)).await
    }

    /// The same for a request that exceeds a limit: it is not counted again.
    pub(crate) async fn get_settled_uncounted(&self, keys: &[Key]) -> Result<Items, StoreError> {
        self.dynamo.get_settled(keys).await
    }

    /// One item in its stored version: for migrations, which no limit counts.
    pub(crate) async fn get_stored(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.dynamo.get_stored(key).await
    }

    /// Reads by key, with the check of the caller in the same call.
    pub(crate) async fn get_for(&self, scope: &TenantScope, keys: &[Key]) -> Result<Items, StoreError> {
        if scope.caller().is_some() {
            return self.get(keys).await;
        }
        self.get_again_for(scope, keys).await
    }

    /// The same for another attempt of a write: the caller may have lost the permission since the first.
    pub(crate) async fn get_again_for(&self, scope: &TenantScope, keys: &[Key]) -> Result<Items, StoreError> {
        let mut all = keys.to_vec();
        all.extend_from_slice(scope.caller_keys());
        let items = self.get(&all).await?;
        self.check(scope, &items)?;
        Ok(items)
    }

    /// Checks the caller against these items, and remembers a session that has ended.
    fn check<'a>(&self, scope: &'a TenantScope, items: &Items) -> Result<&'a Caller, StoreError> {
        let now = self.sources.now();
        let checked = scope.check(|key| items.get(key), now);
        if let Err(StoreError::Unauthenticated) = checked
            && let Some(until) = scope.over_for_good(|key| items.get(key))
        {
            self.ended.remember(scope.claim(), until, now);
        }
        checked
    }

    pub(crate) async fn verify<'a>(&self, scope: &'a TenantScope) -> Result<&'a Caller, StoreError> {
        if let Some(caller) = scope.caller() {
            return Ok(caller);
        }
        if scope.is_refused() {
            return Err(StoreError::Unauthenticated);
        }
        let items = self.get(scope.caller_keys()).await?;
        self.check(scope, &items)
    }

    /// A read in parallel with the check of the caller. Its result is returned only if the check succeeds.
    pub(crate) async fn beside_check<T>(
        &self,
        scope: &TenantScope,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if scope.caller().is_some() {
            return read.await;
        }
        // Both run to the end, so that a failed check takes precedence over a failed read.
        let (check, found) = join(self.verify(scope), read).await;
        check?;
        found
    }

    /// See [`DynamoTable::query`].
    pub(crate) async fn query(&self, query: &Query) -> Result<Found, StoreError> {
        self.limiter.admitted(self.dynamo.query(query)).await
    }

    /// A page of items in their stored version: for migrations, which no limit counts.
    pub(crate) async fn query_stored(&self, query: &Query) -> Result<Found, StoreError> {
        self.dynamo.query_stored(query).await
    }

    /// All items of a query, page after page; for small sets.
    pub(crate) async fn query_all(&self, mut query: Query) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        loop {
            let found = self.query(&query).await?;
            items.extend(found.items);
            query.after = found.last;
            if query.after.is_none() {
                return Ok(items);
            }
        }
    }

    /// See [`DynamoTable::page`].
    pub(crate) async fn page(&self, query: Query, page: &PageRequest) -> Result<Page<Item>, StoreError> {
        self.limiter.admitted(Box::pin(self.dynamo.page(query, page))).await
    }

    /// See [`DynamoTable::merge`].
    pub(crate) async fn merge(
        &self,
        merge: Merge,
        queries: Vec<Query>,
        page: &PageRequest,
    ) -> Result<Merged, StoreError> {
        self.limiter.admitted(self.dynamo.merge(merge, queries, page)).await
    }

    /// See [`DynamoTable::merged_page`].
    pub(crate) async fn merged_page(
        &self,
        merge: Merge,
        queries: Vec<Query>,
        page: &PageRequest,
    ) -> Result<Page<Item>, StoreError> {
        self.limiter.admitted(self.dynamo.merged_page(merge, queries, page)).await
    }

    /// See [`DynamoTable::transact`].
    pub(crate) async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
        backoff: &mut Backoff,
    ) -> Result<Option<Failure>, StoreError> {
        self.admit().await?;
        self.dynamo.transact(actions, backoff).await
    }

    /// See [`DynamoTable::update`].
    pub(crate) async fn update(
        &self,
        key: &Key,
        update: &Expression,
        condition: &Expression,
    ) -> Result<(Conditional, Option<Item>), StoreError> {
        self.admit().await?;
        self.dynamo.update(key, update, condition).await
    }

    /// See [`DynamoTable::update_within`].
    pub(crate) async fn update_within(
        &self,
        backoff: &mut Backoff,
        key: &Key,
        update: &Expression,
        condition: &Expression,
    ) -> Result<(Conditional, Option<Item>), StoreError> {
        self.admit().await?;
        self.dynamo.update_within(backoff, key, update, condition).await
    }

    /// See [`DynamoTable::update_each`].
    pub(crate) async fn update_each(
        &self,
        updates: Vec<(Key, Expression, Expression)>,
    ) -> Result<Conditional, StoreError> {
        self.admit().await?;
        self.dynamo.update_each(updates).await
    }

    /// See [`DynamoTable::connect`].
    pub(crate) async fn connect(&self) -> Result<(), StoreError> {
        self.dynamo.connect().await
    }

    /// See [`DynamoTable::ping`].
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.dynamo.ping().await
    }

    /// Two reads in parallel.
    pub(crate) async fn both<A, B>(
        &self,
        first: impl Future<Output = Result<A, StoreError>>,
        second: impl Future<Output = Result<B, StoreError>>,
    ) -> Result<(A, B), StoreError> {
        try_join(first, second).await
    }
}
