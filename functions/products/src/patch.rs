//! `PATCH /products/{id}`: updates a product.
//!
//! Tests: `tests/api/catalogue/products.rs`, `tests/api/catalogue/units.rs`, `tests/api/stock/minimum.rs`. Publishes
//! `product.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};

use crate::{
    body::ProductPatch,
    view::{ProductView, shown},
};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::ProductId>,
    Precondition(version): Precondition,
    Body(patch): Body<ProductPatch>,
) -> Result<Answer, ApiError> {
    let product = store.products(&scope).change(id, version, |present| patch.apply(present)).await?;
    Ok(shown(scope.claim().organization, &product))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Update a product")
        .note(
            "`unit` cannot change and `decimal_places` cannot decrease after the first stock movement of the product, \
             or while the product is in an open purchase request: 409 `in_use`.",
        )
        .example(json!({"name": "Chai, 20 bags", "category": null}))
        .shows::<ProductView<'_>>()
        .versioned()
        .conflicts(&["duplicate_sku", "in_use"]);
}
