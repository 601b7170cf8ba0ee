//! `POST /purchase-requests/{id}/receive`: goods arrived.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::PurchaseRequest};

use crate::{body::ReceiptBody, view::shown};

pub(crate) async fn receive(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(ReceiptBody(receipt)): Body<ReceiptBody>,
) -> Result<Answer, ApiError> {
    let answer = |request: &PurchaseRequest| shown(scope.claim().organization, request);
    let requests = store.purchase_requests(&scope);
    let outcome = requests.receive(id, version, &receipt, |request| answer(request).keep()).await?;
    Answer::of(outcome, answer)
}
