//! Stock levels: one item for each product and warehouse, the sum of its ledger.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use stockroom_domain::{
    id::{ProductId, WarehouseId},
    quantity::Quantity,
    text::{ProductName, Sku, Unit, WarehouseName},
    time::Timestamp,
};

use crate::{
    dynamo::{
        item::Item,
        key::{Index, Key},
        page::{Page, PageRequest},
        query::{Query, Range},
        table::Items,
    },
    error::StoreError,
    keys::{OrganizationKeys, WAREHOUSE, last_id, parse_level},
    stock::{
        level_records::{Held, StoredLevel},
        names::Names,
        past::Past,
    },
    write::{access::Table, scope::TenantScope},
};

/// The most levels that a response shows with their product.
pub const MAX_LEVELS_OF_PRODUCT: usize = 1_000;

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
    /// When its last movement was recorded.
    pub updated_at: Timestamp,
    /// When it fell below its minimum.
    pub low_since: Option<Timestamp>,
    /// The usual quantity of an order of its product.
    pub reorder_quantity: Option<Quantity>,
}

/// Filters of a list of levels.
#[derive(Debug, Clone, Copy, Default)]
pub struct LevelFilter {
    pub product: Option<ProductId>,
    pub warehouse: Option<WarehouseId>,
    /// As recorded at that time, including movements of that time.
    pub as_of: Option<Timestamp>,
}

/// See [`crate::Store::levels`].
#[derive(Debug, Clone, Copy)]
pub struct Levels<'a> {
    pub(crate) table: &'a Table,
    pub(crate) scope: &'a TenantScope,
}

impl<'a> Levels<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope }
    }

    pub(crate) fn keys(&self) -> OrganizationKeys {
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
        // An index has the key of a level and nothing else.
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

    /// A page of low levels, by the time they became low. It costs low levels only.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn low(&self, page: &PageRequest) -> Result<Page<LevelView>, StoreError> {
        let query = Query::index(Index::One, self.keys().low(), 0);
        let found = self.table.beside_check(self.scope, self.table.page(query, page)).await?;
        let found = found.filter_map(|item| Key::of(&item));
        let levels = self.read_page(found, Items::new(), None).await?;
        // The index may lag.
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

    /// Reads the levels that are not yet read, with their products and warehouses, in the order of their keys. As of
    /// a past time, it also reads their turning points in the ledger.
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

    /// Whether a product has a level. The read is strongly consistent in existing warehouses. Deleted warehouses are
    /// read from the index: their last level is much older.
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
    pub(crate) async fn stored_of_product(&self, product: ProductId) -> Result<Vec<StoredLevel>, StoreError> {
        let keys = self.keys_in(product, self.warehouses().await?);
        let mut found = self.table.get(&keys).await?;
        // A missing level may be in a commit in progress: a settled read waits for it.
        let absent: Vec<Key> = keys.into_iter().filter(|key| !found.contains_key(key)).collect();
        found.extend(self.table.get_settled(&absent).await?);
        found.values().map(StoredLevel::of).collect()
    }

    async fn stored_in_warehouse(&self, warehouse: WarehouseId) -> Result<Vec<StoredLevel>, StoreError> {
        let query = Query::new(self.keys().stock(warehouse), i32::MAX as usize);
        self.table.query_all(query).await?.iter().map(StoredLevel::of).collect()
    }
}

fn warehouse_ids(items: &[Item]) -> Vec<WarehouseId> {
    items.iter().filter_map(|item| last_id(item.get("sk")?.as_s().ok()?)).collect()
}
