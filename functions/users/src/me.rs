//! `GET /users/me`: gets the caller.
//!
//! Tests: `tests/api/people/users.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, RequestStore, Scope};

use crate::view::{OwnUserView, shown_to_oneself};

pub(crate) async fn me(store: RequestStore, scope: Scope) -> Result<Answer, ApiError> {
    Ok(shown_to_oneself(scope.claim().organization, &store.users(&scope).me().await?))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get your own account").shows::<OwnUserView<'_>>().versioned().link(
        "getUser",
        "id",
        "$response.body#/id",
    );
}
