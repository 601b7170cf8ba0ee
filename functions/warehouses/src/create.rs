//! `POST /warehouses`: add a warehouse.

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
    let outcome = store.warehouses(&scope).add(&details, |warehouse| created(warehouse).keep()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Add a warehouse")
        .member("capacity", "How much it holds, in whatever its people count.")
        .example(json!({"name": "Main", "location": "London", "capacity": 5000}))
        .creates::<WarehouseView<'_>>()
        .versioned()
        .leads("warehouses_get", "id", "$response.body#/id")
        .leads("warehouses_patch", "id", "$response.body#/id")
        .leads("warehouses_delete", "id", "$response.body#/id")
        .leads("stock_movements_levels", "warehouse_id", "$response.body#/id");
}
