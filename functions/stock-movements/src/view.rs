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

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StockLevel")]
pub(crate) struct StockLevelView<'a> {
    product_id: ProductId,
    sku: &'a Sku,
    product_name: &'a ProductName,
    /// Unit of the product's quantities.
    unit: &'a Unit,
    warehouse_id: WarehouseId,
    warehouse_name: &'a WarehouseName,
    on_hand: Number,
    min_stock_level: Number,
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

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LowStock")]
pub(crate) struct LowStockView<'a> {
    #[serde(flatten)]
    level: StockLevelView<'a>,
    /// The quantity missing to `min_stock_level`.
    shortage: Option<Number>,
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
