//! `PUT /users/{id}`: replace what can be set of a user: of anyone for admins, of oneself name and address.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::UserId;

use crate::{body::UserBody, view::shown};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
    Body(UserBody(change)): Body<UserBody>,
) -> Result<Answer, ApiError> {
    let profile = store.users(&scope).change(id, version, &change).await?;
    Ok(shown(scope.claim().organization, &profile))
}
