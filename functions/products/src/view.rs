//! JSON view of a product.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{Answer, wire::Number};
use stockroom_domain::{
    catalogue::{DecimalPlaces, Product},
    id::{OrganizationId, ProductId, WarehouseId},
    text::{Barcode, Category, Description, ProductName, Sku, Unit, WarehouseName},
    time::Timestamp,
};
use stockroom_store::LevelView;

/// A product: something that you keep in stock.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Product")]
pub(crate) struct ProductView<'a> {
    id: ProductId,
    /// Id of the organization that owns the resource.
    org_id: OrganizationId,
    /// Starts at 1 and rises by 1 with every change. Send it in `If-Match` to prevent lost updates.
    #[schemars(example = 3)]
    version: u64,
    sku: &'a Sku,
    name: &'a ProductName,
    /// Description of the product. Null if there is none.
    description: Option<&'a Description>,
    /// Category of the product. Null if it has none.
    category: Option<&'a Category>,
    unit: &'a Unit,
    #[schemars(with = "DecimalPlaces")]
    decimal_places: u16,
    /// Levels below this quantity, in any warehouse, are low. With 0 a level is never low.
    #[schemars(example = 10)]
    min_stock_level: Number,
    /// The usual quantity of an order, in `unit`. Null if there is none. Nothing is ordered automatically.
    #[schemars(example = 40)]
    reorder_quantity: Option<Number>,
    /// Barcode as a scanner reads it. Null if there is none. Several products can have the same one.
    barcode: Option<&'a Barcode>,
    /// Time when the product was created.
    #[schemars(example = &"2026-11-02T08:30:00.000Z")]
    created_at: Timestamp,
    /// Time of the last change of the product.
    updated_at: Timestamp,
    /// The levels of the product, one per warehouse that ever had stock of it. Only with `include=levels`; absent
    /// otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<Vec<ProductLevel<'a>>>,
}

/// The stock level of the product in one warehouse.
#[derive(Debug, Serialize, JsonSchema)]
struct ProductLevel<'a> {
    warehouse_id: WarehouseId,
    warehouse_name: &'a WarehouseName,
    /// The quantity in this warehouse, in the unit of the product.
    #[schemars(example = 28)]
    on_hand: Number,
    /// The minimum of the product. The level is low if `on_hand` is below it. It can lag a few moments behind a change
    /// of the product.
    #[schemars(example = 10)]
    min_stock_level: Number,
    /// Time of the last movement. A change of the minimum does not change it.
    updated_at: Timestamp,
}

impl<'a> ProductView<'a> {
    pub(crate) fn new(organization: OrganizationId, product: &'a Product) -> Self {
        let details = &product.details;
        Self {
            id: product.id,
            org_id: organization,
            version: product.version,
            sku: &details.sku,
            name: &details.name,
            description: details.description.as_ref(),
            category: details.category.as_ref(),
            unit: &details.unit,
            decimal_places: details.decimal_places.get(),
            min_stock_level: details.min_stock_level.into(),
            reorder_quantity: details.reorder_quantity.map(Number),
            barcode: details.barcode.as_ref(),
            created_at: product.created_at,
            updated_at: product.updated_at,
            levels: None,
        }
    }

    pub(crate) fn with_levels(self, levels: &'a [LevelView]) -> Self {
        let level = |level: &'a LevelView| ProductLevel {
            warehouse_id: level.warehouse_id,
            warehouse_name: &level.warehouse_name,
            on_hand: level.on_hand.into(),
            min_stock_level: level.min_stock_level.into(),
            updated_at: level.updated_at,
        };
        Self { levels: Some(levels.iter().map(level).collect()), ..self }
    }
}

/// Returns a response with a product and its `ETag`.
pub(crate) fn shown(organization: OrganizationId, product: &Product) -> Answer {
    Answer::ok(&ProductView::new(organization, product)).version(product.version)
}
