//! `DELETE /warehouses/{id}`: deletes a warehouse without stock.
//!
//! Tests: `tests/api/catalogue/deletion.rs`, `tests/api/catalogue/warehouses.rs`. Publishes `warehouse.deleted`.

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

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Delete a warehouse")
        .note("A warehouse with stock cannot be deleted: 409 `in_use`. Its history is kept.")
        .no_content()
        .conflicts(&["in_use"]);
}
