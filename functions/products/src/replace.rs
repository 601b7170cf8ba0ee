//! `PUT /products/{id}`: replaces the editable members of a product.
//!
//! Tests: `tests/api/catalogue/products.rs`, `tests/api/catalogue/units.rs`. Publishes `product.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};

use crate::{
    body::ProductBody,
    view::{ProductView, shown},
};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::ProductId>,
    Precondition(version): Precondition,
    Body(ProductBody(details)): Body<ProductBody>,
) -> Result<Answer, ApiError> {
    let product = store.products(&scope).change(id, version, |_| details.clone()).await?;
    Ok(shown(scope.claim().organization, &product))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Replace a product")
        .note(
            "`unit` cannot change and `decimal_places` cannot decrease after the \
             first stock movement of the product, or while the product is in an open purchase request: 409 `in_use`. \
             In these cases, send both unchanged.",
        )
        .example(json!({
            "sku": "NW-0001", "name": "Chai", "category": "Beverages", "unit": "box",
            "min_stock_level": 10, "reorder_quantity": 40,
        }))
        .shows::<ProductView<'_>>()
        .versioned()
        .conflicts(&["duplicate_sku", "in_use"]);
}
