//! `DELETE /users/me/sessions/{id}`: sign out elsewhere, or here.

use stockroom_api::{Answer, ApiError, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::SessionId;

pub(crate) async fn end_session(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<SessionId>,
    Precondition(version): Precondition,
) -> Result<Answer, ApiError> {
    store.users(&scope).end_session(id, version).await?;
    Ok(Answer::nothing())
}
