//! `POST /auth/refresh`: issues a new pair of tokens for a refresh token, which works once.
//!
//! Tests: `tests/api/conventions/sessions.rs`. Publishes no event.

use axum::extract::State;
use stockroom_api::{
    Answer, ApiError, App, NamedTenant, Operation, OptionalBody, Page, RefreshCookie, RequestContext, RequestStore,
    TokenPair, request_body,
};
use stockroom_store::Renewal;

use crate::delivery::{Delivery, Refused, deliver};

request_body! {
    /// A refresh token that is not sent as a cookie.
    #[derive(Default)]
    pub(crate) struct Refresh {
        /// The refresh token. It works once. Without it, the cookie is used.
        #[example = "eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJzdWIiOiIwMWExOWI0YSJ9.p2Zw"]
        optional refresh_token: String,
    }
}

pub(crate) async fn refresh(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    NamedTenant(named): NamedTenant,
    cookie: RefreshCookie,
    page: Page,
    OptionalBody(body): OptionalBody<Refresh>,
) -> Result<Answer, Refused> {
    let delivery = if body.refresh_token.is_none() && cookie.is_there() { Delivery::Cookie } else { Delivery::Body };
    // A refresh token in the body says nothing about the cookie.
    let over = || match delivery {
        Delivery::Body => Refused::from(ApiError::InvalidRefreshToken),
        Delivery::Cookie => Refused::forgetting(ApiError::InvalidRefreshToken, &cookie),
    };
    if delivery == Delivery::Cookie {
        page.may_use_cookie()?;
    }
    let token = body.refresh_token.as_deref().or(cookie.token()).ok_or_else(over)?;
    let presented = app.tokens().verify_refresh(token).map_err(|_| over())?;
    let new = app.issuer()?.new_session();
    match store.identity().refresh(presented, named.as_deref(), &new, &context.origin()).await? {
        Renewal::Done(session) => Ok(deliver(app.issuer()?.issue(&session)?, delivery, app.refresh_cookie())),
        // The browser may already have the cookie with the successor, from another tab.
        Renewal::Spent => Err(ApiError::InvalidRefreshToken.into()),
        Renewal::Over => Err(over()),
    }
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Refresh the tokens")
        .note(
            "Send the refresh token in the body or as a cookie. The new one is returned the same way. A refresh token \
             can be used once.",
        )
        .note(
            "If the response is lost, repeat the request within 10 seconds, from the same IP address and user agent: \
             it returns the same new token, once. Another use from there is 401. A use from another address or user \
             agent, a later use, or a use of an older token ends the session. If the token in the cookie is no longer \
             usable, the 401 deletes the cookie.",
        )
        .shows::<TokenPair>()
        .sets_cookie()
        .clears_cookie()
        .refuses(401, &["invalid_refresh_token"])
        .refuses(403, &["tenant_mismatch"]);
}
