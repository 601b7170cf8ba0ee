//! `POST /purchase-requests/{id}/cancel`: cancel a request before it is ordered.
//!
//! Tests: `tests/api/purchasing/workflow.rs`. Publishes `purchase_request.cancelled`.

use stockroom_api::{Answer, ApiError, Nothing, Operation, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Step};

use crate::{step::take, view::RequestView};

pub(crate) async fn cancel(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    take(&store, &scope, id, version, Step::Cancel).await
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Cancel a request")
        .note("Staff see and change their own alone. From SUBMITTED or APPROVED.")
        .shows::<RequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"]);
}
