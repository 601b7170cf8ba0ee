//! `POST /purchase-requests/{id}/approve`: approves a submitted request.
//!
//! Tests: `tests/api/purchasing/workflow.rs`. Publishes `purchase_request.approved`.

use stockroom_api::{Answer, ApiError, Nothing, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Transition};

use crate::{transition::apply, view::PurchaseRequestView};

pub(crate) async fn approve(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    apply(&store, &scope, id, version, Transition::Approve).await
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Approve a purchase request")
        .note("Requires status SUBMITTED.")
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"])
        .link("markPurchaseRequestOrdered", "id", "$response.body#/id")
        .link("cancelPurchaseRequest", "id", "$response.body#/id");
}
