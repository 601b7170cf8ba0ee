//! `GET /purchase-requests/{id}`: one request.

use stockroom_api::{Answer, ApiError, PathId, RequestStore, Scope};
use stockroom_domain::id::PurchaseRequestId;

use crate::view::shown;

pub(crate) async fn get(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
) -> Result<Answer, ApiError> {
    Ok(shown(scope.claim().organization, &store.purchase_requests(&scope).get(id).await?))
}
