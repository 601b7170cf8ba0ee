//! Names of products and warehouses in lists of levels.

use std::collections::{BTreeMap, btree_map::Entry};

use serde::Deserialize;
use stockroom_domain::{
    id::{ProductId, WarehouseId},
    quantity::Quantity,
    text::{ProductName, Sku, Unit, WarehouseName},
};

use crate::{
    dynamo::{item::data, table::Items},
    error::StoreError,
    keys::OrganizationKeys,
    stock::{level_records::StoredLevel, levels::LevelView},
};

/// The present names of products and warehouses. Each is read from its item once; deleted ones have none.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) products: BTreeMap<ProductId, Option<ProductNames>>,
    pub(crate) warehouses: BTreeMap<WarehouseId, Option<WarehouseNames>>,
}

/// The names of a product.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProductNames {
    sku: Sku,
    name: ProductName,
    unit: Unit,
    /// Read together with the names, because mails show it. Absent in old log entries.
    #[serde(default)]
    reorder_quantity: Option<Quantity>,
}

/// The name of a warehouse.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WarehouseNames {
    name: WarehouseName,
}

impl Names {
    pub(crate) fn of(keys: OrganizationKeys, levels: &[StoredLevel], items: &Items) -> Result<Self, StoreError> {
        let mut names = Self::default();
        for level in levels {
            if let Entry::Vacant(new) = names.products.entry(level.product) {
                new.insert(items.get(&keys.product(level.product)).map(data).transpose()?);
            }
            if let Entry::Vacant(new) = names.warehouses.entry(level.warehouse) {
                new.insert(items.get(&keys.warehouse(level.warehouse)).map(data).transpose()?);
            }
        }
        Ok(names)
    }

    /// Joins levels with their names. A level without names is left out.
    pub(crate) fn show(&self, levels: &[StoredLevel]) -> Vec<LevelView> {
        let show = |level: &StoredLevel| {
            let product = self.products.get(&level.product)?.clone()?;
            let warehouse = self.warehouses.get(&level.warehouse)?.clone()?;
            Some(LevelView {
                product_id: level.product,
                sku: product.sku,
                product_name: product.name,
                unit: product.unit,
                warehouse_id: level.warehouse,
                warehouse_name: warehouse.name,
                on_hand: level.record.balance().on_hand,
                min_stock_level: level.record.minimum(),
                updated_at: level.record.updated_at(),
                low_since: level.record.low_since(),
                reorder_quantity: product.reorder_quantity,
            })
        };
        levels.iter().filter_map(show).collect()
    }
}
