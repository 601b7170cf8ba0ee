//! The table's calls by key, and its transactions: each metered, each repeated as long as that is safe.

use std::{collections::BTreeMap, time::Instant};

use aws_sdk_dynamodb::{
    error::{DisplayErrorContext, SdkError},
    operation::update_item::UpdateItemError,
    types::{Get, KeysAndAttributes, ReturnConsumedCapacity, ReturnValue, TransactGetItem, TransactWriteItem},
};
use futures_util::future::{join_all, try_join_all};
use stockroom_domain::source::Sources;

use crate::{
    dynamo::{
        client::TableClient,
        expression::Expression,
        item::Item,
        key::Key,
        meter::Meter,
        retry::{Backoff, Failure, classify, classify_transaction, classify_transactional_read},
    },
    error::StoreError,
};

/// The most keys of one batch read.
const BATCH: usize = 100;
/// The maximum number of parallel writes.
const PARALLEL_WRITES: usize = 16;

/// The table's calls. Each is repeated as long as that is safe. It neither counts requests nor checks callers;
/// `write::access` does.
#[derive(Debug, Clone)]
pub(crate) struct DynamoTable {
    pub(crate) client: TableClient,
    pub(crate) sources: Sources,
    pub(crate) meter: Meter,
    /// Upgrades an item, as read, to the current version of its shape.
    pub(crate) upgrade: Upgrader,
}

/// The upgrade of items of any version to the current one.
pub(crate) type Upgrader = fn(Item) -> Result<Item, StoreError>;

/// Items by key.
pub(crate) type Items = BTreeMap<Key, Item>;

/// The result of a conditional write of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conditional {
    Done,
    Refused,
}

