//! JSON views of stock levels.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::wire::Number;
use stockroom_domain::{
    id::{ProductId, WarehouseId},
    text::{ProductName, Sku, Unit, WarehouseName},
    time::Timestamp,
};
use stockroom_store::LevelView;

/// The stock level of a product in a warehouse.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StockLevel")]
pub(crate) struct StockLevelView<'a> {
    /// The product of the level.
    product_id: ProductId,
    sku: &'a Sku,
    product_name: &'a ProductName,
    /// Unit of `on_hand` and `min_stock_level`.
    unit: &'a Unit,
    /// The warehouse of the level.
    warehouse_id: WarehouseId,
    warehouse_name: &'a WarehouseName,
    /// The quantity on hand, in `unit`. Never below 0.
    #[schemars(example = 28)]
    on_hand: Number,
    /// The minimum of the product. The level is low if `on_hand` is below it.
    #[schemars(example = 10)]
    min_stock_level: Number,
    /// Time of the last movement. A change of the minimum does not change it.
    updated_at: Timestamp,
}

impl<'a> From<&'a LevelView> for StockLevelView<'a> {
    fn from(level: &'a LevelView) -> Self {
        Self {
            product_id: level.product_id,
            sku: &level.sku,
            product_name: &level.product_name,
            unit: &level.unit,
            warehouse_id: level.warehouse_id,
            warehouse_name: &level.warehouse_name,
            on_hand: level.on_hand.into(),
            min_stock_level: level.min_stock_level.into(),
            updated_at: level.updated_at,
        }
    }
}

/// A stock level below its minimum.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LowStock")]
pub(crate) struct LowStockView<'a> {
    #[serde(flatten)]
    level: StockLevelView<'a>,
    /// `min_stock_level` minus `on_hand`. Null if it has more digits than a quantity can have.
    #[schemars(example = 4)]
    shortage: Option<Number>,
    /// Time when the level became low. Null if it is not known.
    #[schemars(example = &"2026-11-22T16:45:00.000Z")]
    since: Option<Timestamp>,
}

impl<'a> From<&'a LevelView> for LowStockView<'a> {
    fn from(level: &'a LevelView) -> Self {
        Self {
            level: StockLevelView::from(level),
            shortage: level.min_stock_level.minus(level.on_hand).map(Number),
            since: level.low_since,
        }
    }
}
