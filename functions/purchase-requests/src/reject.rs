//! `POST /purchase-requests/{id}/reject`: reject a submitted request with a reason.
//!
//! Tests: `tests/api/purchasing/workflow.rs`. Publishes `purchase_request.rejected`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Step};

use crate::{body::Rejection, step::take, view::RequestView};

pub(crate) async fn reject(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(Rejection(reason)): Body<Rejection>,
) -> Result<Answer, ApiError> {
    take(&store, &scope, id, version, Step::Reject(reason)).await
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Reject a request")
        .note("From SUBMITTED.")
        .member("rejection_reason", "Why; its creator is told.")
        .example(json!({"rejection_reason": "Too dear"}))
        .shows::<RequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"]);
}
