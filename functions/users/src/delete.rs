//! `DELETE /users/{id}`: delete somebody else.

use stockroom_api::{Answer, ApiError, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::UserId;

pub(crate) async fn delete(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
) -> Result<Answer, ApiError> {
    store.users(&scope).delete(id, version).await?;
    Ok(Answer::nothing())
}
