//! `PATCH /users/{id}`: updates a user: any user for admins, otherwise one's own name and address.
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
    body::{Change, UserPatch},
    view::shown,
};

pub(crate) async fn patch(
    State(app): State<App>,
    store: RequestStore,
    scope: Scope,
    attempts: Attempts,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
    Body(body): Body<UserPatch>,
) -> Result<Answer, ApiError> {
    let mut change = Change::from(body);
    let terms = terms((&app, &store, &scope, &attempts), (id, version), &mut change).await?;
    let profile = store.users(&scope).change(id, version, &change.change, &terms).await?;
    Ok(shown(scope.claim().organization, &profile))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Update a user")
        .note(
            "You can change your own name and address. Admins can change all members of other users. A new role or \
             status takes effect on the user's next request. An address set by an admin takes effect immediately: the \
             user's sessions end, earlier mailed links become invalid, an open invitation is sent again, and the old \
             address is notified.",
        )
        .note(OWN_ADDRESS)
        .example(json!({"role": "MANAGER"}))
        .shows::<UserView<'_>>()
        .versioned()
        .conflicts(&["duplicate_email", "last_admin"]);
}
