//! `POST /purchase-requests/{id}/submit`: ask for a decision.

use stockroom_api::{Answer, ApiError, Nothing, OptionalBody, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Step};

use crate::step::take;

pub(crate) async fn submit(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    take(&store, &scope, id, version, Step::Submit).await
}
