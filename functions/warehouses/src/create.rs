//! `POST /warehouses`: creates a warehouse.
//!
//! Tests: `tests/api/catalogue/warehouses.rs`. Publishes `warehouse.created`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, RequestStore, Scope};
use stockroom_domain::catalogue::Warehouse;

use crate::{body::WarehouseBody, view::WarehouseView};

pub(crate) async fn create(
    store: RequestStore,
    scope: Scope,
    Body(WarehouseBody(details)): Body<WarehouseBody>,
) -> Result<Answer, ApiError> {
    let created = |warehouse: &Warehouse| {
        let view = WarehouseView::new(scope.claim().organization, warehouse);
        Answer::created(format!("/api/v1/warehouses/{}", warehouse.id), &view).version(warehouse.version)
    };
    let outcome = store.warehouses(&scope).add(&details, |warehouse| created(warehouse).stored()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Create a warehouse")
        .example(json!({"name": "Main", "location": "London", "capacity": 5000}))
        .creates::<WarehouseView<'_>>()
        .versioned()
        .link("getWarehouse", "id", "$response.body#/id")
        .link("updateWarehouse", "id", "$response.body#/id")
        .link("deleteWarehouse", "id", "$response.body#/id")
        .link("listStockLevels", "warehouse_id", "$response.body#/id");
}
