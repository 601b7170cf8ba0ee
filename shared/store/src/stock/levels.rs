//! Stock levels: one item for each product and warehouse, the sum of its ledger.

use std::collections::BTreeSet;

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

/// The levels of a list: already read, or their keys.
enum Listed {
    Levels(Vec<StoredLevel>),
    Keys(Vec<Key>),
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
            let level = self.read(Listed::Keys(vec![keys.level(product, warehouse)]), filter.as_of).await?.pop();
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
        if !shows_levels {
            return self.read_page(found.filter_map(|item| Key::of(&item)), filter.as_of).await;
        }
        let mut levels = Vec::with_capacity(found.items().len());
        let found = found.try_map(|item| {
            let level = StoredLevel::of(&item)?;
            let place = (level.product, level.warehouse);
            levels.push(level);
            Ok::<_, StoreError>(place)
        })?;
        Ok(in_order(found, self.read(Listed::Levels(levels), filter.as_of).await?))
    }

    /// A page of low levels, by the time they became low. It costs low levels only.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn low(&self, page: &PageRequest) -> Result<Page<LevelView>, StoreError> {
        let query = Query::index(Index::One, self.keys().low(), 0);
        let found = self.table.beside_check(self.scope, self.table.page(query, page)).await?;
        let found = found.filter_map(|item| Key::of(&item));
        let levels = self.read_page(found, None).await?;
        // The index may lag.
        Ok(levels.filter_map(|level| level.low_since.is_some().then_some(level)))
    }

    /// Reads the levels that a page names.
    async fn read_page(&self, found: Page<Key>, as_of: Option<Timestamp>) -> Result<Page<LevelView>, StoreError> {
        let mut keys = Vec::with_capacity(found.items().len());
        let found = found.filter_map(|key| {
            let place = parse_level(&key)?;
            keys.push(key);
            Some(place)
        });
        Ok(in_order(found, self.read(Listed::Keys(keys), as_of).await?))
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
            return Ok((self.read(Listed::Keys(keys), None).await?, false));
        }
        let indexed = self.table.query(&self.query_of(product, MAX_LEVELS_OF_PRODUCT)).await?;
        let keys: Vec<Key> = indexed.items.iter().filter_map(Key::of).collect();
        Ok((self.read(Listed::Keys(keys), None).await?, indexed.last.is_some()))
    }

    /// Reads the levels that are not yet read, with their products and warehouses, in the order of the list. As of a
    /// past time, it also reads their turning points in the ledger.
    async fn read(&self, listed: Listed, as_of: Option<Timestamp>) -> Result<Vec<LevelView>, StoreError> {
        let keys = self.keys();
        let (mut wanted, places): (_, Vec<_>) = match &listed {
            Listed::Keys(keys) => (keys.clone(), keys.iter().filter_map(parse_level).collect()),
            Listed::Levels(levels) => {
                (Vec::new(), levels.iter().map(|level| (level.product, level.warehouse)).collect())
            }
        };
        let (products, warehouses): (BTreeSet<_>, BTreeSet<_>) = places.iter().copied().unzip();
        wanted.extend(products.into_iter().map(|product| keys.product(product)));
        wanted.extend(warehouses.into_iter().map(|warehouse| keys.warehouse(warehouse)));
        let items = self.table.get_for(self.scope, &wanted);
        let past = as_of.map(|moment| Past { table: self.table, keys, moment });
        let (items, turns) = match past {
            None => (items.await?, Vec::new()),
            Some(past) => {
                let turns = places.iter().map(|(product, warehouse)| past.turn(*product, *warehouse));
                self.table.both(items, try_join_all(turns)).await?
            }
        };
        let levels: Vec<Option<StoredLevel>> = match listed {
            Listed::Levels(levels) => levels.into_iter().map(Some).collect(),
            Listed::Keys(keys) => {
                let levels = keys.iter().map(|key| items.get(key).map(StoredLevel::of).transpose());
                levels.collect::<Result<_, _>>()?
            }
        };
        let Some(past) = past else {
            let levels: Vec<_> = levels.into_iter().flatten().collect();
            return Ok(Names::of(keys, &levels, &items)?.show(&levels));
        };
        let mut past_levels = Vec::with_capacity(levels.len());
        for (level, turn) in levels.into_iter().zip(&turns) {
            if let Some(level) = level {
                past_levels.extend(past.turn_back(level, turn).await?);
            }
        }
        past.show(&past_levels, &items).await
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

/// The levels in the order of their places in the list. A place without a level is left out.
fn in_order(places: Page<(ProductId, WarehouseId)>, levels: Vec<LevelView>) -> Page<LevelView> {
    let mut levels = levels.into_iter().peekable();
    places.filter_map(|place| levels.next_if(|level| (level.product_id, level.warehouse_id) == place))
}

fn warehouse_ids(items: &[Item]) -> Vec<WarehouseId> {
    items.iter().filter_map(|item| last_id(item.get("sk")?.as_s().ok()?)).collect()
}
