//! The table's calls: each counted, each tried again as long as that is safe, none beyond the caller's organization
//! without its check.

use std::{collections::HashMap, time::Instant};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{Get, KeysAndAttributes, ReturnConsumedCapacity, ReturnValue, TransactGetItem, TransactWriteItem},
};
use futures_util::future::{join, join_all, try_join, try_join_all};
use stockroom_domain::source::Sources;

use crate::{
    client::TableClient,
    ended::EndedSessions,
    error::StoreError,
    expression::{Expression, expression},
    item::{Item, s},
    keys::{Index, Key},
    leases::Leases,
    limits::Admission,
    meter::Meter,
    page::Position,
    retry::{Failure, Patience, classify, classify_transaction, classify_transactional_read},
    schema::upgrade,
    scope::{Caller, TenantScope},
};

/// The most keys of one batch read.
const BATCH: usize = 100;
/// How many independent writes run side by side.
const PARALLEL_WRITES: usize = 16;

#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) client: TableClient,
    pub(crate) sources: Sources,
    pub(crate) meter: Meter,
    pub(crate) leases: Leases,
    pub(crate) ended: EndedSessions,
    pub(crate) admission: Admission,
}

/// Items by key.
pub(crate) type Items = HashMap<Key, Item>;

/// Which sort keys of a partition are wanted.
#[derive(Debug, Clone)]
pub(crate) enum Range {
    All,
    Prefix(String),
    /// Both ends belong to it.
    Between(String, String),
}

#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) index: Option<Index>,
    pub(crate) partition: String,
    pub(crate) range: Range,
    pub(crate) filter: Expression,
    pub(crate) descending: bool,
    /// The most items to examine; the table stops at 1 MB in any case.
    pub(crate) examine: usize,
    pub(crate) after: Option<Position>,
    /// Half the price, but what was just written may be missing. Indexes know no other.
    pub(crate) eventual: bool,
}

impl Query {
    pub(crate) fn new(partition: String, examine: usize) -> Self {
        Self {
            index: None,
            partition,
            range: Range::All,
            filter: Expression::default(),
            descending: false,
            examine,
            after: None,
            eventual: false,
        }
    }

    pub(crate) fn index(index: Index, partition: String, examine: usize) -> Self {
        Self { index: Some(index), eventual: true, ..Self::new(partition, examine) }
    }

    /// The attributes that say where in this query's order an item stands.
    pub(crate) fn position_names(&self) -> Vec<&'static str> {
        let mut names = vec!["pk", "sk"];
        if let Some(index) = self.index {
            let (pk, sk) = index.key_names();
            names.extend([pk, sk]);
        }
        names
    }
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) items: Vec<Item>,
    /// Where examining stopped, if that was not the end.
    pub(crate) last: Option<Position>,
}

/// What a conditional write of one item came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conditional {
    Done,
    Refused,
}

impl Table {
    pub(crate) fn new(client: TableClient, sources: Sources, meter: Meter) -> Self {
        let (leases, ended, admission) = (Leases::default(), EndedSessions::default(), Admission::default());
        Self { client, sources, meter, leases, ended, admission }
    }

    pub(crate) fn metered(&self, meter: Meter) -> Self {
        Self { meter, ..self.clone() }
    }