impl DynamoTable {
    pub(crate) fn metered(&self, meter: Meter) -> Self {
        Self { meter, ..self.clone() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.client.table
    }

    /// Strongly consistent reads by key, in one round trip. The result lacks keys without an item.
    pub(crate) async fn get(&self, keys: &[Key]) -> Result<Items, StoreError> {
        let mut keys: Vec<&Key> = keys.iter().collect();
        keys.sort_unstable();
        keys.dedup();
        let batches = try_join_all(keys.chunks(BATCH).map(|keys| self.get_batch(keys))).await?;
        self.upgraded(batches)
    }

    /// One item in its stored version.
    pub(crate) async fn get_stored(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        Ok(self.get_batch(&[key]).await?.pop())
    }

    async fn get_batch(&self, keys: &[&Key]) -> Result<Vec<Item>, StoreError> {
        let mut wanted = keys.to_vec();
        let mut items = Vec::with_capacity(keys.len());
        let mut backoff = Backoff::new();
        loop {
            let attributes = wanted.iter().map(|key| key.attributes()).collect();
            let request = KeysAndAttributes::builder().set_keys(Some(attributes)).consistent_read(true).build();
            let started = Instant::now();
            let call = self
                .client
                .client
                .batch_get_item()
                .request_items(self.name(), request.map_err(StoreError::internal)?)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            // The SDK's futures are large; on the heap they do not swell every future that holds one.
            let result = Box::pin(call.send()).await;
            let ended = Instant::now();
            let output = match result {
                Ok(output) => output,
                Err(error) => {
                    self.meter.record(started, ended, false, []);
                    self.pause_read(&error, &mut backoff).await?;
                    continue;
                }
            };
            self.meter.record(started, ended, false, output.consumed_capacity());
            items.extend(output.responses.unwrap_or_default().into_values().flatten());
            let unprocessed = output.unprocessed_keys.unwrap_or_default().into_values().flat_map(|left| left.keys);
            let unprocessed: Option<Vec<Key>> = unprocessed.map(|key| Key::of(&key)).collect();
            let unprocessed = unprocessed.ok_or_else(|| StoreError::internal("an unprocessed key cannot be read"))?;
            if unprocessed.is_empty() {
                return Ok(items);
            }
            wanted.retain(|key| unprocessed.contains(key));
            backoff.after_failure(&self.sources, "keys stayed unprocessed").await?;
        }
    }

    /// Reads by key in a transaction, which waits for commits in progress. Plain reads of several items are not of
    /// one moment: one item may show a transaction that another does not show yet. Twice the price; for decisions
    /// that depend on absence.
    pub(crate) async fn get_settled(&self, keys: &[Key]) -> Result<Items, StoreError> {
        let batches = try_join_all(keys.chunks(BATCH).map(|keys| self.get_settled_batch(keys))).await?;
        self.upgraded(batches)
    }

    async fn get_settled_batch(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        let get = |key: &Key| {
            let get = Get::builder().table_name(self.name()).set_key(Some(key.attributes())).build();
            get.map(|get| TransactGetItem::builder().get(get).build()).map_err(StoreError::internal)
        };
        let gets = keys.iter().map(get).collect::<Result<Vec<_>, _>>()?;
        let mut backoff = Backoff::new();
        loop {
            let started = Instant::now();
            let call = self.client.client.transact_get_items().set_transact_items(Some(gets.clone()));
            let result = Box::pin(call.return_consumed_capacity(ReturnConsumedCapacity::Total).send()).await;
            let ended = Instant::now();
            let error = match result {
                Ok(output) => {
                    self.meter.record(started, ended, false, output.consumed_capacity());
                    let responses = output.responses.unwrap_or_default().into_iter();
                    return Ok(responses.filter_map(|response| response.item).collect());
                }
                Err(error) => error,
            };
            self.meter.record(started, ended, false, []);
            match classify_transactional_read(&error) {
                Failure::Fatal(reason) => return Err(StoreError::Internal(reason)),
                Failure::Stale => return Err(StoreError::internal("a read has no condition")),
                Failure::Conflict(reason) => backoff.after_conflict(&self.sources, &reason).await?,
                Failure::Throttled(reason) | Failure::Unknown(reason) => {
                    backoff.after_failure(&self.sources, &reason).await?;
                }
            }
        }
    }

    /// One transaction under one client token, repeated with the same token while its outcome is unknown. No call is in
    /// progress longer than [`WRITE_DEADLINE`](crate::WRITE_DEADLINE) after the decision, which also made the ids: the
    /// feed of events relies on it. `Ok(Some(failure))` means that it was definitely not done.
    pub(crate) async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
        backoff: &mut Backoff,
    ) -> Result<Option<Failure>, StoreError> {
        let token = format!("{:032x}", u128::from_be_bytes(self.sources.bytes()));
        let mut is_unknown = false;
        let window = Backoff::new();
        loop {
            let started = Instant::now();
            let call = self
                .client
                .client
                .transact_write_items()
                .set_transact_items(Some(actions.clone()))
                .client_request_token(&token)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let result = window.before_deadline(Box::pin(call.send())).await;
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
                    backoff.after_failure(&self.sources, &reason).await?;
                }
                // An earlier call may have done it: only a repeat under its token can show that.
                Failure::Conflict(reason) if is_unknown => backoff.after_conflict(&self.sources, &reason).await?,
                Failure::Throttled(reason) if is_unknown => backoff.after_failure(&self.sources, &reason).await?,
                Failure::Fatal(reason) => return Err(StoreError::Internal(reason)),
                failure @ (Failure::Conflict(_) | Failure::Throttled(_) | Failure::Stale) => return Ok(Some(failure)),
            }
        }
    }

    /// A conditional update of one item that is harmless if repeated.
    pub(crate) async fn update(
        &self,
        key: &Key,
        update: &Expression,
        condition: &Expression,
    ) -> Result<(Conditional, Option<Item>), StoreError> {
        self.update_within(&mut Backoff::new(), key, update, condition).await
    }

    /// The same with another deadline.
    pub(crate) async fn update_within(
        &self,
        backoff: &mut Backoff,
        key: &Key,
        update: &Expression,
        condition: &Expression,
    ) -> Result<(Conditional, Option<Item>), StoreError> {
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
                    return Ok((Conditional::Done, output.attributes.map(self.upgrade).transpose()?));
                }
                Err(error) => {
                    self.meter.record(started, ended, true, []);
                    match classify::<UpdateItemError, _>(&error) {
                        Failure::Stale => return Ok((Conditional::Refused, None)),
                        Failure::Fatal(reason) => return Err(StoreError::Internal(reason)),
                        Failure::Conflict(reason) => backoff.after_conflict(&self.sources, &reason).await?,
                        Failure::Throttled(reason) | Failure::Unknown(reason) => {
                            backoff.after_failure(&self.sources, &reason).await?;
                        }
                    }
                }
            }
        }
    }

    /// Independent updates in parallel. `Refused` if any was refused.
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

    /// Opens connections before the first call.
    pub(crate) async fn connect(&self) -> Result<(), StoreError> {
        let unavailable = |error| StoreError::Unavailable(DisplayErrorContext(error).to_string());
        match self.client.connect().await {
            Some(connected) => connected.map_err(unavailable),
            None => self.ping().await,
        }
    }

    /// Reads an item that never exists, once.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let key = Key::new("PING", "PING").attributes();
        let started = Instant::now();
        let call = self.client.client.get_item().table_name(self.name()).set_key(Some(key));
        let result = Box::pin(call.return_consumed_capacity(ReturnConsumedCapacity::Total).send()).await;
        let capacity = result.as_ref().ok().and_then(|output| output.consumed_capacity());
        self.meter.record(started, Instant::now(), false, capacity);
        result.map(|_| ()).map_err(|error| StoreError::Unavailable(DisplayErrorContext(error).to_string()))
    }

    /// The items in their current version, by key.
    fn upgraded(&self, batches: Vec<Vec<Item>>) -> Result<Items, StoreError> {
        let mut items = Items::new();
        for item in batches.into_iter().flatten() {
            if let Some(key) = Key::of(&item) {
                items.insert(key, (self.upgrade)(item)?);
            }
        }
        Ok(items)
    }

    pub(crate) async fn pause_read<E, R>(&self, error: &SdkError<E, R>, backoff: &mut Backoff) -> Result<(), StoreError>
    where
        E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        match classify(error) {
            Failure::Fatal(reason) => Err(StoreError::Internal(reason)),
            Failure::Stale => Err(StoreError::internal("a read has no condition")),
            Failure::Conflict(reason) | Failure::Throttled(reason) | Failure::Unknown(reason) => {
                backoff.after_failure(&self.sources, &reason).await
            }
        }
    }
}
