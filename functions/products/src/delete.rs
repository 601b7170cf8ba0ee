//! `DELETE /products/{id}`: deletes a product without stock.
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
        .note(
            "A product with stock, or in an open purchase request, cannot be deleted: 409 `in_use`. Its history is \
             kept.",
        )
        .no_content()
        .conflicts(&["in_use"]);
}
