//! `DELETE /users/{id}`: delete somebody else.

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

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Delete a user")
        .note("Not oneself. The name stays in history, the address becomes free.")
        .tells_nothing()
        .conflicts(&["cannot_delete_self", "last_admin"]);
}
