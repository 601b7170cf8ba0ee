//! `PUT /users/me/password`: changes one's own password and ends all other sessions.
//!
//! Tests: `tests/api/passwords/change.rs`. Publishes no event.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, Operation, Precondition, RequestStore, Scope, Violation, password,
    request_body,
};
use stockroom_domain::{fault::Fault, user::Password};
use stockroom_store::PasswordChange;

request_body! {
    /// The present and the new password.
    pub(crate) struct Passwords {
        /// Your present password.
        #[example = "northwind-demo-2026"]
        required current as "current_password": String,
        required new as "new_password": Password,
    }
}

fn refused(pointer: &str, code: &'static str, detail: &'static str) -> ApiError {
    ApiError::Validation(vec![Violation::body(pointer, Fault::new(code, detail))])
}

pub(crate) fn wrong() -> ApiError {
    refused("/current_password", "wrong_password", "is not the password of this account")
}

pub(crate) async fn change_password(
    State(app): State<App>,
    store: RequestStore,
    scope: Scope,
    attempts: Attempts,
    Precondition(version): Precondition,
    Body(body): Body<Passwords>,
) -> Result<Answer, ApiError> {
    let claim = scope.claim();
    let (organization, user) = (claim.organization.to_string(), claim.user.to_string());
    let (counted, attempt) = attempts.at_account(&organization, &user).await?;
    let own = store.passwords().own(counted, &scope, version).await?;
    let clearance = attempt.clear().await?;
    let hash = own.hash().cloned();
    let is_same = Password::prepare(&body.current) == body.new.reveal();
    if !password::verify(&app, &clearance, body.current, hash.clone()).await?.matches {
        if is_same {
            return Err(wrong());
        }
        // The password may have been changed by a first request whose response was lost. This second guess counts as an
        // attempt.
        let (_, attempt) = attempts.at_account(&organization, &user).await?;
        let clearance = attempt.clear().await?;
        let is_done = password::verify(&app, &clearance, body.new.reveal().to_owned(), hash).await?.matches;
        return if is_done { Ok(Answer::nothing()) } else { Err(wrong()) };
    }
    if is_same {
        return Err(refused("/new_password", "same_password", "must differ from the current password"));
    }
    let new = password::hash(&app, &clearance, body.new).await?;
    match store.passwords().change(&scope, &own, &new).await? {
        PasswordChange::Done => Ok(Answer::nothing()),
        PasswordChange::Overtaken => Err(wrong()),
    }
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Change your password")
        .note("Ends all your other sessions.")
        .example(json!({
            "current_password": "northwind-demo-2026", "new_password": "ten staplers, and no cake",
        }))
        .no_content();
}
