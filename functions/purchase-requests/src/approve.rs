//! `POST /purchase-requests/{id}/approve`: say yes.

use stockroom_api::{Answer, ApiError, Nothing, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Step};

use crate::{step::take, view::RequestView};

pub(crate) async fn approve(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    take(&store, &scope, id, version, Step::Approve).await
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Approve a request")
        .note("From SUBMITTED.")
        .shows::<RequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"])
        .leads("purchase_requests_mark_ordered", "id", "$response.body#/id")
        .leads("purchase_requests_cancel", "id", "$response.body#/id");
}
