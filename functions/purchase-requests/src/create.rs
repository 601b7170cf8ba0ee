//! `POST /purchase-requests`: write a draft.

use stockroom_api::{Answer, ApiError, Body, RequestStore, Scope};
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
