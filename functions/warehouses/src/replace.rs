//! `PUT /warehouses/{id}`: replaces the editable members of a warehouse.
//!
//! Tests: `tests/api/catalogue/warehouses.rs`. Publishes `warehouse.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};

use crate::{
    body::WarehouseBody,
    view::{WarehouseView, shown},
};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::WarehouseId>,
    Precondition(version): Precondition,
    Body(WarehouseBody(details)): Body<WarehouseBody>,
) -> Result<Answer, ApiError> {
    let warehouse = store.warehouses(&scope).change(id, version, |_| details.clone()).await?;
    Ok(shown(scope.claim().organization, &warehouse))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Replace a warehouse")
        .example(json!({"name": "Main", "location": "London", "capacity": 5000}))
        .shows::<WarehouseView<'_>>()
        .versioned();
}
