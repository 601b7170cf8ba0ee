//! `GET /events/{id}`: gets a domain event.
//!
//! Tests: `tests/api/log/events.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope};
use stockroom_domain::id::EventId;

use crate::view::EventView;

pub(crate) async fn get(store: RequestStore, scope: Scope, PathId(id): PathId<EventId>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(&EventView::from(&store.events(&scope).get(id).await?)))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get an event").shows::<EventView<'_>>();
}
