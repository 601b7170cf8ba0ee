//! `PATCH /warehouses/{id}`: change some of what people set of a warehouse.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};

use crate::{body::WarehousePatch, view::shown};

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
