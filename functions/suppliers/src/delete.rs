//! `DELETE /suppliers/{id}`: delete a supplier.

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

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Delete a supplier").tells_nothing();
}
