//! `POST /purchase-requests/{id}/reject`: say no, and why.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, purchasing::Step};

use crate::{body::Rejection, step::take};

pub(crate) async fn reject(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(Rejection(reason)): Body<Rejection>,
) -> Result<Answer, ApiError> {
    take(&store, &scope, id, version, Step::Reject(reason)).await
}
