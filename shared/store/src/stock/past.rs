//! Levels at a past time: quantities from the ledger, names from the log.
//!
//! Both are read from indexes, which may lag. Each shows whether it does: a ledger has no gaps in its sequence, and a
//! deleted product or warehouse has the entry of its deletion.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use stockroom_domain::{
    id::{Id, ProductId, WarehouseId},
    log::Action,
    stock::Movement,
    time::Timestamp,
};

use crate::{
    dynamo::{
        expression::expression,
        item::{Item, data},
        key::{Index, Key},
        query::{Query, Range},
        retry::Backoff,
        table::Items,
    },
    error::StoreError,
    keys::{OrganizationKeys, id_bounds, ledger_sort},
    stock::{
        level_records::{LevelRecord, StoredLevel},
        levels::LevelView,
        movements::movement,
        names::Names,
    },
    write::access::Table,
};

/// After every sequence.
const LAST_SEQUENCE: u64 = 999_999_999_999;
/// The most changes since that time that are read for former names of one product or warehouse. With more, an
/// unchanged name among them is the present one.
const MAX_CHANGES: usize = 1_000;
/// How many changes one call reads.
const CHANGES_AT_ONCE: usize = 100;
/// The names of a product.
const PRODUCT_NAMES: &[&str] = &["sku", "name", "unit"];
/// The names of a warehouse.
const WAREHOUSE_NAMES: &[&str] = &["name"];

/// The stock of an organization at a past time, including movements and changes of that time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past<'a> {
    pub(crate) table: &'a Table,
    pub(crate) keys: OrganizationKeys,
    pub(crate) moment: Timestamp,
}

/// The movements around that time in a ledger.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    before: Option<Movement>,
    after: Option<Movement>,
}

impl Turn {
    fn is_complete(&self) -> bool {
        let last = self.before.as_ref().map_or(0, |movement| movement.sequence);
        self.after.as_ref().is_some_and(|movement| movement.sequence == last.saturating_add(1))
    }
}

/// A change of a product or warehouse in the log.
#[derive(Debug, Deserialize)]
struct Changed {
    action: Action,
    before: Option<Value>,
    created_at: Timestamp,
}

/// When a product or warehouse last changed.
#[derive(Debug, Deserialize)]
struct Updated {
    updated_at: Timestamp,
}