    pub(crate) fn admitting(&self, admission: Admission) -> Self {
        Self { admission, ..self.clone() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.client.table
    }

    /// Strongly consistent reads by key, in one round trip; keys that are not there are missing from the result.
    pub(crate) async fn get(&self, keys: &[Key]) -> Result<Items, StoreError> {
        let batches = self.admitted(try_join_all(keys.chunks(BATCH).map(|keys| self.get_batch(keys)))).await?;
        upgraded(batches)
    }

    /// One item as it is stored, of whatever version.
    pub(crate) async fn get_stored(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        Ok(self.get_batch(std::slice::from_ref(key)).await?.remove(key))
    }

    async fn get_batch(&self, keys: &[Key]) -> Result<Items, StoreError> {
        let mut wanted: Vec<Item> = keys.iter().map(Key::attributes).collect();
        wanted.sort_by_cached_key(Key::of);
        wanted.dedup();
        let mut items = Items::new();
        let mut patience = Patience::new();
        loop {
            let request = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
            let request = request.map_err(StoreError::internal)?;
            let started = Instant::now();
            let call = self
                .client
                .client
                .batch_get_item()
                .request_items(self.name(), request.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            // The SDK's futures are large; on the heap they do not swell every future that holds one.
            let result = Box::pin(call.send()).await;
            let ended = Instant::now();
            let output = match result {
                Ok(output) => output,
                Err(error) => {
                    self.meter.record(started, ended, false, []);
                    self.pause_read(&error, &mut patience).await?;
                    wanted = request.keys;
                    continue;
                }
            };
            self.meter.record(started, ended, false, output.consumed_capacity());
            let read = output.responses.unwrap_or_default().into_values().flatten();
            items.extend(read.filter_map(with_key));
            wanted = output.unprocessed_keys.unwrap_or_default().into_values().flat_map(|left| left.keys).collect();
            if wanted.is_empty() {
                return Ok(items);
            }
            patience.relieve(&self.sources, "keys stayed unprocessed").await?;
        }
    }

    /// Reads by key in a transaction, so that what another transaction has begun to commit is waited for. Plain reads are
    /// committed reads item by item: beside an item that shows a transaction, another may still show the time before it.
    /// Twice the price; for when absence decides.
    pub(crate) async fn get_settled(&self, keys: &[Key]) -> Result<Items, StoreError> {
        let batches = self.admitted(try_join_all(keys.chunks(BATCH).map(|keys| self.get_settled_batch(keys)))).await?;
        upgraded(batches)
    }

    async fn get_settled_batch(&self, keys: &[Key]) -> Result<Items, StoreError> {
        let get = |key: &Key| {
            let get = Get::builder().table_name(self.name()).set_key(Some(key.attributes())).build();
            get.map(|get| TransactGetItem::builder().get(get).build()).map_err(StoreError::internal)
        };
        let gets = keys.iter().map(get).collect::<Result<Vec<_>, _>>()?;
        let mut patience = Patience::new();
        loop {
            let started = Instant::now();
            let call = self.client.client.transact_get_items().set_transact_items(Some(gets.clone()));
            let result = Box::pin(call.return_consumed_capacity(ReturnConsumedCapacity::Total).send()).await;
            let ended = Instant::now();
            let error = match result {
                Ok(output) => {
                    self.meter.record(started, ended, false, output.consumed_capacity());
                    let items = output.responses.unwrap_or_default().into_iter().filter_map(|response| response.item);
                    return Ok(items.filter_map(with_key).collect());
                }
                Err(error) => error,
            };
            self.meter.record(started, ended, false, []);
            match classify_transactional_read(&error) {
                Failure::Fatal(reason) => return Err(StoreError::Internal(reason)),
                Failure::Stale => return Err(StoreError::internal("a read has no condition")),
                Failure::Conflict(reason) => patience.pause(&self.sources, &reason).await?,
                Failure::Throttled(reason) | Failure::Unknown(reason) => {
                    patience.relieve(&self.sources, &reason).await?;
                }
            }
        }
    }

    /// Reads by key together with the caller's check.
    pub(crate) async fn get_for(&self, scope: &TenantScope, keys: &[Key]) -> Result<Items, StoreError> {
        if scope.caller().is_some() {
            return self.get(keys).await;
        }
        self.get_again_for(scope, keys).await
    }

    /// The same for another attempt at a write: the caller may have lost their right since the first.
    pub(crate) async fn get_again_for(&self, scope: &TenantScope, keys: &[Key]) -> Result<Items, StoreError> {
        let mut all = keys.to_vec();
        all.extend(scope.caller_keys());
        let items = self.get(&all).await?;
        self.check(scope, &items)?;
        Ok(items)
    }

    /// Checks the scope's caller against what was read, and remembers a session that is over.
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
        let items = self.get(&scope.caller_keys()).await?;
        self.check(scope, &items)
    }

    /// Any read, with the caller's check beside it: nothing of it is seen when the check fails.
    pub(crate) async fn beside_check<T>(
        &self,
        scope: &TenantScope,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if scope.caller().is_some() {
            return read.await;
        }
        // Both run to their end, so that a failed check is told whatever the read came to.
        let (check, found) = join(self.verify(scope), read).await;
        check?;
        found
    }

    /// One page of one partition.
    pub(crate) async fn query(&self, query: &Query) -> Result<Found, StoreError> {
        let Found { items, last } = self.admitted(Box::pin(self.query_stored(query))).await?;
        Ok(Found { items: items.into_iter().map(upgrade).collect::<Result<_, _>>()?, last })
    }

    /// The same, with items as they are stored, of whatever version.
    pub(crate) async fn query_stored(&self, query: &Query) -> Result<Found, StoreError> {
        let (partition_name, sort_name) = query.index.map_or(("pk", "sk"), Index::key_names);
        let condition = match &query.range {
            Range::All => expression(format!("#{partition_name} = :partition")),
            Range::Prefix(prefix) => {
                expression(format!("#{partition_name} = :partition AND begins_with(#{sort_name}, :prefix)"))
                    .with("prefix", s(prefix))
            }
            Range::Between(low, high) if low > high => {
                return Ok(Found { items: Vec::new(), last: None });
            }
            Range::Between(low, high) => {
                expression(format!("#{partition_name} = :partition AND #{sort_name} BETWEEN :low AND :high"))
                    .with("low", s(if low.is_empty() { " " } else { low.as_str() }))
                    .with("high", s(high))
            }
        }
        .with("partition", s(&query.partition));
        let filter = (!query.filter.text.is_empty()).then_some(&query.filter.text);
        let mut patience = Patience::new();
        loop {
            let started = Instant::now();
            let call = self
                .client
                .client
                .query()
                .table_name(self.name())
                .set_index_name(query.index.map(|index| index.name().to_owned()))
                .key_condition_expression(&condition.text)
                .set_filter_expression(filter.cloned())
                .set_expression_attribute_names(Expression::names(&[&condition, &query.filter]))
                .set_expression_attribute_values(Expression::values(&[&condition, &query.filter]))
                .set_exclusive_start_key(query.after.as_ref().map(Position::start_key))
                .scan_index_forward(!query.descending)
                .consistent_read(!query.eventual)
                .limit(i32::try_from(query.examine).unwrap_or(i32::MAX))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let result = Box::pin(call.send()).await;
            let ended = Instant::now();
            match result {
                Ok(output) => {
                    self.meter.record(started, ended, false, output.consumed_capacity());
                    let last = output.last_evaluated_key.map(|key| Position::of(&key, &query.position_names()));
                    return Ok(Found { items: output.items.unwrap_or_default(), last });
                }
                Err(error) => {
                    self.meter.record(started, ended, false, []);
                    self.pause_read(&error, &mut patience).await?;
                }
            }
        }
    }

    /// Everything a query finds, page after page; for sets known to be small.
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

    /// One transaction under one client token: tried again with the same token while its outcome is unknown. No call
    /// is under way longer than [`WRITE_DEADLINE`](crate::WRITE_DEADLINE) after the payload was decided, whose ids are of
    /// that moment: the feed of events relies on it.
    /// `Ok(Some(failure))` means that it was definitely not done.
    pub(crate) async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
        patience: &mut Patience,
    ) -> Result<Option<Failure>, StoreError> {
        self.admit().await?;
        let token = self.sources.bytes::<16>().map(|byte| format!("{byte:02x}")).concat();
        let mut is_unknown = false;
        let window = Patience::new();
        loop {
            let started = Instant::now();
            let call = self
                .client
                .client
                .transact_write_items()
                .set_transact_items(Some(actions.clone()))
                .client_request_token(&token)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let result = window.within(Box::pin(call.send())).await;
            let ended = Instant::now();
            let Some(result) = result else {
                self.meter.record(started, ended, true, []);
                return Err(StoreError::Unavailable(
                    "the deadline passed before the transaction was answered".to_owned(),
                ));
            };
            let error = match result {
                Ok(output) => {
                    self.meter.record(started, ended, true, output.consumed_capacity());
                    return Ok(None);
                }
                Err(error) => error,
            };
            self.meter.record(started, ended, true, []);
            match classify_transaction(&error) {
                Failure::Unknown(reason) => {
                    is_unknown = true;
                    patience.relieve(&self.sources, &reason).await?;
                }
                // A call before this one may have done it all the same: only its own token can tell.
                Failure::Conflict(reason) if is_unknown => patience.pause(&self.sources, &reason).await?,
                Failure::Throttled(reason) if is_unknown => patience.relieve(&self.sources, &reason).await?,
                Failure::Fatal(reason) => return Err(StoreError::Internal(reason)),
                failure @ (Failure::Conflict(_) | Failure::Throttled(_) | Failure::Stale) => return Ok(Some(failure)),
            }
        }
    }

