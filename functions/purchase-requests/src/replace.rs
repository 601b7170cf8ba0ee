//! `PUT /purchase-requests/{id}`: replaces the editable members of a draft.
//!
//! Tests: `tests/api/purchasing/drafts.rs`. Publishes `purchase_request.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, text::Notes};
use stockroom_store::PurchaseRequestChanges;

use crate::{
    body::PurchaseRequestBody,
    view::{PurchaseRequestView, shown},
};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(PurchaseRequestBody(new)): Body<PurchaseRequestBody>,
) -> Result<Answer, ApiError> {
    let changes = PurchaseRequestChanges { notes: |_: &Option<Notes>| new.notes.clone(), lines: Some(new.lines) };
    let request = store.purchase_requests(&scope).revise(id, version, &changes).await?;
    Ok(shown(scope.claim().organization, &request))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Replace a draft")
        .note("Staff can access only their own purchase requests.")
        .example(json!({
            "items": [{
                "product_id": "01a19b61-2f40-7d21-8a5e-3f1b2c4d5e6f",
                "quantity": 20,
                "estimated_price": "18.00",
            }],
        }))
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["invalid_transition"]);
}
