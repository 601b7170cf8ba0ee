//! `POST /purchase-requests`: creates a draft.
//!
//! Tests: `tests/api/purchasing/drafts.rs`. Publishes `purchase_request.created`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, RequestStore, Scope};
use stockroom_domain::purchasing::PurchaseRequest;

use crate::{body::PurchaseRequestBody, view::PurchaseRequestView};

pub(crate) async fn create(
    store: RequestStore,
    scope: Scope,
    Body(PurchaseRequestBody(new)): Body<PurchaseRequestBody>,
) -> Result<Answer, ApiError> {
    let created = |request: &PurchaseRequest| {
        let view = PurchaseRequestView::new(scope.claim().organization, request);
        Answer::created(format!("/api/v1/purchase-requests/{}", request.id), &view).version(request.version)
    };
    let outcome = store.purchase_requests(&scope).add(&new, |request| created(request).stored()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Create a purchase request")
        .note("The purchase request starts as a draft.")
        .example(json!({
            "notes": "Before the holidays",
            "items": [{
                "product_id": "01a19b61-2f40-7d21-8a5e-3f1b2c4d5e6f",
                "quantity": 20,
                "estimated_price": "18.00",
            }],
        }))
        .creates::<PurchaseRequestView<'_>>()
        .versioned()
        .link("getPurchaseRequest", "id", "$response.body#/id")
        .link("replacePurchaseRequest", "id", "$response.body#/id")
        .link("updatePurchaseRequest", "id", "$response.body#/id")
        .link("submitPurchaseRequest", "id", "$response.body#/id")
        .link("deletePurchaseRequest", "id", "$response.body#/id");
}
