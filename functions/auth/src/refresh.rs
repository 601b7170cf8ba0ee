//! `POST /auth/refresh`: a new pair of tokens for a refresh token, which is then used up.
//!
//! Tests: `tests/api/conventions/sessions.rs`. Publishes no event.

use axum::extract::State;
use stockroom_api::{
    Answer, ApiError, App, FromBody, Members, NamedTenant, Operation, OptionalBody, Page, RefreshCookie,
    RequestContext, RequestStore, TokenPair,
};
use stockroom_store::Renewal;

use crate::delivery::{Delivery, Refused, deliver};

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
    cookie: RefreshCookie,
    page: Page,
    OptionalBody(body): OptionalBody<Refresh>,
) -> Result<Answer, Refused> {
    let delivery = if body.refresh_token.is_none() && cookie.is_there() { Delivery::Cookie } else { Delivery::Body };
    // What came in the body says nothing of the cookie.
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
        // By now the browser may have the cookie of the next token, from another tab.
        Renewal::Spent => Err(ApiError::InvalidRefreshToken.into()),
        Renewal::Over => Err(over()),
    }
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Refresh the tokens")
        .note(
            "The refresh token comes in the body or as a cookie, and the new one goes where it came from. It \
             is good once.",
        )
        .note(
            "If the answer is lost, the token gets the same new one again: once, within 10 seconds, from the \
             same address and user agent. A further use from there is 401. A use from elsewhere, a later one, \
             or one of an older token ends the session. When the token in the cookie is of no use any more, \
             the 401 takes the cookie away.",
        )
        .shows::<TokenPair>()
        .sets_cookie()
        .clears_cookie()
        .refuses(401, &["invalid_refresh_token"])
        .refuses(403, &["tenant_mismatch"]);
}
