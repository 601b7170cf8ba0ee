//! `POST /auth/email/confirm`: confirms an address by the link that was mailed to it.
//!
//! Tests: `tests/api/people/addresses.rs`, `tests/api/people/confirmation.rs`. Publishes `user.updated`,
//! `user.email_changed` and `organization.confirmed`.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, NamedTenant, Operation, RequestContext, RequestStore, request_body,
};

use crate::reset::attempt;

request_body! {
    /// The link that confirms an address.
    pub(crate) struct Confirm {
        /// The token from the mailed link.
        required token: String,
    }
}

pub(crate) async fn confirm(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    attempts: Attempts,
    NamedTenant(named): NamedTenant,
    Body(body): Body<Confirm>,
) -> Result<Answer, ApiError> {
    let link = app.links()?.verify(&body.token, app.sources().now()).filter(|link| !link.purpose.sets_password());
    let event = link.and_then(|link| link.event);
    let (account, (counted, _)) = attempt(&attempts, link, &body.token).await?;
    if !store.addresses().confirm(counted, account, event, named.as_deref(), &context.origin()).await? {
        return Err(ApiError::InvalidToken);
    }
    Ok(Answer::nothing())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Confirm an e-mail address")
        .note(
            "Confirms a user's new address, or the address with which an organization was signed up. The link is \
             valid for 24 hours for a new address and for 7 days for a sign-up. After that, the user signs in with \
             the new address, or the organization sends mail to all its users. A repeated request returns the same \
             response. The link names its organization, so the request needs no tenant.",
        )
        .example(json!({"token": "..."}))
        .no_content()
        .refuses(400, &["invalid_token"])
        .conflicts(&["duplicate_email"]);
}
