//! `PATCH /users/{id}`: change some members of a user: of any user for admins, otherwise own name and address.
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
    address::{OWN_ADDRESS, PASSWORD, terms},
    body::UserPatch,
    view::shown,
};

pub(crate) async fn patch(
    State(app): State<App>,
    store: RequestStore,
    scope: Scope,
    attempts: Attempts,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
    Body(UserPatch(mut change)): Body<UserPatch>,
) -> Result<Answer, ApiError> {
    let terms = terms((&app, &store, &scope, &attempts), (id, version), &mut change).await?;
    let profile = store.users(&scope).change(id, version, &change.change, &terms).await?;
    Ok(shown(scope.claim().organization, &profile))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Change a user")
        .note(
            "About oneself, name and address. A change of role or status takes effect on the user's next \
             request. Another address that an admin sets holds at once: it ends the user's sessions, makes \
             void the links that were mailed earlier, sends a new invitation if one was open, and a notice to \
             the old address.",
        )
        .note(OWN_ADDRESS)
        .member("current_password", PASSWORD)
        .example(json!({"role": "MANAGER"}))
        .shows::<UserView<'_>>()
        .versioned()
        .conflicts(&["duplicate_email", "last_admin"]);
}
