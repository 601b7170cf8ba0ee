//! `PATCH /users/me`: change one's own name or address.

use stockroom_api::{Answer, ApiError, Body, Precondition, RequestStore, Scope};

use crate::{body::OwnPatch, view::shown};

pub(crate) async fn patch_me(
    store: RequestStore,
    scope: Scope,
    Precondition(version): Precondition,
    Body(OwnPatch(change)): Body<OwnPatch>,
) -> Result<Answer, ApiError> {
    let profile = store.users(&scope).change(scope.claim().user, version, &change).await?;
    Ok(shown(scope.claim().organization, &profile))
}
