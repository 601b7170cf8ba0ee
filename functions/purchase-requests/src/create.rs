//! `POST /purchase-requests`: write a draft.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, RequestStore, Scope};
use stockroom_domain::purchasing::PurchaseRequest;

use crate::{body::RequestBody, view::RequestView};

pub(crate) async fn create(
    store: RequestStore,
    scope: Scope,
    Body(RequestBody(new)): Body<RequestBody>,
) -> Result<Answer, ApiError> {
    let created = |request: &PurchaseRequest| {
        let view = RequestView::new(scope.claim().organization, request);
        Answer::created(format!("/api/v1/purchase-requests/{}", request.id), &view).version(request.version)
    };
    let outcome = store.purchase_requests(&scope).add(&new, |request| created(request).keep()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Write a purchase request")
        .note("It begins as a draft.")
        .member("items", "1 to 40 lines, a product in one of them at most.")
        .member("estimated_price", "Of one unit.")
        .member("supplier_id", "From whom it should come.")
        .member("warehouse_id", "Where it should go.")
        .example(json!({"notes": "Before the holidays", "items": [{"product_id": "0190a5b4-7c3f-7d21-8a5e-3f1b2c4d5e6f", "quantity": 20, "estimated_price": "18.00"}]}))
        .creates::<RequestView<'_>>()
        .versioned()
        .leads("purchase_requests_get", "id", "$response.body#/id")
        .leads("purchase_requests_replace", "id", "$response.body#/id")
        .leads("purchase_requests_patch", "id", "$response.body#/id")
        .leads("purchase_requests_submit", "id", "$response.body#/id")
        .leads("purchase_requests_delete", "id", "$response.body#/id");
}
