//! Movements and levels as they are shown.

use serde::Serialize;
use stockroom_api::wire::{Number, PersonView};
use stockroom_domain::{
    id::{MovementId, ProductId, PurchaseRequestId, TransferId, WarehouseId},
    stock::Movement,
    text::{Notes, ProductName, Reference, Sku, WarehouseName},
    time::Timestamp,
};
use stockroom_store::{LevelView, RecordedMovement};

#[derive(Debug, Serialize)]
pub(crate) struct MovementView<'a> {
    id: MovementId,
    #[serde(rename = "type")]
    kind: &'static str,
    product_id: ProductId,
    warehouse_id: WarehouseId,
    quantity: Number,
    counted_quantity: Option<Number>,
    balance_after: Number,
    sequence: u64,
    reference: Option<&'a Reference>,
    notes: Option<&'a Notes>,
    transfer_id: Option<TransferId>,
    purchase_request_id: Option<PurchaseRequestId>,
    occurred_at: Timestamp,
    created_at: Timestamp,
    created_by: PersonView<'a>,
    /// The other leg, in the answer to recording a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    counterpart: Option<Box<MovementView<'a>>>,
}

impl<'a> From<&'a Movement> for MovementView<'a> {
    fn from(movement: &'a Movement) -> Self {
        Self {
            id: movement.id,
            kind: movement.kind.name(),
            product_id: movement.product_id,
            warehouse_id: movement.warehouse_id,
            quantity: movement.quantity.into(),
            counted_quantity: movement.counted_quantity.map(Number),
            balance_after: movement.balance_after.into(),
            sequence: movement.sequence,
            reference: movement.reference.as_ref(),
            notes: movement.notes.as_ref(),
            transfer_id: movement.transfer_id,
            purchase_request_id: movement.purchase_request_id,
            occurred_at: movement.occurred_at,
            created_at: movement.created_at,
            created_by: PersonView::from(&movement.created_by),
            counterpart: None,
        }
    }
}

impl<'a> From<&'a RecordedMovement> for MovementView<'a> {
    fn from(recorded: &'a RecordedMovement) -> Self {
        let counterpart = recorded.counterpart.as_ref().map(|leg| Box::new(MovementView::from(leg)));
        Self { counterpart, ..Self::from(&recorded.movement) }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct StockLevelView<'a> {
    product_id: ProductId,
    sku: &'a Sku,
    product_name: &'a ProductName,
    warehouse_id: WarehouseId,
    warehouse_name: &'a WarehouseName,
    on_hand: Number,
    min_stock_level: Number,
    updated_at: Timestamp,
}

impl<'a> From<&'a LevelView> for StockLevelView<'a> {
    fn from(level: &'a LevelView) -> Self {
        Self {
            product_id: level.product.id,
            sku: &level.product.details.sku,
            product_name: &level.product.details.name,
            warehouse_id: level.warehouse.id,
            warehouse_name: &level.warehouse.details.name,
            on_hand: level.on_hand.into(),
            min_stock_level: level.min_stock_level.into(),
            updated_at: level.updated_at,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct LowStockView<'a> {
    #[serde(flatten)]
    level: StockLevelView<'a>,
    /// How much is missing to the minimum.
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
