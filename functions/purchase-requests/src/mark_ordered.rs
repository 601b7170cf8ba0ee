//! `POST /purchase-requests/{id}/mark-ordered`: marks an approved request as ordered.
//!
//! Tests: `tests/api/purchasing/workflow.rs`. Publishes `purchase_request.ordered`.

use stockroom_api::{Answer, ApiError, Nothing, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Transition};

use crate::{transition::apply, view::PurchaseRequestView};

pub(crate) async fn mark_ordered(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    apply(&store, &scope, id, version, Transition::MarkOrdered).await
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Mark a purchase request as ordered")
        .note("Requires status APPROVED.")
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"])
        .link("receivePurchaseRequest", "id", "$response.body#/id")
        .link("closePurchaseRequest", "id", "$response.body#/id");
}
