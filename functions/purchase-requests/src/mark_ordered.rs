//! `POST /purchase-requests/{id}/mark-ordered`: it was ordered.

use stockroom_api::{Answer, ApiError, Nothing, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Step};

use crate::{step::take, view::RequestView};

pub(crate) async fn mark_ordered(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    take(&store, &scope, id, version, Step::MarkOrdered).await
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Mark a request as ordered")
        .note("From APPROVED.")
        .shows::<RequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"])
        .leads("purchase_requests_receive", "id", "$response.body#/id")
        .leads("purchase_requests_close", "id", "$response.body#/id");
}
