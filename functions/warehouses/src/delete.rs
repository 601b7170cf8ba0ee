//! `DELETE /warehouses/{id}`: delete a warehouse that holds no stock.

use stockroom_api::{Answer, ApiError, PathId, Precondition, RequestStore, Scope};

pub(crate) async fn delete(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::WarehouseId>,
    Precondition(version): Precondition,
) -> Result<Answer, ApiError> {
    store.warehouses(&scope).delete(id, version).await?;
    Ok(Answer::nothing())
}
