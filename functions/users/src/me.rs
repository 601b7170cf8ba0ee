//! `GET /users/me`: the caller.

use stockroom_api::{Answer, ApiError, RequestStore, Scope};

use crate::view::shown;

pub(crate) async fn me(store: RequestStore, scope: Scope) -> Result<Answer, ApiError> {
    Ok(shown(scope.claim().organization, &store.users(&scope).me().await?))
}
