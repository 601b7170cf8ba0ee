//! `DELETE /products/{id}`: delete a product without stock.
//!
//! Tests: `tests/api/catalogue/deletion.rs`. Publishes `product.deleted`.

use stockroom_api::{Answer, ApiError, Operation, PathId, Precondition, RequestStore, Scope};

pub(crate) async fn delete(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::ProductId>,
    Precondition(version): Precondition,
) -> Result<Answer, ApiError> {
    store.products(&scope).delete(id, version).await?;
    Ok(Answer::nothing())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Delete a product")
        .note("With stock, or while an open purchase request names it, it cannot be deleted. Its history stays.")
        .no_content()
        .conflicts(&["in_use"]);
}
