//! `GET /users/me`: the caller.

use stockroom_api::{Answer, ApiError, Operation, RequestStore, Scope, wire::UserView};

use crate::view::shown;

pub(crate) async fn me(store: RequestStore, scope: Scope) -> Result<Answer, ApiError> {
    Ok(shown(scope.claim().organization, &store.users(&scope).me().await?))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Get oneself").shows::<UserView<'_>>().versioned().leads("users_get", "id", "$response.body#/id");
}
