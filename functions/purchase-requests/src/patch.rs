//! `PATCH /purchase-requests/{id}`: change some of what a draft asks for; its lines are replaced as a whole.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::PurchaseRequestId;

use crate::{body::RequestPatch, view::shown};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(patch): Body<RequestPatch>,
) -> Result<Answer, ApiError> {
    let request = store.purchase_requests(&scope).revise(id, version, &patch.changes()).await?;
    Ok(shown(scope.claim().organization, &request))
}
