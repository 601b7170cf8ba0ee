//! `PUT /users/{id}`: replace what can be set of a user: of anyone for admins, of oneself name and address.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, Operation, PathId, Precondition, RequestStore, Scope, wire::UserView,
};
use stockroom_domain::id::UserId;

use crate::{
    address::{OWN_ADDRESS, PASSWORD, terms},
    body::UserBody,
    view::shown,
};

pub(crate) async fn replace(
    State(app): State<App>,
    store: RequestStore,
    scope: Scope,
    attempts: Attempts,
    PathId(id): PathId<UserId>,
    Precondition(version): Precondition,
    Body(UserBody(mut change)): Body<UserBody>,
) -> Result<Answer, ApiError> {
    let terms = terms((&app, &store, &scope, &attempts), (id, version), &mut change).await?;
    let profile = store.users(&scope).change(id, version, &change.change, &terms).await?;
    Ok(shown(scope.claim().organization, &profile))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Replace a user")
        .note("About oneself, role and status have to stay as they are.")
        .note(OWN_ADDRESS)
        .member("current_password", PASSWORD)
        .example(json!({
            "email": "sam@initech.example", "full_name": "Sam Smith", "role": "MANAGER", "status": "ACTIVE",
        }))
        .shows::<UserView<'_>>()
        .versioned()
        .conflicts(&["duplicate_email", "last_admin"]);
}
