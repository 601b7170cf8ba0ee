//! `POST /purchase-requests/{id}/receive`: records a receipt of ordered goods.
//!
//! Tests: `tests/api/purchasing/receiving.rs`. Publishes `purchase_request.received`, `stock.moved` and `stock.low`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::PurchaseRequest};

use crate::{
    body::ReceiptBody,
    view::{PurchaseRequestView, shown},
};

pub(crate) async fn receive(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(ReceiptBody(receipt)): Body<ReceiptBody>,
) -> Result<Answer, ApiError> {
    let answer = |request: &PurchaseRequest| shown(scope.claim().organization, request);
    let requests = store.purchase_requests(&scope);
    let outcome = requests.receive(id, version, &receipt, |request| answer(request).stored()).await?;
    Answer::of(outcome, answer)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Receive goods")
        .note(
            "Requires status ORDERED. Records stock movements for the received goods. When no line is open, the \
             status becomes RECEIVED. A line cannot receive more than its outstanding quantity.",
        )
        .example(json!({
            "items": [{
                "item_id": "01a19b61-2f40-71a4-a350-5ee8fb66d22f",
                "warehouse_id": "01a19b4e-dfc0-7a10-9c7b-5a6d7e8f9a0b",
                "quantity": 5,
            }],
        }))
        .shows::<PurchaseRequestView<'_>>()
        .versioned()
        .conflicts(&["exceeds_order", "invalid_transition", "level_out_of_range"])
        .link("closePurchaseRequest", "id", "$response.body#/id");
}