    /// A conditional update of one item that does no harm when it is done twice.
    pub(crate) async fn update(
        &self,
        key: &Key,
        update: &Expression,
        condition: &Expression,
    ) -> Result<(Conditional, Option<Item>), StoreError> {
        self.update_within(&mut Patience::new(), key, update, condition).await
    }

    /// The same with patience of another length.
    pub(crate) async fn update_within(
        &self,
        patience: &mut Patience,
        key: &Key,
        update: &Expression,
        condition: &Expression,
    ) -> Result<(Conditional, Option<Item>), StoreError> {
        self.admit().await?;
        loop {
            let started = Instant::now();
            let call = self
                .client
                .client
                .update_item()
                .table_name(self.name())
                .set_key(Some(key.attributes()))
                .update_expression(&update.text)
                .condition_expression(&condition.text)
                .set_expression_attribute_names(Expression::names(&[update, condition]))
                .set_expression_attribute_values(Expression::values(&[update, condition]))
                .return_values(ReturnValue::AllNew)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let result = Box::pin(call.send()).await;
            let ended = Instant::now();
            match result {
                Ok(output) => {
                    self.meter.record(started, ended, true, output.consumed_capacity());
                    return Ok((Conditional::Done, output.attributes.map(upgrade).transpose()?));
                }
                Err(error) => {
                    self.meter.record(started, ended, true, []);
                    match classify::<UpdateItemError, _>(&error) {
                        Failure::Stale => return Ok((Conditional::Refused, None)),
                        Failure::Fatal(reason) => return Err(StoreError::Internal(reason)),
                        Failure::Conflict(reason) => patience.pause(&self.sources, &reason).await?,
                        Failure::Throttled(reason) | Failure::Unknown(reason) => {
                            patience.relieve(&self.sources, &reason).await?;
                        }
                    }
                }
            }
        }
    }

