//! `GET /users/me/sessions`: lists the caller's sessions.
//!
//! Tests: `tests/api/people/sessions.rs`. Publishes no event.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope};
use stockroom_domain::{id::SessionId, time::Timestamp};
use stockroom_store::OwnSession;

pub(crate) struct Sessions;

impl FromQuery for Sessions {
    fn from_params<P: Parameters>(_params: &mut P) -> Option<Self> {
        Some(Self)
    }
}

impl ListQuery for Sessions {}

/// A session: one device or program on which you are signed in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
struct SessionView<'a> {
    id: SessionId,
    /// Time of the sign-in.
    #[schemars(example = &"2026-11-23T02:30:00.000Z")]
    created_at: Timestamp,
    /// Time of the sign-in or of the last refresh of the tokens.
    last_used_at: Timestamp,
    /// IP address of the sign-in or of the last refresh. Null if the gateway did not state it.
    #[schemars(example = &"203.0.113.7")]
    ip: Option<&'a str>,
    /// Whether it is the session of this request.
    #[schemars(example = true)]
    current: bool,
}

impl<'a> From<&'a OwnSession> for SessionView<'a> {
    fn from(session: &'a OwnSession) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            ip: session.ip.as_deref(),
            current: session.is_current,
        }
    }
}

pub(crate) async fn sessions(
    store: RequestStore,
    scope: Scope,
    listing: Listing<Sessions>,
) -> Result<Answer, ApiError> {
    let page = store.users(&scope).sessions(&listing.page).await?;
    listing.answer(&page, SessionView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List your sessions").pages::<SessionView<'_>>().link(
        "deleteSession",
        "id",
        "$response.body#/items/0/id",
    );
}
