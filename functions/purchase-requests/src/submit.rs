//! `POST /purchase-requests/{id}/submit`: ask for a decision.

use stockroom_api::{Answer, ApiError, Nothing, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{
    id::PurchaseRequestId,
    purchasing::{PurchaseRequest, Step},
};

use crate::view::shown;

pub(crate) async fn submit(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    let answer = |request: &PurchaseRequest| shown(scope.claim().organization, request);
    let requests = store.purchase_requests(&scope);
    let outcome = requests.take(id, version, &Step::Submit, |request| answer(request).keep()).await?;
    Answer::of(outcome, answer)
}
