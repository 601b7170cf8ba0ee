//! What all steps of a request have in common.

use stockroom_api::{Answer, ApiError, RequestStore, Scope};
use stockroom_domain::{
    id::PurchaseRequestId,
    purchasing::{PurchaseRequest, Step},
};

use crate::view::shown;

/// Takes a request a step on and shows it, or what a first attempt was answered.
pub(crate) async fn take(
    store: &RequestStore,
    scope: &Scope,
    id: PurchaseRequestId,
    version: Option<u64>,
    step: Step,
) -> Result<Answer, ApiError> {
    let answer = |request: &PurchaseRequest| shown(scope.claim().organization, request);
    let outcome = store.purchase_requests(scope).apply(id, version, &step, |request| answer(request).stored()).await?;
    Answer::of(outcome, answer)
}
