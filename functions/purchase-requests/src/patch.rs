//! `PATCH /purchase-requests/{id}`: change some members of a draft; its lines are replaced as a whole.
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
    op.summary("Change a draft")
        .note("Staff see and change their own alone. Lines are replaced as a whole.")
        .member("items", "1 to 40 lines, a product in one of them at most.")
        .member("estimated_price", "Of one unit.")
        .member("supplier_id", "From whom it should come.")
        .member("warehouse_id", "Where it should go.")
        .example(json!({"notes": null}))
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"]);
}
