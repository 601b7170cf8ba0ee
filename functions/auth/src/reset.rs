//! `POST /auth/password/reset`: set a password by the link of an invitation or of a forgotten one. The link is good once.

use axum::extract::State;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, FromBody, NamedTenant, Object, RequestContext, RequestStore, password,
};
use stockroom_domain::user::Password;

pub(crate) struct Reset {
    token: String,
    password: Password,
}

impl FromBody for Reset {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
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
    let link = app.links().verify(&body.token, app.sources().now()).ok_or(ApiError::InvalidToken)?;
    let new = password::hash(&app, body.password).await?;
    if !store.passwords().reset(link.account, &tenant, &new, &context.origin()).await? {
        return Err(ApiError::InvalidToken);
    }
    Ok(Answer::nothing())
}
