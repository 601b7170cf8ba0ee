//! `DELETE /products/{id}`: delete a product of which there is no stock.

use stockroom_api::{Answer, ApiError, PathId, Precondition, RequestStore, Scope};

pub(crate) async fn delete(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::ProductId>,
    Precondition(version): Precondition,
) -> Result<Answer, ApiError> {
    store.products(&scope).delete(id, version).await?;
    Ok(Answer::nothing())
}
