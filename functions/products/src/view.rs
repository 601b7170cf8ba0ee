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

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Product")]
pub(crate) struct ProductView<'a> {
    id: ProductId,
    org_id: OrganizationId,
    version: u64,
    sku: &'a Sku,
    name: &'a ProductName,
    description: Option<&'a Description>,
    category: Option<&'a Category>,
    unit: &'a Unit,
    #[schemars(with = "DecimalPlaces")]
    decimal_places: u16,
    min_stock_level: Number,
    reorder_quantity: Option<Number>,
    barcode: Option<&'a Barcode>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Only with `include=levels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<Vec<ProductLevel<'a>>>,
}

/// The stock level of the product in one warehouse.
#[derive(Debug, Serialize, JsonSchema)]
struct ProductLevel<'a> {
    warehouse_id: WarehouseId,
    warehouse_name: &'a WarehouseName,
    on_hand: Number,
    min_stock_level: Number,
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
