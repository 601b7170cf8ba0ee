//! `GET /warehouses/{id}`: gets a warehouse.
//!
//! Tests: `tests/api/catalogue/warehouses.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope};

use crate::view::{WarehouseView, shown};

pub(crate) async fn get(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::WarehouseId>,
) -> Result<Answer, ApiError> {
    Ok(shown(scope.claim().organization, &store.warehouses(&scope).get(id).await?))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get a warehouse").shows::<WarehouseView<'_>>().versioned();
}
