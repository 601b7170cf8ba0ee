//! `GET /users/me/sessions`: where one is signed in.

use serde::Serialize;
use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Params, RequestStore, Scope};
use stockroom_domain::{id::SessionId, time::Timestamp};
use stockroom_store::OwnSession;

pub(crate) struct Sessions;

impl FromQuery for Sessions {
    fn from_params(_params: &mut Params<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl ListQuery for Sessions {}

#[derive(Debug, Serialize)]
struct SessionView<'a> {
    id: SessionId,
    created_at: Timestamp,
    last_used_at: Timestamp,
    ip: Option<&'a str>,
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
