//! `GET /users/{id}`: gets a user: the caller, or any user for managers and admins.
//!
//! Tests: `tests/api/people/users.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope, wire::UserView};
use stockroom_domain::id::UserId;

use crate::view::shown;

pub(crate) async fn get(store: RequestStore, scope: Scope, PathId(id): PathId<UserId>) -> Result<Answer, ApiError> {
    Ok(shown(scope.claim().organization, &store.users(&scope).get(id).await?))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get a user").shows::<UserView<'_>>().versioned();
}