impl Past<'_> {
    /// The last movement up to that time and the first after it.
    pub(crate) async fn turn(&self, product: ProductId, warehouse: WarehouseId) -> Result<Turn, StoreError> {
        let ledger = self.keys.ledger(product);
        let (start, end) = (format!("{warehouse}#"), format!("{warehouse}~"));
        let turn = ledger_sort(warehouse, self.moment, LAST_SEQUENCE);
        let last_before = Query {
            range: Range::Between(start, turn.clone()),
            descending: true,
            ..Query::index(Index::One, ledger.clone(), 1)
        };
        let first_after = Query { range: Range::Between(turn, end), ..Query::index(Index::One, ledger, 1) };
        let (before, after) = self.table.both(self.table.query(&last_before), self.table.query(&first_after)).await?;
        let line = |items: &[Item]| items.first().map(movement).transpose();
        Ok(Turn { before: line(&before.items)?, after: line(&after.items)? })
    }

    /// The level at that time; `None` if it did not exist. The ledger is complete if the movement after that time
    /// directly follows the one before it.
    pub(crate) async fn turn_back(&self, level: StoredLevel, turn: &Turn) -> Result<Option<StoredLevel>, StoreError> {
        if level.record.updated_at() <= self.moment {
            return Ok(Some(level));
        }
        let mut turn = turn.clone();
        let mut backoff = Backoff::new();
        loop {
            if turn.is_complete() {
                let Some(before) = turn.before else { return Ok(None) };
                let record = LevelRecord::before(&level.record, &before);
                return Ok(Some(StoredLevel { record, ..level }));
            }
            backoff.after_failure(&self.table.sources, "the ledger lags behind").await?;
            turn = self.turn(level.product, level.warehouse).await?;
        }
    }

    /// Shows levels with the names of that time, without products and warehouses that did not exist. `items` has the
    /// present ones; the log is read only for those that changed or were deleted since.
    pub(crate) async fn show(&self, levels: &[StoredLevel], items: &Items) -> Result<Vec<LevelView>, StoreError> {
        let products: BTreeSet<ProductId> = levels.iter().map(|level| level.product).collect();
        let warehouses: BTreeSet<WarehouseId> = levels.iter().map(|level| level.warehouse).collect();
        let (products, warehouses) = self
            .table
            .both(
                self.former(products, |id| self.keys.product(id), items, PRODUCT_NAMES),
                self.former(warehouses, |id| self.keys.warehouse(id), items, WAREHOUSE_NAMES),
            )
            .await?;
        let mut names = Names::of(self.keys, levels, items)?;
        names.products.extend(products);
        names.warehouses.extend(warehouses);
        Ok(names.show(levels))
    }

    /// The names of changed or deleted things at that time, by id; `None` if the thing did not exist.
    async fn former<I: Id + Ord, N: DeserializeOwned>(
        &self,
        ids: BTreeSet<I>,
        key: impl Fn(I) -> Key,
        items: &Items,
        members: &'static [&'static str],
    ) -> Result<BTreeMap<I, Option<N>>, StoreError> {
        let mut asked = Vec::new();
        for id in ids {
            let item = items.get(&key(id));
            let updated_at = item.map(data::<Updated>).transpose()?.map(|item| item.updated_at);
            if updated_at.is_none_or(|at| at > self.moment) {
                asked.push(async move {
                    Ok::<_, StoreError>((id, self.names_of(id, item.zip(updated_at), members).await?))
                });
            }
        }
        Ok(try_join_all(asked).await?.into_iter().collect())
    }

    /// The names of one thing. Each is the value that its first later change replaced; without one, the present
    /// value.
    async fn names_of<N: DeserializeOwned>(
        &self,
        id: impl Id,
        now: Option<(&Item, Timestamp)>,
        members: &[&str],
    ) -> Result<Option<N>, StoreError> {
        let history = self.keys.history(id);
        let last = Query { descending: true, ..Query::index(Index::One, history, 1) };
        let mut backoff = Backoff::new();
        loop {
            let (last, replaced) = self.table.both(self.table.query(&last), self.replaced_since(id, members)).await?;
            let last = last.items.first().map(data::<Changed>).transpose()?;
            let state = match (now, last) {
                (Some((item, updated_at)), Some(last)) if last.created_at >= updated_at => Some(data::<Value>(item)?),
                (None, Some(last)) if last.action == Action::Delete => {
                    if last.created_at <= self.moment {
                        return Ok(None);
                    }
                    last.before
                }
                _ => None,
            };
            let Some(mut state) = state else {
                backoff.after_failure(&self.table.sources, "the index of the log lags behind").await?;
                continue;
            };
            if let Value::Object(state) = &mut state {
                state.extend(replaced);
            }
            return serde_json::from_value(state).map(Some).map_err(StoreError::internal);
        }
    }

    /// The values that the first later changes of these members replaced.
    async fn replaced_since(&self, id: impl Id, members: &[&str]) -> Result<Map<String, Value>, StoreError> {
        let (low, high) = id_bounds(Some(self.moment.plus(std::time::Duration::from_millis(1))), None);
        let named = members.iter().map(|member| format!("attribute_exists(#data.#before.#{member})"));
        let mut since = Query {
            range: Range::Between(low, high),
            filter: expression(named.collect::<Vec<_>>().join(" OR ")),
            ..Query::index(Index::One, self.keys.history(id), CHANGES_AT_ONCE)
        };
        let mut replaced = Map::new();
        for _ in 0..MAX_CHANGES / CHANGES_AT_ONCE {
            let found = self.table.query(&since).await?;
            for changed in &found.items {
                let Some(Value::Object(before)) = data::<Changed>(changed)?.before else { continue };
                for (name, value) in before {
                    if members.contains(&name.as_str()) {
                        replaced.entry(name).or_insert(value);
                    }
                }
            }
            since.after = found.last;
            if replaced.len() == members.len() || since.after.is_none() {
                break;
            }
        }
        Ok(replaced)
    }
}
