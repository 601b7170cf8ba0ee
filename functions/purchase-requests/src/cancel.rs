//! `POST /purchase-requests/{id}/cancel`: cancels a submitted or approved request.
//!
//! Tests: `tests/api/purchasing/workflow.rs`. Publishes `purchase_request.cancelled`.

use stockroom_api::{Answer, ApiError, Nothing, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Transition};

use crate::{transition::apply, view::PurchaseRequestView};

pub(crate) async fn cancel(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    apply(&store, &scope, id, version, Transition::Cancel).await
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Cancel a purchase request")
        .note("Cancels a request in status SUBMITTED or APPROVED. Staff can access only their own purchase requests.")
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"]);
}
