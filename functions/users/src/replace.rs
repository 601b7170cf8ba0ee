//! `PUT /users/{id}`: replace what can be set of a user: of anyone for admins, of oneself name and address.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope, wire::UserView};
use stockroom_domain::id::UserId;

use crate::{body::UserBody, view::shown};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
    Body(UserBody(change)): Body<UserBody>,
) -> Result<Answer, ApiError> {
    let profile = store.users(&scope).change(id, version, &change).await?;
    Ok(shown(scope.claim().organization, &profile))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Replace a user")
        .note("About oneself, role and status have to stay as they are.")
        .example(json!({"email": "sam@initech.example", "full_name": "Sam Smith", "role": "MANAGER"}))
        .shows::<UserView<'_>>()
        .versioned()
        .conflicts(&["duplicate_email", "last_admin"]);
}
