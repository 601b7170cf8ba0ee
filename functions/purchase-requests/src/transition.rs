//! The transitions of a purchase request between statuses that change no lines.

use stockroom_api::{Answer, ApiError, RequestStore, Scope};
use stockroom_domain::{
    id::PurchaseRequestId,
    purchasing::{PurchaseRequest, Transition},
};

use crate::view::shown;

/// Applies a transition and returns the request, or the stored response.
pub(crate) async fn apply(
    store: &RequestStore,
    scope: &Scope,
    id: PurchaseRequestId,
    version: Option<u64>,
    transition: Transition,
) -> Result<Answer, ApiError> {
    let answer = |request: &PurchaseRequest| shown(scope.claim().organization, request);
    let outcome =
        store.purchase_requests(scope).apply(id, version, &transition, |request| answer(request).stored()).await?;
    Answer::of(outcome, answer)
}