    /// Many independent updates side by side; tells whether every one was done.
    pub(crate) async fn update_each(
        &self,
        updates: Vec<(Key, Expression, Expression)>,
    ) -> Result<Conditional, StoreError> {
        let mut all = Conditional::Done;
        for updates in updates.chunks(PARALLEL_WRITES) {
            let each = updates.iter().map(|(key, update, condition)| self.update(key, update, condition));
            for result in join_all(each).await {
                if result?.0 == Conditional::Refused {
                    all = Conditional::Refused;
                }
            }
        }
        Ok(all)
    }

    /// Asks for an item that is never there, once.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let key = Key::new("PING", "PING").attributes();
        let started = Instant::now();
        let call = self.client.client.get_item().table_name(self.name()).set_key(Some(key));
        let result = Box::pin(call.return_consumed_capacity(ReturnConsumedCapacity::Total).send()).await;
        let capacity = result.as_ref().ok().and_then(|output| output.consumed_capacity());
        self.meter.record(started, Instant::now(), false, capacity);
        result
            .map(|_| ())
            .map_err(|error| StoreError::Unavailable(aws_sdk_dynamodb::error::DisplayErrorContext(error).to_string()))
    }

    /// Two reads at once.
    pub(crate) async fn both<A, B>(
        &self,
        first: impl Future<Output = Result<A, StoreError>>,
        second: impl Future<Output = Result<B, StoreError>>,
    ) -> Result<(A, B), StoreError> {
        try_join(first, second).await
    }

    async fn pause_read<E, R>(&self, error: &SdkError<E, R>, patience: &mut Patience) -> Result<(), StoreError>
    where
        E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        match classify(error) {
            Failure::Fatal(reason) => Err(StoreError::Internal(reason)),
            Failure::Stale => Err(StoreError::internal("a read has no condition")),
            Failure::Conflict(reason) | Failure::Throttled(reason) | Failure::Unknown(reason) => {
                patience.relieve(&self.sources, &reason).await
            }
        }
    }
}

fn with_key(item: Item) -> Option<(Key, Item)> {
    Some((Key::of(&item)?, item))
}

fn upgraded(batches: Vec<Items>) -> Result<Items, StoreError> {
    batches.into_iter().flatten().map(|(key, item)| Ok((key, upgrade(item)?))).collect()
}
