//! `GET /purchase-requests/{id}`: gets a purchase request.
//!
//! Tests: `tests/api/purchasing/workflow.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope};
use stockroom_domain::id::PurchaseRequestId;

use crate::view::{PurchaseRequestView, shown};

pub(crate) async fn get(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
) -> Result<Answer, ApiError> {
    Ok(shown(scope.claim().organization, &store.purchase_requests(&scope).get(id).await?))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get a purchase request")
        .note("Staff can access only their own purchase requests.")
        .shows::<PurchaseRequestView<'_>>()
        .versioned();
}
