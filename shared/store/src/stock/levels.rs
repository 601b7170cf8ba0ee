//! Stock levels: one item per product and warehouse, which the ledger adds up to.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use stockroom_domain::{
    catalogue::Product,
    id::{ProductId, WarehouseId},
    quantity::Quantity,
    stock::{Balance, Movement},
    text::{ProductName, Sku, Unit, WarehouseName},
    time::Timestamp,
};

use crate::{
    dynamo::{
        expression::{Expression, absent, expression, version_is},
        item::{Item, attributes, data, n, s, with_attributes},
        key::{Index, Key},
        page::{Page, PageRequest},
        query::{Query, Range},
        retry::Patience,
        table::{Conditional, Items},
    },
    error::StoreError,
    keys::{OrganizationKeys, WAREHOUSE, last_id, level_sort, parse_level},
    stock::{low_list::mark, names::Names, past::Past},
    write::{Attempt, Authority, Change, Decision, access::Table, fence::SPREADING, scope::TenantScope},
};

/// The most levels that one answer shows beside their product.
pub const MAX_LEVELS_OF_PRODUCT: usize = 1_000;

/// How many levels follow a new minimum in one transaction.
const SPREAD_AT_ONCE: usize = 90;

/// What a level's item keeps. None of it is projected into an index, so that a movement writes none, but for the keys
/// of the low list as the level enters or leaves it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LevelRecord {
    on_hand: Quantity,
    sequence: u64,
    min_stock_level: Quantity,
    /// Rises with every write, a movement or not.
    revision: u64,
    low_since: Option<Timestamp>,
    /// When the last movement was recorded.
    updated_at: Timestamp,
    /// The mark of the deletion that found it empty.
    frozen: Option<String>,
}

impl LevelRecord {
    pub(crate) fn balance(&self) -> Balance {
        Balance { on_hand: self.on_hand, sequence: self.sequence }
    }

    pub(crate) fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    pub(crate) fn minimum(&self) -> Quantity {
        self.min_stock_level
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.on_hand == Quantity::ZERO
    }

    /// Since when it is below its minimum.
    pub(crate) fn low_since(&self) -> Option<Timestamp> {
        self.low_since
    }

    pub(crate) fn is_low(&self) -> bool {
        self.low_since.is_some()
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    pub(crate) fn is_frozen_by(&self, mark: &str) -> bool {
        self.frozen.as_deref() == Some(mark)
    }

    /// The record after a movement that comes to `balance`; thaws it.
    pub(crate) fn moved(before: Option<&Self>, balance: Balance, minimum: Quantity, at: Timestamp) -> Self {
        let low_since = balance.is_below(minimum).then(|| before.and_then(|level| level.low_since).unwrap_or(at));
        Self {
            on_hand: balance.on_hand,
            sequence: balance.sequence,
            min_stock_level: minimum,
            revision: before.map_or(0, |level| level.revision).saturating_add(1),
            low_since,
            updated_at: at,
            frozen: None,
        }
    }

    /// The record as a movement before the last one left it.
    pub(crate) fn before(last: &Self, movement: &Movement) -> Self {
        Self {
            on_hand: movement.balance_after,
            sequence: movement.sequence,
            updated_at: movement.created_at,
            low_since: None,
            ..last.clone()
        }
    }

    /// The record under another minimum.
    fn under(&self, minimum: Quantity, now: Timestamp) -> Self {
        let low_since = self.balance().is_below(minimum).then(|| self.low_since.unwrap_or(now));
        Self { min_stock_level: minimum, low_since, revision: self.revision.saturating_add(1), ..self.clone() }
    }

    pub(crate) fn item(
        &self,
        keys: OrganizationKeys,
        product: ProductId,
        warehouse: WarehouseId,
    ) -> Result<Item, StoreError> {
        let mut item = with_attributes(&keys.level(product, warehouse), self)?;
        let sort = level_sort(product, warehouse);
        if let Some(since) = self.low_since {
            Index::One.insert(&mut item, (keys.low(), format!("{since}#{sort}")));
        }
        Index::Two.insert(&mut item, (keys.levels(), sort));
        Ok(item)
    }

    /// What must hold of the item for a decision on `before` to stand.
    pub(crate) fn as_read(before: Option<&Self>) -> Expression {
        before.map_or_else(absent, |level| expression("#revision = :revision").with("revision", n(level.revision)))
    }
}

/// What hangs on a product or a warehouse.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held {
    OfProduct(ProductId),
    InWarehouse(WarehouseId),
}

