//! `DELETE /purchase-requests/{id}`: delete a draft.

use stockroom_api::{Answer, ApiError, Operation, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::PurchaseRequestId;

pub(crate) async fn delete(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
) -> Result<Answer, ApiError> {
    store.purchase_requests(&scope).delete(id, version).await?;
    Ok(Answer::nothing())
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Delete a draft")
        .note("Those who wrote it, and admins.")
        .tells_nothing()
        .refuses(403, &["forbidden"])
        .conflicts(&["invalid_transition"]);
}
