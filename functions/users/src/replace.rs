//! `PUT /users/{id}`: replaces the editable members of a user: any user for admins, otherwise own name and address.
//!
//! Tests: `tests/api/people/users.rs`, `tests/api/people/addresses.rs`. Publishes `user.updated`, `user.email_changed`,
//! `user.invited` and `user.email_change_requested`.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, Operation, PathId, Precondition, RequestStore, Scope, wire::UserView,
};
use stockroom_domain::id::UserId;

use crate::{
    address::{OWN_ADDRESS, terms},
    body::{Change, UserBody},
    view::shown,
};

pub(crate) async fn replace(
    State(app): State<App>,
    store: RequestStore,
    scope: Scope,
    attempts: Attempts,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
    Body(body): Body<UserBody>,
) -> Result<Answer, ApiError> {
    let mut change = Change::from(body);
    let terms = terms((&app, &store, &scope, &attempts), (id, version), &mut change).await?;
    let profile = store.users(&scope).change(id, version, &change.change, &terms).await?;
    Ok(shown(scope.claim().organization, &profile))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Replace a user")
        .note("For your own account, send `role` and `status` unchanged.")
        .note(OWN_ADDRESS)
        .example(json!({
            "email": "sam@northwind.example", "full_name": "Sam Smith", "role": "MANAGER", "status": "ACTIVE",
        }))
        .shows::<UserView<'_>>()
        .versioned()
        .conflicts(&["duplicate_email", "last_admin"]);
}
