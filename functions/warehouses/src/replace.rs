//! `PUT /warehouses/{id}`: replace what people set of a warehouse.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};

use crate::{body::WarehouseBody, view::shown};

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
