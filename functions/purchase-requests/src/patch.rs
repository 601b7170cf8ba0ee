//! `PATCH /purchase-requests/{id}`: updates a draft. `items` replaces all lines.
//!
//! Tests: `tests/api/purchasing/drafts.rs`. Publishes `purchase_request.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::PurchaseRequestId;

use crate::{
    body::PurchaseRequestPatch,
    view::{PurchaseRequestView, shown},
};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(patch): Body<PurchaseRequestPatch>,
) -> Result<Answer, ApiError> {
    let request = store.purchase_requests(&scope).revise(id, version, &patch.changes()).await?;
    Ok(shown(scope.claim().organization, &request))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Update a draft")
        .note("Staff can access only their own purchase requests. `items` replaces all lines.")
        .example(json!({"notes": "Before the holidays, by 15 December"}))
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"]);
}
