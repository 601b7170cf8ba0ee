//! `DELETE /purchase-requests/{id}`: deletes a draft.
//!
//! Tests: `tests/api/purchasing/drafts.rs`. Publishes `purchase_request.deleted`.

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

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Delete a draft")
        .note("Only the creator and admins can delete a draft.")
        .no_content()
        .refuses(403, &["forbidden"])
        .conflicts(&["invalid_transition"]);
}
