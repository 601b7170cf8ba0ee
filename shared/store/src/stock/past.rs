//! What was there at a moment of the past: levels from the ledger, names from the log.
//!
//! Both are read through indexes, which may lag. Each says of itself whether it does: sequences of a ledger have no gaps,
//! and a product or warehouse that is gone has the entry of its deletion.

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
        retry::Patience,
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

/// Behind every sequence there will ever be.
const LAST_SEQUENCE: u64 = 999_999_999_999;
/// How many changes since the moment are looked at, for the former names of one product or warehouse. If there are more,
/// a name that none of them changed is shown as it is now.
const MAX_CHANGES: usize = 1_000;
/// How many of them are looked at with one call.
const CHANGES_AT_ONCE: usize = 100;
/// What levels show of a product.
const PRODUCT_NAMES: &[&str] = &["sku", "name", "unit"];
/// What levels show of a warehouse.
const WAREHOUSE_NAMES: &[&str] = &["name"];

/// The organization's stock as it was recorded at a moment, movements and changes of that moment included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past<'a> {
    pub(crate) table: &'a Table,
    pub(crate) keys: OrganizationKeys,
    pub(crate) moment: Timestamp,
}

/// Where the moment falls in a ledger.
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

/// A change of a product or warehouse, as the log has it.
#[derive(Debug, Deserialize)]
struct Changed {
    action: Action,
    before: Option<Value>,
    created_at: Timestamp,
}

/// When a product or warehouse was changed last.
#[derive(Debug, Deserialize)]
struct Updated {
    updated_at: Timestamp,
}

impl Past<'_> {
    /// The last movement up to the moment and the first after it.
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

    /// The level as it was; none when it was not there yet. What was found in the ledger is right exactly if the movement
    /// after the moment follows on the one before it.
    pub(crate) async fn turn_back(&self, level: StoredLevel, turn: &Turn) -> Result<Option<StoredLevel>, StoreError> {
        if level.record.updated_at() <= self.moment {
            return Ok(Some(level));
        }
        let mut turn = turn.clone();
        let mut patience = Patience::new();
        loop {
            if turn.is_complete() {
                let Some(before) = turn.before else { return Ok(None) };
                let record = LevelRecord::before(&level.record, &before);
                return Ok(Some(StoredLevel { record, ..level }));
            }
            patience.relieve(&self.table.sources, "the ledger lags behind").await?;
            turn = self.turn(level.product, level.warehouse).await?;
        }
    }

    /// Shows levels under the names of the moment, without those of what was not there then. `items` has the products and
    /// warehouses that are there now; only what was changed or deleted since is looked up in the log.
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

    /// What was called otherwise, or is gone, by id: its names then, if it was there.
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

    /// The names of one of them. Each is what the first change of it since the moment replaced; without such a change, what it
    /// is now.
    async fn names_of<N: DeserializeOwned>(
        &self,
        id: impl Id,
        now: Option<(&Item, Timestamp)>,
        members: &[&str],
    ) -> Result<Option<N>, StoreError> {
        let history = self.keys.history(id);
        let last = Query { descending: true, ..Query::index(Index::One, history, 1) };
        let mut patience = Patience::new();
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
                patience.relieve(&self.table.sources, "the index of the log lags behind").await?;
                continue;
            };
            if let Value::Object(state) = &mut state {
                state.extend(replaced);
            }
            return serde_json::from_value(state).map(Some).map_err(StoreError::internal);
        }
    }

    /// What the first changes of these members since the moment replaced.
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
