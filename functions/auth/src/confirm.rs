//! `POST /auth/email/confirm`: confirm an address by the link that was mailed to it.
//!
//! Tests: `tests/api/people/addresses.rs`, `tests/api/people/confirmation.rs`. Publishes `user.updated`,
//! `user.email_changed` and `organization.confirmed`.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, FromBody, Members, NamedTenant, Operation, RequestContext, RequestStore,
};

use crate::reset::attempt;

pub(crate) struct Confirm {
    token: String,
}

impl FromBody for Confirm {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        Some(Self { token: object.required("token")? })
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
    let (account, _) = attempt(&attempts, link, &body.token).await?;
    if !store.addresses().confirm(account, event, named.as_deref(), &context.origin()).await? {
        return Err(ApiError::InvalidToken);
    }
    Ok(Answer::nothing())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Confirm an e-mail address by a link")
        .note(
            "Confirms another address of one's own, which is good for 24 hours, or the address that an \
             organization was signed up with, for 7 days. From then on the address signs in, or the \
             organization sends mail to all its users. A repeated request is answered in the same way. The \
             link names its organization, so the request needs no tenant.",
        )
        .member("token", "From the link that was mailed.")
        .example(json!({"token": "..."}))
        .no_content()
        .refuses(400, &["invalid_token"])
        .conflicts(&["duplicate_email"]);
}
