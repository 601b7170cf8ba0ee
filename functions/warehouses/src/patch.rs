//! `PATCH /warehouses/{id}`: updates a warehouse.
//!
//! Tests: `tests/api/catalogue/warehouses.rs`, `tests/api/catalogue/deletion.rs`. Publishes `warehouse.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};

use crate::{
    body::WarehousePatch,
    view::{WarehouseView, shown},
};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::WarehouseId>,
    Precondition(version): Precondition,
    Body(patch): Body<WarehousePatch>,
) -> Result<Answer, ApiError> {
    let warehouse = store.warehouses(&scope).change(id, version, |present| patch.apply(present)).await?;
    Ok(shown(scope.claim().organization, &warehouse))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Update a warehouse").example(json!({"capacity": 8000})).shows::<WarehouseView<'_>>().versioned();
}