/// A level with its place.
#[derive(Debug, Clone)]
pub(crate) struct StoredLevel {
    pub(crate) key: Key,
    pub(crate) product: ProductId,
    pub(crate) warehouse: WarehouseId,
    pub(crate) record: LevelRecord,
}

impl StoredLevel {
    pub(crate) fn of(item: &Item) -> Result<Self, StoreError> {
        let key = Key::of(item).ok_or_else(|| StoreError::internal("a level has no key"))?;
        let (product, warehouse) =
            parse_level(&key).ok_or_else(|| StoreError::internal("a level's key names no place"))?;
        Ok(Self { key, product, warehouse, record: attributes(item)? })
    }

    pub(crate) fn as_read(&self) -> Expression {
        LevelRecord::as_read(Some(&self.record))
    }

    /// The update that freezes it, under its condition.
    pub(crate) fn freeze(&self, mark: &str) -> (Key, Expression, Expression) {
        let update = expression("SET #frozen = :mark, #revision = :next")
            .with("mark", s(mark))
            .with("next", n(self.record.revision.saturating_add(1)));
        (self.key.clone(), update, self.as_read())
    }

    /// The update that takes it out of the low list, under its condition.
    pub(crate) fn retire(&self) -> (Key, Expression, Expression) {
        let update = expression("SET #revision = :next REMOVE #i1pk, #i1sk")
            .with("next", n(self.record.revision.saturating_add(1)));
        (self.key.clone(), update, self.as_read())
    }
}

/// A level as it is shown.
#[derive(Debug, Clone)]
pub struct LevelView {
    pub product_id: ProductId,
    pub sku: Sku,
    pub product_name: ProductName,
    pub unit: Unit,
    pub warehouse_id: WarehouseId,
    pub warehouse_name: WarehouseName,
    pub on_hand: Quantity,
    pub min_stock_level: Quantity,
    /// When the last movement was recorded that made it so.
    pub updated_at: Timestamp,
    /// Since when it is below its minimum.
    pub low_since: Option<Timestamp>,
}

/// Which levels a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct LevelFilter {
    pub product: Option<ProductId>,
    pub warehouse: Option<WarehouseId>,
    /// The levels as they were recorded at that moment, its own movements included.
    pub as_of: Option<Timestamp>,
}

/// See [`crate::Store::levels`].
#[derive(Debug, Clone, Copy)]
pub struct Levels<'a> {
    table: &'a Table,
    scope: &'a TenantScope,
}

