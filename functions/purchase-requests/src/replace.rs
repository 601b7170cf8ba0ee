//! `PUT /purchase-requests/{id}`: replace what a draft asks for.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::{id::PurchaseRequestId, text::Notes};
use stockroom_store::RequestChanges;

use crate::{body::RequestBody, view::shown};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<PurchaseRequestId>,
    Precondition(version): Precondition,
    Body(RequestBody(new)): Body<RequestBody>,
) -> Result<Answer, ApiError> {
    let changes = RequestChanges { notes: |_: &Option<Notes>| new.notes.clone(), lines: Some(new.lines) };
    let request = store.purchase_requests(&scope).revise(id, version, &changes).await?;
    Ok(shown(scope.claim().organization, &request))
}
