//! `PATCH /users/me`: updates one's own name or address.
//!
//! Tests: `tests/api/people/users.rs`, `tests/api/people/addresses.rs`. Publishes `user.updated` and
//! `user.email_change_requested`.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{Answer, ApiError, App, Attempts, Body, Operation, Precondition, RequestStore, Scope};

use crate::{
    address::{OWN_ADDRESS, terms},
    body::{Change, OwnPatch},
    view::{OwnUserView, shown_to_oneself},
};

pub(crate) async fn patch_me(
    State(app): State<App>,
    store: RequestStore,
    scope: Scope,
    attempts: Attempts,
    Precondition(version): Precondition,
    Body(body): Body<OwnPatch>,
) -> Result<Answer, ApiError> {
    let id = scope.claim().user;
    let mut change = Change::from(body);
    let terms = terms((&app, &store, &scope, &attempts), (id, version), &mut change).await?;
    let profile = store.users(&scope).change(id, version, &change.change, &terms).await?;
    Ok(shown_to_oneself(scope.claim().organization, &profile))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Update your own account")
        .note(OWN_ADDRESS)
        .example(json!({"full_name": "Sam Smith"}))
        .shows::<OwnUserView<'_>>()
        .versioned();
}
