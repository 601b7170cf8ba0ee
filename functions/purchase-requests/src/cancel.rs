//! `POST /purchase-requests/{id}/cancel`: give it up before it is ordered.

use stockroom_api::{Answer, ApiError, Nothing, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Step};

use crate::step::take;

pub(crate) async fn cancel(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    take(&store, &scope, id, version, Step::Cancel).await
}
