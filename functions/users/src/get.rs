//! `GET /users/{id}`: oneself, or anyone for managers and admins.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope, wire::UserView};
use stockroom_domain::id::UserId;

use crate::view::shown;

pub(crate) async fn get(store: RequestStore, scope: Scope, PathId(id): PathId<UserId>) -> Result<Answer, ApiError> {
    Ok(shown(scope.claim().organization, &store.users(&scope).get(id).await?))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Get a user").shows::<UserView<'_>>().versioned();
}
