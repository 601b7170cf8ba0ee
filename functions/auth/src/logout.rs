//! `POST /auth/logout`: ends the sessions of the tokens in the request.
//!
//! Tests: `tests/api/conventions/logout.rs`. Publishes no event.

use axum::extract::State;
use http::{HeaderMap, header::AUTHORIZATION};
use stockroom_api::{
    Answer, ApiError, App, NamedTenant, Operation, OptionalBody, Page, RefreshCookie, RequestContext, RequestStore,
    bearer, request_body,
};
use stockroom_domain::access::Permission;
use stockroom_store::{Claim, TenantScope};

use crate::delivery::{Refused, forget};

request_body! {
    /// A refresh token that is not sent as a cookie.
    #[derive(Default)]
    pub(crate) struct Logout {
        /// The refresh token of the session to end. Without it, the access token and the cookie are used.
        #[example = "eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJzdWIiOiIwMWExOWI0YSJ9.p2Zw"]
        optional refresh_token: String,
    }
}

#[expect(clippy::too_many_arguments, reason = "each argument is the part of the request that it reads")]
pub(crate) async fn logout(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    NamedTenant(named): NamedTenant,
    cookie: RefreshCookie,
    page: Page,
    headers: HeaderMap,
    OptionalBody(body): OptionalBody<Logout>,
) -> Result<Answer, Refused> {
    if cookie.is_there() {
        page.may_use_cookie()?;
    }
    // An expired token does not prevent signing out by another one.
    let refresh_tokens = [body.refresh_token.as_deref(), cookie.token()].into_iter().flatten();
    let mut claims: Vec<Claim> = refresh_tokens.filter_map(|token| refresh_claim(&app, token)).collect();
    claims.extend(bearer(&headers).and_then(|token| app.tokens().verify_access(token)).map(|access| access.claim));
    claims.sort_by_key(|claim| claim.session);
    claims.dedup();
    if claims.is_empty() {
        let is_refresh_token = body.refresh_token.is_some() || cookie.is_there();
        let is_refresh_token = is_refresh_token && !headers.contains_key(AUTHORIZATION);
        let error = if is_refresh_token { ApiError::InvalidRefreshToken } else { ApiError::Unauthenticated };
        return Err(Refused::forgetting(error, &cookie));
    }
    let scope =
        |claim| TenantScope::new(claim, Permission::UseOwnAccount, context.origin()).with_named_tenant(named.clone());
    let scopes: Vec<TenantScope> = claims.into_iter().map(scope).collect();
    if !store.identity().sign_out(&scopes).await? {
        return Err(Refused::forgetting(ApiError::Unauthenticated, &cookie));
    }
    Ok(Answer::nothing().cookie(forget(&cookie)))
}

fn refresh_claim(app: &App, token: &str) -> Option<Claim> {
    let presented = app.tokens().verify_refresh(token).ok()?;
    Some(Claim { organization: presented.organization, user: presented.user, session: Some(presented.session) })
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Sign out")
        .note(
            "Ends the session of every valid token in the request: the refresh token in the body, the access token \
             and the cookie. Invalid and expired tokens are ignored if at least one token is valid. Otherwise the \
             response is 401. Both responses delete the cookie.",
        )
        .no_content()
        .sets_cookie()
        .clears_cookie()
        .refuses(401, &["invalid_refresh_token", "unauthenticated"])
        .refuses(403, &["tenant_mismatch"]);
}
