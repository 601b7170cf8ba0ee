//! `POST /purchase-requests/{id}/reject`: rejects a submitted request with a reason.
//!
//! Tests: `tests/api/purchasing/workflow.rs`. Publishes `purchase_request.rejected`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Transition};

use crate::{body::Rejection, transition::apply, view::PurchaseRequestView};

pub(crate) async fn reject(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(Rejection { rejection_reason: reason }): Body<Rejection>,
) -> Result<Answer, ApiError> {
    apply(&store, &scope, id, version, Transition::Reject(reason)).await
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Reject a purchase request")
        .note("Requires status SUBMITTED.")
        .example(json!({"rejection_reason": "Too expensive. Ask the supplier for a discount."}))
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"]);
}