impl<'a> Levels<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope }
    }

    fn keys(&self) -> OrganizationKeys {
        self.scope.keys()
    }

    /// A page of levels, by product and warehouse.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, filter: &LevelFilter, page: &PageRequest) -> Result<Page<LevelView>, StoreError> {
        let keys = self.keys();
        if let (Some(product), Some(warehouse)) = (filter.product, filter.warehouse) {
            let level = self.read(&[keys.level(product, warehouse)], Items::new(), filter.as_of).await?.pop();
            return Ok(level.map_or_else(Page::empty, Page::only));
        }
        let query = match (filter.warehouse, filter.product) {
            (Some(warehouse), _) => Query::new(keys.stock(warehouse), 0),
            (None, Some(product)) => self.query_of(product, 0),
            (None, None) => Query::index(Index::Two, keys.levels(), 0),
        };
        // An index shows where a level is, and nothing else of it.
        let shows_levels = query.index.is_none();
        let found = self.table.beside_check(self.scope, self.table.page(query, page)).await?;
        let mut at_hand = Items::new();
        let found = found.filter_map(|item| {
            let key = Key::of(&item)?;
            if shows_levels {
                at_hand.insert(key.clone(), item);
            }
            Some(key)
        });
        self.read_page(found, at_hand, filter.as_of).await
    }

    /// A page of the levels below their minimum, by when they became so. It costs what is low, not what there is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn low(&self, page: &PageRequest) -> Result<Page<LevelView>, StoreError> {
        let query = Query::index(Index::One, self.keys().low(), 0);
        let found = self.table.beside_check(self.scope, self.table.page(query, page)).await?;
        let found = found.filter_map(|item| Key::of(&item));
        let levels = self.read_page(found, Items::new(), None).await?;
        // The index may lag behind.
        Ok(levels.filter_map(|level| level.low_since.is_some().then_some(level)))
    }

    /// Reads the levels that a page names.
    async fn read_page(
        &self,
        found: Page<Key>,
        at_hand: Items,
        as_of: Option<Timestamp>,
    ) -> Result<Page<LevelView>, StoreError> {
        let keys: Vec<Key> = found.items().iter().map(|level| level.item.clone()).collect();
        let levels = self.read(&keys, at_hand, as_of).await?.into_iter();
        let mut levels: HashMap<_, _> = levels.map(|level| ((level.product_id, level.warehouse_id), level)).collect();
        Ok(found.filter_map(|key| levels.remove(&parse_level(&key)?)))
    }

    /// The levels of one product, at most [`MAX_LEVELS_OF_PRODUCT`], and whether it has more. An organization with more
    /// warehouses than that finds them by the index, which can miss a level that was created a moment ago.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn of_product(&self, product: ProductId) -> Result<(Vec<LevelView>, bool), StoreError> {
        let query = Query::new(self.keys().catalogue(WAREHOUSE), MAX_LEVELS_OF_PRODUCT.saturating_add(1));
        let warehouses = self.table.beside_check(self.scope, self.table.query(&query)).await?;
        if warehouses.last.is_none() {
            let keys = self.keys_in(product, warehouse_ids(&warehouses.items));
            return Ok((self.read(&keys, Items::new(), None).await?, false));
        }
        let indexed = self.table.query(&self.query_of(product, MAX_LEVELS_OF_PRODUCT)).await?;
        let keys: Vec<Key> = indexed.items.iter().filter_map(Key::of).collect();
        Ok((self.read(&keys, Items::new(), None).await?, indexed.last.is_some()))
    }

    /// Reads levels, but for those that are at hand, together with what they are of, in the order of their keys; as of a
    /// moment, with their turning points in the ledger beside them.
    async fn read(
        &self,
        level_keys: &[Key],
        at_hand: Items,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<LevelView>, StoreError> {
        let keys = self.keys();
        let places: Vec<_> = level_keys.iter().filter_map(parse_level).collect();
        let mut wanted: Vec<Key> = level_keys.iter().filter(|key| !at_hand.contains_key(key)).cloned().collect();
        for (product, warehouse) in &places {
            wanted.extend([keys.product(*product), keys.warehouse(*warehouse)]);
        }
        let items = self.table.get_for(self.scope, &wanted);
        let past = as_of.map(|moment| Past { table: self.table, keys, moment });
        let (mut items, turns) = match past {
            None => (items.await?, Vec::new()),
            Some(past) => {
                let turns = places.iter().map(|(product, warehouse)| past.turn(*product, *warehouse));
                self.table.both(items, try_join_all(turns)).await?
            }
        };
        items.extend(at_hand);
        let mut levels = Vec::with_capacity(level_keys.len());
        for (index, key) in level_keys.iter().enumerate() {
            let Some(level) = items.get(key).map(StoredLevel::of).transpose()? else { continue };
            match (past, turns.get(index)) {
                (Some(past), Some(turn)) => levels.extend(past.turn_back(level, turn).await?),
                _ => levels.push(level),
            }
        }
        match past {
            Some(past) => past.show(&levels, &items).await,
            None => Ok(Names::of(keys, &levels, &items)?.show(&levels)),
        }
    }

    /// Whether a product has a level: in a warehouse that exists, strongly consistent; in one that was deleted, as the index
    /// shows, because a warehouse is deleted long after its last level was created.
    pub(crate) async fn exist_of(&self, product: ProductId) -> Result<bool, StoreError> {
        let warehouses = async {
            let keys = self.keys_in(product, self.warehouses().await?);
            self.table.get_settled(&keys).await
        };
        let query = self.query_of(product, 1);
        let (levels, indexed) = self.table.both(warehouses, self.table.query(&query)).await?;
        Ok(!levels.is_empty() || !indexed.items.is_empty())
    }

    /// The levels of a product that the index shows.
    fn query_of(&self, product: ProductId, examine: usize) -> Query {
        let range = Range::Prefix(format!("{product}#"));
        Query { range, ..Query::index(Index::Two, self.keys().levels(), examine) }
    }

    fn keys_in(&self, product: ProductId, warehouses: Vec<WarehouseId>) -> Vec<Key> {
        warehouses.into_iter().map(|warehouse| self.keys().level(product, warehouse)).collect()
    }

    /// All levels of a product or in a warehouse, strongly consistent.
    pub(crate) async fn stored(&self, held: Held) -> Result<Vec<StoredLevel>, StoreError> {
        match held {
            Held::OfProduct(product) => self.stored_of_product(product).await,
            Held::InWarehouse(warehouse) => self.stored_in_warehouse(warehouse).await,
        }
    }

    async fn warehouses(&self) -> Result<Vec<WarehouseId>, StoreError> {
        let query = Query::new(self.keys().catalogue(WAREHOUSE), i32::MAX as usize);
        Ok(warehouse_ids(&self.table.query_all(query).await?))
    }

    /// One look into every warehouse.
    async fn stored_of_product(&self, product: ProductId) -> Result<Vec<StoredLevel>, StoreError> {
        let keys = self.keys_in(product, self.warehouses().await?);
        let mut found = self.table.get(&keys).await?;
        // What is not there may be about to be: absence is asked for once more, behind whatever is being committed.
        let absent: Vec<Key> = keys.into_iter().filter(|key| !found.contains_key(key)).collect();
        found.extend(self.table.get_settled(&absent).await?);
        found.values().map(StoredLevel::of).collect()
    }

    async fn stored_in_warehouse(&self, warehouse: WarehouseId) -> Result<Vec<StoredLevel>, StoreError> {
        let query = Query::new(self.keys().stock(warehouse), i32::MAX as usize);
        self.table.query_all(query).await?.iter().map(StoredLevel::of).collect()
    }

    /// Does what a change of the minimum left undone, if it left anything.
    pub(crate) async fn finish_spreading(&self, product: ProductId) -> Result<(), StoreError> {
        let key = self.keys().product(product);
        let items = self.table.get(std::slice::from_ref(&key)).await?;
        match items.get(&key) {
            Some(item) if item.contains_key(SPREADING) => self.spread_minimum(product).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Gives every level of a product its new minimum. That the product has it is committed already, so no level can be
    /// made with the old one any more, and a strong look finds those that were. Each transaction checks that the minimum
    /// is still this one.
    pub(crate) async fn spread_minimum(&self, product: ProductId) -> Result<(), StoreError> {
        let keys = self.keys();
        let product_key = keys.product(product);
        let authority = Authority::Tenant(self.scope);
        let mut patience = Patience::new();
        loop {
            let items = self.table.get(std::slice::from_ref(&product_key)).await?;
            let Some(item) = items.get(&product_key) else {
                return Ok(());
            };
            let version = data::<Product>(item)?.version;
            let levels = self.stored_of_product(product).await?;
            for levels in levels.chunks(SPREAD_AT_ONCE) {
                let mut wanted: Vec<Key> = levels.iter().map(|level| level.key.clone()).collect();
                wanted.push(product_key.clone());
                self.table.change(authority, &wanted, |attempt| spread(attempt, keys, &wanted, &product_key)).await?;
            }
            let done = expression(format!("REMOVE #{SPREADING}"));
            if self.table.update(&product_key, &done, &version_is(version)).await?.0 == Conditional::Done {
                return Ok(());
            }
            patience.pause(&self.table.sources, "the minimum kept changing").await?;
        }
    }
}

fn warehouse_ids(items: &[Item]) -> Vec<WarehouseId> {
    items.iter().filter_map(|item| last_id(item.get("sk")?.as_s().ok()?)).collect()
}

fn spread(
    attempt: &Attempt<'_>,
    keys: OrganizationKeys,
    wanted: &[Key],
    product_key: &Key,
) -> Result<Decision<()>, StoreError> {
    let Some(item) = attempt.find(product_key) else {
        return Ok(Decision::Keep(()));
    };
    let product: Product = data(item)?;
    let minimum = product.details.min_stock_level;
    let mut change = Change::following(()).check(product_key, &version_is(product.version))?;
    let (mut is_needed, mut falls) = (false, false);
    for key in wanted.iter().filter(|key| *key != product_key) {
        let Some(level) = attempt.find(key).map(StoredLevel::of).transpose()? else {
            continue;
        };
        if level.record.min_stock_level != minimum {
            is_needed = true;
            let after = level.record.under(minimum, attempt.now);
            falls |= after.is_low() && !level.record.is_low();
            let item = after.item(keys, level.product, level.warehouse)?;
            change = change.put(item, &level.as_read())?;
        }
    }
    if falls {
        let (watch, mark, always) = mark(keys.0, attempt.now);
        change = change.update(&watch, &mark, &always)?;
    }
    Ok(if is_needed { change.into() } else { Decision::Keep(()) })
}
