//! `POST /auth/logout`: end the session that an access or refresh token belongs to.

use axum::extract::State;
use http::{HeaderMap, header::AUTHORIZATION};
use stockroom_api::{
    Answer, ApiError, App, Cookies, FromBody, Members, NamedTenant, Operation, OptionalBody, RequestContext,
    RequestStore, bearer,
};
use stockroom_domain::access::Permission;
use stockroom_store::{Claim, TenantScope};

use crate::delivery::{COOKIE, forget};

#[derive(Default)]
pub(crate) struct Logout {
    refresh_token: Option<String>,
}

impl FromBody for Logout {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        Some(Self { refresh_token: object.optional("refresh_token")? })
    }
}

pub(crate) async fn logout(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    NamedTenant(named): NamedTenant,
    cookies: Cookies,
    headers: HeaderMap,
    OptionalBody(body): OptionalBody<Logout>,
) -> Result<Answer, ApiError> {
    let cookie = cookies.get(COOKIE);
    let claim = match body.refresh_token.as_deref() {
        Some(token) => refresh_claim(&app, token)?,
        None if headers.contains_key(AUTHORIZATION) => app.tokens().verify_access(bearer(&headers)?)?.claim,
        None => refresh_claim(&app, cookie.ok_or(ApiError::Unauthenticated)?)?,
    };
    let scope = TenantScope::new(claim, Permission::UseOwnAccount, context.origin()).with_named_tenant(named);
    store.identity().sign_out(&scope).await?;
    Ok(Answer::nothing().cookie(cookie.map(|_| forget())))
}

fn refresh_claim(app: &App, token: &str) -> Result<Claim, ApiError> {
    let presented = app.tokens().verify_refresh(token)?;
    Ok(Claim { organization: presented.organization, user: presented.user, session: Some(presented.session) })
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Sign out")
        .note(
            "The session is that of the refresh token in the body, or else of the access token, or else of the cookie.",
        )
        .tells_nothing()
        .sets_cookie()
        .refuses(401, &["invalid_refresh_token", "unauthenticated"])
        .refuses(403, &["tenant_mismatch"]);
}
