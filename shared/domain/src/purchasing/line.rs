//! Lines of purchase requests.

use serde::{Deserialize, Serialize};

use crate::{
    id::{ProductId, PurchaseRequestItemId, SupplierId, WarehouseId},
    money::{Cost, Money},
    quantity::Quantity,
    text::{ProductName, Sku, SupplierName, Unit, WarehouseName},
};

/// A line of a purchase request: a quantity of a product. It keeps the names of product, supplier and warehouse as
/// they were when it was written. Lines that earlier programs wrote have no unit and no names of supplier and
/// warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseRequestItem {
    pub id: PurchaseRequestItemId,
    pub product_id: ProductId,
    pub sku: Sku,
    pub product_name: ProductName,
    #[serde(default)]
    pub unit: Option<Unit>,
    pub quantity: Quantity,
    /// The received quantity; never more than `quantity`.
    pub received_quantity: Quantity,
    /// The cancelled quantity; together with the received quantity never more than `quantity`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cancelled_quantity: Quantity,
    /// For one unit.
    pub estimated_price: Option<Money>,
    pub supplier_id: Option<SupplierId>,
    #[serde(default)]
    pub supplier_name: Option<SupplierName>,
    /// The warehouse that needs it.
    pub warehouse_id: Option<WarehouseId>,
    #[serde(default)]
    pub warehouse_name: Option<WarehouseName>,
    /// Whether its product no longer counts it while the request is open. Lines that were complete before lines
    /// released their products do so at the end of the request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
}

fn is_zero(quantity: &Quantity) -> bool {
    *quantity == Quantity::ZERO
}

impl PurchaseRequestItem {
    /// The outstanding quantity. No receipt leaves one that has more digits than a quantity.
    #[must_use]
    pub fn outstanding(&self) -> Quantity {
        self.rest_after(self.received_quantity).unwrap_or_default()
    }

    /// The outstanding quantity after this receipt; `None` if it has more digits than a quantity.
    pub(super) fn rest_after(&self, received: Quantity) -> Option<Quantity> {
        self.quantity.minus(received.plus(self.cancelled_quantity)?)
    }

    /// Its estimated cost, for the requested quantity and not for the received one. `None` without an estimated price.
    #[must_use]
    pub fn estimate(&self) -> Option<Cost> {
        self.estimated_price.map(|price| price.times(self.quantity))
    }

    /// Whether it has an outstanding quantity.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.outstanding().is_positive()
    }

    /// Cancels the outstanding quantity.
    pub(super) fn close(&mut self) {
        self.cancelled_quantity = self.cancelled_quantity.plus(self.outstanding()).unwrap_or(self.cancelled_quantity);
        self.released = true;
    }
}

/// A line as the caller requests it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    pub product: ProductId,
    pub quantity: Quantity,
    pub estimated_price: Option<Money>,
    pub supplier: Option<SupplierId>,
    pub warehouse: Option<WarehouseId>,
}

/// A received quantity of a line, and its warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedLine {
    pub item: PurchaseRequestItemId,
    /// By default, the warehouse of the line.
    pub warehouse: Option<WarehouseId>,
    /// By default, the outstanding quantity of the line.
    pub quantity: Option<Quantity>,
}
