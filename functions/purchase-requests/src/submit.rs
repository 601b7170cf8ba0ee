//! `POST /purchase-requests/{id}/submit`: submits a draft for a decision.
//!
//! Tests: `tests/api/purchasing/workflow.rs`. Publishes `purchase_request.submitted`.

use stockroom_api::{Answer, ApiError, Nothing, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Transition};

use crate::{transition::apply, view::PurchaseRequestView};

pub(crate) async fn submit(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    apply(&store, &scope, id, version, Transition::Submit).await
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Submit a draft")
        .note("Staff can access only their own purchase requests.")
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"])
        .link("approvePurchaseRequest", "id", "$response.body#/id")
        .link("rejectPurchaseRequest", "id", "$response.body#/id")
        .link("cancelPurchaseRequest", "id", "$response.body#/id");
}
