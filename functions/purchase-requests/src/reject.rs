//! `POST /purchase-requests/{id}/reject`: say no, and why.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{
    id::PurchaseRequestId,
    purchasing::{PurchaseRequest, Step},
};

use crate::{body::Rejection, view::shown};

pub(crate) async fn reject(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(Rejection(reason)): Body<Rejection>,
) -> Result<Answer, ApiError> {
    let answer = |request: &PurchaseRequest| shown(scope.claim().organization, request);
    let requests = store.purchase_requests(&scope);
    let outcome = requests.take(id, version, &Step::Reject(reason), |request| answer(request).keep()).await?;
    Answer::of(outcome, answer)
}
