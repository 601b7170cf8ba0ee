//! `POST /auth/password/reset`: set a password by the link of an invitation or of a forgotten one. The link is good once.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, FromBody, Members, NamedTenant, Operation, RequestContext, RequestStore,
    password,
};
use stockroom_domain::user::Password;

pub(crate) struct Reset {
    token: String,
    password: Password,
}

impl FromBody for Reset {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let token = object.required("token");
        let password = object.required("password");
        Some(Self { token: token?, password: password? })
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
    let tenant = named.ok_or(ApiError::TenantRequired)?;
    attempts.at_account(&tenant, &body.token).await?;
    let link = app.links()?.verify(&body.token, app.sources().now()).ok_or(ApiError::InvalidToken)?;
    let new = password::hash(&app, body.password).await?;
    if !store.passwords().reset(link.account, &tenant, &new, &context.origin()).await? {
        return Err(ApiError::InvalidToken);
    }
    Ok(Answer::nothing())
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Set a password by a link")
        .note("Ends all sessions. The link is good once, for 30 minutes, that of an invitation for 7 days.")
        .member("token", "From the link that was mailed.")
        .example(json!({"token": "...", "password": "ten staplers, and no cake"}))
        .tells_nothing()
        .refuses(400, &["invalid_token", "tenant_required"]);
}
