//! `POST /purchase-requests/{id}/submit`: ask for a decision.

use stockroom_api::{Answer, ApiError, Nothing, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Step};

use crate::{step::take, view::RequestView};

pub(crate) async fn submit(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    take(&store, &scope, id, version, Step::Submit).await
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Submit a draft")
        .note("Staff see and change their own alone.")
        .shows::<RequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"])
        .leads("purchase_requests_approve", "id", "$response.body#/id")
        .leads("purchase_requests_reject", "id", "$response.body#/id")
        .leads("purchase_requests_cancel", "id", "$response.body#/id");
}
