//! `DELETE /warehouses/{id}`: delete a warehouse that holds no stock.

use stockroom_api::{Answer, ApiError, Operation, PathId, Precondition, RequestStore, Scope};

pub(crate) async fn delete(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::WarehouseId>,
    Precondition(version): Precondition,
) -> Result<Answer, ApiError> {
    store.warehouses(&scope).delete(id, version).await?;
    Ok(Answer::nothing())
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Delete a warehouse")
        .note("While it holds stock it cannot be deleted. Its history stays.")
        .tells_nothing()
        .conflicts(&["in_use"]);
}
