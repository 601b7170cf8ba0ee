//! `DELETE /users/{id}`: deletes another user.
//!
//! Tests: `tests/api/people/users.rs`. Publishes `user.deleted`.

use stockroom_api::{Answer, ApiError, Operation, PathId, Precondition, RequestStore, Scope};
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

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Delete a user")
        .note(
            "Admins cannot delete themselves. The user's name stays in the history; the e-mail address becomes \
             available again.",
        )
        .no_content()
        .conflicts(&["cannot_delete_self", "last_admin"]);
}
