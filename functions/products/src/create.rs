//! `POST /products`: creates a product.
//!
//! Tests: `tests/api/catalogue/products.rs`, `tests/api/catalogue/barcodes.rs`. Publishes `product.created`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, RequestStore, Scope};
use stockroom_domain::catalogue::Product;

use crate::{body::ProductBody, view::ProductView};

pub(crate) async fn create(
    store: RequestStore,
    scope: Scope,
    Body(ProductBody(details)): Body<ProductBody>,
) -> Result<Answer, ApiError> {
    let created = |product: &Product| {
        let view = ProductView::new(scope.claim().organization, product);
        Answer::created(format!("/api/v1/products/{}", product.id), &view).version(product.version)
    };
    let outcome = store.products(&scope).add(&details, |product| created(product).stored()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Create a product")
        .example(json!({
            "sku": "NW-0001", "name": "Chai", "category": "Beverages", "unit": "box",
            "min_stock_level": 10, "reorder_quantity": 40,
        }))
        .creates::<ProductView<'_>>()
        .versioned()
        .conflicts(&["duplicate_sku"])
        .link("getProduct", "id", "$response.body#/id")
        .link("updateProduct", "id", "$response.body#/id")
        .link("deleteProduct", "id", "$response.body#/id")
        .link("listStockLevels", "product_id", "$response.body#/id");
}
