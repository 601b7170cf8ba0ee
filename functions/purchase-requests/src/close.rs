//! `POST /purchase-requests/{id}/close`: cancels the outstanding quantities of an order.
//!
//! Tests: `tests/api/purchasing/closing.rs`. Publishes `purchase_request.closed`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::PurchaseRequest};

use crate::{
    body::ClosingBody,
    view::{PurchaseRequestView, shown},
};

pub(crate) async fn close(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(ClosingBody(closing)): OptionalBody<ClosingBody>,
) -> Result<Answer, ApiError> {
    let answer = |request: &PurchaseRequest| shown(scope.claim().organization, request);
    let requests = store.purchase_requests(&scope);
    let outcome = requests.close(id, version, &closing, |request| answer(request).stored()).await?;
    Answer::of(outcome, answer)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Close an order")
        .note(
            "Requires status ORDERED. Cancels the outstanding quantity of every line, or of the listed lines. When no \
             line is open, the status becomes RECEIVED.",
        )
        .example(json!({"reason": "The supplier has no more."}))
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition", "line_complete"]);
}
