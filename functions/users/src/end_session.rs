//! `DELETE /users/me/sessions/{id}`: sign out elsewhere, or here.

use stockroom_api::{Answer, ApiError, Operation, PathId, Precondition, RequestStore, Scope};
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

pub(crate) fn contract(it: &mut Operation) {
    it.summary("End a session").note("A session has no version: If-Match with a tag is stale.").tells_nothing();
}
