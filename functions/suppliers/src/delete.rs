//! `DELETE /suppliers/{id}`: deletes a supplier.
//!
//! Tests: `tests/api/catalogue/suppliers.rs`. Publishes `supplier.deleted`.

use stockroom_api::{Answer, ApiError, Operation, PathId, Precondition, RequestStore, Scope};

pub(crate) async fn delete(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::SupplierId>,
    Precondition(version): Precondition,
) -> Result<Answer, ApiError> {
    store.suppliers(&scope).delete(id, version).await?;
    Ok(Answer::nothing())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Delete a supplier").no_content();
}
