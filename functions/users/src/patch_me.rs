//! `PATCH /users/me`: change one's own name or address.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, Precondition, RequestStore, Scope, wire::UserView};

use crate::{body::OwnPatch, view::shown};

pub(crate) async fn patch_me(
    store: RequestStore,
    scope: Scope,
    Precondition(version): Precondition,
    Body(OwnPatch(change)): Body<OwnPatch>,
) -> Result<Answer, ApiError> {
    let profile = store.users(&scope).change(scope.claim().user, version, &change).await?;
    Ok(shown(scope.claim().organization, &profile))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Change oneself")
        .example(json!({"full_name": "Sam Smith"}))
        .shows::<UserView<'_>>()
        .versioned()
        .conflicts(&["duplicate_email"]);
}
