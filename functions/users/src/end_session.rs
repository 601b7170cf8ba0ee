//! `DELETE /users/me/sessions/{id}`: ends one of the caller's sessions.
//!
//! Tests: `tests/api/people/sessions.rs`. Publishes no event.

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

pub(crate) fn describe(op: &mut Operation) {
    op.summary("End one of your sessions")
        .note("A session has no version, so `If-Match` with a tag always fails with 412.")
        .no_content();
}
