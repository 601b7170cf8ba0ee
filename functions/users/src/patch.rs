//! `PATCH /users/{id}`: change some of what can be set of a user: of anyone for admins, of oneself name and address.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::UserId;

use crate::{body::UserPatch, view::shown};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
    Body(UserPatch(change)): Body<UserPatch>,
) -> Result<Answer, ApiError> {
    let profile = store.users(&scope).change(id, version, &change).await?;
    Ok(shown(scope.claim().organization, &profile))
}
