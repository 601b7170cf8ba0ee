//! `POST /warehouses`: add a warehouse.

use stockroom_api::{Answer, ApiError, Body, RequestStore, Scope};
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
