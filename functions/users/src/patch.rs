//! `PATCH /users/{id}`: change some of what can be set of a user: of anyone for admins, of oneself name and address.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope, wire::UserView};
use stockroom_domain::id::UserId;

use crate::{body::UserPatch, view::shown};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
    Body(UserPatch(change)): Body<UserPatch>,
) -> Result<Answer, ApiError> {
    let profile = store.users(&scope).change(id, version, &change).await?;
    Ok(shown(scope.claim().organization, &profile))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Change a user")
        .note("About oneself, name and address. A change of role or status takes effect on the user's next request.")
        .example(json!({"role": "MANAGER"}))
        .shows::<UserView<'_>>()
        .versioned()
        .conflicts(&["duplicate_email", "last_admin"]);
}
