//! `POST /auth/refresh`: a new pair of tokens for a refresh token, which is then used up.

use axum::extract::State;
use stockroom_api::{
    Answer, ApiError, App, Cookies, FromBody, Members, NamedTenant, Operation, OptionalBody, RequestContext,
    RequestStore, TokenPair,
};

use crate::delivery::{COOKIE, Delivery, deliver};

#[derive(Default)]
pub(crate) struct Refresh {
    refresh_token: Option<String>,
}

impl FromBody for Refresh {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        Some(Self { refresh_token: object.optional("refresh_token")? })
    }
}

pub(crate) async fn refresh(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    NamedTenant(named): NamedTenant,
    cookies: Cookies,
    OptionalBody(body): OptionalBody<Refresh>,
) -> Result<Answer, ApiError> {
    let (token, delivery) = match (body.refresh_token.as_deref(), cookies.get(COOKIE)) {
        (Some(token), _) => (token, Delivery::Body),
        (None, Some(token)) => (token, Delivery::Cookie),
        (None, None) => return Err(ApiError::InvalidRefreshToken),
    };
    let presented = app.tokens().verify_refresh(token)?;
    let new = app.issuer()?.new_session();
    let session = store.identity().refresh(presented, named.as_deref(), &new, &context.origin()).await?;
    let session = session.ok_or(ApiError::InvalidRefreshToken)?;
    Ok(deliver(app.issuer()?.issue(&session)?, delivery))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Refresh the tokens")
        .note("The refresh token comes in the body or as a cookie, and the new one goes where it came from. It is good once.")
        .shows::<TokenPair>()
        .sets_cookie()
        .refuses(401, &["invalid_refresh_token"])
        .refuses(403, &["tenant_mismatch"]);
}
