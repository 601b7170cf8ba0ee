//! `POST /auth/password/reset`: sets a password by the link of an invitation or of a reset. A link works once.
//!
//! Tests: `tests/api/passwords/reset.rs`, `tests/api/passwords/invitation.rs`. Publishes `organization.confirmed`.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempt, Attempts, Body, NamedTenant, Operation, RequestContext, RequestStore, password,
    request_body,
};
use stockroom_domain::user::Password;
use stockroom_runtime::Link;
use stockroom_store::{Account, CountedAttempt};

request_body! {
    /// A new password, and the link that allows it.
    pub(crate) struct Reset {
        /// The token from the mailed link.
        required token: String,
        required password: Password,
    }
}

pub(crate) async fn reset(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    attempts: Attempts,
    NamedTenant(named): NamedTenant,
    Body(body): Body<Reset>,
) -> Result<Answer, ApiError> {
    let link = app.links()?.verify(&body.token, app.sources().now()).filter(|link| link.purpose.sets_password());
    let (account, (counted, attempt)) = attempt(&attempts, link, &body.token).await?;
    let linked = store.passwords().linked(counted, account, named.as_deref()).await?.ok_or(ApiError::InvalidToken)?;
    let clearance = attempt.clear().await?;
    let new = password::hash(&app, &clearance, body.password).await?;
    if !store.passwords().reset(&linked, &new, &context.origin()).await? {
        return Err(ApiError::InvalidToken);
    }
    Ok(Answer::nothing())
}

/// Counts the use of a link: for its account, or for the text if that is not a valid token.
pub(crate) async fn attempt<'a>(
    attempts: &'a Attempts,
    link: Option<Link>,
    token: &str,
) -> Result<(Account, (CountedAttempt, Attempt<'a>)), ApiError> {
    let Some(Link { account, .. }) = link else {
        let _counted = attempts.at_account("", token).await?;
        return Err(ApiError::InvalidToken);
    };
    let attempt = attempts.at_account(&account.organization.to_string(), &account.user.to_string()).await?;
    Ok((account, attempt))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Set a new password with a link")
        .note(
            "Sets the password and ends all sessions of the user. A link can be used once, within 30 minutes; the \
             link of an invitation within 7 days. The link names its organization, so the request needs no tenant. A \
             different tenant is rejected.",
        )
        .example(json!({"token": "...", "password": "ten staplers, and no cake"}))
        .no_content()
        .refuses(400, &["invalid_token"]);
}
